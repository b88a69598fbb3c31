// SPDX-License-Identifier: Apache-2.0
#include "import/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "base/version.h"
#include "import/registry.h"
#include "trace/read/dat_reader.h"
#include "trace/read/reader.h"

namespace isolab {
namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;  // of a file
constexpr std::size_t kMostFiles = 1000;
constexpr const char* kOnlyArm = "imported";

/// An arm's name for each file: one for all, or the files' names, without directories where those
/// distinguish them.
std::vector<std::string> arm_names(const ImportRequest& request) {
  const std::size_t files = request.files.size();
  if (!request.arm.empty() || files == 1)
    return std::vector<std::string>(files, request.arm.empty() ? kOnlyArm : request.arm);
  std::vector<std::string> stems, names;
  for (const auto& file : request.files) {
    names.push_back(file.name);
    stems.push_back(std::filesystem::path(file.name).stem().string());
  }
  const bool differ = std::set<std::string>(stems.begin(), stems.end()).size() == files;
  return differ ? stems : names;
}

CpuSet cpus_of(const WindowRecord& window) {
  CpuSet out;
  for (const auto& cpu : window.probe.cpus) out.add(cpu.cpu);
  if (!out.empty()) return out;
  for (const auto* rows : {&window.interrupts, &window.softirqs})
    for (const auto& row : *rows)
      for (const auto& [cpu, count] : row.before)
        if (cpu >= 0) out.add(cpu);
  for (const auto& time : window.cpu_times) out.add(time.cpu);
  return out;
}

template <class T>
void append_new(std::vector<T>& to, const std::vector<T>& from) {
  for (const auto& item : from)
    if (std::find(to.begin(), to.end(), item) == to.end()) to.push_back(item);
}

/// Puts what importers read into the structs of one recording.
class Builder {
 public:
  Builder(const ImportRequest& request, const Importer& importer) {
    out_.manifest.version = kVersion;
    out_.manifest.status = "complete";
    out_.manifest.command_line = request.command_line;
    imported_.format = importer.format;
    for (const auto& file : request.files) imported_.files.push_back(file.name);
    auto& plan = out_.plan;
    plan.name = "imported " + imported_.format;
    plan.profile_hash = sha256_hex(plan.name);
    plan.probe.name = "none";
    plan.order = "sequential";
  }

  void add(const std::string& name, ImportedData data) {
    for (auto& one : data.windows) {
      const auto& part = one.part;
      add_window(part.empty() ? name : name == kOnlyArm ? part : name + " " + part, std::move(one));
    }
    append_new(imported_.cannot_tell, data.cannot_tell);
    append_new(imported_.checked, data.checked);
    append_new(out_.manifest.warnings, data.warnings);
    if (!data.cpus_why.empty()) out_.plan.measured_why = data.cpus_why;
    out_.facts.merge(data.facts);
    // The earliest and the latest; the form sorts as time does.
    auto& manifest = out_.manifest;
    if (manifest.started_utc.empty() || data.started_utc < manifest.started_utc)
      manifest.started_utc = data.started_utc;
    manifest.ended_utc = std::max(manifest.ended_utc, data.ended_utc);
  }

  ImportedRecording finish(const std::string& now) {
    auto& manifest = out_.manifest;
    if (manifest.started_utc.empty()) {
      manifest.started_utc = manifest.ended_utc = now;
      imported_.cannot_tell.emplace_back("when it was measured: the times below are the import's");
    }
    out_.profile_text =
        fmt::format("# No profile: imported ({}) from {} file{}.\n", imported_.format,
                    imported_.files.size(), imported_.files.size() == 1 ? "" : "s");
    out_.facts_after = out_.facts;
    manifest.imported = std::move(imported_);
    return {std::move(out_), std::move(files_)};
  }

 private:
  void add_window(const std::string& arm, ImportedWindow imported) {
    WindowRecord& window = imported.window;
    auto& plan = out_.plan;
    auto place = std::find_if(plan.arms.begin(), plan.arms.end(),
                              [&](const Arm& known) { return known.name == arm; });
    if (place == plan.arms.end()) {
      Arm made;
      made.name = arm;
      made.workloads.push_back({"unknown", {}});  // so it is not an idle arm
      place = plan.arms.insert(plan.arms.end(), std::move(made));
    }
    window.arm = static_cast<int>(place - plan.arms.begin());
    window.repeat = repeats_[window.arm]++;
    window.index = static_cast<int>(plan.windows.size());
    plan.repeats = std::max(plan.repeats, window.repeat + 1);
    plan.windows.push_back({window.arm, window.repeat});
    plan.measured = plan.measured | cpus_of(window) | imported.cpus;
    plan.measure = std::max(plan.measure, Nanos{static_cast<std::int64_t>(window.end_ns)} -
                                              Nanos{static_cast<std::int64_t>(window.begin_ns)});
    if (!window.probe.probe.empty()) plan.probe.name = window.probe.probe;
    out_.windows.push_back(std::move(window));
    files_.push_back(std::move(imported.files));
  }

  Recording out_;
  Imported imported_;
  std::vector<decltype(ImportedWindow::files)> files_;
  std::map<int, int> repeats_;  // by arm
};

}  // namespace

bool ImportedRecording::in_memory() const {
  return std::none_of(files.begin(), files.end(), [](const auto& put) { return bool{put}; });
}

Result<std::vector<ImportFile>> read_import_files(const std::vector<std::string>& names) {
  if (names.size() > kMostFiles)
    return Error{ErrorKind::usage,
                 fmt::format("{} files are more than {}", names.size(), kMostFiles)};
  std::vector<ImportFile> out;
  for (const auto& name : names) {
    std::error_code error;
    const auto path = std::filesystem::canonical(name, error);  // the user may name a link
    if (error) return errno_error("cannot open " + name, error.value());
    const auto file = std::make_shared<const MappedFile>(TRY(MappedFile::open(path)));
    const auto bytes = file->bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.size() > kMostBytes && !is_dat(text))
      return Error{ErrorKind::parse, fmt::format("{}: larger than {} MiB", name, kMostBytes >> 20)};
    out.push_back({name, text, file});
  }
  return out;
}

Result<ImportedRecording> import_recording(const ImportRequest& request) {
  const Importer* importer = TRY(importer_of(request.files.front()));
  for (const auto& file : request.files) {
    const Importer* other = TRY(importer_of(file));
    if (std::string_view(other->format) != importer->format)
      return Error{
          ErrorKind::usage,
          fmt::format("cannot put files of two formats into one recording: {} is a {}, {} "
                      "is a {}",
                      request.files.front().name, importer->format, file.name, other->format),
          "explain them one after the other"};
  }
  Builder builder(request, *importer);
  const auto names = arm_names(request);
  const std::span<const ImportFile> files = request.files;
  if (importer->together) {
    builder.add(request.arm.empty() ? kOnlyArm : request.arm,
                TRY(importer->read(files, request.options)));
  } else {
    for (std::size_t i = 0; i < files.size(); ++i)
      builder.add(names[i], TRY(importer->read(files.subspan(i, 1), request.options)));
  }
  return builder.finish(request.now_utc);
}

Result<void> write_recording(const ImportedRecording& imported,
                             const std::filesystem::path& directory) {
  const Recording& recording = imported.recording;
  auto writer = TRY(RecordingWriter::create(directory, recording.manifest, recording.plan,
                                            recording.profile_text, recording.facts));
  for (std::size_t i = 0; i < recording.windows.size(); ++i) {
    const WindowRecord& window = recording.windows[i];
    const auto place = TRY(writer.begin_window(recording.plan, window.index));
    if (imported.files[i]) TRY(imported.files[i](place));
    TRY(writer.commit_window(window));
  }
  return writer.finish(recording.manifest, recording.facts_after);
}

}  // namespace isolab
