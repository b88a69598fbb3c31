// SPDX-License-Identifier: Apache-2.0
#include "results/benchmarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "base/directory.h"
#include "base/text.h"
#include "base/untrusted_file.h"
#include "results/codec.h"
#include "results/durable.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "benchmarks";

/// Members that Google Benchmark 1.7 writes itself; every other number is a user counter.
const std::set<std::string> kOwnMembers{"name",
                                        "family_index",
                                        "per_family_instance_index",
                                        "run_name",
                                        "run_type",
                                        "repetitions",
                                        "repetition_index",
                                        "threads",
                                        "iterations",
                                        "real_time",
                                        "cpu_time",
                                        "time_unit",
                                        "error_occurred",
                                        "error_message",
                                        "median_ns",
                                        "label"};
/// Parts of a name that say how it was run, not what.
const std::set<std::string> kOwnParameters{"min_time",  "min_warmup_time", "iterations",
                                           "repeats",   "threads",         "process_time",
                                           "real_time", "manual_time"};

constexpr std::array<std::string_view, 6> kAggregates{"_mean", "_median", "_stddev",
                                                      "_cv",   "_BigO",   "_RMS"};

const Json* member(const JsonObject& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &found->second;
}

std::string text_of(const JsonObject& object, const std::string& name) {
  const Json* found = member(object, name);
  const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(&found->value);
  return text == nullptr ? "" : *text;
}

std::optional<double> number_in(const Json* json) {
  if (json == nullptr) return std::nullopt;
  if (const auto* real = std::get_if<double>(&json->value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&json->value))
    return static_cast<double>(*whole);
  if (const auto* whole = std::get_if<std::uint64_t>(&json->value))
    return static_cast<double>(*whole);
  return std::nullopt;
}

/// Whether an entry is a repetition. Google Benchmark says so in run_type since 1.5; before that
/// only the suffix of the name identifies aggregates (src/reporter.cc, src/complexity.cc).
bool is_iteration(const JsonObject& object) {
  if (const Json* type = member(object, "run_type"); type != nullptr)
    return text_of(object, "run_type") == "iteration";
  const std::string name = text_of(object, "name");
  return std::none_of(kAggregates.begin(), kAggregates.end(),
                      [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::optional<double> nanoseconds_in(const std::string& unit) {
  if (unit == "ns") return 1;
  if (unit == "us") return 1e3;
  if (unit == "ms") return 1e6;
  if (unit == "s") return 1e9;
  return std::nullopt;
}

void split_name(const std::string& whole, BenchmarkRun& out) {
  std::istringstream parts(whole);
  std::getline(parts, out.name, '/');
  for (std::string part; std::getline(parts, part, '/');)
    if (!kOwnParameters.contains(part.substr(0, part.find(':'))))
      append_item(out.parameters, " ", part);
}

Result<void> add_repetition(const std::string& file, const JsonObject& object, BenchmarkRun& run) {
  if (const auto error = text_of(object, "error_message"); !error.empty()) {
    run.error = error;
    return {};
  }
  const auto time = number_in(member(object, "real_time"));
  const auto unit = nanoseconds_in(text_of(object, "time_unit"));
  if (!time || !unit)
    return Error{ErrorKind::parse,
                 fmt::format("{}: benchmark {} has no time with a unit", file, run.name)};
  run.times_ns.push_back(number_in(member(object, "median_ns")).value_or(*time * *unit));
  run.seconds += *time * *unit / 1e9 * number_in(member(object, "iterations")).value_or(0);
  for (const auto& [name, value] : object)
    if (const auto counter = number_in(&value); counter && !kOwnMembers.contains(name))
      run.counters[name].push_back(*counter);
  return {};
}

}  // namespace

Result<BenchmarkFile> read_benchmarks(const std::string& file, const std::string& text) {
  const Json json = TRY(codec::parse_document(file, text));
  const Error foreign{ErrorKind::parse, fmt::format("{}: not JSON of Google Benchmark", file),
                      "run it with --benchmark_out=FILE.json"};
  const auto* top = std::get_if<JsonObject>(&json.value);
  const Json* list = top == nullptr ? nullptr : member(*top, "benchmarks");
  const auto* items = list == nullptr ? nullptr : std::get_if<JsonArray>(&list->value);
  if (items == nullptr) return foreign;

  BenchmarkFile out;
  out.file = file;
  if (const Json* context = member(*top, "context"))
    if (const auto* words = std::get_if<JsonObject>(&context->value)) {
      out.debug_build = text_of(*words, "library_build_type") == "debug";
      for (const auto& [name, value] : *words)
        if (name.starts_with("isolab_"))
          if (const auto* word = std::get_if<std::string>(&value.value)) out.context[name] = *word;
    }
  for (const auto& item : *items) {
    const auto* object = std::get_if<JsonObject>(&item.value);
    if (object == nullptr || text_of(*object, "name").empty()) return foreign;
    if (!is_iteration(*object)) continue;
    const std::string run_name = text_of(*object, "run_name");  // since 1.5, as run_type
    BenchmarkRun named;
    split_name(run_name.empty() ? text_of(*object, "name") : run_name, named);
    auto place = std::find_if(out.runs.begin(), out.runs.end(), [&](const BenchmarkRun& run) {
      return run.name == named.name && run.parameters == named.parameters;
    });
    if (place == out.runs.end()) place = out.runs.insert(place, std::move(named));
    TRY(add_repetition(file, *object, *place));
  }
  if (out.runs.empty())
    return items->empty()
               ? Error{ErrorKind::parse, fmt::format("{}: no benchmark in it", file),
                       "check whether --benchmark_filter matched any"}
               : Error{ErrorKind::parse,
                       fmt::format("{}: {} aggregates and no repetition", file, items->size()),
                       "run it without --benchmark_report_aggregates_only"};
  return out;
}

Result<std::vector<BenchmarkFile>> load_benchmarks(const fs::path& recording) {
  std::error_code error;
  if (!fs::exists(recording / kFolder, error)) return std::vector<BenchmarkFile>{};
  std::vector<BenchmarkFile> out;
  for (const auto& file : TRY(entries_of(recording / kFolder))) {
    if (file.extension() != ".json") continue;
    const std::string text = TRY(read_whole(file, file.string()));
    out.push_back(TRY(read_benchmarks(file.filename().string(), text)));
  }
  return out;
}

Result<BenchmarkFile> attach_benchmarks(const fs::path& recording, const fs::path& file) {
  const std::string text = TRY(read_untrusted(file.string(), {.most = kMostText, .follow = true}));
  const std::string name = file.filename().string();
  BenchmarkFile read = TRY(read_benchmarks(name, text));
  if (file.extension() != ".json")
    return Error{ErrorKind::usage, fmt::format("{} does not end in .json", name)};
  const auto place = TRY(OpenDirectory::open(recording));
  const auto folder = TRY(place.folder(kFolder));
  TRY(folder.create(name, text));
  return read;
}

}  // namespace isolab
