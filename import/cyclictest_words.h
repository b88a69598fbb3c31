// SPDX-License-Identifier: Apache-2.0
// What all formats of cyclictest leave unsaid, in one wording.
#pragma once

#include "import/distribution.h"

namespace isolab {

/// The time that a file does not say comes from the user: --duration, or --interval times the
/// samples. usage: the file says it already.
Result<void> give_time(std::vector<Distribution>& columns, const std::string& file,
                       const ImportOptions& options);

/// Notes of the probe and fragments for the report: no causes, no corrected distribution, no time.
void describe_cyclictest(const std::vector<Distribution>& columns, bool nanoseconds,
                         WindowRecord& window, ImportedData& out);

}  // namespace isolab
