// SPDX-License-Identifier: Apache-2.0
// Takes a trace.dat apart from its beginning, and what its versions 6 and 7 have in common.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <string_view>

#include "trace/read/dat_reader.h"

namespace isolab {

/// Takes numbers and texts from the beginning; after the first fault everything is empty.
class DatCursor {
 public:
  explicit DatCursor(std::string_view bytes, std::uint64_t at = 0)
      : bytes_(bytes), at_(at), fault_(at > bytes.size()) {}

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
  bool at_end() const { return fault_ || at_ == bytes_.size(); }
  Error error(const std::string& reason) const {
    return {ErrorKind::parse, fmt::format("at byte {}: {}", at_, reason)};
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool fault_ = false;
};

constexpr std::uint32_t kMostDatCpus = 8192;

/// Options that both versions have; the numbers are those of the manual page trace-cmd.dat.v7(5).
enum class DatOption : std::uint16_t {
  done = 0,
  cpustat = 2,
  buffer = 3,  // this and the ones from header_info on: of another form in version 6
  traceclock = 4,
  uname = 5,
  tsc2nsec = 14,
  header_info = 16,
  ftrace_events = 17,
  event_formats = 18,
  kallsyms = 19,
  cmdlines = 21,
  buffer_text = 22
};

/// An option of the same form in both versions; any other is ignored.
void read_dat_option(DatOption which, std::string_view value, DatFile& out);

/// The three lists of formats, one after the other in version 6, a section each in version 7.
Result<void> read_dat_header_info(DatCursor& in, DatFile& out);
Result<void> read_dat_ftrace_events(DatCursor& in, DatFile& out);
Result<void> read_dat_event_formats(DatCursor& in, DatFile& out);

/// From behind the number of bytes of a page on; `bytes` is the whole file.
Result<DatFile> read_dat_v7(DatCursor& in, std::string_view bytes, DatFile out);

}  // namespace isolab
