// SPDX-License-Identifier: Apache-2.0
// window.json: everything of a WindowRecord but its histograms and gap logs (blobs.h).
#pragma once

#include <string>

#include "base/records.h"
#include "base/result.h"

namespace isolab {

std::string window_to_json(const WindowRecord& record);
/// `file` names the document in messages. Histograms and gaps of the result are empty. parse: also
/// where a time ends before it begins, or no time passes on the clock of a complete window's ticks.
Result<WindowRecord> window_from_json(const std::string& file, const std::string& text);

}  // namespace isolab
