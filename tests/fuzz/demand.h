// SPDX-License-Identifier: Apache-2.0
// What fuzz targets share: a broken promise ends the process, which libFuzzer reports as a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace isolab::fuzz {

inline void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace isolab::fuzz
