// SPDX-License-Identifier: Apache-2.0
// `isolab spikes DIR`: the worst gaps of a recording, each with its whole story. Reads the
// recording only.
#pragma once

#include <string>
#include <vector>

#include "analysis/attribution/classes.h"
#include "base/units.h"
#include "results/json.h"
#include "results/recording.h"

namespace isolab {

struct SpikeOptions {
  Nanos over{0};             // only gaps longer than this
  std::size_t limit = 20;    // the longest of them
  bool each_window = false;  // `limit` is for each window, not for all together
  std::vector<ClassRule> own_rules;
};

/// unsupported: no window of the recording was traced with a probe that logs gaps.
Result<std::string> render_spikes(const Recording& recording, const SpikeOptions& options);
/// The same as JSON, still a value.
Result<Json> spikes_as_json(const Recording& recording, const SpikeOptions& options);
/// The same as text: {"schema": 1, "spikes": [...], "limits": [sentences on what the spikes do not
/// cover]}, times in us; docs/attribution.md.
Result<std::string> spikes_to_json(const Recording& recording, const SpikeOptions& options);

}  // namespace isolab
