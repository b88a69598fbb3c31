// SPDX-License-Identifier: Apache-2.0
#include "analysis/compare/notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/compare/arm_family.h"
#include "analysis/compare/session_numbers.h"
#include "analysis/metrics/emulation.h"
#include "analysis/statistics/two_samples.h"

namespace isolab {
namespace {

constexpr std::size_t kLacksNamed = 6;

std::string sessions_word(std::size_t n) {
  return fmt::format("{} session{}", n, n == 1 ? "" : "s");
}

/// What the recordings themselves cannot tell, by group.
void add_notes_of_recordings(const std::vector<SessionGroup>& groups, Comparison& out) {
  bool emulated = false;
  for (const auto& group : groups) {
    std::size_t unnamed = 0;
    std::string why;
    for (const auto* session : group.sessions) {
      emulated = emulated || !emulation_of(session->facts).empty();
      if (!has_unnamed_calls(*session, group.arm)) continue;
      ++unnamed;
      for (const auto& window : session->interruptions.windows)
        if (window.level != "A" && !window.reasons.empty())
          why = "level " + window.level + ": " + window.reasons.front();
    }
    if (unnamed > 0)
      out.notes.push_back(fmt::format(
          "{}: in {} of {} the trace does not show which function each function-call IPI ran ({}) "
          "A callback that is missing there is unknown, not zero; rows of /proc/interrupts are "
          "complete",
          group.name, unnamed, sessions_word(group.sessions.size()), why));
  }
  if (emulated)
    out.notes.push_back(
        "CPUs are emulated: times are withheld, and a rate is a count over emulated seconds. The "
        "number of operations in them depends on the host: compare counts per operation");
}

/// What isolab did not measure never looks as if it had.
void add_notes_of_imports(const std::vector<SessionGroup>& groups, Comparison& out) {
  for (const auto& group : groups) {
    std::set<std::string> formats;
    std::size_t sessions = 0;
    for (const auto* session : group.sessions) {
      if (!session->imported) continue;
      ++sessions;
      formats.insert(session->imported->format);
    }
    if (sessions == 0) continue;
    out.notes.push_back(fmt::format(
        "{}: {} of {} imported from files of other tools ({}), not measured by isolab: whether the "
        "CPUs were isolated is not known, and no isolab run reproduces them",
        group.name, sessions, sessions_word(group.sessions.size()), fmt::join(formats, ", ")));
  }
}

void add_notes_of_losses(const std::vector<SessionGroup>& groups, Comparison& out) {
  for (const auto& group : groups) {
    std::size_t sessions = 0;
    std::uint64_t events = 0;
    std::set<std::string> arms;
    for (const auto* session : group.sessions) {
      bool lossy = false;
      for (const auto& window : session->interruptions.windows) {
        if ((window.lost == 0 && window.faulty_pages == 0) || !is_of(group.arm, window.arm))
          continue;
        lossy = true;
        events += window.lost;
        arms.insert(window.arm);
      }
      sessions += lossy;
    }
    if (sessions == 0) continue;
    out.notes.push_back(fmt::format(
        "{}: the trace of {} of {} lost events ({} in {}). Numbers from the trace exclude these "
        "sessions (\"!\"); without any other session they are shown and not judged (\"lost\")",
        group.name, sessions, sessions_word(group.sessions.size()), events, fmt::join(arms, ", ")));
  }
}

/// "gap_p99_9999 idle": a number with the labels that identify it.
std::string words_of(const MetricKey& key) {
  std::string out = key.name;
  for (const auto& [label, word] : key.labels)
    if (!(label == "cpu" && word == "all")) out += " " + word;
  return out;
}

/// Arms first; of numbers those that no arm explains.
void add_notes_of_lacks(const std::vector<SessionGroup>& groups, Comparison& out) {
  std::set<std::string> arms, noted;
  for (const auto& group : groups)
    for (const auto* session : group.sessions)
      for (const auto& arm : session->arms)
        if (group.arm.empty() && arm.windows > 0) arms.insert(arm.name);
  for (const auto& arm : arms) {
    std::vector<std::string> counts;
    bool everywhere = true;
    for (const auto& group : groups) {
      const auto with = std::count_if(group.sessions.begin(), group.sessions.end(),
                                      [&](const auto* session) { return has_arm(*session, arm); });
      counts.push_back(fmt::format("{} {} of {}", group.name, with, group.sessions.size()));
      everywhere = everywhere && static_cast<std::size_t>(with) == group.sessions.size();
    }
    if (everywhere) continue;
    const bool compared = is_in_all(groups, arm);
    if (!compared) noted.insert(arm);
    out.notes.push_back(fmt::format("arm \"{}\" is {}; sessions with it: {}", arm,
                                    compared ? "not in all sessions" : "not compared",
                                    fmt::join(counts, ", ")));
  }
  std::map<std::vector<std::string>, std::vector<std::string>> rest;  // by the groups that have it
  for (const auto& metric : out.uncompared) {
    const auto arm = metric.key.labels.find("arm");
    if (arm == metric.key.labels.end() || !noted.contains(arm->second))
      rest[metric.groups].push_back(words_of(metric.key));
  }
  for (auto& [names, numbers] : rest) {
    const std::size_t all = numbers.size();
    if (all > kLacksNamed) numbers.resize(kLacksNamed);
    out.notes.push_back(fmt::format(
        "not compared, since only {} has {}: {}{}", fmt::join(names, " and "),
        all == 1 ? "it" : "them", fmt::join(numbers, "; "),
        all > numbers.size() ? fmt::format(" and {} more (--json has them)", all - numbers.size())
                             : ""));
  }
}

void add_notes_of_size(Comparison& out) {
  std::size_t fewest = SIZE_MAX;
  for (const auto& group : out.groups) {
    fewest = std::min(fewest, group.sessions);
    if (group.windows_left_out > 0)
      out.notes.push_back(fmt::format("{}: {} of {} windows excluded (failed or disturbed)",
                                      group.name, group.windows_left_out,
                                      group.windows + group.windows_left_out));
  }
  if (fewest < kSessionsForVerdict)
    out.notes.push_back(
        fmt::format("no verdicts: the smallest group has {}, and {} are needed: record {} more",
                    sessions_word(fewest), kSessionsForVerdict, kSessionsForVerdict - fewest));
  const std::size_t lone = sessions_for_lone_change(std::max<std::size_t>(out.tests, 1));
  if (fewest >= kSessionsForVerdict && fewest < lone)
    out.notes.push_back(fmt::format(
        "with {} sessions per group the exact p cannot be small enough for a single changed metric "
        "among {}: record {}, or name the metrics that matter (--metric)",
        fewest, out.tests, lone));
  double shortest = INFINITY;
  double longest = 0;
  for (const auto& group : out.groups) {
    const double heard = group.exposure_s / static_cast<double>(group.sessions);
    shortest = std::min(shortest, heard);
    longest = std::max(longest, heard);
  }
  if (longest > 1.1 * shortest)
    out.notes.push_back(
        "the sessions of the groups differ in length by more than 10 %: rates of rare events and "
        "maxima differ even without any change");
}

}  // namespace

void add_notes(const std::vector<SessionGroup>& groups, Comparison& out) {
  add_notes_of_imports(groups, out);
  add_notes_of_recordings(groups, out);
  add_notes_of_losses(groups, out);
  add_notes_of_lacks(groups, out);
  add_notes_of_size(out);
}

}  // namespace isolab
