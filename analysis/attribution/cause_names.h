// SPDX-License-Identifier: Apache-2.0
// What an interruption is called: each different cause of a trace gets a number once, with its
// class and words, so that the hot path compares numbers only.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/attribution/classes.h"
#include "analysis/attribution/tables.h"
#include "analysis/model/cause_name.h"
#include "trace/read/reader.h"

namespace isolab {

class CauseNames {
 public:
  CauseNames(const TraceDirectory& trace, const Classifier& rules, const StackTable& stacks)
      : trace_(&trace), rules_(&rules), stacks_(&stacks) {}

  /// `func` 0: a reschedule IPI, the call site tells why. Cached per function and stack.
  CauseId call(std::uint64_t func, StackId stack, std::uint64_t callsite);
  CauseId fixed(CauseKind kind, std::string_view what);  // tick, page fault ...
  CauseId device(int irq, std::string_view name);
  CauseId softirq(std::uint32_t vec);
  CauseId nmi(std::uint64_t handler);
  CauseId vector(std::uint16_t event, std::string_view name);
  CauseId task(std::string_view comm);
  /// A work item in a task of a workqueue: "kworker/1 vmstat_update".
  CauseId work(std::string_view comm, std::uint64_t func);
  /// The function of an hrtimer; kNoCause for the scheduler's tick (tick_nohz_handler,
  /// kernel/time/tick-sched.c; tick_sched_timer before 6.9).
  CauseId timer(std::uint64_t func);
  CauseId irq_work(std::uint64_t func);

  const CauseName& operator[](CauseId id) const { return names_[id]; }
  std::size_t size() const { return names_.size(); }
  bool is_wakeup_list(CauseId id) const { return names_[id].what == "sched_ttwu_pending"; }

  /// "netstamp_clear"; its address where no symbol covers it.
  std::string function(std::uint64_t func) const { return trace_->function(func); }
  /// "name+0x1a/0x40" of every frame, innermost first; the call site where there is no stack.
  std::vector<std::string> frames(StackId stack, std::uint64_t callsite) const;

 private:
  struct Key {
    std::uint64_t func = 0, where = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return (key.func * 0x9e3779b97f4a7c15ull) ^ (key.where * 0xc2b2ae3d27d4eb4full);
    }
  };
  CauseId add(CauseName name);

  const TraceDirectory* trace_;
  const Classifier* rules_;
  const StackTable* stacks_;
  std::vector<CauseName> names_;
  std::unordered_map<std::string, CauseId> by_text_;
  std::unordered_map<Key, CauseId, KeyHash> calls_;
  std::unordered_map<std::uint64_t, CauseId> numbered_;
  std::unordered_map<std::string, CauseId> tasks_;
  std::unordered_map<Key, CauseId, KeyHash> work_;
};

inline constexpr std::size_t kSoftirqs = 10;
/// The names of include/linux/interrupt.h (enum), the same from 5.14 to 6.18.
const char* softirq_name(std::uint32_t vec);

}  // namespace isolab
