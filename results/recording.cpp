// SPDX-License-Identifier: Apache-2.0
#include "results/recording.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <set>
#include <system_error>

#include "base/directory.h"
#include "results/blobs.h"
#include "results/durable.h"
#include "results/manifest_json.h"
#include "results/window_json.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestArmName = 80;

/// An arm's name as part of a file name: "kfence interval=1ms" -> "kfence-interval=1ms".
std::string file_word(const std::string& name) {
  std::string out = name.substr(0, kLongestArmName);
  for (char& letter : out)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '_' && letter != '=' &&
        letter != '.')
      letter = '-';
  return out;
}

/// While it is written, a directory has a leading dot.
fs::path hidden(const fs::path& directory) {
  return directory.parent_path() / ("." + directory.filename().string() + ".partial");
}

std::string cpu_file(int cpu, const char* what) { return fmt::format("cpu{}.{}", cpu, what); }

Result<void> write_probe_cpu(const fs::path& directory, const ProbeCpu& one) {
  TRY(write_durably(directory / cpu_file(one.cpu, "histogram.csv"),
                    print_histogram(one.histogram)));
  TRY(write_durably(directory / cpu_file(one.cpu, "corrected.csv"),
                    print_histogram(one.corrected)));
  return write_durably(directory / cpu_file(one.cpu, "gaps"), pack_gaps(one.gaps));
}

/// Reads files of one recording; their names in messages are relative to it.
class Loader {
 public:
  explicit Loader(fs::path directory) : directory_(std::move(directory)) {}

  Result<std::string> text(const std::string& name) const {
    return read_whole(directory_ / name, (directory_ / name).string());
  }

  Result<Facts> facts(const std::string& file) const {
    const std::string json = TRY(text(file));
    return facts_from_json(file, json);
  }

  /// Whatever plan it belongs to.
  Result<WindowRecord> window(const std::string& folder) const {
    const std::string file = folder + "/window.json";
    const std::string json = TRY(text(file));
    WindowRecord record = TRY(window_from_json(file, json));
    for (auto& cpu : record.probe.cpus) TRY(probe_cpu(folder, cpu));
    return record;
  }

  /// One that must be in the plan.
  Result<WindowRecord> window(const std::string& folder, const Plan& plan) const {
    const std::string file = folder + "/window.json";
    WindowRecord record = TRY(window(folder));
    const auto planned = static_cast<int>(plan.windows.size());
    if (record.index < 0 || record.index >= planned)
      return Error{ErrorKind::parse, fmt::format("{}: window {} is not in the plan of {}", file,
                                                 record.index, planned)};
    const auto& expected = plan.windows[static_cast<std::size_t>(record.index)];
    if (record.arm != expected.arm || record.repeat != expected.repeat)
      return Error{
          ErrorKind::parse,
          fmt::format("{}: window {} is arm {} repeat {}, the plan has arm {} repeat {}", file,
                      record.index, record.arm, record.repeat, expected.arm, expected.repeat)};
    return record;
  }

  /// Names of the complete window directories, sorted.
  Result<std::vector<std::string>> window_folders() const {
    std::vector<std::string> out;
    for (const auto& path : TRY(entries_of(directory_ / "windows")))
      if (const auto name = path.filename().string(); !name.starts_with("."))
        out.push_back("windows/" + name);
    return out;
  }

 private:
  Result<void> probe_cpu(const std::string& folder, ProbeCpu& one) const {
    const auto name = [&](const char* what) { return folder + '/' + cpu_file(one.cpu, what); };
    const std::string histogram = TRY(text(name("histogram.csv")));
    const std::string corrected = TRY(text(name("corrected.csv")));
    one.histogram = TRY(read_histogram(name("histogram.csv"), histogram));
    one.corrected = TRY(read_histogram(name("corrected.csv"), corrected));
    one.gaps = TRY(load_gaps(directory_ / name("gaps"), name("gaps")));
    return {};
  }

  fs::path directory_;
};

/// The error of a recording that cannot be read, with what to do where it was made by root.
Error of_somebody_else(const fs::path& directory, Error error) {
  struct stat found {};
  if (error.kind != ErrorKind::denied || ::stat(directory.c_str(), &found) != 0 ||
      found.st_uid == ::geteuid())
    return error;
  error.hint = fmt::format(
      "it belongs to user {0}: sudo chown -R {1} {2}, or record it with isolab run --group {3}",
      found.st_uid, ::geteuid(), directory.string(), ::getegid());
  return error;
}

}  // namespace

Result<RecordingWriter> RecordingWriter::create(const fs::path& directory, Manifest manifest,
                                                const Plan& plan, const std::string& profile_text,
                                                const Facts& facts, std::optional<gid_t> group) {
  std::error_code error;
  const fs::path target = fs::absolute(directory, error).lexically_normal();
  const fs::path place = target.has_filename() ? target : target.parent_path();
  if (fs::exists(place, error))
    return Error{ErrorKind::usage, "recording " + place.string() + " exists already",
                 "recordings are never overwritten; choose another directory"};
  fs::create_directories(place.parent_path(), error);
  if (error)
    return errno_error("cannot make directory " + place.parent_path().string(), error.value());

  const fs::path partial = hidden(place);
  fs::remove_all(partial, error);  // of a run that was killed before its first window
  TRY(make_directory(partial));
  TRY(make_directory(partial / "windows"));
  manifest.status = "running";
  TRY(write_durably(partial / "plan.json", plan_to_json(plan)));
  TRY(write_durably(partial / "profile.yaml", profile_text));
  TRY(write_durably(partial / "facts.json", facts_to_json(facts)));
  TRY(write_durably(partial / "manifest.json", manifest_to_json(manifest)));
  if (group) TRY(share_with_group(partial, *group));
  TRY(publish_directory(partial, place));

  RecordingWriter writer;
  writer.group_ = group;
  writer.directory_ = place;
  return writer;
}

Result<fs::path> RecordingWriter::begin_window(const Plan& plan, int index) {
  const auto& window = plan.windows[static_cast<std::size_t>(index)];
  const auto& arm = plan.arms[static_cast<std::size_t>(window.arm)];
  final_window_ = directory_ / "windows" /
                  fmt::format("{:03}-{}-{}", index, file_word(arm.name), window.repeat);
  open_window_ = hidden(final_window_);
  TRY(make_directory(open_window_));
  return open_window_;
}

Result<void> save_window(const fs::path& directory, const WindowRecord& record) {
  for (const auto& cpu : record.probe.cpus) TRY(write_probe_cpu(directory, cpu));
  TRY(write_durably(directory / "window.json", window_to_json(record)));
  return sync_directory(directory);
}

Result<WindowRecord> load_window(const fs::path& directory) {
  return Loader(directory.parent_path()).window(directory.filename().string());
}

Result<void> RecordingWriter::commit_window(const WindowRecord& record) {
  TRY(save_window(open_window_, record));
  if (group_) TRY(share_with_group(open_window_, *group_));
  TRY(publish_directory(open_window_, final_window_));
  committed_.push_back(final_window_.filename().string());
  return {};
}

Result<void> RecordingWriter::finish(Manifest manifest, const Facts& facts_after) {
  manifest.windows = committed_;
  TRY(write_durably(directory_ / "facts-after.json", facts_to_json(facts_after)));
  TRY(write_durably(directory_ / "manifest.json", manifest_to_json(manifest)));
  return group_ ? share_with_group(directory_, *group_) : Result<void>{};
}

Result<bool> is_recording(const fs::path& directory) {
  struct stat found {};
  const fs::path manifest = directory / "manifest.json";
  if (::stat(manifest.c_str(), &found) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return of_somebody_else(directory, errno_error("cannot look at " + manifest.string(), errno));
}

Result<Recording> load_recording(const fs::path& directory) {
  const Loader loader(directory);
  Recording out;
  out.directory = directory;
  auto manifest = loader.text("manifest.json");
  if (!manifest) {
    if (!TRY(is_recording(directory)))
      return Error{ErrorKind::usage,
                   directory.string() + (std::filesystem::is_directory(directory)
                                             ? " is not a recording: it has no manifest.json"
                                             : ": there is no such directory"),
                   "isolab run makes a recording in recordings/ of the current directory"};
    manifest.error().hint = "a recording is a directory with a manifest.json";
    return of_somebody_else(directory, manifest.error());
  }
  out.manifest = TRY(manifest_from_json("manifest.json", *manifest));
  const std::string plan = TRY(loader.text("plan.json"));
  out.plan = TRY(plan_from_json(plan));
  out.profile_text = TRY(loader.text("profile.yaml"));
  out.facts = TRY(loader.facts("facts.json"));
  if (out.manifest.status != "running") out.facts_after = TRY(loader.facts("facts-after.json"));

  out.benchmarks = TRY(load_benchmarks(directory));

  std::vector<std::string> folders = TRY(loader.window_folders());
  for (const auto& listed : out.manifest.windows)
    if (std::find(folders.begin(), folders.end(), "windows/" + listed) == folders.end())
      return Error{ErrorKind::parse,
                   fmt::format("manifest.json: it lists window {}, which is missing", listed)};
  std::vector<std::pair<int, std::size_t>> order;
  std::vector<WindowRecord> windows;
  for (const auto& folder : folders) {
    windows.push_back(TRY(loader.window(folder, out.plan)));
    order.emplace_back(windows.back().index, order.size());
  }
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i].first == order[i - 1].first)
      return Error{ErrorKind::parse,
                   fmt::format("windows: two of them are window {}", order[i].first)};
    out.windows.push_back(std::move(windows[order[i].second]));
    out.window_directories.push_back(folders[order[i].second]);
  }
  return out;
}

}  // namespace isolab
