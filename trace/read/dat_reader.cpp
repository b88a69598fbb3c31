// SPDX-License-Identifier: Apache-2.0
#include "trace/read/dat_reader.h"

#include <charconv>

#include "trace/read/dat_cursor.h"

namespace isolab {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDatMagic = "\x17\x08\x44tracing"sv;
constexpr std::uint32_t kMostFormats = 65536;  // of a file
constexpr std::uint32_t kLongestPage = 1 << 20;

Result<void> add_dat_formats_of(DatCursor& in, const std::string& system, DatFile& out) {
  const auto events = in.number<std::uint32_t>();
  if (events > kMostFormats - out.formats.size())
    return in.error(fmt::format("{} formats, at most {} are read",
                                std::uint64_t{events} + out.formats.size(), kMostFormats));
  for (std::uint32_t i = 0; i < events && !in.fault(); ++i)
    out.formats.push_back({system, in.sized<std::uint64_t>()});
  if (in.fault()) return in.error("the formats are cut off");
  return {};
}

/// "CPU: 3\noverrun: 0\n..." of an option.
void read_dat_loss(std::string_view text, DatFile& out) {
  const auto value = [&](std::string_view key) -> std::uint64_t {
    std::size_t at = text.starts_with(key) ? 0 : std::string_view::npos;
    if (at == std::string_view::npos) {
      at = text.find("\n" + std::string(key));
      if (at == std::string_view::npos) return 0;
      ++at;
    }
    std::uint64_t number = 0;
    auto rest = text.substr(at + key.size());
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    return number;
  };
  const auto cpu = value("CPU:");
  if (cpu >= kMostDatCpus) return;
  out.loss[static_cast<int>(cpu)] = {value("overrun:"), value("dropped events:"),
                                     value("commit overrun:")};
}

std::string until_nul(std::string_view text) {
  return std::string(text.substr(0, text.find('\0')));
}

/// Whether per-CPU pages follow: "flyrecord", behind options or at once.
Result<void> read_dat_options(DatCursor& in, DatFile& out) {
  auto kind = in.take(10);
  if (kind == "options  \0"sv) {
    for (;;) {
      const auto which = DatOption{in.number<std::uint16_t>()};
      if (which == DatOption::done || in.fault()) break;
      read_dat_option(which, in.sized<std::uint32_t>(), out);
    }
    kind = in.take(10);
  }
  if (in.fault()) return in.error("the options are cut off");
  if (kind == "flyrecord\0"sv) return {};
  if (kind == "latency  \0"sv)
    return Error{ErrorKind::unsupported,
                 "it holds the text of a latency tracer, no pages of events"};
  return in.error("neither options nor pages of CPUs");
}

/// Whether it is of version 7, not 6.
Result<bool> check_dat_start(DatCursor& in, DatFile& out) {
  if (!in.expect(kDatMagic)) return in.error("no trace.dat");
  const auto version = in.word();
  if (version != "6" && version != "7")
    return Error{
        ErrorKind::unsupported,
        fmt::format("it is of version \"{}\": versions 6 and 7 are read", version.substr(0, 8))};
  const auto big_endian = in.number<std::uint8_t>();
  const auto long_bytes = in.number<std::uint8_t>();
  if (big_endian != 0 || long_bytes != 8)
    return Error{ErrorKind::unsupported,
                 fmt::format("it is of a {} machine of {} bits: little-endian ones of 64 are read",
                             big_endian != 0 ? "big-endian" : "little-endian", 8 * long_bytes)};
  out.page_bytes = in.number<std::uint32_t>();
  if (out.page_bytes < 64 || out.page_bytes > kLongestPage)
    return in.error(fmt::format("a page of {} bytes", out.page_bytes));
  return version == "7";
}

Result<DatFile> read_dat_v6(DatCursor& in, std::string_view bytes, DatFile out) {
  TRY(read_dat_header_info(in, out));
  TRY(read_dat_ftrace_events(in, out));
  TRY(read_dat_event_formats(in, out));
  out.kallsyms = in.sized<std::uint32_t>();
  in.sized<std::uint32_t>();  // formats of trace_printk
  out.comms = in.sized<std::uint64_t>();
  const auto cpus = in.number<std::uint32_t>();
  if (in.fault()) return in.error("the header is cut off");
  if (cpus == 0 || cpus > kMostDatCpus) return in.error(fmt::format("{} CPUs", cpus));
  TRY(read_dat_options(in, out));
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    const auto offset = in.number<std::uint64_t>();
    const auto size = in.number<std::uint64_t>();
    if (in.fault()) return in.error("the list of CPUs is cut off");
    if (size != 0 && (offset > bytes.size() || size > bytes.size() - offset))
      return in.error(fmt::format("CPU {} has {} bytes at {}, the file has {}", cpu, size, offset,
                                  bytes.size()));
    const auto pages = size == 0 ? std::string_view{} : bytes.substr(offset, size);
    out.pages.push_back(std::as_bytes(std::span(pages.data(), pages.size())));
  }
  return out;
}

}  // namespace

void read_dat_option(DatOption which, std::string_view value, DatFile& out) {
  if (which == DatOption::cpustat) read_dat_loss(value, out);
  if (which == DatOption::uname) out.uname = until_nul(value.substr(0, 512));
  if (which == DatOption::traceclock) {  // the file trace_clock: the one in use is in brackets
    const auto open = value.find('['), close = value.find(']');
    if (open != std::string_view::npos && close != std::string_view::npos && close > open &&
        close - open < 64)
      out.clock = std::string(value.substr(open + 1, close - open - 1));
  }
  if (which == DatOption::tsc2nsec && value.size() >= 8) {
    std::memcpy(&out.tsc_mult, value.data(), 4);
    std::memcpy(&out.tsc_shift, value.data() + 4, 4);
  }
}

Result<void> read_dat_header_info(DatCursor& in, DatFile& out) {
  if (in.word() != "header_page") return in.error("no header_page");
  out.header_page = in.sized<std::uint64_t>();
  if (in.word() != "header_event") return in.error("no header_event");
  out.header_event = in.sized<std::uint64_t>();
  if (in.fault()) return in.error("the header's formats are cut off");
  return {};
}

Result<void> read_dat_ftrace_events(DatCursor& in, DatFile& out) {
  return add_dat_formats_of(in, "ftrace", out);
}

Result<void> read_dat_event_formats(DatCursor& in, DatFile& out) {
  const auto systems = in.number<std::uint32_t>();
  if (systems > kMostFormats) return in.error(fmt::format("{} systems of events", systems));
  for (std::uint32_t i = 0; i < systems; ++i)
    TRY(add_dat_formats_of(in, std::string(in.word()), out));
  if (in.fault()) return in.error("the formats are cut off");
  return {};
}

bool is_dat(std::string_view bytes) { return bytes.starts_with(kDatMagic); }

Result<DatFile> read_dat(std::string_view bytes) {
  DatFile out;
  DatCursor in(bytes);
  const bool newer = TRY(check_dat_start(in, out));
  return newer ? read_dat_v7(in, bytes, std::move(out)) : read_dat_v6(in, bytes, std::move(out));
}

}  // namespace isolab
