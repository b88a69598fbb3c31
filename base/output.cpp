// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace isolab {
namespace {

int first_error = 0;  // of print()

/// 0 or errno.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(file, text.data(), text.size());
    if (done >= 0) {
      text.remove_prefix(static_cast<std::size_t>(done));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    // A pipe that somebody made non-blocking: wait for its reader, not for ever.
    pollfd ready{file, POLLOUT, 0};
    if (::poll(&ready, 1, 1000) == 0) return EAGAIN;
  }
  return 0;
}

/// The length of the valid UTF-8 sequence that `text` begins with, 0 if it begins with none
/// (overlong forms, surrogates and values over U+10FFFF are none: RFC 3629). `code`: its value.
std::size_t sequence(std::string_view text, char32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  code = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)) ||
      (code >= 0xd800 && code < 0xe000))
    return 0;
  return length;
}

bool is_hidden(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escaped(std::string_view text, bool one_line) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t code = 0;
    const auto length = sequence(text, code);
    const auto here = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(here.size());
    if (code == '\n' || code == '\t')
      out += one_line ? (code == '\n' ? "\\n" : "\\t") : std::string(here);
    else if (length == 0 || is_hidden(code))
      for (const char byte : here)
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    else
      out += here;
  }
  return out;
}

}  // namespace

std::string visible(std::string_view text) { return escaped(text, false); }
std::string visible_line(std::string_view text) { return escaped(text, true); }

void say(std::string_view text) { say_raw("isolab: " + visible(text) + '\n'); }
void say_raw(std::string_view text) { write_all(STDERR_FILENO, text); }

void print(std::string_view text) {
  if (const int code = write_all(STDOUT_FILENO, text); code != 0 && first_error == 0)
    first_error = code;
}

Result<void> printed() {
  if (first_error == 0) return {};
  return errno_error("cannot write to standard output", first_error);
}

}  // namespace isolab
