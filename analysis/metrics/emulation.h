// SPDX-License-Identifier: Apache-2.0
// Recordings of an emulated CPU: counts of the kernel are valid, times depend on the load of the
// emulator's host. Times are withheld, counts are shown.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/findings.h"
#include "results/recording.h"

namespace isolab {

/// Why times are withheld; empty: they are not. By the fact cpu.emulated.
std::string emulation_of(const Facts& facts);

/// The recording without the data of its probe, processor times and times of workloads.
Recording without_times(Recording recording);

/// One metric of each withheld name and arm, without value, with the reason: a budget on it is not
/// applicable and not kept.
void add_withheld_metrics(const Recording& recording, const std::string& why,
                          std::vector<Metric>& out);

}  // namespace isolab
