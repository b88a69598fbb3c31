// SPDX-License-Identifier: Apache-2.0
// Reads the pages of a trace: one CPU's file from its first event to its last, and all CPUs merged
// in time. Files are mapped and given back behind the reader, so memory stays bounded whatever the
// length of the trace. Needs nothing but the files; leaves nothing behind.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trace/read/event.h"
#include "trace/read/page.h"

namespace isolab {

/// What a walk over one CPU's pages met.
struct WalkSummary {
  std::uint64_t pages = 0;
  std::uint64_t faulty_pages = 0;  // their events up to the fault were delivered
  PageFault first_fault = PageFault::none;
  std::uint64_t first_fault_page = 0;  // its number in the file, from 0
  std::uint64_t backward = 0;          // pages that begin before the last event of the page before
  std::uint64_t lost_flags = 0;        // pages that say events were lost before them
  std::uint64_t lost_counted = 0;      // events they counted; the ring's own stats know them all
};

/// A read-only mapping of a file; empty files map to an empty span.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Takes the pages below `offset` out of our memory; reading them again maps them again.
  void release_below(std::size_t offset);

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t released_ = 0;
};

/// The events of one CPU in the order they were written. A faulty page ends at its fault and the
/// walk goes on with the next page.
class CpuReader {
 public:
  CpuReader(std::span<const std::byte> bytes, int cpu, const PageLayout& layout)
      : bytes_(bytes), layout_(layout), cpu_(cpu) {}
  static Result<CpuReader> open(const std::filesystem::path& path, int cpu,
                                const PageLayout& layout);

  /// False at the end. `event.payload` is valid as long as the reader lives.
  bool next(TraceEvent& event) {
    while (!page_.next(event))
      if (!next_page()) return false;
    return true;
  }
  int cpu() const { return cpu_; }
  /// Of the pages read so far.
  const WalkSummary& summary() const { return summary_; }

 private:
  bool next_page();
  void note(PageFault fault);

  MappedFile file_;
  std::span<const std::byte> bytes_;
  PageLayout layout_;
  PageCursor page_;
  WalkSummary summary_;
  std::size_t offset_ = 0;  // of the page after the current one
  int cpu_ = 0;
};

/// All CPUs in time order; equal times in the order of their CPUs. An event and its stack have
/// neighbouring places in their CPU's buffer, but an event of another CPU may come between them.
class TraceMerger {
 public:
  explicit TraceMerger(std::vector<CpuReader> readers);

  /// The next event, valid until the next call; nullptr at the end.
  const TraceEvent* next() {
    if (heap_.empty()) return nullptr;
    if (started_) advance();
    started_ = true;
    return heap_.empty() ? nullptr : &heap_.front()->event;
  }
  const std::vector<CpuReader>& readers() const { return readers_; }

 private:
  struct Head {
    TraceEvent event;
    CpuReader* reader = nullptr;
  };
  static bool before(const Head& a, const Head& b) {
    return a.event.time != b.event.time ? a.event.time < b.event.time : a.event.cpu < b.event.cpu;
  }
  /// Moves the first CPU on, or out at its end, and restores the heap.
  void advance() {
    if (!heap_.front()->reader->next(heap_.front()->event)) {
      heap_.front() = heap_.back();
      heap_.pop_back();
      if (heap_.empty()) return;
    }
    sift_down(0);
  }
  void sift_down(std::size_t i) {
    Head* const head = heap_[i];
    for (std::size_t child = 2 * i + 1; child < heap_.size(); child = 2 * i + 1) {
      if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
      if (!before(*heap_[child], *head)) break;
      heap_[i] = heap_[child];
      i = child;
    }
    heap_[i] = head;
  }

  std::vector<CpuReader> readers_;
  std::vector<Head> heads_;
  std::vector<Head*> heap_;
  bool started_ = false;
};

/// Calls `visit(const TraceEvent&)` for every event of all CPUs in time order; the readers come
/// back for their summaries.
template <class Visitor>
std::vector<WalkSummary> merge_cpus(std::vector<CpuReader> readers, Visitor&& visit) {
  TraceMerger merger(std::move(readers));
  while (const TraceEvent* event = merger.next()) visit(*event);
  std::vector<WalkSummary> summaries;
  for (const auto& reader : merger.readers()) summaries.push_back(reader.summary());
  return summaries;
}

/// The trace directory of a window: formats/, cpuN.raw, symbols, comms. docs/tracing.md.
struct TraceDirectory {
  TraceFormats formats;
  std::map<int, std::filesystem::path> pages;    // by CPU
  std::map<std::uint64_t, std::string> symbols;  // address -> "name+0x1a/0x40"
  std::map<std::int32_t, std::string> comms;     // pid -> name of the task

  static Result<TraceDirectory> load(const std::filesystem::path& directory);
  /// One reader a CPU, in the order of the CPUs.
  Result<std::vector<CpuReader>> open_all() const;
  /// "name+0x1a/0x40", or the address in hexadecimal.
  std::string symbol(std::uint64_t address) const;
  /// The name without offset and size, for functions; hexadecimal if unknown.
  std::string function(std::uint64_t address) const;
};

/// The text files beside the pages. One line each: "ffffffff81000000 name+0x1a/0x40" and "123
/// comm". A symbol over 640 bytes or a comm over 64 cannot be from a kernel and ends in "...(cut)".
std::map<std::uint64_t, std::string> parse_symbols(std::string_view text);
std::map<std::int32_t, std::string> parse_comms(std::string_view text);

}  // namespace isolab
