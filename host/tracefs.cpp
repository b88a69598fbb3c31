// SPDX-License-Identifier: Apache-2.0
#include "host/tracefs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace isolab {
namespace {

constexpr const char* kTracefs = "/sys/kernel/tracing";

/// The file of an event, "system:name", below tracefs or one of its instances.
std::string event_path(const std::string& directory, std::string event, const std::string& file) {
  std::replace(event.begin(), event.end(), ':', '/');
  return fmt::format("{}/events/{}/{}", directory, event, file);
}

/// The number behind "NAME: " at the beginning of a line; 0 without such a line.
std::uint64_t counter(std::string_view text, const std::string& name) {
  const std::string lines = fmt::format("\n{}", text), start = fmt::format("\n{}: ", name);
  std::uint64_t value = 0;
  if (const auto at = lines.find(start); at != std::string::npos)
    std::from_chars(lines.data() + at + start.size(), lines.data() + lines.size(), value);
  return value;
}

}  // namespace

std::string find_tracefs(const Files& files) {
  for (const char* root : {kTracefs, "/sys/kernel/debug/tracing"})
    if (files.exists(std::string(root) + "/events")) return root;
  return {};
}

Result<void> check_trace_event(const Files& files, const std::string& event) {
  const std::string root = find_tracefs(files);
  if (root.empty())
    return Error{ErrorKind::unsupported, fmt::format("no trace events at {}", kTracefs),
                 "mount -t tracefs tracefs /sys/kernel/tracing; needs root and CONFIG_FTRACE"};
  if (!files.exists(event_path(root, event, "enable")))
    return Error{ErrorKind::unsupported, fmt::format("this kernel has no trace event {}", event)};
  return {};
}

RingStats parse_ring_stats(std::string_view text) {
  return {.entries = counter(text, "entries"),
          .overrun = counter(text, "overrun"),
          .commit_overrun = counter(text, "commit overrun"),
          .dropped = counter(text, "dropped events"),
          .read = counter(text, "read events")};
}

Claim TracefsDirectory::claim(const Files& files, const std::string& purpose) {
  const std::string found = find_tracefs(files);
  const std::string first =
      fmt::format("{}/instances/isolab_{}_{}", found.empty() ? kTracefs : found, purpose, getpid());
  std::string path = first;
  for (int number = 2; files.exists(path); ++number) path = fmt::format("{}_{}", first, number);
  return {Claim::Kind::directory, path};
}

Result<void> TracefsDirectory::write(const std::string& file, const std::string& text) const {
  return files_->write(path_ + "/" + file, text);
}

std::string TracefsDirectory::event_file(const std::string& event, const std::string& file) const {
  return event_path(path_, event, file);
}

Result<void> TracefsDirectory::set_event(const std::string& event, bool on) const {
  return files_->write(event_file(event, "enable"), on ? "1" : "0");
}

Result<RingStats> TracefsDirectory::ring_stats(int cpu) const {
  return parse_ring_stats(TRY(files_->read(fmt::format("{}/per_cpu/cpu{}/stats", path_, cpu))));
}

Result<std::uint64_t> TracefsDirectory::events_written() const {
  std::uint64_t sum = 0;
  for (const auto& cpu : TRY(files_->list(path_ + "/per_cpu")))
    sum += parse_ring_stats(TRY(files_->read(fmt::format("{}/per_cpu/{}/stats", path_, cpu))))
               .written();
  return sum;
}

}  // namespace isolab
