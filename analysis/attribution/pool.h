// SPDX-License-Identifier: Apache-2.0
// Attributions of single windows become rows by arm and CPU: numbers of causes are those of one
// trace, so rows are joined by their words.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/interruptions.h"

namespace isolab {

/// Collects the timeline of each CPU while a window's gaps go by.
class WindowTracks {
 public:
  static constexpr std::size_t kSlices = 400;
  WindowTracks(const WindowRecord& window, Attribution& attribution);
  ClassTrack take(int cpu, const TickLine& line, const CauseNames& names,
                  const SilentGaps& silent_gaps) const;

 private:
  struct Longest {
    Gap gap;
    CauseId main = kNoCause;
  };
  struct Track {
    std::uint64_t start = 0, end = 0;
    std::vector<Longest> slices = std::vector<Longest>(kSlices);
  };
  int repeat_ = 0;
  std::map<int, Track> tracks_;
};

class InterruptionPool {
 public:
  void add(const WindowRecord& window, const std::string& arm, const TraceMeta& meta,
           const Attribution& attribution, const WindowTracks& tracks,
           const std::map<int, SilentGaps>& silent_gaps);
  /// In the order of the plan's arms, then by CPU.
  std::vector<CpuInterruptions> take(std::vector<Warning>& warnings);

 private:
  struct PooledSender {
    SenderRow row;
    std::set<std::int32_t> pids;
    std::map<std::string, std::uint64_t> woken;
  };
  struct PooledCause {
    CauseRow row;
    Histogram lengths;
    std::uint64_t longest = 0;
    std::map<std::string, PooledSender> senders;
    std::map<std::string, std::uint64_t> woken;
  };
  struct Pooled {
    CpuInterruptions cpu;
    TickLine line;
    std::map<std::string, std::unique_ptr<PooledCause>> causes;
  };
  void add_causes(Pooled& pooled, const CpuAttribution& counts, const WindowRecord& window,
                  const TraceMeta& meta, const Attribution& attribution);
  static void add_sender(PooledCause& cause, const SenderTally& sender,
                         const Attribution& attribution);
  static void finish_senders(PooledCause& cause);
  void finish(Pooled& pooled) const;

  std::map<std::pair<int, int>, Pooled> by_arm_and_cpu_;
};

}  // namespace isolab
