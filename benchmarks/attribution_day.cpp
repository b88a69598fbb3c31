// SPDX-License-Identifier: Apache-2.0
// attribution_day [EVENTS]: a quiet day of one measured CPU through the analysis: 1.04 * 10^9
// events and their gap log by default, 1000 gaps a second that a remote call made and 200 in which
// the kernel saw nothing. Prints the time of each step, events a second, and the process's memory
// at its highest, beside the limits (60 s, 300 MiB) and beside what the same events cost to read
// and to merge without attribution.
//
// The events are a few MiB of pages made once; before each pass over them their time stamps are
// moved on. So no disk is read for them, but each event is decoded and merged as always. The gap
// log is a real file in TMPDIR (16 bytes a gap, 1.7 GB for the day), written first and removed at
// the end.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/classes.h"
#include "analysis/attribution/silent_gaps.h"
#include "results/blobs.h"
#include "tests/support/trace_builder.h"

namespace isolab {
namespace {

constexpr std::uint64_t kFunction = 0x1000, kCallsite = 0x2000;
constexpr std::uint64_t kTicksPerSecond = 2'000'000'000;
constexpr std::uint64_t kSpacing = kTicksPerSecond / 1000;
constexpr std::uint64_t kCallsPerPass = 40'000, kEventsPerCall = 12;
constexpr std::uint64_t kPassTicks = kCallsPerPass * kSpacing;
constexpr double kLimitSeconds = 60, kLimitMib = 300;

using Pages = std::map<int, std::vector<std::byte>>;

/// Each call: what is queued and sent on CPU 0; IPI, callback, a kernel thread that runs for 2 us
/// and a tick on CPU 1, in one gap of 4 us.
Pages make_pages() {
  test::TraceBuilder make;
  const std::vector<std::uint64_t> frames{0x3000, 0x3010, 0x3020, 0x3030,
                                          0x3040, 0x3050, 0x3060, 0x3070};
  for (std::uint64_t i = 1; i <= kCallsPerPass; ++i) {
    const auto t = (i - 1) * kSpacing + 10'000;
    const auto csd = 0xffff0000 + 64 * (i % 8);
    make.queue(0, t, 1, kCallsite, kFunction, csd);
    make.stack(0, t + 100, frames);
    make.send(0, t + 200, 1, kCallsite, 0x9000);
    make.call_ipi(1, t + 2000);
    make.callback(1, t + 2100, kFunction, csd);  // and its end
    make.call_ipi_end(1, t + 2300);
    make.tick(1, t + 2400);
    make.tick_end(1, t + 2600);
    make.softirq(1, t + 2700, 1);
    make.task_switch(1, t + 2800, "isolab", 100, "kworker/1:2", 77);
    make.task_switch(1, t + 6800, "kworker/1:2", 77, "isolab", 100);
  }
  return make.take();
}

/// A page begins with the time of its first event; all others are relative to it.
void move_on(Pages& pages, std::uint64_t ticks) {
  for (auto& [cpu, bytes] : pages)
    for (std::size_t at = 0; at < bytes.size(); at += 4096) {
      std::uint64_t time = 0;
      std::memcpy(&time, bytes.data() + at, 8);
      time += ticks;
      std::memcpy(bytes.data() + at, &time, 8);
    }
}

/// The gaps of the calls of a pass, and between them every fifth time a silent one: a host's tick
/// of 50 Hz (20 us) or a short one at no fixed time.
void add_gaps(std::uint64_t begin, std::vector<Gap>& out) {
  std::uint64_t random = begin | 1;
  for (std::uint64_t i = 0; i < kCallsPerPass; ++i) {
    const auto t = begin + i * kSpacing + 10'000;
    out.push_back({t + 1000, 8000});
    random = random * 6364136223846793005U + 1442695040888963407U;
    if (i % 20 == 10)
      out.push_back({t + 100'000, 40'000});
    else if (i % 5 == 0)
      out.push_back({t + 100'000 + (random >> 33) % 1'700'000, 4000});
  }
}

/// pack_gaps() of the whole day, in pieces: its hash is that of all bytes before it.
class GapFile {
 public:
  GapFile(std::filesystem::path path, std::uint64_t passes) : path_(std::move(path)) {
    std::vector<Gap> gaps;
    add_gaps(0, gaps);
    std::ofstream out(path_, std::ios::binary);
    const auto put = [&](const void* bytes, std::size_t size) {
      out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
      for (std::size_t i = 0; i < size; ++i)
        hash_ = (hash_ ^ static_cast<const unsigned char*>(bytes)[i]) * 1099511628211U;
    };
    const std::string head = pack_gaps(std::vector<Gap>{});
    const std::uint64_t count = gaps.size() * passes;
    put(head.data(), 16), put(&count, 8);
    for (std::uint64_t pass = 0; pass < passes; ++pass) {
      gaps.clear();
      add_gaps(pass * kPassTicks, gaps);
      put(gaps.data(), gaps.size() * sizeof(Gap));
    }
    const auto hash = hash_;
    put(&hash, 8);
    written_ = out.good();
  }
  GapFile(const GapFile&) = delete;
  GapFile& operator=(const GapFile&) = delete;
  ~GapFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  bool written() const { return written_; }

 private:
  std::filesystem::path path_;
  std::uint64_t hash_ = 14695981039346656037U;
  bool written_ = false;
};

TraceDirectory make_directory() {
  TraceDirectory trace;
  trace.formats = test::made_formats();
  trace.symbols = {{kFunction, "ipi_mb+0x0/0x10"}, {kCallsite, "smp_call_function_many+0x1/0x2"}};
  trace.comms = {{100, "isolab"}, {77, "kworker/1:2"}};
  return trace;
}

/// The process's memory at its highest since reset, in MiB; -1 where /proc does not say.
double peak_memory(bool reset) {
  if (reset) std::ofstream("/proc/self/clear_refs") << 5;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == "VmHWM:" && status >> kib) return kib / 1024;
  return -1;
}

class Watch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Processor time of this process so far, in seconds: on a busy machine what counts.
double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

template <class Use>
void walk(Pages& pages, const TraceDirectory& trace, std::uint64_t passes, Use&& use) {
  for (std::uint64_t pass = 0; pass < passes; ++pass) {
    std::vector<CpuReader> readers;
    for (const auto& [cpu, bytes] : pages) readers.emplace_back(bytes, cpu, trace.formats.layout);
    merge_cpus(std::move(readers), use);
    move_on(pages, kPassTicks);
  }
}

struct Step {
  const char* name;
  double wall = 0, processor = 0;
};

template <class Work>
Step timed(const char* name, Work&& work) {
  const Watch watch;
  const double before = processor_seconds();
  work();
  return {name, watch.seconds(), processor_seconds() - before};
}

void tell(const Step& step, double items, const char* what) {
  fmt::print("{:<42} {:>7.2f} s {:>7.2f} s processor {:>7.1f} M {}/s\n", step.name, step.wall,
             step.processor, items / step.processor / 1e6, what);
}

int run(std::uint64_t wanted) {
  const auto passes =
      (wanted + kCallsPerPass * kEventsPerCall - 1) / (kCallsPerPass * kEventsPerCall);
  const auto events = static_cast<double>(passes * kCallsPerPass * kEventsPerCall);
  const auto trace = make_directory();
  const GapFile file(
      std::filesystem::temp_directory_path() / fmt::format("isolab-day-{}.gaps", ::getpid()),
      passes);
  if (!file.written()) return fmt::print(stderr, "cannot write {}\n", file.path().string()), 1;
  const auto rules = Classifier::create(builtin_class_rules(), "x86_64", "6.18.0");
  if (!rules) return fmt::print(stderr, "{}\n", rules.error().text()), 1;
  auto pages = make_pages();

  std::uint64_t read = 0;
  const auto alone = timed("read and merged, nothing else", [&] {
    walk(pages, trace, passes, [&](const TraceEvent& event) { read += event.time & 1; });
  });
  pages = make_pages();
  peak_memory(true);

  ProbeCpu probe;
  probe.cpu = 1;
  probe.end = passes * kPassTicks;
  const auto load = timed("gap log mapped, its hash checked", [&] {
    auto gaps = load_gaps(file.path(), "cpu1.gaps");
    if (gaps) probe.gaps = *std::move(gaps);
  });
  if (probe.gaps.empty()) return fmt::print(stderr, "the gap log was not read\n"), 1;
  TraceMeta meta;
  meta.clock = "x86-tsc";
  meta.end = probe.end;
  Attribution attribution(trace, meta, *rules,
                          {{1, 0, probe.end, 2000, probe.gaps, "isolab", &probe.gaps}});
  const auto attribute = timed("attributed", [&] {
    walk(pages, trace, passes, [&](const TraceEvent& event) { attribution.add(event); });
    attribution.finish();
  });
  const auto& cpu = attribution.cpus()[0];
  std::optional<SilentGaps> silent_gaps;
  const auto silent = timed("silent gaps tested for periods", [&] {
    silent_gaps.emplace(cpu.silent, probe, static_cast<double>(kTicksPerSecond), false);
  });
  const double peak = peak_memory(false);
  const double all = load.wall + attribute.wall + silent.wall;

  fmt::print("{:.0f} M events, {:.1f} M gaps ({:.2f} GB), {:.1f} h; {:.1f} M silent\n",
             events / 1e6, static_cast<double>(probe.gaps.size()) / 1e6,
             static_cast<double>(probe.gaps.size()) * 16e-9,
             static_cast<double>(probe.end) / kTicksPerSecond / 3600,
             static_cast<double>(cpu.silent.size()) / 1e6);
  tell(alone, events, "events");
  tell(load, static_cast<double>(probe.gaps.size()), "gaps");
  tell(attribute, events, "events");
  tell(silent, static_cast<double>(cpu.silent.size()), "gaps");
  fmt::print("analysis {:.1f} s (limit {:.0f} s), memory at most {:.0f} MiB (limit {:.0f} MiB)\n",
             all, kLimitSeconds, peak, kLimitMib);
  // What must come out: every call joined, every gap of a call explained, the host's tick found.
  const auto calls = passes * kCallsPerPass;
  const bool right = cpu.callbacks_joined == calls && cpu.explained == calls &&
                     cpu.silent.size() + calls == probe.gaps.size() &&
                     silent_gaps->time().outside_gaps >= calls / 20 * 99 / 100 &&
                     read <= wanted * 2;
  if (!right)
    fmt::print(stderr, "wrong: {} of {} calls joined, {} gaps explained, {} outside the kernel\n",
               cpu.callbacks_joined, calls, cpu.explained, silent_gaps->time().outside_gaps);
  return right && all <= kLimitSeconds && peak <= kLimitMib ? 0 : 1;
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  return isolab::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'036'800'000);
}
