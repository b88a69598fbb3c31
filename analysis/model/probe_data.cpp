// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/probe_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isolab {

namespace {

std::string reason_of(const WindowRecord& window, const char* topic) {
  const auto found = window.probe.notes.find(std::string(kLacksNote) + topic);
  return found == window.probe.notes.end() ? "" : found->second;
}

}  // namespace

double probe_number(const ProbeCpu& cpu, const char* name, double fallback) {
  const auto found = cpu.numbers.find(name);
  return found == cpu.numbers.end() || !std::isfinite(found->second) ? fallback : found->second;
}

Heard::Heard(const WindowRecord& window, const ProbeCpu& cpu) : window_(&window), cpu_(&cpu) {}

double Heard::seconds() const {
  return static_cast<double>(line().nanoseconds(cpu_->end - cpu_->start)) / 1e9;
}

double Heard::microseconds(std::uint64_t ticks) const {
  return static_cast<double>(ticks) * 1e6 / line().ticks_per_second();
}

bool Heard::log_holds(std::uint64_t ticks) const {
  return cpu_->gaps_dropped == 0 && cpu_->threshold > 0 && ticks >= cpu_->threshold;
}

std::uint64_t Heard::count_over(std::uint64_t ns) const {
  const std::uint64_t limit = line().ticks(ns);
  if (!log_holds(limit)) return cpu_->histogram.count_above(limit);
  return static_cast<std::uint64_t>(std::count_if(
      cpu_->gaps.begin(), cpu_->gaps.end(), [&](const Gap& gap) { return gap.length > limit; }));
}

std::string Heard::lacks(const char* topic) const { return reason_of(*window_, topic); }

std::uint64_t Heard::overflow() const {
  return static_cast<std::uint64_t>(std::clamp(probe_number(*cpu_, kOverflow, 0), 0.0, 1e18));
}

std::optional<std::uint64_t> Heard::overflow_from() const {
  if (overflow() == 0) return std::nullopt;
  return static_cast<std::uint64_t>(std::clamp(probe_number(*cpu_, kOverflowFrom, 0), 0.0, 1e18));
}

std::string Heard::unknown_over(std::uint64_t ns) const {
  const std::uint64_t limit = line().ticks(ns);
  const double seen_from = probe_number(*cpu_, kSeenFrom, 0);
  if (static_cast<double>(limit) < seen_from)
    return fmt::format("what is shorter than {:.6g} us is not in the file",
                       seen_from * 1e6 / line().ticks_per_second());
  const auto from = overflow_from();
  if (cpu_->histogram.empty() && longest_us() * 1e3 > static_cast<double>(ns))
    if (auto why = lacks(missing::kPercentiles); !why.empty()) return why;
  if (!from || limit < *from || longest_us() * 1e3 <= static_cast<double>(ns)) return {};
  return fmt::format("{} samples of at least {:.6g} us have no length in the file", overflow(),
                     microseconds(*from));
}

double Heard::longest_us() const {
  if (const double ticks = probe_number(*cpu_, "longest_ticks", -1); ticks >= 0)
    return ticks * 1e6 / line().ticks_per_second();
  if (const double ns = probe_number(*cpu_, "longest_ns", -1); ns >= 0) return ns / 1e3;
  if (log_holds(cpu_->threshold) && !cpu_->gaps.empty())
    return microseconds(
        std::max_element(cpu_->gaps.begin(), cpu_->gaps.end(), [](const Gap& a, const Gap& b) {
          return a.length < b.length;
        })->length);
  for (std::size_t i = Histogram::kBuckets; i-- > 0;)
    if (cpu_->histogram.count_at(i) > 0) return microseconds(Histogram::highest(i));
  return 0;
}

double Heard::lost_seconds() const {
  if (const double lost = probe_number(*cpu_, kLostSeconds, -1); lost >= 0) return lost;
  double ticks = 0;
  if (log_holds(cpu_->threshold)) {
    for (const auto& gap : cpu_->gaps) ticks += static_cast<double>(gap.length);
  } else {
    for (std::size_t i = Histogram::bucket_of(cpu_->threshold) + 1; i < Histogram::kBuckets; ++i) {
      const auto count = static_cast<double>(cpu_->histogram.count_at(i));
      const auto low = static_cast<double>(Histogram::lowest(i));
      ticks += count * (low + static_cast<double>(Histogram::highest(i))) / 2;
    }
  }
  return ticks / line().ticks_per_second();
}

std::uint64_t logged_until(const ProbeCpu& cpu) {
  if (cpu.gaps_dropped == 0) return cpu.end;
  if (cpu.gaps.empty()) return cpu.start;
  return std::clamp(cpu.gaps.back().start + cpu.gaps.back().length, cpu.start,
                    std::max(cpu.start, cpu.end));
}

std::vector<Heard> heard_on(const ArmWindows& arm, int cpu) {
  std::vector<Heard> out;
  for (const auto* window : arm.windows)
    for (const auto& probe : window->probe.cpus)
      if ((cpu < 0 || probe.cpu == cpu) && probe.error.empty() &&
          (probe.end > probe.start || !reason_of(*window, missing::kTime).empty()))
        out.emplace_back(*window, probe);
  return out;
}

}  // namespace isolab
