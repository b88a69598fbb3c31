// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/trace_instance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace isolab {
namespace {

constexpr const char* kTracefs = "/sys/kernel/tracing";

std::string event_file(const std::string& base, const std::string& event) {
  std::string path = event;
  std::replace(path.begin(), path.end(), ':', '/');
  return fmt::format("{}/events/{}/enable", base, path);
}

}  // namespace

Claim WorkloadTraceInstance::claim(const Files& files, const std::string& purpose) {
  const std::string first = fmt::format("{}/instances/isolab_{}_{}", kTracefs, purpose, getpid());
  std::string path = first;
  for (int number = 2; files.exists(path); ++number) path = fmt::format("{}_{}", first, number);
  return {Claim::Kind::directory, path};
}

Result<void> WorkloadTraceInstance::check_event(const Files& files, const std::string& event) {
  if (!files.exists(fmt::format("{}/events", kTracefs)))
    return Error{ErrorKind::unsupported, fmt::format("no trace events at {}", kTracefs),
                 "mount -t tracefs tracefs /sys/kernel/tracing; needs root and CONFIG_FTRACE"};
  if (!files.exists(event_file(kTracefs, event)))
    return Error{ErrorKind::unsupported, fmt::format("this kernel has no trace event {}", event)};
  return {};
}

Result<void> WorkloadTraceInstance::set_event(const std::string& event, bool on) const {
  return files_->write(event_file(path_, event), on ? "1" : "0");
}

Result<void> WorkloadTraceInstance::write(const std::string& file, const std::string& text) const {
  return files_->write(path_ + "/" + file, text);
}

Result<std::uint64_t> WorkloadTraceInstance::events_written() const {
  std::uint64_t sum = 0;
  for (const auto& cpu : TRY(files_->list(path_ + "/per_cpu")))
    sum += events_in_stats(TRY(files_->read(fmt::format("{}/per_cpu/{}/stats", path_, cpu))));
  return sum;
}

std::uint64_t events_in_stats(std::string_view text) {
  constexpr std::array<std::string_view, 5> kCounted{"entries", "overrun", "commit overrun",
                                                     "dropped events", "read events"};
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    for (const auto name : kCounted) {
      if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) continue;
      const std::string_view digits = line.substr(name.size() + 2);
      std::uint64_t value = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), value);
      sum += value;
    }
  }
  return sum;
}

}  // namespace isolab
