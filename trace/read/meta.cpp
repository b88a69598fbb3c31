// SPDX-License-Identifier: Apache-2.0
#include "trace/read/meta.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace isolab {

namespace {

constexpr std::string_view kPrefix = "ipi_trace.";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

template <class T>
Result<std::vector<T>> numbers(const std::string& key, std::string_view text, std::size_t count) {
  std::vector<T> values;
  for (const auto part : split(text, ' ')) {
    T value{};
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size()) break;
    values.push_back(value);
  }
  if (values.size() != count)
    return Error{ErrorKind::parse,
                 fmt::format("note {}: {} numbers expected: \"{}\"", key, count, text)};
  return values;
}

/// A second one that was never taken is 0.
Result<void> in_order(const std::string& key, std::uint64_t first, std::uint64_t second) {
  if (second == 0 || first <= second) return {};
  return Error{ErrorKind::parse,
               fmt::format("note {}: it ends at {}, before its begin at {}", key, second, first)};
}

}  // namespace

std::uint64_t TraceMeta::lost() const {
  std::uint64_t sum = 0;
  for (const auto& [cpu, one] : loss) sum += one.total();
  return sum;
}

CpuSet TraceMeta::whole(const CpuSet& cpus) const {
  CpuSet lost;
  for (const auto& [cpu, one] : cut) lost.add(cpu);
  return cpus - lost;
}

std::uint64_t TraceMeta::ticks(std::uint64_t time) const {
  if (clock != "mono_raw") return time;
  return time >= line.ns0 ? line.ticks0 + line.ticks(time - line.ns0)
                          : line.ticks0 - line.ticks(line.ns0 - time);
}

void TraceMeta::write(std::map<std::string, std::string>& notes) const {
  const auto put = [&](const std::string& key, std::string value) {
    notes[std::string(kPrefix) + key] = std::move(value);
  };
  for (const auto& [key, value] : other) put(key, value);
  put("level", level);
  put("reasons", join(reasons, "\n"));
  put("clock", clock);
  put("window", fmt::format("{} {}", begin, end));
  put("line", fmt::format("{} {} {} {} {}", line.counter.empty() ? "ns" : line.counter, line.ticks0,
                          line.ns0, line.ticks1, line.ns1));
  put("buffer_bytes", fmt::format("{}", buffer_bytes));
  for (const auto& [cpu, one] : loss)
    put(fmt::format("lost.cpu{}", cpu),
        fmt::format("{} {} {}", one.overrun, one.dropped, one.commit_overrun));
  for (const auto& [cpu, one] : cut)
    put(fmt::format("cut.cpu{}", cpu), fmt::format("{} {}", one.from, one.why));
}

Result<TraceMeta> TraceMeta::read(const std::map<std::string, std::string>& notes) {
  TraceMeta meta;
  for (const auto& [full, value] : notes) {
    if (!full.starts_with(kPrefix)) continue;
    const auto key = full.substr(kPrefix.size());
    if (key == "level") {
      meta.level = value;
    } else if (key == "reasons") {
      for (const auto line : split(value, '\n')) meta.reasons.emplace_back(line);
    } else if (key == "clock") {
      meta.clock = value;
    } else if (key == "window") {
      const auto window = TRY(numbers<std::uint64_t>(full, value, 2));
      meta.begin = window[0], meta.end = window[1];
      TRY(in_order(full, meta.begin, meta.end));
    } else if (key == "line") {
      const auto space = value.find(' ');
      meta.line.counter = value.substr(0, space);
      const auto points = TRY(numbers<std::uint64_t>(
          full,
          space == std::string::npos ? std::string_view{}
                                     : std::string_view(value).substr(space + 1),
          4));
      meta.line.ticks0 = points[0], meta.line.ns0 = points[1];
      meta.line.ticks1 = points[2], meta.line.ns1 = points[3];
      TRY(in_order(full, meta.line.ticks0, meta.line.ticks1));
      TRY(in_order(full, meta.line.ns0, meta.line.ns1));
    } else if (key == "buffer_bytes") {
      meta.buffer_bytes = TRY(numbers<std::uint64_t>(full, value, 1))[0];
    } else if (key.starts_with("lost.cpu")) {
      const int cpu = TRY(numbers<int>(full, std::string_view(key).substr(8), 1))[0];
      const auto counts = TRY(numbers<std::uint64_t>(full, value, 3));
      meta.loss[cpu] = {counts[0], counts[1], counts[2]};
    } else if (key.starts_with("cut.cpu")) {
      const int cpu = TRY(numbers<int>(full, std::string_view(key).substr(7), 1))[0];
      const auto space = std::min(value.find(' '), value.size());
      meta.cut[cpu] = {TRY(numbers<std::uint64_t>(full, value.substr(0, space), 1))[0],
                       value.substr(std::min(space + 1, value.size()))};
    } else {
      meta.other[key] = value;
    }
  }
  if (meta.level.empty())
    return Error{ErrorKind::unsupported, "the window was not traced: no notes of ipi_trace"};
  return meta;
}

}  // namespace isolab
