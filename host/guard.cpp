// SPDX-License-Identifier: Apache-2.0
// Changing the machine. How a change is undone is in host/restore.cpp, the journal in
// host/journal.cpp.
#include "host/guard.h"

#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "host/fair_server.h"
#include "host/journal.h"
#include "host/kernel_values.h"
#include "host/restore.h"

namespace isolab {
namespace {

std::filesystem::path journal_path(const std::filesystem::path& directory) {
  static std::atomic<int> made{0};
  return directory / (std::to_string(::getpid()) + "-" + std::to_string(made++) + ".journal");
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
  if (all.empty()) return remove_journal(journal_);
  return save_journal(journal_, {own_identity(), std::move(all)});
}

Result<void> StateGuard::push(Entry entry) {
  TRY(check_claim(files_, entry.claim, entry.original));
  entries_.push_back(std::move(entry));
  auto saved = write_journal();
  if (!saved) entries_.pop_back();
  return saved;
}

/// For a change that the kernel refused: nothing of it is to be undone.
Result<void> StateGuard::pop() {
  entries_.pop_back();
  return write_journal();
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

  // Only a server with a runtime can be taken down twice, so putting a 0 back needs no company.
  std::optional<Child> company;
  if (const auto cpu = fair_server_cpu(path)) company = occupy_cpu(*cpu);
  if (auto wrote = while_busy([&] { return files_.write(path, value); }); !wrote) {
    const auto now = read_value(files_, path);
    if (now && same_value(*now, original)) TRY(pop());  // refused and unchanged
    return wrote.error();
  }
  const std::string now = TRY(read_back(files_, path, value));
  // Only a confirmed value is "what we wrote": an unconfirmed one may still arrive late, and must
  // not look like one of another process then.
  if (!same_value(now, value))
    return Error{ErrorKind::io,
                 "wrote \"" + value + "\" to " + path + ", but it reads \"" + now + "\"",
                 "the kernel may have clamped or ignored it"};
  entries_.back().stored = now;
  return write_journal();
}

Result<void> StateGuard::make(Claim::Kind kind, const std::string& path) {
  if (files_.exists(path))
    return Error{ErrorKind::busy, "cannot make directory " + path + ": it exists already",
                 "another run may own it; `isolab restore` removes what a killed run left"};
  TRY(push({.claim = {kind, path}}));
  if (auto made = files_.make_dir(path); !made) {
    TRY(pop());
    return made.error();
  }
  return {};
}

Result<void> StateGuard::make_dir(const std::string& path) {
  return make(Claim::Kind::directory, path);
}

Result<void> StateGuard::make_cgroup(const std::string& path) {
  return make(Claim::Kind::cgroup, path);
}

Result<void> StateGuard::enable_controller(const std::string& subtree_control,
                                           const std::string& name) {
  if (controller_enabled(TRY(files_.read(subtree_control)), name)) return {};
  TRY(push({.claim = {Claim::Kind::controller, subtree_control}, .original = name}));
  if (auto wrote = files_.write(subtree_control, "+" + name); !wrote) {
    TRY(pop());
    return wrote.error();
  }
  return {};
}

Result<void> StateGuard::define_kprobe(const std::string& kprobe_events, const std::string& name,
                                       const std::string& definition) {
  if (kprobe_defined(TRY(files_.read(kprobe_events)), name))
    return Error{ErrorKind::busy, "kprobe event " + name + " is defined already",
                 "another run may own it; `isolab restore` removes what a killed run left"};
  TRY(push({.claim = {Claim::Kind::kprobe, kprobe_events}, .original = name}));
  if (auto wrote = files_.write(kprobe_events, definition + "\n"); !wrote) {
    TRY(pop());
    return wrote.error();
  }
  return {};
}

// The journal shrinks with each step: after a crash in the middle the entries undone already must
// not look like values that another process changed.
// One that cannot be made shorter (no space) lists what is undone already, which a later restore
// finds as it was: no problem unless it stays when nothing is left to be undone.
std::vector<RestoreProblem> StateGuard::restore_to(std::size_t mark) {
  std::vector<RestoreProblem> problems;
  Result<void> saved;
  while (entries_.size() > mark) {
    Undone outcome = undo(files_, entries_.back());
    if (!outcome.done) entries_.back().stuck = outcome.problem->what;
    if (outcome.problem) problems.push_back(std::move(*outcome.problem));
    if (!outcome.done) stuck_.insert(stuck_.begin(), std::move(entries_.back()));
    entries_.pop_back();
    saved = write_journal();
  }
  if (!saved && entries_.empty()) problems.push_back({journal_.string(), saved.error().what});
  return problems;
}

}  // namespace isolab
