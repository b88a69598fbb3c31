// SPDX-License-Identifier: Apache-2.0
#include "trace/read/dat_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace isolab {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDatMagic = "\x17\x08\x44tracing"sv;
constexpr std::uint32_t kMostDatCpus = 8192;
constexpr std::uint32_t kMostFormats = 65536;
constexpr std::uint32_t kLongestPage = 1 << 20;

// enum in trace-cmd's libtracecmd; the manual page names the mechanism only.
enum class DatOption : std::uint16_t {
  done = 0,
  cpustat = 2,
  traceclock = 4,
  uname = 5,
  tsc2nsec = 14
};

/// Takes numbers and texts from the beginning; after the first fault everything is empty.
class DatCursor {
 public:
  explicit DatCursor(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    T value{};
    if (const auto raw = take(sizeof value); raw.size() == sizeof value)
      std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  std::string_view take(std::uint64_t bytes) {
    if (fault_ || bytes > bytes_.size() - at_) {
      fault_ = true;
      return {};
    }
    const auto out = bytes_.substr(at_, bytes);
    at_ += bytes;
    return out;
  }
  template <class Size>
  std::string_view sized() {
    return take(number<Size>());
  }
  /// Up to a NUL, which is taken too.
  std::string_view word() {
    const auto end = fault_ ? std::string_view::npos : bytes_.find('\0', at_);
    if (end == std::string_view::npos || end - at_ > 256) {
      fault_ = true;
      return {};
    }
    const auto out = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }
  bool expect(std::string_view text) { return take(text.size()) == text; }
  bool fault() const { return fault_; }
  Error error(const std::string& reason) const {
    return {ErrorKind::parse, fmt::format("at byte {}: {}", at_, reason)};
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool fault_ = false;
};

Result<void> read_dat_formats(DatCursor& in, DatFile& out) {
  if (in.word() != "header_page") return in.error("no header_page");
  out.header_page = in.sized<std::uint64_t>();
  if (in.word() != "header_event") return in.error("no header_event");
  out.header_event = in.sized<std::uint64_t>();
  const auto add = [&](const std::string& system) -> Result<void> {
    const auto events = in.number<std::uint32_t>();
    if (events > kMostFormats) return in.error(fmt::format("{} events", events));
    for (std::uint32_t i = 0; i < events && !in.fault(); ++i)
      out.formats.push_back({system, in.sized<std::uint64_t>()});
    return {};
  };
  TRY(add("ftrace"));
  const auto systems = in.number<std::uint32_t>();
  if (systems > kMostFormats) return in.error(fmt::format("{} systems of events", systems));
  for (std::uint32_t i = 0; i < systems && !in.fault(); ++i) TRY(add(std::string(in.word())));
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

Result<void> check_dat_start(DatCursor& in, DatFile& out) {
  if (!in.expect(kDatMagic)) return in.error("no trace.dat");
  const auto version = in.word();
  if (version != "6")
    return Error{ErrorKind::unsupported,
                 fmt::format("it is of version \"{}\": version 6 is read", version.substr(0, 8)),
                 "trace-cmd convert --file-version 6 -i FILE -o NEW"};
  const auto big_endian = in.number<std::uint8_t>();
  const auto long_bytes = in.number<std::uint8_t>();
  if (big_endian != 0 || long_bytes != 8)
    return Error{ErrorKind::unsupported,
                 fmt::format("it is of a {} machine of {} bits: little-endian ones of 64 are read",
                             big_endian != 0 ? "big-endian" : "little-endian", 8 * long_bytes)};
  out.page_bytes = in.number<std::uint32_t>();
  if (out.page_bytes < 64 || out.page_bytes > kLongestPage)
    return in.error(fmt::format("a page of {} bytes", out.page_bytes));
  return {};
}

}  // namespace

bool is_dat(std::string_view bytes) { return bytes.starts_with(kDatMagic); }

Result<DatFile> read_dat(std::string_view bytes) {
  DatFile out;
  DatCursor in(bytes);
  TRY(check_dat_start(in, out));
  TRY(read_dat_formats(in, out));
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

}  // namespace isolab
