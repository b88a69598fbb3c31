// SPDX-License-Identifier: Apache-2.0
#include "host/facts/kernel_config.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

namespace isolab {
namespace {

constexpr std::size_t kLargest = 16U << 20;  // a Debian configuration is 0.3 MiB

}  // namespace

Result<std::string> unpack_gzip(std::string packed) {
  if (!packed.starts_with("\x1f\x8b")) return packed;
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK)
    return Error{ErrorKind::io, "zlib cannot start"};  // 16: gzip header
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int state = Z_OK;
  while (state == Z_OK && text.size() < kLargest) {
    std::array<char, 65536> buffer;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (state != Z_STREAM_END) return Error{ErrorKind::parse, "gzip data is damaged or too long"};
  return text;
}

std::map<std::string, std::string> parse_kernel_config(std::string_view text) {
  std::map<std::string, std::string> options;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view{} : text.substr(newline + 1);
    const auto equals = line.find('=');
    if (!line.starts_with("CONFIG_") || equals == std::string_view::npos) continue;
    std::string_view value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    options.emplace(line.substr(0, equals), value);
  }
  return options;
}

Result<KernelConfig> read_kernel_config(const Files& files, const std::string& release) {
  const std::array places = {std::string("/proc/config.gz"), "/boot/config-" + release,
                             fmt::format("/lib/modules/{}/config", release),
                             fmt::format("/lib/modules/{}/build/.config", release)};
  std::string reasons;
  for (const std::string& place : places) {
    auto packed = files.read(place);
    if (!packed) {
      if (packed.error().kind != ErrorKind::unsupported) reasons += "; " + packed.error().what;
      continue;
    }
    auto text = unpack_gzip(*std::move(packed));
    if (!text) return Error{text.error().kind, place + ": " + text.error().what};
    KernelConfig config{place, *std::move(text), {}};
    config.options = parse_kernel_config(config.text);
    return config;
  }
  return Error{
      ErrorKind::unsupported,
      "no /proc/config.gz (CONFIG_IKCONFIG_PROC) and no /boot/config-" + release + reasons};
}

}  // namespace isolab
