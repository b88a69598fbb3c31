// SPDX-License-Identifier: Apache-2.0
#include "host/capture.h"

#include "host/facts.h"
#include "host/measured.h"
#include "host/readiness.h"

namespace isolab {
namespace {

Error read_only(const std::string& path) {
  return Error{ErrorKind::usage, "a captured machine is read only: " + path};
}

}  // namespace

Result<std::string> CapturingFiles::read(const std::string& path) const {
  auto text = files_.read(path);
  if (text) texts_[path] = *text;
  return text;
}

Result<std::vector<std::string>> CapturingFiles::list(const std::string& path) const {
  auto names = files_.list(path);
  if (names)
    for (const auto& name : *names) seen_.insert(path + (path.ends_with('/') ? "" : "/") + name);
  return names;
}

bool CapturingFiles::exists(const std::string& path) const {
  const bool there = files_.exists(path);
  if (there) seen_.insert(path);
  return there;
}

Result<void> CapturingFiles::write(const std::string& path, std::string_view) {
  return read_only(path);
}
Result<void> CapturingFiles::make_dir(const std::string& path) { return read_only(path); }
Result<void> CapturingFiles::remove_dir(const std::string& path) { return read_only(path); }

std::string CapturingFiles::archive(const std::string& title) const {
  std::map<std::string, std::string> all;
  std::string left_out;
  for (const auto& [path, text] : texts_) {
    if (path == "/var/lib/dpkg/status" || text.find('\0') != std::string::npos)
      left_out += " " + path;
    else
      all[path] = text;
  }
  for (const auto& path : seen_) {
    // A directory is there by the files below it.
    const auto next = all.lower_bound(path);
    if (next == all.end() || !(next->first == path || next->first.starts_with(path + "/")))
      if (!texts_.contains(path)) all[path] = "";
  }
  std::string out = "# " + title + "\n";
  if (!left_out.empty()) out += "# left out:" + left_out + "\n";
  for (const auto& [path, text] : all)
    out += "== " + path + "\n" + text + (text.empty() || text.ends_with('\n') ? "" : "\n");
  return out;
}

std::string capture_machine(const Files& files, const std::string& title) {
  const CapturingFiles capturing(files);
  const HostFacts facts = read_kernel_facts(capturing);
  const auto measured = default_measured(facts);  // without it the checks that need none are read
  (void)check_readiness(capturing, facts,
                        measured ? measured->cpus : CpuSet{});
  for (const char* path : {"/proc/interrupts", "/proc/softirqs", "/proc/version"})
    (void)capturing.read(path);
  return capturing.archive(title);
}

}  // namespace isolab
