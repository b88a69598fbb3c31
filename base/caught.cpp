// SPDX-License-Identifier: Apache-2.0
#include "base/caught.h"

#include <exception>
#include <filesystem>
#include <new>

namespace isolab {

Error caught_error() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return {ErrorKind::io, "out of memory"};
  } catch (const std::filesystem::filesystem_error& error) {
    return errno_error("cannot use " + error.path1().string(), error.code().value());
  } catch (const std::exception& error) {
    return {ErrorKind::io, error.what(), "this is a bug in isolab: please report it"};
  } catch (...) {
    return {ErrorKind::io, "an exception of unknown type",
            "this is a bug in isolab: please report it"};
  }
}

}  // namespace isolab
