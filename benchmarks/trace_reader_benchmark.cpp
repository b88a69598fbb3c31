// SPDX-License-Identifier: Apache-2.0
// How fast trace pages are read, ours beside libtraceevent on the same pages. $ISOLAB_TRACE names a
// trace directory (benchmarks/trace_capture, or trace/ of a window); without it the pages are made
// up: valid ones, in the mix of a remote call (six events, 28 bytes each with their headers).
#include <benchmark/benchmark.h>
#include <event-parse.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

extern "C" {
#include <kbuffer.h>  // 1.7 does not know C++
}

#include "trace/read/reader.h"

namespace isolab {
namespace {

struct Pages {
  TraceFormats formats;
  std::vector<std::vector<std::byte>> cpus;  // in memory: the file system is not on trial
  std::size_t bytes = 0;
  std::uint64_t events = 0;
  std::filesystem::path directory;  // empty: made up
};

/// 64 MiB a CPU: entry and exit of the vector, entry and exit of the function, a send, a queue.
std::vector<std::byte> make_pages(std::uint64_t phase) {
  constexpr std::size_t kPage = 4096, kPageCount = 64 * 256;
  constexpr std::uint32_t kWords[] = {10, 8, 3, 6, 6, 3};
  std::vector<std::byte> bytes(kPage * kPageCount);
  std::uint64_t time = 1'000'000 + phase;
  std::size_t kind = 0;
  for (std::size_t page = 0; page < kPageCount; ++page) {
    std::byte* const start = bytes.data() + page * kPage;
    std::size_t at = 16;
    std::memcpy(start, &time, 8);
    while (true) {
      const std::uint32_t words = kWords[kind % 6];
      if (at + 4 + 4 * words > kPage) break;
      const std::uint32_t delta = at == 16 ? 0 : 1000;
      const std::uint32_t head = delta << 5 | words;
      const std::uint32_t id = 100 + static_cast<std::uint32_t>(kind % 6), pid = 4711;
      std::memcpy(start + at, &head, 4);
      std::memcpy(start + at + 4, &id, 4);
      std::memcpy(start + at + 8, &pid, 4);
      at += 4 + 4 * words;
      time += delta;
      ++kind;
    }
    const std::uint64_t commit = at - 16;
    std::memcpy(start + 8, &commit, 8);
    time += 1000;
  }
  return bytes;
}

std::uint64_t count_events(const std::vector<std::byte>& bytes, const PageLayout& layout) {
  CpuReader reader(bytes, 0, layout);
  std::uint64_t events = 0;
  for (TraceEvent event; reader.next(event);) ++events;
  return events;
}

Pages load_pages() {
  Pages pages;
  if (const char* directory = std::getenv("ISOLAB_TRACE")) {
    auto trace = TraceDirectory::load(directory);
    if (!trace) {
      fmt::print(stderr, "{}\n", trace.error().text());
      std::exit(1);
    }
    pages.formats = std::move(trace->formats);
    pages.directory = directory;
    for (const auto& [cpu, path] : trace->pages) {
      std::ifstream in(path, std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(in), {});
      const auto* data = reinterpret_cast<const std::byte*>(text.data());
      pages.cpus.emplace_back(data, data + text.size());
    }
  } else {
    for (std::uint64_t cpu = 0; cpu < 2; ++cpu) pages.cpus.push_back(make_pages(cpu * 321));
  }
  for (const auto& cpu : pages.cpus) {
    pages.bytes += cpu.size();
    pages.events += count_events(cpu, pages.formats.layout);
  }
  return pages;
}

const Pages& pages() {
  static const Pages all = load_pages();
  return all;
}

void report(benchmark::State& state) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(pages().events));
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(pages().bytes));
  state.SetLabel(pages().directory.empty() ? "made-up pages" : "captured pages");
}

/// Reads time, id and pid of every event, page by page.
void walk(benchmark::State& state) {
  const PageLayout layout = pages().formats.layout;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const auto& cpu : pages().cpus)
      for (std::size_t at = 0; at < cpu.size(); at += layout.page_bytes())
        walk_page(
            std::span(cpu).subspan(at, std::min<std::size_t>(layout.page_bytes(), cpu.size() - at)),
            layout, 0, [&](const TraceEvent& event) {
              sum += event.time + event.id() + static_cast<std::uint32_t>(event.pid());
            });
    benchmark::DoNotOptimize(sum);
  }
  report(state);
}
BENCHMARK(walk)->Unit(benchmark::kMillisecond);

/// The same through the reader of a CPU's file.
void read_cpus(benchmark::State& state) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const auto& cpu : pages().cpus) {
      CpuReader reader(cpu, 0, pages().formats.layout);
      for (TraceEvent event; reader.next(event);)
        sum += event.time + event.id() + static_cast<std::uint32_t>(event.pid());
    }
    benchmark::DoNotOptimize(sum);
  }
  report(state);
}
BENCHMARK(read_cpus)->Unit(benchmark::kMillisecond);

/// All CPUs merged in time.
void merge(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<CpuReader> readers;
    for (std::size_t cpu = 0; cpu < pages().cpus.size(); ++cpu)
      readers.emplace_back(pages().cpus[cpu], static_cast<int>(cpu), pages().formats.layout);
    std::uint64_t sum = 0;
    merge_cpus(std::move(readers), [&](const TraceEvent& event) {
      sum += event.time + event.id() + static_cast<std::uint32_t>(event.pid());
    });
    benchmark::DoNotOptimize(sum);
  }
  report(state);
}
BENCHMARK(merge)->Unit(benchmark::kMillisecond);

template <class Visit>
void each_kbuffer_record(kbuffer* buffer, Visit&& visit) {
  const std::size_t page_bytes = pages().formats.layout.page_bytes();
  for (const auto& cpu : pages().cpus)
    for (std::size_t at = 0; at + page_bytes <= cpu.size(); at += page_bytes) {
      // kbuffer wants a writable pointer, and does not write.
      kbuffer_load_subbuffer(buffer, const_cast<std::byte*>(cpu.data() + at));
      unsigned long long time = 0;
      for (void* data = kbuffer_read_event(buffer, &time); data != nullptr;
           data = kbuffer_next_event(buffer, &time))
        visit(data, time);
    }
}

/// libtraceevent's page iterator, with the same three reads.
void libtraceevent_kbuffer(benchmark::State& state) {
  kbuffer* const buffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    each_kbuffer_record(buffer, [&](const void* data, std::uint64_t time) {
      const auto* at = static_cast<const std::byte*>(data);
      sum += time + trace_bytes::load<std::uint16_t>(at) + trace_bytes::load<std::uint32_t>(at + 4);
    });
    benchmark::DoNotOptimize(sum);
  }
  kbuffer_free(buffer);
  report(state);
}
BENCHMARK(libtraceevent_kbuffer)->Unit(benchmark::kMillisecond);

/// libtraceevent's text, as `trace-cmd report` prints it. Captured pages only.
void libtraceevent_print(benchmark::State& state) {
  if (pages().directory.empty()) {
    state.SkipWithError("needs captured pages: set ISOLAB_TRACE");
    return;
  }
  tep_handle* const tep = tep_alloc();
  tep_set_long_size(tep, 8);
  for (const auto* format : pages().formats.all()) {
    std::ifstream in(pages().directory / "formats" / format->system / format->name);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    tep_parse_event(tep, text.data(), text.size(), format->system.c_str());
  }
  kbuffer* const buffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
  trace_seq text;
  trace_seq_init(&text);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    each_kbuffer_record(buffer, [&](void* data, std::uint64_t time) {
      tep_record record{};
      record.ts = time;
      record.data = data;
      record.size = kbuffer_event_size(buffer);
      trace_seq_reset(&text);
      tep_print_event(tep, &text, &record, "%s-%d %6.1000d %s %s\n", TEP_PRINT_COMM, TEP_PRINT_PID,
                      TEP_PRINT_TIME, TEP_PRINT_NAME, TEP_PRINT_INFO);
      sum += text.len;
    });
    benchmark::DoNotOptimize(sum);
  }
  trace_seq_destroy(&text);
  kbuffer_free(buffer);
  tep_free(tep);
  report(state);
}
BENCHMARK(libtraceevent_print)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace isolab

BENCHMARK_MAIN();
