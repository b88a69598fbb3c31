// SPDX-License-Identifier: Apache-2.0
// A trace.dat of trace-cmd: its pages become a window's trace directory, as our own trace leaves
// it, so attribution and export work on it. Formats, symbols and names are the file's own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/text.h"
#include "import/lines.h"
#include "trace/read/dat_reader.h"
#include "trace/read/kernel_symbols.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// What attribution looks for, and what is not known without it.
struct WantedEvent {
  const char* name;
  const char* without;
};
constexpr std::array kWantedEvents = {
    WantedEvent{"csd:csd_queue_cpu", "who queued a function to another CPU"},
    WantedEvent{"csd:csd_function_entry", "which function an IPI ran"},
    WantedEvent{"ipi:ipi_send_cpu", "who sent an IPI to one CPU"},
    WantedEvent{"ipi:ipi_send_cpumask", "who sent an IPI to several CPUs"},
    WantedEvent{"workqueue:workqueue_queue_work", "who queued the work of kworkers"},
    WantedEvent{"timer:timer_start", "who armed the timers of softirqs"},
    WantedEvent{"timer:hrtimer_start", "who armed other timers"},
    WantedEvent{"sched:sched_switch", "which task ran"},
    WantedEvent{"ftrace:kernel_stack", "from where in the code"},
};

/// What was found in the file before anything is written.
struct DatTrace {
  DatFile dat;
  TraceFormats formats;
  std::vector<std::pair<EventFormat, std::string_view>> used;  // formats of events that are there
  Mentions mentions;
  WalkSummary walk;  // of all CPUs
  TraceMeta meta;
  std::optional<KernelSymbols> symbols;
};

/// A name that is a file name and nothing more.
bool is_file_word(const std::string& name) {
  return !name.empty() && name.size() < 128 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

std::vector<CpuReader> dat_readers(const DatTrace& trace) {
  std::vector<CpuReader> out;
  for (std::size_t cpu = 0; cpu < trace.dat.pages.size(); ++cpu)
    if (!trace.dat.pages[cpu].empty())
      out.emplace_back(trace.dat.pages[cpu], static_cast<int>(cpu), trace.formats.layout);
  return out;
}

/// Ticks of the file's clock and nanoseconds. unsupported: its clock is not known.
Result<TickLine> line_of_clock(const DatFile& dat) {
  TickLine line;
  if (dat.clock == "x86-tsc") {
    if (dat.tsc_mult == 0 || dat.tsc_shift > 40)
      return Error{ErrorKind::unsupported,
                   "its clock is x86-tsc, and it does not say how many ticks a second has",
                   "trace-cmd record -C mono_raw, or a trace-cmd that writes the factor (3.0)"};
    line.counter = "tsc";
    line.ticks1 = std::uint64_t{1} << dat.tsc_shift;
    line.ns1 = dat.tsc_mult;
    return line;
  }
  if (dat.clock == "counter" || dat.clock == "uptime" || dat.clock == "ppc-tb")
    return Error{ErrorKind::unsupported, "its clock is " + dat.clock + ", which counts no ns",
                 "trace-cmd record -C mono_raw"};
  line.counter = "ns";
  line.ticks1 = line.ns1 = 1'000'000'000;
  return line;
}

/// Formats that do not parse belong to events that cannot be read: they are left out.
Result<void> add_dat_formats(DatTrace& trace) {
  trace.formats.layout = TRY(PageLayout::parse(trace.dat.header_page));
  if (trace.formats.layout.page_bytes() != trace.dat.page_bytes)
    return Error{ErrorKind::parse,
                 fmt::format("header_page describes pages of {} bytes, the file has {}",
                             trace.formats.layout.page_bytes(), trace.dat.page_bytes)};
  for (const auto& format : trace.dat.formats) {
    auto parsed = EventFormat::parse(format.system, format.text);
    if (!parsed || !is_file_word(format.system) || !is_file_word(parsed->name)) continue;
    trace.used.emplace_back(*parsed, format.text);
    TRY(trace.formats.add(*std::move(parsed)));
  }
  return {};
}

void describe_dat_meta(DatTrace& trace) {
  auto& meta = trace.meta;
  meta.clock = trace.dat.clock.empty() ? "unknown" : trace.dat.clock;
  meta.begin = ~std::uint64_t{0};
  for (const auto& [cpu, time] : trace.mentions.first) meta.begin = std::min(meta.begin, time);
  for (const auto& [cpu, time] : trace.mentions.last) meta.end = std::max(meta.end, time);
  for (const auto& [cpu, loss] : trace.dat.loss)
    if (trace.mentions.first.contains(cpu)) meta.loss[cpu] = loss;
  const auto has = [&](const char* name) {
    return trace.mentions.ids.contains(trace.formats.id_of(name));
  };
  const bool calls = has("csd:csd_queue_cpu") && has("ipi:ipi_send_cpu");
  meta.level = calls ? "A" : "D";
  for (const auto& event : kWantedEvents)
    if (!has(event.name)) meta.reasons.push_back(fmt::format("No {} in the file.", event.name));
}

Result<DatTrace> read_dat_trace(std::string_view bytes) {
  DatTrace trace;
  trace.dat = TRY(read_dat(bytes));
  trace.meta.line = TRY(line_of_clock(trace.dat));
  TRY(add_dat_formats(trace));
  trace.mentions = find_mentions(trace.formats, dat_readers(trace), {}, 0, ~std::uint64_t{0});
  if (trace.mentions.events == 0) return Error{ErrorKind::parse, "it holds no event"};
  std::erase_if(trace.used,
                [&](const auto& format) { return !trace.mentions.ids.contains(format.first.id); });
  if (auto symbols = KernelSymbols::parse(trace.dat.kallsyms)) trace.symbols = *std::move(symbols);
  describe_dat_meta(trace);
  return trace;
}

Result<void> write_bytes(const fs::path& path, const char* data, std::size_t size) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(data, static_cast<std::streamsize>(size));
  if (!out.flush()) return Error{ErrorKind::io, "cannot write " + path.string()};
  return {};
}

/// The directory trace/ of a window, in the form that TraceDirectory reads.
Result<void> write_trace_directory(const DatTrace& trace, const fs::path& directory) {
  const auto put = [](const fs::path& path, std::string_view text) {
    return write_bytes(path, text.data(), text.size());
  };
  TRY(put(directory / "formats/header_page", trace.dat.header_page));
  TRY(put(directory / "formats/header_event", trace.dat.header_event));
  for (const auto& [format, text] : trace.used)
    TRY(put(directory / "formats" / format.system / format.name, text));
  for (std::size_t cpu = 0; cpu < trace.dat.pages.size(); ++cpu)
    if (const auto& pages = trace.dat.pages[cpu]; !pages.empty())
      TRY(write_bytes(directory / fmt::format("cpu{}.raw", cpu),
                      reinterpret_cast<const char*>(pages.data()), pages.size()));
  if (trace.symbols) TRY(save_symbols(directory, *trace.symbols, trace.mentions.addresses));
  Comms comms = parse_comms(trace.dat.comms);
  std::erase_if(comms, [](const auto& task) { return task.second == "<...>"; });
  for (const auto& [pid, comm] : trace.mentions.comms) comms[pid] = comm;
  return save_comms(directory, comms);
}

/// "Linux HOST RELEASE ... ARCH", as trace-cmd writes it.
Facts facts_of_uname(std::string_view text) {
  Facts out;
  std::string_view last;
  for (auto word = take_import_word(text); !word.empty(); word = take_import_word(text)) {
    if (word.front() >= '0' && word.front() <= '9' && !out.contains("kernel.release"))
      out["kernel.release"] = std::string(word);
    last = word;
  }
  if (!last.empty()) out["kernel.arch"] = last == "aarch64" ? "arm64" : std::string(last);
  return out;
}

bool is_trace_dat(std::string_view text) { return is_dat(text); }

/// What this file leaves unsaid, and what of it was checked.
void describe_trace(const DatTrace& trace, const std::string& file, ImportedData& out) {
  out.cannot_tell = {
      "how long a program could not run: no probe ran beside the trace, so there are "
      "no gaps and no percentiles",
      "whether the CPUs were isolated"};
  for (const auto& event : kWantedEvents)
    if (!trace.mentions.ids.contains(trace.formats.id_of(event.name)))
      out.cannot_tell.push_back(fmt::format("{}: it has no {}", event.without, event.name));
  if (!trace.symbols)
    out.cannot_tell.emplace_back("names of functions: its kallsyms has no addresses");
  if (trace.meta.clock != "x86-tsc" && trace.meta.clock != "mono_raw")
    out.cannot_tell.push_back(
        fmt::format("the order of events on different CPUs beyond what its clock ({}) keeps",
                    trace.meta.clock));
  if (trace.dat.loss.empty())
    out.cannot_tell.emplace_back("how many events its buffers lost: the file has no statistics");
  for (const auto& name : trace.dat.not_read)
    out.cannot_tell.push_back(
        fmt::format("what the buffer of {} holds: of several buffers the largest is read",
                    name.empty() ? "the top instance" : "the instance " + name));
  out.checked.push_back(fmt::format("{}: {} events on {} CPUs", file, trace.mentions.events,
                                    trace.mentions.first.size()));
}

Result<ImportedData> read_trace_dat(std::span<const ImportFile> files,
                                    const ImportOptions& options) {
  const ImportFile& file = files.front();
  auto read = read_dat_trace(file.text);
  if (!read) {
    read.error().what = fmt::format("cannot read {}: {}", file.name, read.error().what);
    return read.error();
  }
  const auto trace = std::make_shared<const DatTrace>(*std::move(read));
  ImportedData out;
  ImportedWindow imported;
  for (const auto& [cpu, time] : trace->mentions.first)
    if (!options.cpus || options.cpus->contains(cpu)) imported.cpus.add(cpu);
  if (imported.cpus.empty())
    return Error{ErrorKind::usage,
                 fmt::format("cannot report on CPU {}: {} has no event of it",
                             options.cpus ? options.cpus->list() : "", file.name)};
  auto& window = imported.window;
  window.status = "complete";
  window.end_ns =
      std::max<std::uint64_t>(1, trace->meta.line.nanoseconds(trace->meta.end - trace->meta.begin));
  trace->meta.write(window.notes);
  const auto bytes = file.bytes;  // the pages are in it
  imported.files = [trace, bytes](const fs::path& directory) {
    return write_trace_directory(*trace, directory / "trace");
  };
  describe_trace(*trace, file.name, out);
  out.facts = facts_of_uname(trace->dat.uname);
  out.cpus_why = options.cpus ? "named by --cpus" : "all CPUs of the file that have events";
  out.windows.push_back(std::move(imported));
  return out;
}

}  // namespace

Importer import_trace_dat() {
  return {"trace.dat", "trace-cmd record", is_trace_dat, false, read_trace_dat};
}

}  // namespace isolab
