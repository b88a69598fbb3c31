// SPDX-License-Identifier: Apache-2.0
// The process that holds the probe, and the workloads that must share its memory. It is a fork of the
// runner, so that nothing the runner allocates or unmaps reaches the measured CPUs as a TLB flush.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/records.h"
#include "host/process.h"
#include "probes/probe.h"
#include "workloads/process.h"

namespace isolab {

/// A workload that runs as a thread of the probe's process; the runner made its shared block.
struct PeerWorkload {
  const WorkloadInfo* info = nullptr;
  ParamValues params;
  WorkloadContext context;
  WorkloadBlock* block = nullptr;
};

class ProbeProcess {
 public:
  /// Forks; the caller must be single-threaded. `scratch` receives the probe's own files.
  static Result<ProbeProcess> launch(const ProbeInfo& info, const ParamValues& params, const ProbeContext& context,
                                     std::vector<PeerWorkload> peers);

  /// Called over and over while waiting; an error from it ends the wait with that error.
  using Watch = std::function<Result<void>()>;

  Result<void> wait_prepared(Nanos limit, const Watch& watch);
  /// Peers begin to make noise.
  void start_peers();
  /// Returns when every measured CPU is being listened on.
  Result<void> open_window(Nanos limit, const Watch& watch);
  /// Returns when the probe has stopped listening.
  Result<void> close_window(Nanos limit);
  /// What the last window heard, and our footprint; ends the process.
  struct Heard {
    ProbeRecord probe;
    std::vector<Footprint> footprints;
  };
  Result<Heard> collect(Nanos limit);
  /// Why the process is gone, if it is.
  std::optional<Error> failure();

 private:
  struct Control;
  ProbeProcess(SharedMemory memory, Child child, std::filesystem::path transfer)
      : memory_(std::move(memory)), child_(std::move(child)), transfer_(std::move(transfer)) {}
  Control& control() const { return *static_cast<Control*>(memory_.data()); }
  Result<void> wait_state(std::uint32_t wanted, Nanos limit, const Watch& watch, const char* doing);

  SharedMemory memory_;
  Child child_;
  std::filesystem::path transfer_;  // the record's way out of the process
};

}  // namespace isolab
