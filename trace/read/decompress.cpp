// SPDX-License-Identifier: Apache-2.0
#include "trace/read/decompress.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <optional>

namespace isolab {

namespace {

/// The bytes that came out; nullopt: damaged, or more than fit.
std::optional<std::size_t> unzlib(std::string_view packed, std::span<char> out) {
  uLongf got = out.size();
  const int state = ::uncompress(reinterpret_cast<Bytef*>(out.data()), &got,
                                 reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (state != Z_OK) return {};
  return got;
}

std::optional<std::size_t> unzstd(std::string_view packed, std::span<char> out) {
  const auto got = ::ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (::ZSTD_isError(got) != 0) return {};
  return got;
}

}  // namespace

Result<Compression> compression_named(std::string_view name) {
  if (name == "none") return Compression::none;
  if (name == "zlib") return Compression::zlib;
  if (name == "zstd") return Compression::zstd;
  return Error{
      ErrorKind::unsupported,
      fmt::format("it is compressed with \"{}\": zlib and zstd are read", name.substr(0, 16)),
      "trace-cmd convert --compression none -i FILE -o NEW"};
}

Result<void> decompress(Compression how, std::string_view packed, std::span<char> out) {
  const auto got = how == Compression::zlib ? unzlib(packed, out) : unzstd(packed, out);
  if (!got || *got != out.size())
    return Error{ErrorKind::parse,
                 fmt::format("compressed data is damaged, or has not the {} bytes it announces",
                             out.size())};
  return {};
}

}  // namespace isolab
