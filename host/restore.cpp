// SPDX-License-Identifier: Apache-2.0
#include "host/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "host/cgroup.h"
#include "host/journal.h"
#include "host/os.h"
#include "host/values.h"

namespace isolab {
namespace {

using Kind = Claim::Kind;

constexpr int kReadBackTries = 5;
constexpr Nanos kReadBackPause = std::chrono::milliseconds{5};
constexpr int kBusyTries = 40;
constexpr Nanos kBusyPause = std::chrono::milliseconds{25};

Undone failed(const std::string& path, const std::string& why) {
  return {false, RestoreProblem{path, why}};
}

/// "It is gone" counts only where its file system can be seen at all. A cgroup may have gone with
/// the one it was in.
std::optional<std::string> unseen(const Files& files, const Claim& claim) {
  const std::string& path = claim.path;
  const auto parent = std::filesystem::path(path).parent_path().string();
  if (files.exists(parent)) return std::nullopt;
  if (claim.kind == Kind::cgroup)
    for (auto above = std::filesystem::path(parent); above.has_relative_path();
         above = above.parent_path())
      if (files.exists(above.string() + "/cgroup.procs")) return std::nullopt;
  return "cannot tell whether " + path + " is still there: " + parent +
         " is not to be seen (is its file system mounted?)";
}

Undone undo_directory(Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  if (!files.exists(path)) {
    const auto why = unseen(files, entry.claim);
    return why ? failed(path, *why) : Undone{};
  }
  const bool cgroup = entry.claim.kind == Kind::cgroup;
  if (cgroup)
    if (auto ended = kill_cgroup(files, path); !ended) return failed(path, ended.error().what);
  const auto removed =
      while_busy([&] { return cgroup ? remove_cgroup(files, path) : files.remove_dir(path); });
  return removed ? Undone{} : failed(path, removed.error().what);
}

Undone undo_kprobe(Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  const auto defined = files.read(path);
  if (!defined)
    return failed(path, "cannot tell whether kprobe event " + entry.original +
                            " is still defined: " + defined.error().what);
  if (!kprobe_defined(*defined, entry.original)) return {};
  const auto removed = while_busy([&] { return files.write(path, "-:" + entry.original + "\n"); });
  return removed ? Undone{} : failed(path, removed.error().what);
}

Undone undo_controller(Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  const auto enabled = files.read(path);
  if (!enabled)
    return failed(path, "cannot tell whether cgroup controller " + entry.original +
                            " is still enabled: " + enabled.error().what);
  if (!controller_enabled(*enabled, entry.original)) return {};
  const auto off = while_busy([&] { return files.write(path, "-" + entry.original); });
  return off ? Undone{} : failed(path, off.error().what);
}

bool confirmed(const StateGuard::Entry& entry) { return !entry.stored.empty() && !entry.knob; }

/// What the file says; of a write that was never confirmed, once it has had time to arrive.
Result<std::string> settled_value(const Files& files, const StateGuard::Entry& entry) {
  std::string value = TRY(read_value(files, entry.claim.path));
  if (confirmed(entry) || entry.knob) return value;
  for (int i = 1; i < kReadBackTries && same_value(value, entry.original); ++i) {
    sleep_for(kReadBackPause);
    value = TRY(read_value(files, entry.claim.path));
  }
  return value;
}

Undone undo_value(Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  const auto current = settled_value(files, entry);
  if (!current)
    return failed(path, "cannot tell whether it is still changed: " + current.error().what);
  if (same_value(*current, entry.original)) return {};
  if (confirmed(entry) && !same_value(*current, entry.stored))
    return {true, RestoreProblem{path, "somebody else changed it meanwhile: it was \"" +
                                           entry.original + "\", we wrote \"" + entry.written +
                                           "\", now it is \"" + *current + "\"; left alone"}};
  // An empty text would be no write at all; a newline stores the empty value.
  const std::string text = entry.original.empty() ? "\n" : entry.original;
  const auto wrote = while_busy([&] { return files.write(path, text); });
  if (!wrote) return failed(path, wrote.error().what);
  const auto now = read_back(files, path, entry.original);
  if (!now) return failed(path, "written back, but it cannot be read: " + now.error().what);
  if (!same_value(*now, entry.original))
    return failed(path, "wrote \"" + entry.original + "\" back, but it reads \"" + *now + "\"");
  return {};
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Anything may stand in a path or value; a comment must stay on its line.
std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string comment(const std::string& path, const std::string& why) {
  return on_one_line("# " + path + ": " + why);
}

}  // namespace

Result<std::string> read_value(const Files& files, const std::string& path) {
  return chosen_value(TRY(files.read(path)));
}

Result<std::string> read_back(const Files& files, const std::string& path,
                              const std::string& wanted) {
  for (int i = 1;; ++i) {
    std::string value = TRY(read_value(files, path));
    if (same_value(value, wanted) || i == kReadBackTries) return value;
    sleep_for(kReadBackPause);
  }
}

Result<void> while_busy(const std::function<Result<void>()>& act) {
  for (int i = 1;; ++i) {
    auto outcome = act();
    if (outcome || outcome.error().kind != ErrorKind::busy || i == kBusyTries) return outcome;
    sleep_for(kBusyPause);
  }
}

bool controller_enabled(std::string_view subtree_control, std::string_view name) {
  subtree_control = trimmed(subtree_control);
  while (!subtree_control.empty()) {
    const auto end = std::min(subtree_control.find(' '), subtree_control.size());
    if (subtree_control.substr(0, end) == name) return true;
    subtree_control.remove_prefix(std::min(end + 1, subtree_control.size()));
  }
  return false;
}

bool kprobe_defined(std::string_view kprobe_events, std::string_view name) {
  // Lines "p:GROUP/NAME FUNCTION ...", "r4:GROUP/NAME ...".
  while (!kprobe_events.empty()) {
    const auto end = std::min(kprobe_events.find('\n'), kprobe_events.size());
    auto line = kprobe_events.substr(0, end);
    kprobe_events.remove_prefix(std::min(end + 1, kprobe_events.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    line.remove_prefix(colon + 1);
    if (line.substr(0, line.find(' ')) == name) return true;
  }
  return false;
}

Undone undo(Files& files, const StateGuard::Entry& entry) {
  switch (entry.claim.kind) {
    case Kind::value: return undo_value(files, entry);
    case Kind::kprobe: return undo_kprobe(files, entry);
    case Kind::controller: return undo_controller(files, entry);
    case Kind::directory:
    case Kind::cgroup: return undo_directory(files, entry);
  }
  return {};
}

std::string undo_as_shell(const Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  if (entry.claim.kind == Kind::directory || entry.claim.kind == Kind::cgroup) {
    if (!files.exists(path))
      return comment(path, unseen(files, entry.claim).value_or("gone already"));
    if (entry.claim.kind == Kind::directory) return "rmdir " + quoted(path);
    return fmt::format("echo 1 > {} && find {} -depth -type d -exec rmdir {{}} +",
                       quoted(path + "/cgroup.kill"), quoted(path));
  }
  if (entry.claim.kind == Kind::kprobe) {
    const auto defined = files.read(path);
    if (!defined) return comment(path, defined.error().what);
    if (!kprobe_defined(*defined, entry.original)) return comment(entry.original, "gone already");
    return "echo " + quoted("-:" + entry.original) + " >> " + quoted(path);
  }
  if (entry.claim.kind == Kind::controller) {
    const bool enabled = controller_enabled(files.read(path).value_or(""), entry.original);
    return enabled ? "echo " + quoted("-" + entry.original) + " > " + quoted(path)
                   : comment(path, entry.original + " is not enabled");
  }
  const auto current = read_value(files, path);
  if (!current) return comment(path, current.error().what);
  if (same_value(*current, entry.original)) return comment(path, "as it was found");
  if (confirmed(entry) && !same_value(*current, entry.stored))
    return comment(path, "somebody else changed it to \"" + *current + "\" meanwhile; left alone");
  return "echo " + quoted(entry.original) + " > " + quoted(path);
}

std::vector<std::filesystem::path> stale_journals(const std::filesystem::path& journal_dir) {
  std::vector<std::filesystem::path> stale;
  std::error_code error;
  for (std::filesystem::directory_iterator at(journal_dir, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".journal") continue;
    const auto journal = load_journal(at->path());
    if (!journal || !still_running(journal->owner)) stale.push_back(at->path());
  }
  std::sort(stale.begin(), stale.end());
  return stale;
}

std::vector<RestoreProblem> restore_journal(Files& files, const std::filesystem::path& path) {
  auto journal = load_journal(path);
  if (!journal) return {{path.string(), journal.error().what}};
  std::vector<RestoreProblem> problems;
  std::vector<StateGuard::Entry> stuck;
  std::vector<StateGuard::Entry>& entries = journal->entries;
  if (of_earlier_boot(journal->owner)) entries.clear();
  if (entries.empty())
    if (auto removed = remove_journal(path); !removed)
      problems.push_back({path.string(), removed.error().what});
  while (!entries.empty()) {
    Undone outcome = undo(files, entries.back());
    if (outcome.problem) problems.push_back(std::move(*outcome.problem));
    if (!outcome.done) stuck.insert(stuck.begin(), std::move(entries.back()));
    entries.pop_back();
    Journal rest{journal->owner, stuck};
    rest.entries.insert(rest.entries.end(), entries.begin(), entries.end());
    auto saved = rest.entries.empty() ? remove_journal(path) : save_journal(path, rest);
    if (!saved) problems.push_back({path.string(), saved.error().what});
  }
  return problems;
}

Result<std::string> restore_script(const Files& files, const std::filesystem::path& path) {
  const Journal journal = TRY(load_journal(path));
  std::string script = fmt::format("# {}: left by process {}\n", path.string(), journal.owner.pid);
  if (of_earlier_boot(journal.owner))
    return script + "# of an earlier boot: its settings are gone with that kernel\nrm " +
           quoted(path.string()) + "\n";
  for (auto entry = journal.entries.rbegin(); entry != journal.entries.rend(); ++entry)
    script += undo_as_shell(files, *entry) + "\n";
  return script;
}

}  // namespace isolab
