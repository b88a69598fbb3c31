// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/tables.h"

namespace isolab {

StackId StackTable::intern(const StackField& field, const TraceEvent& event) {
  const std::size_t count = field.frames(event);
  if (count == 0) return 0;
  std::uint64_t hash = count;
  for (std::size_t i = 0; i < count; ++i) {
    hash = (hash ^ field.frame(event, i)) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 32;
  }
  // 65536 stacks in 64 bits: two that differ share a hash once in 2^33 traces.
  if (const auto found = by_hash_.find(hash); found != by_hash_.end()) return found->second;
  if (stacks_.size() > kMost) {
    ++turned_away_;
    return 0;
  }
  std::vector<std::uint64_t> frames(count);
  for (std::size_t i = 0; i < count; ++i) frames[i] = field.frame(event, i);
  stacks_.push_back(std::move(frames));
  const auto id = static_cast<StackId>(stacks_.size() - 1);
  by_hash_.emplace(hash, id);
  return id;
}

CommTable::CommTable() {
  intern("?");
  set(0, "idle");
}

std::string_view CommTable::task_name(std::string_view name) {
  const auto colon = name.starts_with("kworker/") ? name.find(':') : std::string_view::npos;
  return colon == std::string_view::npos ? name : name.substr(0, name.find_first_of("-+", colon));
}

CommId CommTable::intern(std::string_view name) {
  const auto [found, is_new] = ids_.emplace(std::string(name), static_cast<CommId>(names_.size()));
  if (is_new) names_.emplace_back(name);
  return found->second;
}

}  // namespace isolab
