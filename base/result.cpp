// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace isolab {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::denied: return "denied";
    case ErrorKind::busy: return "busy";
    case ErrorKind::io: return "io";
    case ErrorKind::parse: return "parse";
    case ErrorKind::interrupted: return "interrupted";
  }
  return "unknown";
}

std::string Error::text() const { return hint.empty() ? what : what + "\nhint: " + hint; }

namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case EPERM:
    case EACCES: return ErrorKind::denied;
    case EBUSY: return ErrorKind::busy;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENODEV: return ErrorKind::unsupported;
    case EINTR: return ErrorKind::interrupted;
    default: return ErrorKind::io;
  }
}

}  // namespace

Error errno_error(std::string what, int code, std::string hint) {
  return Error{kind_of(code), what + ": " + std::generic_category().message(code), std::move(hint)};
}

}  // namespace isolab
