// SPDX-License-Identifier: Apache-2.0
// Everything that is warned of, by a run and by its analysis: base/warnings.def is the table.
#pragma once

#include <span>
#include <string>

#include "base/records.h"

namespace isolab {

enum class WarningId {
#define WARNING(id, matters, advice) id,
#include "base/warnings.def"
#undef WARNING
};

struct WarningText {
  const char* id;
  const char* matters;
  const char* advice;
};

/// In the order of WarningId.
std::span<const WarningText> all_warnings();

/// The id as recordings carry it.
const char* warning_word(WarningId id);

/// The warning with `seen`: what was seen, with its numbers. `here` is the advice for this case
/// (the hint of an error, the file to write) instead of the table's advice; empty: the table's.
Warning make_warning(WarningId id, std::string seen, std::string here = "");

}  // namespace isolab
