// SPDX-License-Identifier: Apache-2.0
#include "report/export/trace_cmd.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace isolab {
namespace {

bool has_pages(const WindowRecord& window) {
  const auto meta = TraceMeta::read(window.notes);
  return meta && meta->traced();
}

Result<std::size_t> first_traced(const Recording& recording) {
  for (std::size_t i = 0; i < recording.windows.size(); ++i)
    if (has_pages(recording.windows[i])) return i;
  return Error{ErrorKind::unsupported, "no window of this recording was traced",
               "record with observe: [ipi_trace] in the profile"};
}

/// The kernel as `uname -srm` words it, from the facts.
std::string uname_of(const Recording& recording) {
  std::string text = "Linux";
  for (const auto* key : {"kernel.release", "kernel.arch"})
    if (const auto fact = recording.facts.find(key); fact != recording.facts.end())
      text += " " + fact->second;
  return text;
}

}  // namespace

Result<std::size_t> window_numbered(const Recording& recording, int number) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < recording.windows.size(); ++i) {
    if (recording.windows[i].index == number) return i;
    numbers.push_back(recording.windows[i].index);
  }
  return Error{ErrorKind::usage, fmt::format("the recording has no window {}", number),
               fmt::format("it has: {}", fmt::join(numbers, ", "))};
}

Result<TraceCmdSummary> export_trace_cmd(const Recording& recording, std::optional<int> window,
                                         OutputFile& out) {
  const auto place = TRY(window ? window_numbered(recording, *window) : first_traced(recording));
  const auto& record = recording.windows[place];
  const auto meta = TraceMeta::read(record.notes);
  if (!meta && meta.error().kind != ErrorKind::unsupported) return meta.error();
  if (!meta || !meta->traced())
    return Error{ErrorKind::unsupported,
                 fmt::format("window {} was not traced{}{}", record.index,
                             meta && !meta->reasons.empty() ? ": " : "",
                             meta ? join(meta->reasons, " ") : std::string()),
                 "traced windows are those with a folder trace/"};
  TraceCmdSummary summary;
  summary.window = record.index;
  summary.clock = meta->clock;
  for (const auto& one : recording.windows) summary.traced += has_pages(one);
  const auto directory = recording.directory / recording.window_directories[place] / "trace";
  summary.file = TRY(write_dat(directory, *meta, uname_of(recording),
                               [&](std::span<const std::byte> bytes) { return out.write(bytes); }));
  return summary;
}

}  // namespace isolab
