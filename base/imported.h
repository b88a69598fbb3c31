// SPDX-License-Identifier: Apache-2.0
// What a recording says of its origin and its limits where isolab did not measure it: import/ fills
// it, analysis/ withholds what the file does not carry.
#pragma once

#include <string>
#include <vector>

namespace isolab {

/// Notes of a probe that say what an imported file does not hold: kLacksNote and a topic below,
/// and the reason. Metrics that need it are not applicable, with that reason.
inline constexpr const char* kLacksNote = "lacks.";
namespace missing {
inline constexpr const char* kTime = "time";                // how long was measured
inline constexpr const char* kPercentiles = "percentiles";  // the distribution, or a part of it
inline constexpr const char* kCorrected = "corrected";      // what a late wake-up hid
inline constexpr const char* kTimeLost = "time_lost";       // the sum of the gaps
}  // namespace missing

/// Numbers of an imported CPU whose file gives the lengths below a limit only: how many samples are
/// at or above it, and the limit in ticks. The histogram holds them at the limit, the longest where
/// it is.
inline constexpr const char* kOverflow = "overflow";
inline constexpr const char* kOverflowFrom = "overflow_from_ticks";
/// Ticks below which an imported file holds nothing, whatever happened: a tool's threshold.
inline constexpr const char* kSeenFrom = "seen_from_ticks";
/// Seconds that the file itself says were lost on the CPU.
inline constexpr const char* kLostSeconds = "lost_s";

/// Where a recording comes from that isolab did not measure (isolab explain).
struct Imported {
  std::string format;                    // "cyclictest histogram"
  std::vector<std::string> files;        // as they were named
  std::vector<std::string> cannot_tell;  // what the format does not have, fragments
  std::vector<std::string> checked;      // what agrees with the files' own totals, fragments
  bool operator==(const Imported&) const = default;
};

}  // namespace isolab
