// SPDX-License-Identifier: Apache-2.0
// A warning as a recording may carry it, of this version or another: any words.
#pragma once

#include <string>
#include <utility>

#include "base/records.h"

namespace isolab::test {

inline Warning recorded_warning(std::string id, std::string seen, std::string matters = "",
                                std::string advice = "") {
  Warning out;
  out.id = std::move(id);
  out.seen = std::move(seen);
  out.matters = std::move(matters);
  out.advice = std::move(advice);
  return out;
}

}  // namespace isolab::test
