// SPDX-License-Identifier: Apache-2.0
// The verb history: one metric over every recording of a directory, through the index beside them.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <system_error>

#include "analysis/analyse.h"
#include "analysis/model/findings.h"
#include "analysis/model/metric_list.h"
#include "base/digest.h"
#include "base/directory.h"
#include "base/output.h"
#include "base/text.h"
#include "base/text_file.h"
#include "base/version.h"
#include "cli/shared_options.h"
#include "report/html/history_page.h"
#include "report/text/history.h"
#include "results/fields.h"
#include "results/index.h"
#include "results/recording.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

struct HistoryOptions {
  std::string metric;
  std::vector<std::string> labels;    // "arm=idle"
  fs::path directory = "recordings";  // where recordings are looked for
  fs::path index;                     // empty: index.sqlite in `directory`
  fs::path html;                      // a page to make; empty: none
  bool rebuild = false;
  bool json = false;
};

constexpr int kDepth = 2;  // recordings, and the sessions of `run --sessions` below one directory

void not_indexed(const fs::path& place, const Error& error) {
  say(fmt::format("not indexed: {}: {}", place.string(), error.text()));
}

/// A directory that cannot be read is named and passed over.
void find_recordings(const fs::path& place, int depth, std::vector<fs::path>& out) {
  const auto inside = entries_of(place);
  if (!inside) return not_indexed(place, inside.error());
  std::error_code ignored;
  for (const auto& entry : *inside) {
    if (!fs::is_directory(entry, ignored) || entry.filename().string().starts_with(".")) continue;
    const auto found = is_recording(entry);
    if (!found)
      not_indexed(entry, found.error());
    else if (*found)
      out.push_back(entry);
    else if (depth > 1)
      find_recordings(entry, depth - 1, out);
  }
}

/// Of the names, sizes and times of its files, without what is drawn or computed from them, and of
/// our version: a recording can be replaced, attached to, or analysed differently since.
Result<std::string> digest_of(const fs::path& recording) {
  std::vector<std::string> files;
  for (const auto& file : TRY(files_below(recording))) {
    const auto name = file.lexically_relative(recording).string();
    if (name.starts_with("charts/") || name == "findings.json") continue;
    std::error_code ignored;
    files.push_back(fmt::format("{} {} {}\n", name, fs::file_size(file, ignored),
                                fs::last_write_time(file, ignored).time_since_epoch().count()));
  }
  std::sort(files.begin(), files.end());
  return sha256_hex(join(files, "") + kVersion);
}

std::string fact(const Findings& findings, const std::string& key) {
  const auto found = findings.facts.find(key);
  return found == findings.facts.end() ? "" : found->second;
}

Result<void> index_recording(RecordingIndex& index, const fs::path& directory,
                             const std::string& place, const std::string& digest) {
  const Recording loaded = TRY(load_recording(directory));
  const Findings findings = TRY(analyse(loaded, {}));
  IndexedRecording recording{place,
                             digest,
                             findings.started_utc,
                             findings.status,
                             findings.profile,
                             findings.profile_hash,
                             fact(findings, "machine.host_name"),
                             fact(findings, "kernel.release"),
                             findings.isolab_version};
  std::vector<IndexedMetric> metrics;
  for (const auto& metric : findings.metrics) {
    const auto* info = find_metric_info(metric.name);
    metrics.push_back({metric.name, metric.labels, info == nullptr ? "" : info->unit, metric.value,
                       metric.lower95, metric.upper95, metric.n, metric.exposure_s});
  }
  return index.put(recording, metrics);
}

/// What is new is analysed, what is gone is taken out. A recording that cannot be read is named and
/// passed over: one bad directory must not hide the others.
Result<void> bring_up_to_date(RecordingIndex& index, const fs::path& root, bool rebuild) {
  std::vector<fs::path> found;
  find_recordings(root, kDepth, found);
  auto known = TRY(index.places());
  for (const auto& directory : found) {
    const std::string place = directory.lexically_relative(root).string();
    const auto digest = digest_of(directory);
    if (!digest) {
      not_indexed(directory, digest.error());
      continue;
    }
    const auto at = known.find(place);
    const bool same = at != known.end() && at->second == *digest;
    if (at != known.end()) known.erase(at);
    if (same && !rebuild) continue;
    if (const auto done = index_recording(index, directory, place, *digest); !done)
      not_indexed(directory, done.error());
  }
  for (const auto& [place, digest] : known) TRY(index.remove(place));
  return {};
}

Result<std::map<std::string, std::string>> labels_from(const std::vector<std::string>& words) {
  std::map<std::string, std::string> out;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{ErrorKind::usage, "--label " + word + " is not LABEL=VALUE", "--label arm=idle"};
    out[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return out;
}

}  // namespace

namespace codec {

void fields(auto& field, Is<HistoryPoint> auto& point) {
  field("recording", point.recording.place);
  field("started_utc", point.recording.started_utc);
  field("status", point.recording.status);
  field("profile", point.recording.profile);
  field("profile_hash", point.recording.profile_hash);
  field("machine", point.recording.machine);
  field("kernel", point.recording.kernel);
  field("isolab_version", point.recording.isolab_version);
  field("labels", point.metric.labels);
  field("value", nullable(point.metric.value));
  field("lower95", nullable(point.metric.lower95));
  field("upper95", nullable(point.metric.upper95));
  field("n", point.metric.n);
  field("exposure_s", point.metric.exposure_s);
}

}  // namespace codec

namespace {

std::string as_json(const HistoryOptions& options, const std::vector<HistoryPoint>& points) {
  const auto* info = find_metric_info(options.metric);
  return print_json(Json(JsonObject{{"schema", RecordingIndex::kSchema},
                                    {"kind", "history"},
                                    {"metric", options.metric},
                                    {"unit", info->unit},
                                    {"direction", to_string(info->direction)},
                                    {"points", all_rounded(codec::to_json(points))}}));
}

/// As text, or as a page if one is asked for.
Result<void> show_history(const HistoryOptions& options, const std::vector<HistoryPoint>& points) {
  const auto& info = *find_metric_info(options.metric);
  const auto series = history_series(points);
  if (options.html.empty()) {
    print(render_history(info, series));
    return {};
  }
  TRY(write_text_file(options.html, render_history_page(info, series, options.directory.string())));
  say_line("page: " + options.html.string());
  return {};
}

Result<ExitCode> print_history(const HistoryOptions& options) {
  if (find_metric_info(options.metric) == nullptr)
    return Error{ErrorKind::usage, "unknown metric \"" + options.metric + "\"",
                 "isolab schema lists them under x-metrics"};
  const auto labels = TRY(labels_from(options.labels));
  std::error_code ignored;
  if (!fs::is_directory(options.directory, ignored))
    return Error{ErrorKind::usage, options.directory.string() + " is not a directory",
                 "--in DIR names the directory of the recordings"};
  const fs::path file = options.index.empty() ? options.directory / "index.sqlite" : options.index;
  auto index = TRY(RecordingIndex::open(file));
  if (index.remade()) say_line("the index was of another version and is rebuilt");
  TRY(bring_up_to_date(index, options.directory, options.rebuild));
  const auto points = TRY(index.history(options.metric, labels));
  if (points.empty() && !options.json)
    say_line(fmt::format("no recording below {} has {} with these labels",
                         options.directory.string(), options.metric));
  else if (options.json)
    print_as_json(as_json(options, points));
  else
    TRY(show_history(options, points));
  return points.empty() ? ExitCode::not_applicable : ExitCode::done;
}

}  // namespace

Verb verb_history() {
  const auto options = std::make_shared<HistoryOptions>();
  return {
      "history",
      "print one metric of all recordings in a directory",
      {json_flag(options->json),
       Option{"metric", &options->metric, "a name of `isolab schema`"}.require(),
       Option{"--in", &options->directory, "directory of the recordings"}.show_default(),
       Option{"--label", &options->labels, "only with this label, such as arm=idle"}
           .take_one_each(),
       {"--index", &options->index, "the index's file (default: index.sqlite in the directory)"},
       {"--html", &options->html, "write a page with a chart and a table a series"},
       {"--rebuild", &options->rebuild, "analyse every recording again"}},
      [options](const Call&) { return print_history(*options); }};
}

}  // namespace isolab
