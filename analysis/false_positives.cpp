// SPDX-License-Identifier: Apache-2.0
#include "analysis/false_positives.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "analysis/compare.h"
#include "analysis/session_groups.h"
#include "analysis/statistics/two_samples.h"
#include "base/directory.h"
#include "base/output.h"
#include "base/text_file.h"
#include "base/version.h"
#include "results/fields.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

std::string fact(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? "" : found->second;
}

/// The sessions dealt to two groups by `second`.
template <class F>
std::vector<SessionGroup> dealt(const SessionGroup& all, F second) {
  std::vector<SessionGroup> out{{"A", "", {}, {}}, {"B", "", {}, {}}};
  for (std::size_t i = 0; i < all.sessions.size(); ++i) {
    auto& group = out[second(i) ? 1 : 0];
    group.sessions.push_back(all.sessions[i]);
    group.places.push_back(all.places[i]);
  }
  return out;
}

bool is_flag(const Change& change) {
  return change.outcome == Outcome::better || change.outcome == Outcome::worse ||
         change.outcome == Outcome::changed;
}

std::string text_of(const Json& json, const char* key) {
  const auto& members = std::get<JsonObject>(json.value);
  const auto found = members.find(key);
  const auto* text =
      found == members.end() ? nullptr : std::get_if<std::string>(&found->second.value);
  return text == nullptr ? "" : *text;
}

std::optional<std::size_t> count_of(const Json& json, const char* key) {
  const auto& members = std::get<JsonObject>(json.value);
  const auto found = members.find(key);
  if (found == members.end()) return std::nullopt;
  if (const auto* number = std::get_if<std::uint64_t>(&found->second.value)) return *number;
  return std::nullopt;
}

}  // namespace

Result<FalsePositives> measure_false_positives(const std::vector<fs::path>& sessions) {
  if (sessions.size() < 2 * kSessionsForVerdict)
    return Error{
        ErrorKind::usage,
        fmt::format("cannot do an A/A comparison with {} sessions", sessions.size()),
        fmt::format("{} are needed, {} per group", 2 * kSessionsForVerdict, kSessionsForVerdict)};
  const auto loaded = TRY(load_groups({GroupRequest{"sessions", sessions}}, false));
  const SessionGroup& all = loaded.groups.front();
  const Findings& first = *all.sessions.front();
  for (const auto* session : all.sessions)
    if (session->profile_hash != first.profile_hash)
      return Error{
          ErrorKind::usage,
          fmt::format("cannot pool sessions of different profiles: {} and {}",
                      first.profile_hash.substr(0, 16), session->profile_hash.substr(0, 16))};
  // ABBA: a steady drift over time falls on both groups alike.
  const auto mixed =
      TRY(compare(dealt(all, [](std::size_t i) { return (i + 1) / 2 % 2 == 1; }), {}));
  const std::size_t half = all.sessions.size() / 2;
  const auto halves = TRY(compare(dealt(all, [&](std::size_t i) { return i >= half; }), {}));
  FalsePositives out;
  out.profile = first.profile;
  out.profile_hash = first.profile_hash;
  out.kernel = fact(first.facts, "kernel.release");
  out.machine = fact(first.facts, "machine.host_name");
  out.started_utc = first.started_utc;
  out.isolab_version = kVersion;
  out.sessions = all.sessions.size();
  out.tests = mixed.tests;
  out.flagged = flagged(mixed);
  for (const auto& metric : mixed.metrics) {
    if (!is_flag(metric.changes.front())) continue;
    std::string name = metric.key.name;
    for (const auto& [label, word] : metric.key.labels) name += fmt::format(" {}={}", label, word);
    out.flagged_names.push_back(std::move(name));
  }
  out.drift_tests = halves.tests;
  out.drift_flagged = flagged(halves);
  return out;
}

std::string false_positives_json(const FalsePositives& one) {
  const double share =
      one.tests == 0 ? 0 : static_cast<double>(one.flagged) / static_cast<double>(one.tests);
  return print_json(Json(JsonObject{{"schema", FalsePositives::kSchema},
                                    {"kind", "aa"},
                                    {"profile", one.profile},
                                    {"profile_hash", one.profile_hash},
                                    {"kernel", one.kernel},
                                    {"machine", one.machine},
                                    {"started_utc", one.started_utc},
                                    {"isolab_version", one.isolab_version},
                                    {"sessions", std::uint64_t{one.sessions}},
                                    {"tests", std::uint64_t{one.tests}},
                                    {"flagged", std::uint64_t{one.flagged}},
                                    {"false_positive_rate", rounded(share)},
                                    {"flagged_names", codec::to_json(one.flagged_names)},
                                    {"drift_tests", std::uint64_t{one.drift_tests}},
                                    {"drift_flagged", std::uint64_t{one.drift_flagged}}}));
}

Result<FalsePositives> false_positives_from_json(const std::string& file, const std::string& text) {
  auto json = parse_json(text);
  if (!json) return Error{ErrorKind::parse, file + ": " + json.error().what};
  const bool right = std::holds_alternative<JsonObject>(json->value) &&
                     text_of(*json, "kind") == "aa" &&
                     count_of(*json, "schema") == std::size_t{FalsePositives::kSchema};
  FalsePositives out;
  if (right) {
    out.profile = text_of(*json, "profile");
    out.profile_hash = text_of(*json, "profile_hash");
    out.kernel = text_of(*json, "kernel");
    out.machine = text_of(*json, "machine");
    out.started_utc = text_of(*json, "started_utc");
    out.isolab_version = text_of(*json, "isolab_version");
  }
  const auto take = [&](const char* key, std::size_t& into) {
    const auto count = right ? count_of(*json, key) : std::nullopt;
    into = count.value_or(0);
    return count.has_value();
  };
  if (!take("sessions", out.sessions) || !take("tests", out.tests) ||
      !take("flagged", out.flagged) || !take("drift_tests", out.drift_tests) ||
      !take("drift_flagged", out.drift_flagged))
    return Error{ErrorKind::parse, file + " is not an A/A result of this version",
                 "isolab aa DIR recomputes it"};
  return out;
}

std::string citation(const FalsePositives& one) {
  const double share =
      one.tests == 0 ? 0 : 100 * static_cast<double>(one.flagged) / static_cast<double>(one.tests);
  return fmt::format(
      "False positives of this set-up: {} of {} tests flagged ({:.1f}%) between {} A/A sessions of "
      "the same profile and kernel ({}); first against second half, not interleaved: {} of {}.",
      one.flagged, one.tests, share, one.sessions, one.started_utc.substr(0, 10), one.drift_flagged,
      one.drift_tests);
}

std::vector<std::string> citations_for(const Comparison& comparison,
                                       const std::vector<fs::path>& recordings) {
  std::set<fs::path> places;
  std::error_code ignored;
  for (const auto& recording : recordings) {
    const fs::path real = fs::weakly_canonical(recording, ignored);
    for (const auto& above : {real.parent_path(), real.parent_path().parent_path()}) {
      places.insert(above);
      for (const auto& entry : entries_of(above).value_or(std::vector<fs::path>{}))
        if (fs::is_directory(entry, ignored)) places.insert(entry);
    }
  }
  std::vector<std::string> out;
  const auto& facts = comparison.groups.front().facts;
  for (const auto& place : places) {
    const fs::path file = place / kFalsePositivesFile;
    if (!fs::exists(file, ignored)) continue;
    const auto text = read_text_file(file);
    const auto one = text ? false_positives_from_json(file.string(), *text)
                          : Result<FalsePositives>(text.error());
    if (!one) {
      say(one.error().text());
      continue;
    }
    if (one->profile_hash == comparison.profile_hash &&
        one->kernel == fact(facts, "kernel.release") &&
        one->machine == fact(facts, "machine.host_name"))
      out.push_back(citation(*one));
  }
  return out;
}

}  // namespace isolab
