// SPDX-License-Identifier: Apache-2.0
// Errors are values. Result<T> has the member names of std::expected (C++23) and becomes an alias
// of it one day. No exception crosses a room.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace isolab {

enum class ErrorKind {
  usage,        // the user asked for something that makes no sense
  unsupported,  // this kernel, machine or build cannot; a skip with a reason, never a failure
  denied,       // the rights are missing
  busy,         // another process uses it
  io,           // the machine answered with an error
  parse,        // text or bytes are not what their format says
  interrupted,  // Ctrl-C, SIGTERM or a deadline
};

const char* to_string(ErrorKind kind);

/// What was tried, on what, why it failed; and, where known, what to do about it.
struct Error {
  ErrorKind kind = ErrorKind::io;
  std::string what;
  std::string hint = {};

  /// "what" and, on a second line, "hint: ...".
  std::string text() const;
};

/// An error made from errno: `what` + ": " + strerror; EPERM/EACCES are denied, EBUSY busy,
/// ENOSYS/EOPNOTSUPP/ENODEV unsupported, EINTR interrupted, everything else io.
Error errno_error(std::string what, int code, std::string hint = {});

template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  template <class U>
  T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const {}

  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace isolab

/// `auto x = TRY(f());` takes the value or returns the error to the caller.
#define TRY(expression)                                    \
  __extension__({                                          \
    auto try_result = (expression);                        \
    if (!try_result) return std::move(try_result).error(); \
    std::move(try_result).value();                         \
  })
