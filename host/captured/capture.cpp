// SPDX-License-Identifier: Apache-2.0
#include "host/captured/capture.h"

#include "base/cpu_set.h"
#include "base/untrusted_file.h"
#include "host/captured/captured_machine.h"
#include "host/captured/kept.h"
#include "host/facts/facts.h"
#include "host/facts/measured_cpus.h"

namespace isolab {
namespace {

constexpr std::size_t kMostBytes = 256U << 20;
constexpr std::size_t kMostFiles = 200'000;

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// Reads one archive; `line_` is the number of the line in hand, for errors.
class Archive {
 public:
  explicit Archive(const std::string& name) : name_(name) {}

  Result<std::map<std::string, std::string>> parse(std::string_view text) {
    std::string path, content;
    while (!text.empty()) {
      const auto end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
      ++line_;
      if (line.starts_with("== ")) {
        TRY(add(path, content));
        path = line.substr(3);
        path_line_ = line_;
        content.clear();
      } else if (!path.empty()) {
        content.append(line).append("\n");
      } else if (!line.empty() && !line.starts_with('#')) {
        path_line_ = line_;
        return bad("not a capture of a machine: no \"== PATH\" before this line");
      }
    }
    TRY(add(path, content));
    path_line_ = line_;
    if (files_.empty()) return bad("not a capture of a machine: no \"== PATH\"");
    return std::move(files_);
  }

 private:
  Error bad(const std::string& why) const {
    return {ErrorKind::parse, name_ + ":" + std::to_string(path_line_) + ": " + printable(why),
            "isolab facts --capture FILE writes one"};
  }

  Result<void> store(const std::string& path, std::string text) {
    bytes_ += path.size() + text.size();
    if (bytes_ > kMostBytes || files_.size() >= kMostFiles)
      return bad("the capture is larger than 256 MiB or has more than 200000 files");
    files_[path] = std::move(text);
    return {};
  }

  Result<void> add(const std::string& path, const std::string& text) {
    if (path.empty()) return {};
    if (path.front() != '/' || (path + "/").find("/../") != std::string::npos ||
        (path + "/").find("/./") != std::string::npos)
      return bad("\"" + path + "\" is not an absolute path");
    const auto open = path.find('{');
    const auto close = path.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return store(path, text);
    const std::string list = path.substr(open + 1, close - open - 1);
    const auto numbers = CpuSet::parse(list);
    if (!numbers) return bad(numbers.error().what);
    for (const int number : *numbers)
      TRY(store(replaced(path, "{" + list + "}", std::to_string(number)),
                replaced(text, "{}", std::to_string(number))));
    return {};
  }

  const std::string& name_;
  std::map<std::string, std::string> files_;
  std::size_t bytes_ = 0, line_ = 0, path_line_ = 0;
};

}  // namespace

Result<std::map<std::string, std::string>> parse_capture(const std::string& name,
                                                         std::string_view text) {
  return Archive(name).parse(text);
}

Result<std::map<std::string, std::string>> read_capture(const std::filesystem::path& file) {
  const std::string text = TRY(read_untrusted(file.string(), {.most = kMostBytes, .follow = true}));
  return parse_capture(file.string(), text);
}

Result<std::string> CapturingFiles::read(const std::string& path) const {
  auto text = files_.read(path);
  if (text) texts_[path] = kept_text(path, *text);
  return text;
}

Result<std::string> CapturingFiles::read_link(const std::string& path) const {
  auto target = files_.read_link(path);
  if (target && interrupts_others(*target)) texts_[path] = *target;
  return target;
}

Result<std::vector<std::string>> CapturingFiles::list(const std::string& path) const {
  auto names = files_.list(path);
  if (!names) return names;
  if (!is_in_process(path))
    for (const auto& name : *names) seen_.insert(path + (path.ends_with('/') ? "" : "/") + name);
  else if (path.ends_with("/fd"))
    texts_[path + "/"] = "";  // it could be listed, also where nothing in it is kept
  return names;
}

bool CapturingFiles::exists(const std::string& path) const {
  const bool there = files_.exists(path);
  if (there) seen_.insert(path);
  return there;
}

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

}  // namespace isolab
