// SPDX-License-Identifier: Apache-2.0
#include "host/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/output.h"
#include "host/cgroup.h"
#include "host/journal.h"
#include "host/kernel_values.h"
#include "host/os.h"
#include "host/state_directory.h"

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

/// "It is missing" counts only where its file system can be seen at all. A cgroup may have gone
/// with the one it was in.
std::optional<std::string> unseen(const Files& files, const Claim& claim) {
  const std::string& path = claim.path;
  const auto parent = std::filesystem::path(path).parent_path().string();
  if (files.exists(parent)) return std::nullopt;
  if (claim.kind == Kind::cgroup)
    for (auto above = std::filesystem::path(parent); above.has_relative_path();
         above = above.parent_path())
      if (files.exists(above.string() + "/cgroup.procs")) return std::nullopt;
  return "cannot determine whether " + path + " is still there: " + parent +
         " is not visible (is its file system mounted?)";
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
    return failed(path, "cannot determine whether kprobe event " + entry.original +
                            " is still defined: " + defined.error().what);
  if (!kprobe_defined(*defined, entry.original)) return {};
  const auto removed = while_busy([&] { return files.write(path, "-:" + entry.original + "\n"); });
  return removed ? Undone{} : failed(path, removed.error().what);
}

Undone undo_controller(Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  const auto enabled = files.read(path);
  if (!enabled)
    return failed(path, "cannot determine whether cgroup controller " + entry.original +
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
    return failed(path, "cannot determine whether it is still changed: " + current.error().what);
  if (same_value(*current, entry.original)) return {};
  if (confirmed(entry) && !same_value(*current, entry.stored))
    return {true, RestoreProblem{path, "another process changed it in the meantime: it was \"" +
                                           entry.original + "\", isolab wrote \"" + entry.written +
                                           "\", now it is \"" + *current + "\"; not restored"}};
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

/// For a POSIX shell; what a terminal would act on becomes printf's octal.
std::string quoted(const std::string& text) {
  const auto plain = [](char c) { return c == '\n' || (c >= ' ' && c < 0x7f); };
  std::string out;
  if (std::all_of(text.begin(), text.end(), plain)) {
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return "'" + out + "'";
  }
  for (const char c : text) {
    const bool literal = plain(c) && c != '\n' && c != '\\' && c != '%' && c != '\'';
    out += literal ? std::string(1, c) : fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  }
  return "\"$(printf '" + out + "')\"";
}

/// A path or value may contain anything; a comment must stay on its line.
std::string comment(const std::string& path, const std::string& why) {
  return visible_line("# " + path + ": " + why);
}

/// A journal whose entries are all changes that isolab makes.
Result<Journal> load_checked(const Files& files, const std::filesystem::path& path) {
  auto journal = load_journal(path);
  if (journal)
    for (const auto& entry : journal->entries)
      if (auto claim = check_claim(files, entry.claim, entry.original); !claim) {
        journal = Error{ErrorKind::parse, path.string() + ": " + visible_line(claim.error().what)};
        break;
      }
  if (!journal && journal.error().kind == ErrorKind::parse) {
    journal.error().what = "cannot use a damaged journal: " + journal.error().what;
    journal.error().hint =
        "inspect it, restore the settings in it manually, then remove it with isolab restore "
        "--forget";
  } else if (!journal && journal.error().kind == ErrorKind::denied) {
    journal.error().what = "cannot trust a journal: " + journal.error().what;
    journal.error().hint = "it is not used; check who made it, and remove it";
  }
  return journal;
}

/// On one line, without the path, which is printed before a problem.
std::string reason_of(const Error& error, const std::filesystem::path& path) {
  std::string what = error.what;
  for (const auto& part : {"cannot read " + path.string() + ": ", path.string() + ": "})
    if (const auto at = what.find(part); at != std::string::npos) what.erase(at, part.size());
  return error.hint.empty() ? what : what + "; " + error.hint;
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
  if (same_value(*current, entry.original)) return comment(path, "unchanged");
  if (confirmed(entry) && !same_value(*current, entry.stored))
    return comment(
        path, "another process changed it to \"" + *current + "\" in the meantime; not restored");
  return "echo " + quoted(entry.original) + " > " + quoted(path);
}

Result<std::vector<std::filesystem::path>> stale_journals(
    const std::filesystem::path& journal_dir) {
  std::vector<std::filesystem::path> stale;
  const auto open = open_state_directory(journal_dir);
  if (!open && open.error().kind == ErrorKind::unsupported) return stale;
  if (!open) return open.error();
  std::error_code error;
  for (std::filesystem::directory_iterator at(journal_dir, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".journal") continue;
    const auto journal = load_journal(at->path());
    std::error_code gone;  // in the meantime, by its run
    if (!journal && !std::filesystem::is_symlink(at->path(), gone) &&
        !std::filesystem::exists(at->path(), gone))
      continue;
    if (!journal || !still_running(journal->owner)) stale.push_back(at->path());
  }
  if (error) return errno_error("cannot list " + journal_dir.string(), error.value());
  std::sort(stale.begin(), stale.end());
  return stale;
}

Error leftover(const Files& files, const std::filesystem::path& path) {
  const auto journal = load_checked(files, path);
  if (!journal) return journal.error();
  const auto& entries = journal->entries;
  const auto stuck = std::find_if(entries.begin(), entries.end(),
                                  [](const auto& entry) { return !entry.stuck.empty(); });
  if (stuck != entries.end())
    return {
        ErrorKind::busy,
        fmt::format(
            "cannot start a run: an earlier run changed {}, which could not be restored: {} ({})",
            stuck->claim.path, stuck->stuck, path.string()),
        "isolab restore tries again; isolab restore --forget drops it from the journal (a reboot "
        "resets settings that the kernel changes in one direction only)"};
  return {ErrorKind::busy,
          "cannot start a run: an earlier run was killed and left the machine changed (" +
              path.string() + ")",
          "isolab restore restores it; isolab restore --dry-run shows what that will do"};
}

std::vector<RestoreProblem> restore_journal(Files& files, const std::filesystem::path& path,
                                            Stuck stuck) {
  auto journal = load_checked(files, path);
  if (!journal) {
    std::vector<RestoreProblem> problems{{path.string(), reason_of(journal.error(), path)}};
    if (stuck == Stuck::forget && journal.error().kind == ErrorKind::parse)
      if (auto removed = remove_journal(path); !removed)
        problems.push_back({path.string(), removed.error().what});
    return problems;
  }
  std::vector<RestoreProblem> problems;
  std::vector<StateGuard::Entry> kept;  // the last first
  std::vector<StateGuard::Entry>& entries = journal->entries;
  if (of_earlier_boot(journal->owner)) entries.clear();
  const auto save = [&] {
    Journal rest{journal->owner, entries};
    rest.entries.insert(rest.entries.end(), kept.rbegin(), kept.rend());
    auto saved = rest.entries.empty() ? remove_journal(path) : save_journal(path, rest);
    if (!saved) problems.push_back({path.string(), saved.error().what});
  };
  if (entries.empty()) save();
  bool told = true;  // all reasons are in the file
  while (!entries.empty()) {
    Undone outcome = undo(files, entries.back());
    const bool keep = !outcome.done && stuck == Stuck::keep;
    if (keep) {
      told = told && entries.back().stuck == outcome.problem->what;
      entries.back().stuck = outcome.problem->what;
      kept.push_back(std::move(entries.back()));
    }
    if (outcome.problem) problems.push_back(std::move(*outcome.problem));
    entries.pop_back();
    // What is kept changes nothing but its reason: one write for all of them is enough.
    if (!keep) save();
  }
  if (!told) save();
  return problems;
}

Result<std::string> restore_script(const Files& files, const std::filesystem::path& path) {
  const Journal journal = TRY(load_checked(files, path));
  std::string script = fmt::format("# {}: left by process {}\n", path.string(), journal.owner.pid);
  if (of_earlier_boot(journal.owner))
    return script + "# of an earlier boot: its settings are gone with that kernel\nrm " +
           quoted(path.string()) + "\n";
  for (auto entry = journal.entries.rbegin(); entry != journal.entries.rend(); ++entry) {
    if (!entry->stuck.empty())
      script += comment(entry->claim.path, "could not be restored: " + entry->stuck) + "\n";
    script += undo_as_shell(files, *entry) + "\n";
  }
  return script;
}

}  // namespace isolab
