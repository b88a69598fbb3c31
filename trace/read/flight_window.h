// SPDX-License-Identifier: Apache-2.0
// The last moments of a trace, in bounded memory: pages of all CPUs come in as they are read, their
// events go out once, merged in time, and pages are forgotten when they are older than what is
// kept. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <span>
#include <vector>

#include "trace/read/reader.h"

namespace isolab {

struct FlightLimits {
  std::uint64_t keep = 0;                          // in the unit of the trace clock
  std::size_t most_bytes = std::size_t{64} << 20;  // of pages; the oldest go first
};

class FlightWindow {
 public:
  FlightWindow(const PageLayout& layout, const FlightLimits& limits)
      : layout_(layout), limits_(limits) {}

  void limit(const FlightLimits& limits) { limits_ = limits; }

  /// A page of one CPU, in the order in which the ring gave them. It is copied.
  void add(int cpu, std::span<const std::byte> page);

  /// Calls `visit(const TraceEvent&)` for the events up to `until`, which no page that comes later
  /// precedes, in time order and each once; then forgets pages that are too old.
  template <class Visitor>
  void advance(std::uint64_t until, Visitor&& visit) {
    std::vector<CpuReader> readers;
    std::vector<std::vector<std::byte>> bytes = unread(until);
    std::size_t at = 0;
    for (const auto& [cpu, ring] : rings_) readers.emplace_back(bytes[at++], cpu, layout_);
    TraceMerger merger(std::move(readers));
    while (const TraceEvent* event = merger.next()) {
      if (event->time > until) break;
      if (event->time > read_until_) ++events_, visit(*event);
    }
    finish(until);
  }

  /// Writes cpuN.raw files with the pages that have something after `from`; io.
  Result<void> write(const std::filesystem::path& directory, std::uint64_t from) const;

  std::size_t bytes() const { return bytes_; }
  std::uint64_t events() const { return events_; }        // that advance() visited
  std::uint64_t forgotten() const { return forgotten_; }  // pages, by most_bytes alone

 private:
  struct Page {
    std::uint64_t first = 0, last = 0;  // times of its events
    std::vector<std::byte> bytes;
  };
  /// The pages of each CPU with events after what was visited, in one piece.
  std::vector<std::vector<std::byte>> unread(std::uint64_t until) const;
  void finish(std::uint64_t until);
  void forget_front(std::deque<Page>& ring);

  PageLayout layout_;
  FlightLimits limits_;
  std::map<int, std::deque<Page>> rings_;  // by CPU
  std::size_t bytes_ = 0;
  std::uint64_t read_until_ = 0, events_ = 0, forgotten_ = 0;
};

}  // namespace isolab
