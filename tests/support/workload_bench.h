// SPDX-License-Identifier: Apache-2.0
// What a workload needs around it in a test: a host, a shared block, and a context from both.
#pragma once

#include <map>
#include <string>

#include "host/facts/facts.h"
#include "host/files.h"
#include "workloads/contract/workload_block.h"

namespace isolab {

/// A workload's surroundings on the given files; pinned nowhere, knobs only where a test adds them.
class WorkloadBench {
 public:
  explicit WorkloadBench(Files& files, HostFacts facts = {})
      : facts_(std::move(facts)),
        setup_{.host = {files, facts_},
               .cpus = {},
               .measured = {1},
               .log = "/dev/null",
               .cache = "/tmp",
               .knobs = {}},
        block_(WorkloadBlock::create()) {}
  WorkloadBench(const WorkloadBench&) = delete;
  WorkloadBench& operator=(const WorkloadBench&) = delete;

  WorkloadSetup& setup() { return setup_; }
  WorkloadBlock& block() { return block_.value(); }
  const Host& host() const { return setup_.host; }
  WorkloadContext context(const std::atomic<std::uint32_t>* peer_listening = nullptr) {
    return block().context(setup_, peer_listening);
  }

 private:
  HostFacts facts_;
  WorkloadSetup setup_;
  Result<WorkloadBlock> block_;
};

/// Every parameter of a workload with its default.
inline ParamValues default_params(const WorkloadInfo& info) {
  ParamValues values;
  for (const auto& spec : info.params) values[spec.name] = spec.fallback;
  return values;
}

}  // namespace isolab
