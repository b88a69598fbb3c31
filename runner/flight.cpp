// SPDX-License-Identifier: Apache-2.0
#include "runner/flight.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <new>

#include "analysis/watch/cpu_shares.h"
#include "analysis/watch/marks.h"
#include "analysis/watch/task_times.h"
#include "analysis/watch/watch.h"
#include "host/clock.h"
#include "host/files.h"
#include "runner/watched_tasks.h"
#include "trace/live/drain.h"
#include "trace/read/flight_window.h"

namespace isolab {

struct FlightRecorder::Shared {
  static constexpr std::size_t kMostSlices = 32;
  std::atomic<std::int32_t> pid{-1};  // -1: not known yet
  std::atomic<std::uint32_t> requests{0};
  std::atomic<std::uint32_t> stops{0}, taken{0};
  // Of the last stop; the child writes it while stops == taken.
  char clock[16] = {};
  char what[64] = {};
  std::int32_t tid = 0;
  int cpu = -1;
  Gap found;
  std::uint64_t begin = 0, end = 0;
  std::uint32_t slices = 0;
  Gap slice[kMostSlices];
};

namespace {

using FlightShared = FlightRecorder::Shared;

constexpr std::uint64_t kLearn = 500'000'000;  // ns in which the application of a CPU shows

std::filesystem::path stop_directory(const std::filesystem::path& directory, std::uint32_t number) {
  return directory / "stops" / fmt::format("{:03}", number);
}

class FlightSink final : public PageSink {
 public:
  FlightSink(const FlightTriggers& triggers, const CpuSet& cpus, std::filesystem::path directory,
             FlightShared& shared, const TraceFormats& formats, const std::string& clock)
      : triggers_(triggers),
        cpus_(cpus),
        directory_(std::move(directory)),
        shared_(shared),
        formats_(formats),
        table_(formats_),
        marks_(formats_),
        in_ticks_(clock == "x86-tsc"),
        first_(read_clock_pair()),
        window_(formats.layout, {}) {}

  void poll_begins() override {
    const ClockPair now = read_clock_pair();
    // The frequency is known better with each poll of the first seconds.
    if (now.ns - first_.ns < 5'000'000'000) {
      line_ = make_line(first_, now);
      window_.limit({.keep = units(triggers_.keep + std::chrono::seconds{1})});
    }
    now_ = in_ticks_ ? now.ticks : now.ns;
  }
  void page(int cpu, std::span<const std::byte> bytes) override { window_.add(cpu, bytes); }
  Result<void> polled() override {
    choose();
    window_.advance(now_, [this](const TraceEvent& event) { see(event); });
    if (const auto asked = shared_.requests.load(); asked != answered_) {
      answered_ = asked;
      find({{}, "request", 0, cpus_.first().value_or(0), {now_, 0}, 0, 0, {}, {}});
    }
    return pending_ && shared_.stops.load() == shared_.taken.load() ? stop() : Result<void>{};
  }
  Result<void> ended(const std::filesystem::path& directory) override {
    return window_.write(directory, now_ - std::min(now_, units(triggers_.keep)));
  }

 private:
  std::uint64_t units(Nanos span) const {
    const auto ns = static_cast<std::uint64_t>(span.count());
    return in_ticks_ ? line_.ticks(ns) : ns;
  }

  /// Who is watched shows after the command was started, or after the CPUs were looked at for a
  /// while.
  void choose() {
    const auto pid = shared_.pid.load();
    if (times_ || pid < 0) return;
    if (pid == 0 && !shares_) {
      shares_.emplace(table_, clock_, WatchSpan{cpus_, now_, 0, {}});
      learnt_at_ = now_ + units(Nanos{kLearn});
    }
    if (pid == 0 && now_ < learnt_at_) return;
    const SystemFiles files;
    auto tasks = read_watch_tasks(files, cpus_, pid);
    if (pid == 0) {
      shares_->finish(now_);
      watch_applications(shares_->ticks(), {}, tasks);
      shares_.reset();
    }
    times_.emplace(table_, clock_, WatchSpan{cpus_, now_, 0, {}}, tasks);
    times_->on_slice([this](int cpu, const Gap& slice) { stolen(cpu, slice); });
    times_->on_wait([this](std::int32_t tid, int cpu, const Gap& wait) {
      if (is_over(wait.length)) find({{}, "wait", tid, cpu, wait, 0, 0, {}, {}});
    });
  }

  void see(const TraceEvent& event) {
    if (shares_) shares_->add(event);
    if (times_) times_->add(event);
    const auto mark = marks_.add(event);
    if (!mark) return;
    const auto limit = triggers_.mark_over.find(mark->name);
    const bool asked = mark->kind == Mark::Kind::stop;
    if (asked || (limit != triggers_.mark_over.end() && mark->span.length > units(limit->second)))
      find({{}, "mark " + mark->name, mark->tid, event.cpu, mark->span, 0, 0, {}, {}});
  }

  bool is_over(std::uint64_t length) const {
    return triggers_.stop_over > Nanos{0} && length > units(triggers_.stop_over);
  }

  void stolen(int cpu, const Gap& slice) {
    auto& last = slices_[cpu];
    last.push_back(slice);
    if (last.size() > FlightShared::kMostSlices) last.pop_front();
    if (is_over(slice.length)) find({{}, "stolen", 0, cpu, slice, 0, 0, {}, {}});
  }

  /// The first one since the last stop; what is found until it is told belongs to the same moment.
  void find(FlightStop stop) {
    if (pending_ || stop.found.start < told_until_ || shared_.stops.load() != shared_.taken.load())
      return;
    stop.slices = {slices_[stop.cpu].begin(), slices_[stop.cpu].end()};
    pending_ = std::move(stop);
  }

  Result<void> stop() {
    const auto& found = pending_->found;
    const auto number = shared_.stops.load() + 1;
    const std::uint64_t begin = found.start - std::min(found.start, units(triggers_.keep));
    TRY(window_.write(stop_directory(directory_, number), begin));
    std::strncpy(shared_.what, pending_->what.c_str(), sizeof shared_.what - 1);
    shared_.tid = pending_->tid;
    shared_.cpu = pending_->cpu;
    shared_.found = found;
    shared_.begin = begin;
    shared_.end = now_;
    shared_.slices = 0;
    for (const auto& slice : pending_->slices) shared_.slice[shared_.slices++] = slice;
    told_until_ = now_;
    pending_.reset();
    shared_.stops.store(number);
    return {};
  }

  FlightTriggers triggers_;
  CpuSet cpus_;
  std::filesystem::path directory_;
  FlightShared& shared_;
  TraceFormats formats_;
  EventTable table_;
  MarkPairs marks_;
  bool in_ticks_;
  ClockPair first_;
  TickLine line_;
  TraceClock clock_{TraceMeta{}};  // times stay in the unit of the trace
  FlightWindow window_;
  std::uint64_t now_ = 0, learnt_at_ = 0, told_until_ = 0;
  std::uint32_t answered_ = 0;
  std::optional<CpuShares> shares_;
  std::optional<TaskTimes> times_;
  std::map<int, std::deque<Gap>> slices_;  // the last of each CPU
  std::optional<FlightStop> pending_;
};

}  // namespace

Result<FlightRecorder> FlightRecorder::create(const FlightTriggers& triggers, const CpuSet& cpus,
                                              const std::filesystem::path& directory) {
  FlightRecorder recorder;
  recorder.triggers_ = triggers;
  recorder.cpus_ = cpus;
  recorder.directory_ = directory;
  recorder.memory_ = TRY(SharedMemory::create(sizeof(Shared)));
  new (recorder.memory_.data()) Shared;
  return recorder;
}

TraceSinkMaker FlightRecorder::sink_maker() const {
  return
      [this](const TraceFormats& formats, const std::string& clock) -> std::unique_ptr<PageSink> {
        auto& shared = *static_cast<Shared*>(memory_.data());
        std::strncpy(shared.clock, clock.c_str(), sizeof shared.clock - 1);
        return std::make_unique<FlightSink>(triggers_, cpus_, directory_,
                                            *static_cast<Shared*>(memory_.data()), formats, clock);
      };
}

void FlightRecorder::watch(std::int32_t pid) const {
  static_cast<Shared*>(memory_.data())->pid.store(pid);
}

void FlightRecorder::request() const { ++static_cast<Shared*>(memory_.data())->requests; }

std::optional<FlightStop> FlightRecorder::take() {
  auto& shared = *static_cast<Shared*>(memory_.data());
  const auto number = shared.stops.load();
  if (number == taken_) return {};
  FlightStop stop{.clock = shared.clock,
                  .what = shared.what,
                  .tid = shared.tid,
                  .cpu = shared.cpu,
                  .found = shared.found,
                  .begin = shared.begin,
                  .end = shared.end,
                  .slices = {shared.slice, shared.slice + shared.slices},
                  .directory = stop_directory(directory_, number)};
  taken_ = number;
  shared.taken.store(number);
  return stop;
}

}  // namespace isolab
