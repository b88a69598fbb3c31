// SPDX-License-Identifier: Apache-2.0
// Calls and reschedule IPIs between their sending on any CPU and their arrival on a measured one.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analysis/attribution/tallies.h"
#include "analysis/attribution/trace_context.h"

namespace isolab {

/// A call that waits to run on `target`.
struct PendingCall {
  std::uint64_t csd = 0;
  std::uint64_t func = 0;
  int target = -1;
  CauseId cause = kNoCause;  // until its stack came or cannot come any more
  Sender sender;
};

/// Calls by their csd pointer, which is the same in csd_queue_cpu and csd_function_entry. Fixed
/// size: the oldest of a set gives way, and is counted.
class PendingCalls {
 public:
  void add(const PendingCall& call);
  /// The last call queued with this pointer and function; nullptr if there was none. The caller
  /// clears `csd` to take it out.
  PendingCall* find(std::uint64_t csd, std::uint64_t func, int target) {
    for (auto& call : sets_[index(csd)])
      if (call.csd == csd && call.func == func && call.target == target) return &call;
    return nullptr;
  }
  std::uint64_t forgotten() const { return forgotten_; }

 private:
  static constexpr std::size_t kSets = 2048;
  using Set = std::array<PendingCall, 4>;
  static std::size_t index(std::uint64_t csd) {
    return (csd >> 3) * 0x9e3779b97f4a7c15ull >> 53;  // the top 11 bits: kSets
  }
  std::vector<Set> sets_ = std::vector<Set>(kSets);
  std::uint64_t forgotten_ = 0;
};

/// The last reschedule IPI sent to a CPU; `cause` is kNoCause while its stack may still come.
struct SentReschedule {
  Sender sender;
  CauseId cause = kNoCause;
  bool used = true;    // it arrived
  bool wakes = false;  // whom it wakes may still come
  std::int32_t woken_pid = -1;
  CommId woken = 0;
};

/// What was sent to one measured CPU: a ring of the last calls, and the last reschedule IPI. A call
/// that arrived has target -1.
struct SentCalls {
  explicit SentCalls(CpuAttribution& attribution) : counts(attribution) {}
  PendingCall& push(const PendingCall& call) {
    newest = (newest + 1) % recent.size();
    return recent[newest] = call;
  }
  CpuAttribution& counts;
  std::array<PendingCall, 8> recent;
  std::size_t newest = 0;
  SentReschedule reschedule;
};

/// Every call that was queued for a measured CPU is open until the next event of its sender's CPU,
/// which is its stack or shows that there is none; then it has a cause and is counted, once.
class CallsInFlight {
 public:
  /// Senders run on CPUs 0 to `highest_cpu`. `trace` must outlive it.
  CallsInFlight(TraceContext& trace, int highest_cpu)
      : trace_(trace), open_(static_cast<std::size_t>(highest_cpu) + 1) {}

  bool is_known(int sender_cpu) const {
    return static_cast<std::size_t>(sender_cpu) < open_.size();
  }
  bool is_open(int sender_cpu) const { return open_[static_cast<std::size_t>(sender_cpu)].any(); }
  /// `stack`: the event that follows in the sender's buffer; nullptr: another one does.
  void settle(int sender_cpu, const TraceEvent* stack);
  void settle_all();

  /// `to` must outlive the call. `csd` 0: the trace does not tell.
  void queue(const TraceEvent& event, SentCalls& to, std::uint64_t csd, std::uint64_t func,
             std::uint64_t callsite);
  void send_reschedule(const TraceEvent& event, SentCalls& to, std::uint64_t callsite);

  PendingCall* find(std::uint64_t csd, std::uint64_t func, int target) {
    return pending_.find(csd, func, target);
  }
  std::uint64_t forgotten() const { return pending_.forgotten(); }

 private:
  /// One event that names several receivers (the kprobe on smp_call_function_many_cond) has one
  /// stack for all.
  struct Open {
    struct Call {
      SentCalls* to = nullptr;
      PendingCall* call = nullptr;  // in the ring of `to`
    };
    std::uint64_t time = 0;  // of the event
    std::vector<Call> calls;
    SentCalls* reschedule = nullptr;
    bool any() const { return !calls.empty() || reschedule != nullptr; }
  };
  void settle_call(int sender_cpu, const Open::Call& open, StackId stack);
  void settle_reschedule(SentCalls& to, StackId stack);

  TraceContext& trace_;
  PendingCalls pending_;
  std::vector<Open> open_;  // by the sender's CPU
};

}  // namespace isolab
