// SPDX-License-Identifier: Apache-2.0
// The process that holds the probe, and the workloads that must share its memory. It is a fork of
// the runner, so that nothing the runner allocates or unmaps reaches the measured CPUs as a TLB
// flush.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "analysis/model/probe_data.h"
#include "base/records.h"
#include "host/process.h"
#include "probes/contract/probe.h"
#include "workloads/contract/workload_process.h"

namespace isolab {

/// A workload that runs as a thread of the probe's process. The runner waits for it, lets it go and
/// reads its counts through the block; it is stopped when the data is collected.
struct PeerWorkload {
  const WorkloadInfo* info = nullptr;
  ParamValues params;
  WorkloadSetup setup;
  std::shared_ptr<WorkloadBlock> block;
};

struct ProbeControl;  // the words both processes share

class ProbeProcess {
 public:
  /// Forks; the caller must be single-threaded. The data is passed through a directory made below
  /// `transfer`, gone after collect().
  static Result<ProbeProcess> launch(const ProbeInfo& info, const ParamValues& params,
                                     const ProbeContext& context, std::vector<PeerWorkload> peers,
                                     const std::filesystem::path& transfer);

  /// Called over and over while waiting; an error from it ends the wait with that error.
  using Watch = std::function<Result<void>()>;

  /// The probe is ready and its peers have been started (ready when their blocks say so).
  Result<void> wait_prepared(Nanos limit, const Watch& watch);
  /// Returns when every measured CPU is being measured.
  Result<void> open_window(Nanos limit, const Watch& watch);
  /// Ends the window and returns when the probe has stopped measuring; an error of the probe leaves
  /// its data to be collected.
  Result<void> close_window(Nanos limit);
  struct Heard {
    ProbeRecord probe;
    std::vector<Footprint> footprints;
  };
  /// The data of the last window; stops the peers and ends the process.
  Result<Heard> collect(Nanos limit);
  /// Ids of the probe's tasks: those it had when it was ready, without its peers' threads, and
  /// those of the programs it has started.
  std::vector<std::int32_t> own_tasks(const Files& files) const;
  /// Why the probe cannot go on, if it cannot.
  std::optional<Error> failure();

 private:
  ProbeProcess(SharedMemory memory, Child child, std::filesystem::path transfer)
      : memory_(std::move(memory)), child_(std::move(child)), transfer_(std::move(transfer)) {}
  ProbeControl& control() const { return *static_cast<ProbeControl*>(memory_.data()); }
  Result<void> wait_for(const std::function<bool()>& reached, Nanos limit, const Watch& watch,
                        const char* doing);

  SharedMemory memory_;
  Child child_;
  std::filesystem::path transfer_;
};

}  // namespace isolab
