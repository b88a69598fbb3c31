// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <vector>

namespace isolab {

namespace {

std::vector<unsigned char> sha256(std::string_view bytes) {
  std::vector<unsigned char> digest(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  digest.resize(length);
  return digest;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::string out;
  for (const auto byte : sha256(bytes)) out += fmt::format("{:02x}", byte);
  return out;
}

std::string sha256_base64(std::string_view bytes) {
  const auto digest = sha256(bytes);
  std::vector<unsigned char> out(4 * ((digest.size() + 2) / 3) + 1);  // and a terminating zero
  const int length = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(digest.size()));
  return {out.begin(), out.begin() + length};
}

}  // namespace isolab
