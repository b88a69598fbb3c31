// SPDX-License-Identifier: Apache-2.0
#include "analysis/session_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "analysis/analyse.h"
#include "analysis/compare/arm_family.h"
#include "base/directory.h"
#include "results/recording.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// The recording with the windows of one repeat only.
Recording of_repeat(const Recording& whole, int repeat) {
  Recording out = whole;
  out.windows.clear();
  out.window_directories.clear();
  for (std::size_t i = 0; i < whole.windows.size(); ++i) {
    if (whole.windows[i].repeat != repeat) continue;
    out.windows.push_back(whole.windows[i]);
    if (i < whole.window_directories.size())
      out.window_directories.push_back(whole.window_directories[i]);
  }
  return out;
}

/// Drops what no comparison reads, so that memory grows with the numbers of a session alone: stacks
/// of senders, timelines of classes, and the gaps over time of arms that `drawn` has already.
void keep_compared(Findings& findings, std::set<std::string>& drawn) {
  for (auto& cpu : findings.interruptions.cpus) {
    cpu.tracks = {};
    for (auto& cause : cpu.causes) cause.senders = {}, cause.woken = {};
  }
  findings.effects = {};
  std::set<std::string> here;
  std::erase_if(findings.series.tracks, [&](const GapTrack& track) {
    here.insert(track.arm);
    return drawn.contains(track.arm);
  });
  drawn.merge(here);
  findings.series.tracks.shrink_to_fit();
  findings.metrics.shrink_to_fit();
}

/// Adds the units of one recording to a group; `drawn`: arms whose gaps over time it has.
Result<void> add_session(const fs::path& place, bool by_repeat, LoadedGroups& out,
                         SessionGroup& group, std::set<std::string>& drawn) {
  const Recording recording = TRY(load_recording(place));
  if (recording.manifest.status == "running")
    return Error{ErrorKind::usage, place.string() + " is incomplete (its run was killed)",
                 "exclude it from the comparison"};
  const auto add = [&](const Recording& part, std::string name) -> Result<void> {
    out.findings.push_back(std::make_unique<Findings>(TRY(analyse(part, {}))));
    keep_compared(*out.findings.back(), drawn);
    group.sessions.push_back(out.findings.back().get());
    group.places.push_back(std::move(name));
    return {};
  };
  out.directories.push_back(place);
  if (!by_repeat) return add(recording, place.string());
  for (int repeat = 0; repeat < recording.plan.repeats; ++repeat)
    TRY(add(of_repeat(recording, repeat), fmt::format("{}#{}", place.string(), repeat)));
  return {};
}

/// The sessions as a group of this arm, without those of other boots than the arm's.
Result<SessionGroup> sessions_of_arm(const SessionGroup& sessions, const std::string& arm) {
  SessionGroup out{arm, arm, {}, {}};
  std::string why;
  for (std::size_t i = 0; i < sessions.sessions.size(); ++i) {
    bool elsewhere = false, here = false;
    for (const auto& session_arm : sessions.sessions[i]->arms) {
      if (!is_of(arm, session_arm.name)) continue;
      const bool other_boot = session_arm.boot && !session_arm.not_applicable.empty();
      here = here || !other_boot;
      elsewhere = elsewhere || other_boot;
      if (other_boot) why = sessions.places[i] + ": " + session_arm.not_applicable;
    }
    if (elsewhere && !here) continue;
    out.sessions.push_back(sessions.sessions[i]);
    out.places.push_back(sessions.places[i]);
  }
  if (out.sessions.empty())
    return Error{ErrorKind::usage, "arm " + arm + " ran in none of the sessions (" + why + ")",
                 "record it on its kernel"};
  return out;
}

}  // namespace

Result<std::vector<fs::path>> sessions_in(const fs::path& place) {
  if (TRY(is_recording(place))) return std::vector<fs::path>{place};
  std::vector<fs::path> out;
  for (const auto& path : TRY(entries_of(place)))
    if (!path.filename().string().starts_with(".") && TRY(is_recording(path))) out.push_back(path);
  if (out.empty())
    return Error{ErrorKind::usage, place.string() + " is not a recording and contains none",
                 "a recording is a directory with manifest.json, written by isolab run"};
  return out;
}

Result<GroupRequest> parse_group(const std::string& argument) {
  GroupRequest out;
  std::string places = argument;
  // A path may hold '=' too: only a plain word before it is a name.
  if (const auto equals = argument.find('=');
      equals != std::string::npos && argument.find('/') > equals) {
    out.name = argument.substr(0, equals);
    places = argument.substr(equals + 1);
  }
  for (std::size_t at = 0; at <= places.size();) {
    const std::size_t comma = std::min(places.find(',', at), places.size());
    const std::string place = places.substr(at, comma - at);
    if (place.empty())
      return Error{ErrorKind::usage, "\"" + argument + "\" names no recording",
                   "[NAME=]DIR[,DIR...]"};
    out.places.emplace_back(place);
    at = comma + 1;
  }
  if (out.name.empty()) {
    const fs::path first = fs::path(out.places.front()).lexically_normal();
    out.name = (first.filename().empty() ? first.parent_path() : first).filename().string();
  }
  return out;
}

Result<LoadedGroups> load_groups(const std::vector<GroupRequest>& groups, bool by_repeat) {
  LoadedGroups out;
  std::set<std::string> names;
  for (const auto& request : groups) {
    SessionGroup group{request.name, "", {}, {}};
    if (!names.insert(request.name).second)
      return Error{ErrorKind::usage, "two groups are named " + request.name,
                   "name them: base=DIR patched=DIR"};
    std::set<std::string> drawn;
    for (const auto& place : request.places)
      for (const auto& session : TRY(sessions_in(place)))
        TRY(add_session(session, by_repeat, out, group, drawn));
    out.groups.push_back(std::move(group));
  }
  return out;
}

Result<LoadedGroups> load_groups(const CompareRequest& request) {
  std::vector<GroupRequest> groups;
  for (const auto& argument : request.groups) groups.push_back(TRY(parse_group(argument)));
  if (request.arms.empty()) {
    if (groups.size() < 2)
      return Error{ErrorKind::usage,
                   "cannot compare: a base and at least one other group are needed",
                   "isolab compare BASE NEW, or --arms BASE,NEW for the arms of one recording"};
    return load_groups(groups, request.by_repeat);
  }
  if (request.arms.size() < 2)
    return Error{ErrorKind::usage, "--arms needs two arms or more", "--arms base,new"};
  return load_arms(groups, request.arms, request.by_repeat);
}

Result<LoadedGroups> load_arms(const std::vector<GroupRequest>& places,
                               const std::vector<std::string>& arms, bool by_repeat) {
  GroupRequest all{"sessions", {}};
  for (const auto& group : places)
    all.places.insert(all.places.end(), group.places.begin(), group.places.end());
  LoadedGroups out = TRY(load_groups({all}, by_repeat));
  const SessionGroup sessions = std::move(out.groups.front());
  out.groups.clear();
  for (const auto& arm : arms) out.groups.push_back(TRY(sessions_of_arm(sessions, arm)));
  return out;
}

}  // namespace isolab
