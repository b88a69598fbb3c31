// SPDX-License-Identifier: Apache-2.0
// Where exceptions of the standard library end: errors are values (base/result.h), but memory may
// be short, and std::filesystem throws.
#pragma once

#include "base/result.h"

namespace isolab {

/// The exception in progress, inside catch (...), as an error: io "out of memory"; errno_error() of
/// the path for std::filesystem; io and its text for any other.
Error caught_error();

/// Calls `act`, which returns a Result; an exception that leaves it becomes its error.
template <class Act>
auto caught(Act&& act) -> decltype(act()) {
  try {
    return act();
  } catch (...) {
    return caught_error();
  }
}

}  // namespace isolab
