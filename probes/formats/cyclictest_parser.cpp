// SPDX-License-Identifier: Apache-2.0
#include "probes/formats/cyclictest_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace isolab {
namespace {

constexpr std::size_t kLongestLine = 512;
constexpr std::size_t kMessages = 40;
constexpr std::uint64_t kSecond = 1'000'000'000;
// VALBUF_SIZE of cyclictest.c: samples that wait for the control thread, then are overwritten.
// Less one pipe's worth, since a read is judged by its last sample.
constexpr std::uint64_t kToolBuffer = 16384 - 2500;
constexpr std::uint64_t kLongestLatency = 1000 * kSecond;

/// Takes a number with leading blanks from the beginning of `text`.
bool take_number(std::string_view& text, std::uint64_t& out) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 60));
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return shown;
}

}  // namespace

CyclictestParser::CyclictestParser(Settings settings)
    : settings_(settings), threads_(settings.threads) {}

void CyclictestParser::fail(std::string what) {
  if (problem_.empty()) problem_ = fmt::format("line {}: {}", lines_, std::move(what));
}

void CyclictestParser::feed(std::string_view bytes, std::uint64_t now) {
  std::vector<std::uint64_t> seen(threads_.size());
  for (std::size_t i = 0; i < threads_.size(); ++i) seen[i] = threads_[i].samples;

  while (!bytes.empty() && problem_.empty()) {
    const auto newline = bytes.find('\n');
    const auto length = std::min(newline, bytes.size());
    if (rest_.size() + length > kLongestLine) {  // wherever the reads happen to end
      ++lines_;
      rest_ += bytes.substr(0, kLongestLine);
      fail(fmt::format("`{}...` is longer than any line of cyclictest", printable(rest_)));
      break;
    }
    if (newline == std::string_view::npos) {
      rest_ += bytes;
      break;
    }
    ++lines_;
    if (rest_.empty()) {
      line(bytes.substr(0, newline));
    } else {
      rest_ += bytes.substr(0, newline);
      line(rest_);
      rest_.clear();
    }
    bytes.remove_prefix(newline + 1);
  }

  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].samples == seen[i] || now < threads_[i].last_wake) continue;
    const std::uint64_t start = now - threads_[i].last_wake;
    earliest_start_ = std::min(earliest_start_, start);
    latest_start_ = std::max(latest_start_, start);
  }
  if (reader_lag() > kToolBuffer * settings_.interval) {
    fail(fmt::format(
        "read {:.1f} s after it was taken: cyclictest buffers {} samples and then overwrites them",
        static_cast<double>(reader_lag()) / 1e9, kToolBuffer));
  }
}

void CyclictestParser::finish() {
  if (rest_.empty()) return;
  ++lines_;
  fail(fmt::format("the output ends inside a line: `{}`", printable(rest_)));
  rest_.clear();
}

void CyclictestParser::line(std::string_view text) {
  std::string_view left = text;
  std::uint64_t thread = 0, cycle = 0, latency = 0;
  if (take_number(left, thread) && take(left, ":") && take_number(left, cycle) && take(left, ":") &&
      take_number(left, latency) && left.empty()) {
    if (thread >= threads_.size())
      return fail(fmt::format("a sample of thread {}, but there are {}", thread, threads_.size()));
    return sample(thread, cycle, latency);
  }
  left = text;
  std::uint64_t cpu = 0;
  if (take(left, "Thread ") && take_number(left, thread) && take(left, " using cpu ") &&
      take_number(left, cpu) && thread < threads_.size()) {
    threads_[thread].cpu = static_cast<int>(cpu);
  }
  const bool sampling = std::any_of(threads_.begin(), threads_.end(),
                                    [](const CyclictestThread& one) { return one.samples > 0; });
  const bool known = text.empty() || text.starts_with("#") || text.starts_with("Thread ") ||
                     text.starts_with("WARN");
  if (sampling && !known) return fail(fmt::format("`{}` is not a sample", printable(text)));
  if (messages_.size() < kMessages) messages_.push_back(printable(text));
}

void CyclictestParser::sample(std::size_t thread, std::uint64_t cycle, std::uint64_t latency) {
  CyclictestThread& heard = threads_[thread];
  // A latency of 0 is printed with the number of an older cycle (print_stat(), `cycleofmax`).
  if (cycle != heard.samples && latency != 0) {
    return fail(fmt::format("thread {} continues with cycle {}, expected {}", thread, cycle,
                            heard.samples));
  }
  if (latency > kLongestLatency)
    return fail(fmt::format("a latency of {} ns is longer than 1000 s", latency));
  ++heard.samples;
  ++heard.periods;
  const std::uint64_t expected = heard.periods * settings_.interval;
  heard.last_wake = expected + latency;
  heard.longest = std::max(heard.longest, latency);
  heard.histogram.add(latency);
  heard.corrected.add(latency);
  if (latency > settings_.threshold) {
    if (heard.late.size() < settings_.log_capacity) {
      heard.late.push_back({expected, latency});
    } else {
      ++heard.late_dropped;
    }
  }
  if (latency == 0) return;
  const std::uint64_t hidden = (latency - 1) / settings_.interval;
  for (std::uint64_t k = 1; k <= hidden; ++k) heard.corrected.add(latency - k * settings_.interval);
  heard.missed += hidden;
  heard.periods += hidden;
}

bool CyclictestParser::all_heard() const {
  return std::all_of(threads_.begin(), threads_.end(),
                     [](const CyclictestThread& one) { return one.samples > 0; });
}

std::optional<std::uint64_t> CyclictestParser::started_at() const {
  if (earliest_start_ == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return earliest_start_ - earliest_start_ % kSecond;
}

std::uint64_t CyclictestParser::reader_lag() const {
  const auto start = started_at();
  return start && latest_start_ > *start ? latest_start_ - *start : 0;
}

}  // namespace isolab
