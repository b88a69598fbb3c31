// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace isolab {
namespace {

constexpr int kPatienceMs = 1000;
// A pipe that is ready takes so much without blocking (pipe(7): PIPE_BUF is 4096), a terminal
// nearly always.
constexpr std::size_t kPiece = 512;

bool stdout_was_closed = false;
int first_error = 0;    // of print()
bool is_stuck = false;  // stderr took nothing for kPatienceMs

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
    // A pipe that another process made non-blocking.
    pollfd ready{file, POLLOUT, 0};
    ::poll(&ready, 1, -1);
  }
  return 0;
}

/// Whether stderr takes something now, or will within our patience.
bool stderr_takes() {
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  int found = 0;
  do {
    found = ::poll(&ready, 1, is_stuck ? 0 : kPatienceMs);
  } while (found < 0 && errno == EINTR);
  is_stuck = found == 0;
  return !is_stuck;
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

bool is_plain(char letter) { return letter >= ' ' && letter <= '~'; }

enum class Form { text, line, json };

std::string as_bytes(std::string_view text) {
  std::string out;
  for (const char byte : text) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return out;
}

std::string escaped(std::string_view text, Form form) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    char32_t code = 0;
    const auto length = sequence(text, code);
    const auto here = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(here.size());
    if (code == '\n' || code == '\t')
      out += form == Form::line ? (code == '\n' ? "\\n" : "\\t") : std::string(here);
    else if (length != 0 && !is_hidden(code))
      out += here;
    else if (form == Form::json && length != 0)
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
    else
      out += as_bytes(here);
  }
  return out;
}

template <class Make>
void say_made(const Make& make) noexcept {
  try {
    say_raw(make());
  } catch (...) {
    say_raw("isolab: out of memory\n");
  }
}

void print_all(std::string_view text) {
  if (text.empty() || first_error != 0) return;
  first_error = stdout_was_closed ? EBADF : write_all(STDOUT_FILENO, text);
}

}  // namespace

std::string visible(std::string_view text) { return escaped(text, Form::text); }
std::string visible_line(std::string_view text) { return escaped(text, Form::line); }
std::string visible_json(std::string_view text) { return escaped(text, Form::json); }

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(file, F_GETFD) >= 0 || errno != EBADF) continue;
    if (file == STDOUT_FILENO) stdout_was_closed = true;
    // The lowest free number, which is this one. Without /dev/null at least the number is taken.
    if (::open("/dev/null", O_RDWR) < 0) (void)::open("/", O_PATH);
  }
}

void say(std::string_view text) noexcept {
  say_made([&] { return "isolab: " + visible(text) + '\n'; });
}
void say_line(std::string_view text) noexcept {
  say_made([&] { return visible(text) + '\n'; });
}
void say_console(std::string_view text) noexcept {
  say_made([&] {
    std::string out(text);
    std::erase(out, '\r');
    return visible(out);
  });
}

void say_raw(std::string_view text) noexcept {
  while (!text.empty() && stderr_takes()) {
    const auto done = ::write(STDERR_FILENO, text.data(), std::min(text.size(), kPiece));
    if (done < 0 && errno != EINTR) return;
    if (done > 0) text.remove_prefix(static_cast<std::size_t>(done));
  }
}

void print(std::string_view text) { print_all(visible(text)); }
void print_made(std::string_view text) { print_all(text); }
void print_as_json(std::string_view json) { print_all(visible_json(json)); }

Result<void> printed() {
  if (first_error == 0) return {};
  Error error = errno_error("cannot write to standard output", first_error);
  if (first_error == EPIPE) error.kind = ErrorKind::interrupted;
  return error;
}

}  // namespace isolab
