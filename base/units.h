// SPDX-License-Identifier: Apache-2.0
// Numbers with their units, as people write them in profiles and read them in reports.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace isolab {

using Nanos = std::chrono::nanoseconds;

struct Bytes {
  std::uint64_t count = 0;
  bool operator==(const Bytes&) const = default;
};

/// Operations per second, > 0; or as fast as it goes ("max").
struct Rate {
  double per_second = 0;
  bool unlimited = false;
  bool operator==(const Rate&) const = default;
};

/// A number, or a percentage of something the reader names ("200%" of the housekeeping CPUs).
struct Share {
  double number = 0;
  bool percent = false;
  bool operator==(const Share&) const = default;
  /// Rounded to a whole number, at least 1.
  int of(int whole) const;
};

Result<Nanos> parse_duration(
    std::string_view text);  // "30s" "1.5ms" "100us" "10ns" "5min" "2h"; "0"; >= 0
Result<Bytes> parse_size(std::string_view text);   // "64KiB" "4MiB" "1GiB" "512B"; >= 0
Result<Rate> parse_rate(std::string_view text);    // "1000/s" "5/min" "max"
Result<Share> parse_share(std::string_view text);  // "200%" or "8"; > 0

std::string print(Nanos value);  // the shortest exact form parse_duration reads: "1500us"
std::string print(Bytes value);
std::string print(Rate value);
std::string print(Share value);

/// For people: three significant digits and the fitting unit, "11.4 us". Not for parsing.
std::string human_time(double nanoseconds);
/// For people: "1 h 05 min", "1 min 30 s", "12 s".
std::string human_span(Nanos value);
/// For people: three significant digits, thousands as k/M/G: "26.1 k".
std::string human_number(double value);

}  // namespace isolab
