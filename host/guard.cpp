// SPDX-License-Identifier: Apache-2.0
// Restoring what we changed. The journal itself is in host/journal.cpp.
#include "host/guard.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include "host/journal.h"
#include "host/os.h"
#include "host/values.h"

namespace isolab {
namespace {

constexpr int kReadBackTries = 5;
constexpr Nanos kReadBackPause = std::chrono::milliseconds{5};

std::filesystem::path journal_path(const std::filesystem::path& directory) {
  static std::atomic<int> made{0};
  return directory / (std::to_string(::getpid()) + "-" + std::to_string(made++) + ".journal");
}

Result<std::string> read_value(const Files& files, const std::string& path) {
  return chosen_value(TRY(files.read(path)));
}

/// Reads until the file says `wanted` or the tries are used up; returns what it says last.
Result<std::string> read_back(const Files& files, const std::string& path,
                              const std::string& wanted) {
  for (int i = 1;; ++i) {
    std::string value = TRY(read_value(files, path));
    if (same_value(value, wanted) || i == kReadBackTries) return value;
    sleep_for(kReadBackPause);
  }
}

/// What became of one entry.
struct Outcome {
  bool done = true;  // false: it is still to be restored
  std::optional<RestoreProblem> problem;
};

Outcome failed(const std::string& path, const std::string& why) {
  return {false, RestoreProblem{path, why}};
}

Outcome restore_directory(Files& files, const std::string& path) {
  if (!files.exists(path)) return {};
  if (auto removed = files.remove_dir(path); !removed) return failed(path, removed.error().what);
  return {};
}

Outcome restore_value(Files& files, const StateGuard::Entry& entry) {
  const std::string& path = entry.claim.path;
  const auto current = read_value(files, path);
  if (!current)
    return failed(path, "cannot tell whether it is still changed: " + current.error().what);
  if (same_value(*current, entry.original)) return {};
  const bool confirmed = !entry.stored.empty() && !entry.knob;
  if (confirmed && !same_value(*current, entry.stored))
    return {true, RestoreProblem{path, "somebody else changed it meanwhile: it was \"" +
                                           entry.original + "\", we wrote \"" + entry.written +
                                           "\", now it is \"" + *current + "\"; left alone"}};
  // An empty text would be no write at all; a newline stores the empty value.
  const auto wrote = files.write(path, entry.original.empty() ? "\n" : entry.original);
  if (!wrote) return failed(path, wrote.error().what);
  const auto now = read_back(files, path, entry.original);
  if (!now) return failed(path, "written back, but it cannot be read: " + now.error().what);
  if (!same_value(*now, entry.original))
    return failed(path, "wrote \"" + entry.original + "\" back, but it reads \"" + *now + "\"");
  return {};
}

Outcome restore_one(Files& files, const StateGuard::Entry& entry) {
  return entry.claim.kind == Claim::Kind::directory ? restore_directory(files, entry.claim.path)
                                                    : restore_value(files, entry);
}

}  // namespace

StateGuard::StateGuard(Files& files, std::filesystem::path journal_dir)
    : files_(files), journal_(journal_path(journal_dir)), owner_(::getpid()) {}

StateGuard::~StateGuard() {
  if (::getpid() == owner_) restore();  // a fork that ends by exit() has nothing to restore
}

Result<void> StateGuard::write_journal() const {
  std::vector<Entry> all = stuck_;
  all.insert(all.end(), entries_.begin(), entries_.end());
  if (all.empty()) {
    std::error_code ignored;
    std::filesystem::remove(journal_, ignored);
    return {};
  }
  return save_journal(journal_, {own_identity(), std::move(all)});
}

Result<void> StateGuard::push(Entry entry) {
  entries_.push_back(std::move(entry));
  auto saved = write_journal();
  if (!saved) entries_.pop_back();
  return saved;
}

Result<Knob> StateGuard::claim(const std::string& path) {
  const std::string original = TRY(read_value(files_, path));
  TRY(push({.claim = {Claim::Kind::value, path}, .original = original, .knob = true}));
  return Knob(files_, path, original);
}

Result<void> StateGuard::set(const std::string& path, const std::string& value) {
  const std::string original = TRY(read_value(files_, path));
  if (same_value(original, value)) return {};
  TRY(push({.claim = {Claim::Kind::value, path}, .original = original, .written = value}));

  if (auto wrote = files_.write(path, value); !wrote) {
    const auto now = read_value(files_, path);
    if (now && same_value(*now, original)) {  // refused and unchanged: nothing to restore
      entries_.pop_back();
      TRY(write_journal());
    }
    return wrote.error();
  }
  const std::string now = TRY(read_back(files_, path, value));
  entries_.back().stored = now;
  TRY(write_journal());
  if (!same_value(now, value))
    return Error{ErrorKind::io,
                 "wrote \"" + value + "\" to " + path + ", but it reads \"" + now + "\"",
                 "the kernel may have clamped or ignored it"};
  return {};
}

Result<void> StateGuard::make_dir(const std::string& path) {
  if (files_.exists(path))
    return Error{ErrorKind::busy, "cannot make directory " + path + ": it exists already",
                 "another run may own it; `isolab restore` removes what a dead run left behind"};
  TRY(push({.claim = {Claim::Kind::directory, path}}));
  if (auto made = files_.make_dir(path); !made) {
    entries_.pop_back();
    TRY(write_journal());
    return made.error();
  }
  return {};
}

// The journal shrinks with each step: after a crash in the middle the entries undone already must
// not look like values that somebody else changed.
std::vector<RestoreProblem> StateGuard::restore_to(std::size_t mark) {
  std::vector<RestoreProblem> problems;
  while (entries_.size() > mark) {
    Outcome outcome = restore_one(files_, entries_.back());
    if (outcome.problem) problems.push_back(std::move(*outcome.problem));
    if (!outcome.done) stuck_.insert(stuck_.begin(), std::move(entries_.back()));
    entries_.pop_back();
    if (auto saved = write_journal(); !saved)
      problems.push_back({journal_.string(), saved.error().what});
  }
  return problems;
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
  while (!entries.empty()) {
    Outcome outcome = restore_one(files, entries.back());
    if (outcome.problem) problems.push_back(std::move(*outcome.problem));
    if (!outcome.done) stuck.insert(stuck.begin(), std::move(entries.back()));
    entries.pop_back();
    Journal rest{journal->owner, stuck};
    rest.entries.insert(rest.entries.end(), entries.begin(), entries.end());
    if (rest.entries.empty()) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    } else if (auto saved = save_journal(path, rest); !saved) {
      problems.push_back({path.string(), saved.error().what});
    }
  }
  return problems;
}

std::filesystem::path default_journal_dir() {
  const char* chosen = std::getenv("ISOLAB_STATE_DIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/run/isolab";
}

}  // namespace isolab
