// SPDX-License-Identifier: Apache-2.0
#include "base/text_file.h"

#include <cerrno>
#include <fstream>

#include "base/untrusted_file.h"

namespace isolab {

Result<void> write_text_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!(file << text) || !file.flush()) return errno_error("cannot write " + path.string(), errno);
  return {};
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t most) {
  return read_untrusted(path.string(), {.most = most, .follow = true});
}

}  // namespace isolab
