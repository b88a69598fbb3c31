// SPDX-License-Identifier: Apache-2.0
// The bounded memory of attribution: the different stacks of senders, the names of tasks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "trace/read/event.h"

namespace isolab {

using StackId = std::uint32_t;  // 0: no stack
using CommId = std::uint32_t;
using CauseId = std::uint32_t;
inline constexpr CauseId kNoCause = ~CauseId{0};

/// Who sent an IPI or queued a call.
struct Sender {
  int cpu = -1;           // -1: not known
  std::int32_t pid = -1;  // the task that was running there
  CommId comm = 0;
  StackId stack = 0;
  std::uint64_t callsite = 0;
  std::uint64_t sent = 0;  // in the trace clock
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
