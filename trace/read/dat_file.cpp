// SPDX-License-Identifier: Apache-2.0
#include "trace/read/dat_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include "base/untrusted_file.h"
#include "trace/read/reader.h"

namespace isolab {

namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

// enum in trace-cmd's libtracecmd; the manual page names the mechanism only.
enum class Option : std::uint16_t {
  done = 0,
  cpustat = 2,
  traceclock = 4,
  uname = 5,
  tsc2nsec = 14
};

constexpr std::size_t kBlock = 1 << 20;
constexpr int kMostCpus = 1 << 16;

/// The header, little-endian like every machine we read pages of.
class Header {
 public:
  void raw(std::string_view bytes) { bytes_ += bytes; }
  void word(std::string_view text) { (bytes_ += text) += '\0'; }
  template <class T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class Size>
  void sized(std::string_view text) {
    number(static_cast<Size>(text.size()));
    raw(text);
  }
  void option(Option which, std::string_view value) {
    number(static_cast<std::uint16_t>(which));
    sized<std::uint32_t>(value);
  }
  const std::string& bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

Result<std::string> read_text(const fs::path& path) { return read_untrusted(path.string()); }

Result<std::string> format_text(const fs::path& formats, const EventFormat& event) {
  auto path = formats / event.system / event.name;
  std::error_code error;
  if (fs::is_directory(path, error)) path /= "format";
  return read_text(path);
}

Result<void> add_formats(const fs::path& formats, const TraceFormats& known, Header& out) {
  out.word("header_page");
  out.sized<std::uint64_t>(TRY(read_text(formats / "header_page")));
  out.word("header_event");
  out.sized<std::uint64_t>(TRY(read_text(formats / "header_event")));
  std::map<std::string, std::vector<std::string>> systems;
  for (const auto* event : known.all())
    systems[event->system].push_back(TRY(format_text(formats, *event)));
  const auto events = [&](const std::vector<std::string>& texts) {
    out.number(static_cast<std::uint32_t>(texts.size()));
    for (const auto& text : texts) out.sized<std::uint64_t>(text);
  };
  events(systems["ftrace"]);
  systems.erase("ftrace");
  out.number(static_cast<std::uint32_t>(systems.size()));
  for (const auto& [system, texts] : systems) {
    out.word(system);
    events(texts);
  }
  return {};
}

/// Multiplier and shift as trace-cmd applies them to each time (ns = time * mult >> shift), then an
/// offset, which stays 0: times count from the zero of the counter.
std::string tsc_factor(const TickLine& line) {
  __extension__ using Wide = unsigned __int128;
  const Wide ns = line.ns1 - line.ns0;
  const Wide ticks = line.ticks1 - line.ticks0;
  std::uint32_t shift = 32;
  // trace-cmd (3.1.6) keeps the multiplier in an int: with the highest bit set it is negative.
  while (shift > 0 && (ns << shift) / ticks >> 31 != 0) --shift;
  Header out;
  out.number(static_cast<std::uint32_t>((ns << shift) / ticks));
  out.number(shift);
  out.number(std::uint64_t{0});
  return out.bytes();
}

void add_options(const TraceMeta& meta, const std::string& uname, Header& out) {
  out.word("options  ");
  // The form of the file trace_clock: the clock in use is in brackets.
  out.option(Option::traceclock, fmt::format("[{}]\n", meta.clock) + '\0');
  if (meta.clock == "x86-tsc" && meta.line.ticks1 > meta.line.ticks0)
    out.option(Option::tsc2nsec, tsc_factor(meta.line));
  if (!uname.empty()) out.option(Option::uname, uname + '\0');
  for (const auto& [cpu, loss] : meta.loss)
    out.option(Option::cpustat,
               fmt::format("CPU: {}\noverrun: {}\ncommit overrun: {}\ndropped events: {}\n", cpu,
                           loss.overrun, loss.commit_overrun, loss.dropped) +
                   '\0');
  out.number(static_cast<std::uint16_t>(Option::done));
}

struct CpuData {
  fs::path path;
  std::uint64_t size = 0;
};

/// By CPU; one without a buffer has no bytes.
Result<std::vector<CpuData>> find_data(const TraceDirectory& trace) {
  std::vector<CpuData> cpus;
  for (const auto& [cpu, path] : trace.pages) {
    if (cpu >= kMostCpus)
      return Error{ErrorKind::parse, fmt::format("{}: the CPU number is too large", path.string())};
    cpus.resize(static_cast<std::size_t>(cpu) + 1);
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return errno_error("cannot read " + path.string(), error.value());
    cpus.back() = {path, size};
  }
  return cpus;
}

class Output {
 public:
  explicit Output(const ByteSink& sink) : sink_(&sink) {}
  Result<void> put(std::string_view bytes) {
    at_ += bytes.size();
    return (*sink_)(std::as_bytes(std::span(bytes.data(), bytes.size())));
  }
  Result<void> fill_to(std::uint64_t end) {
    return put(std::string(static_cast<std::size_t>(end - at_), '\0'));
  }
  Result<void> copy(const CpuData& data) {
    const Closing in(TRY(open_untrusted(data.path.string(), {}, data.path.string())));
    std::string block(kBlock, '\0');
    for (auto left = data.size; left > 0;) {
      const auto got = ::read(in.get(), block.data(), std::min<std::uint64_t>(left, block.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("cannot read " + data.path.string(), errno);
      if (got == 0)
        return Error{ErrorKind::io,
                     "cannot read " + data.path.string() + ": it was truncated while it was read"};
      TRY(put(std::string_view(block).substr(0, static_cast<std::size_t>(got))));
      left -= static_cast<std::uint64_t>(got);
    }
    return {};
  }
  std::uint64_t at() const { return at_; }

 private:
  const ByteSink* sink_;
  std::uint64_t at_ = 0;
};

struct SymbolText {
  std::string_view name, module;  // the latter with its brackets, empty for the kernel itself
  std::uint64_t offset = 0, size = 0;
};

bool hexadecimal(std::string_view text, std::uint64_t& value) {
  if (!text.starts_with("0x")) return false;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

bool split_symbol(std::string_view text, SymbolText& out) {
  if (const auto space = text.find(' '); space != std::string_view::npos) {
    out.module = text.substr(space + 1);
    text = text.substr(0, space);
  }
  const auto plus = text.rfind('+');
  const auto slash = text.rfind('/');
  if (plus == 0 || plus == std::string_view::npos || slash == std::string_view::npos ||
      slash < plus)
    return false;
  out.name = text.substr(0, plus);
  return hexadecimal(text.substr(plus + 1, slash - plus - 1), out.offset) &&
         hexadecimal(text.substr(slash + 1), out.size);
}

}  // namespace

std::string kallsyms_text(const std::map<std::uint64_t, std::string>& symbols) {
  std::map<std::uint64_t, std::string> lines;
  std::vector<std::uint64_t> ends;
  for (const auto& [address, text] : symbols) {
    SymbolText symbol;
    if (!split_symbol(text, symbol) || symbol.offset > address) continue;
    const auto start = address - symbol.offset;
    lines[start] = symbol.module.empty() ? std::string(symbol.name)
                                         : fmt::format("{}\t{}", symbol.name, symbol.module);
    ends.push_back(start + std::max(symbol.size, symbol.offset + 1));
  }
  for (const auto end : ends) lines.emplace(end, "not_recorded");
  std::string out;
  for (const auto& [address, line] : lines) out += fmt::format("{:016x} T {}\n", address, line);
  return out;
}

Result<DatSummary> write_dat(const fs::path& directory, const TraceMeta& meta,
                             const std::string& uname, const ByteSink& sink) {
  const auto trace = TRY(TraceDirectory::load(directory));
  const auto cpus = TRY(find_data(trace));
  const std::uint64_t page = trace.formats.layout.page_bytes();
  const auto whole_pages = [page](std::uint64_t bytes) { return (bytes + page - 1) / page * page; };

  Header header;
  header.raw("\x17\x08\x44tracing6\0\0\x08"s);  // then little-endian, longs of 8 bytes
  header.number(static_cast<std::uint32_t>(page));
  TRY(add_formats(directory / "formats", trace.formats, header));
  header.sized<std::uint32_t>(kallsyms_text(trace.symbols));
  header.sized<std::uint32_t>("");  // formats of trace_printk
  std::string comms;
  for (const auto& [pid, comm] : trace.comms) comms += fmt::format("{} {}\n", pid, comm);
  header.sized<std::uint64_t>(comms);
  header.number(static_cast<std::uint32_t>(cpus.size()));
  add_options(meta, uname, header);
  header.word("flyrecord");
  std::uint64_t offset = whole_pages(header.size() + 16 * cpus.size());
  for (const auto& cpu : cpus) {
    header.number(offset);
    header.number(whole_pages(cpu.size));
    offset += whole_pages(cpu.size);
  }

  DatSummary summary;
  summary.cpus = static_cast<int>(cpus.size());
  Output out(sink);
  TRY(out.put(header.bytes()));
  for (const auto& cpu : cpus) {
    TRY(out.fill_to(whole_pages(out.at())));
    TRY(out.copy(cpu));
    summary.pages += whole_pages(cpu.size) / page;
  }
  TRY(out.fill_to(whole_pages(out.at())));
  summary.bytes = out.at();
  return summary;
}

}  // namespace isolab
