// SPDX-License-Identifier: Apache-2.0
// The bounded memory of attribution: the different stacks of senders, the names of tasks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/model/sender_context.h"
#include "trace/read/event.h"

namespace isolab {

using StackId = std::uint32_t;  // 0: no stack
using CommId = std::uint32_t;
using CauseId = std::uint32_t;
inline constexpr CauseId kNoCause = ~CauseId{0};

/// A work item or timer whose function a sender ran, and who queued or armed it.
struct Origin {
  std::uint64_t function = 0;
  std::int32_t pid = -1;  // of who queued it; -1: no task, the next origin tells, or not known
  CommId comm = 0;
  std::int32_t cpu = -1;      // on which it was queued; -1: not known
  CauseId within = kNoCause;  // as in Sender
  OriginKind kind = OriginKind::none;
  bool operator==(const Origin&) const = default;
};
/// The nearest first, up to the first of kind none. What is further away is not kept.
using Origins = std::array<Origin, 3>;

/// Who sent an IPI, queued a call or work, or armed a timer.
struct Sender {
  int cpu = -1;           // -1: not known
  std::int32_t pid = -1;  // the task that was running there
  CommId comm = 0;
  StackId stack = 0;
  std::uint64_t callsite = 0;
  std::uint64_t sent = 0;                       // in the trace clock
  SenderContext context = SenderContext::task;  // of work, timers and softirqs only
  CauseId within = kNoCause;  // the device interrupt or softirq of this context; kNoCause: unknown
  Origins origins = {};
  bool known() const { return cpu >= 0; }
};

/// The different stacks of a trace, innermost frame first. After kMost of them new ones count as
/// no stack.
class StackTable {
 public:
  static constexpr std::size_t kMost = 1 << 16;
  StackTable() : stacks_(1) {}

  StackId intern(const StackField& field, const TraceEvent& event);
  const std::vector<std::uint64_t>& frames(StackId id) const { return stacks_[id]; }
  std::uint64_t turned_away() const { return turned_away_; }

 private:
  std::vector<std::vector<std::uint64_t>> stacks_;
  std::unordered_map<std::uint64_t, StackId> by_hash_;
  std::uint64_t turned_away_ = 0;
};

/// Names of tasks as they are at the moment the trace has reached.
class CommTable {
 public:
  CommTable();
  CommId intern(std::string_view name);
  /// Events cut a name to 15 characters (TASK_COMM_LEN); a longer one that begins so, from /proc,
  /// is kept. A worker of a workqueue is named without the queue ("kworker/1:1-events").
  void set(std::int32_t pid, std::string_view name) {
    auto& id = by_pid_[pid];
    if (!same_task(names_[id], name)) id = intern(task_name(name));
  }
  /// set() and its result.
  CommId named(std::int32_t pid, std::string_view name) {
    set(pid, name);
    return by_pid_[pid];
  }
  CommId of(std::int32_t pid) const {
    const auto found = by_pid_.find(pid);
    return found == by_pid_.end() ? 0 : found->second;
  }
  /// "?" where no event and no file named the task.
  const std::string& name(CommId id) const { return names_[id]; }

 private:
  static constexpr std::size_t kCut = 15;
  static bool same_task(std::string_view known, std::string_view name) {
    return known == name || (name.size() == kCut && known.starts_with(name));
  }
  static std::string_view task_name(std::string_view name);

  std::vector<std::string> names_;
  std::unordered_map<std::string, CommId> ids_;
  std::unordered_map<std::int32_t, CommId> by_pid_;
};

}  // namespace isolab
