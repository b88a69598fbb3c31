// SPDX-License-Identifier: Apache-2.0
// The marks that an application writes with isolab/mark.h: "isolab begin NAME", "isolab end NAME"
// and "isolab stop NAME" in events ftrace:print. Memory is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/gap_list.h"
#include "trace/read/event.h"

namespace isolab {

struct Mark {
  enum class Kind : std::uint8_t { pair, stop } kind = Kind::pair;
  std::string name;
  std::int32_t tid = 0;
  Gap span;  // of a pair: from begin to end; of a stop: its moment. In the trace clock
};

class MarkPairs {
 public:
  static constexpr std::size_t kMostOpen = 4096, kLongestName = 48;

  explicit MarkPairs(const TraceFormats& formats);
  /// A pair at its end, or a stop; by the task that wrote both.
  std::optional<Mark> add(const TraceEvent& event);

 private:
  std::uint16_t id_ = 0;
  std::uint32_t text_ = 0;  // offset in the event
  std::map<std::pair<std::int32_t, std::string>, std::uint64_t> open_;
};

}  // namespace isolab
