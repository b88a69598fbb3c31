// SPDX-License-Identifier: Apache-2.0
// The verb restore: restores what killed runs have left changed, from their journals.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/output.h"
#include "cli/shared_options.h"
#include "host/guard.h"
#include "host/os.h"
#include "host/restore.h"
#include "host/run_lock.h"
#include "host/state_directory.h"
#include "results/json.h"

namespace isolab {
namespace {

struct RestoreOptions {
  bool dry_run = false;
  bool forget = false;
  bool json = false;
};

Result<ExitCode> show_script(const Files& files, bool json) {
  JsonArray scripts;
  for (const auto& journal : TRY(stale_journals(default_journal_dir())))
    scripts.push_back(TRY(restore_script(files, journal)));
  if (json) {
    print_as_json(print_json(JsonObject{{"scripts", scripts}}));
    return ExitCode::done;
  }
  for (const auto& script : scripts) print(std::get<std::string>(script.value));
  if (scripts.empty()) print("# nothing to restore\n");
  return ExitCode::done;
}

/// A run that was just killed may need a while to be gone.
Result<RunLock> take_lock() {
  constexpr int kTries = 50;
  for (int i = 1;; ++i) {
    auto lock = RunLock::take(default_lock_dir(), "restore");
    if (lock || lock.error().kind != ErrorKind::busy || i == kTries) return lock;
    if (i == 1) say("waiting up to 10 s: " + lock.error().what);
    sleep_for(std::chrono::milliseconds{200});
  }
}

std::string journals(int number) {
  return number == 1 ? "1 journal" : fmt::format("{} journals", number);
}

Result<ExitCode> restore(Files& files, Stuck stuck, bool json) {
  // A live run has journals too, which are its own business.
  const RunLock lock = TRY(take_lock());
  JsonArray problems;
  int restored = 0, left = 0;
  for (const auto& journal : TRY(stale_journals(default_journal_dir()))) {
    for (const auto& problem : restore_journal(files, journal, stuck))
      problems.push_back(problem.path + ": " + problem.what);
    // Another was there a moment ago; only what is to be restored still is.
    const bool gone = ::access(journal.c_str(), F_OK) != 0 && errno == ENOENT;
    ++(gone ? restored : left);
  }
  if (json) {
    print_as_json(
        print_json(JsonObject{{"journals", restored}, {"left", left}, {"problems", problems}}));
  } else {
    if (restored + left == 0) print("nothing to restore\n");
    if (restored != 0) print(journals(restored) + " of killed runs restored\n");
    if (left != 0)
      print(journals(left) + " could not be restored completely: the rest is still listed there\n");
    for (const auto& problem : problems)
      print(visible_line(std::get<std::string>(problem.value)) + "\n");
    if (left != 0)
      print(
          "isolab restore --forget drops what cannot be restored; a reboot resets settings that "
          "the kernel changes in one direction only\n");
  }
  if (stuck == Stuck::forget) return left == 0 ? ExitCode::done : ExitCode::not_restored;
  return problems.empty() ? ExitCode::done : ExitCode::not_restored;
}

Result<ExitCode> restore(const RestoreOptions& options) {
  // The run may have seen tracefs through its own mount. Where a container forbids mounts, it was
  // forbidden to the run too; a file that is missing is named below.
  if (is_root()) (void)mount_private_kernel_filesystems();
  SystemFiles files;
  return options.dry_run
             ? show_script(files, options.json)
             : restore(files, options.forget ? Stuck::forget : Stuck::keep, options.json);
}

}  // namespace

Verb verb_restore() {
  const auto options = std::make_shared<RestoreOptions>();
  return {"restore",
          "restore what a killed run left changed",
          {json_flag(options->json),
           {"--dry-run", &options->dry_run, "print what it would do, as a shell script"},
           Option{"--forget", &options->forget,
                  "drop from the journals what cannot be restored, after trying again"}
               .exclude("--dry-run")},
          [options](const Call&) { return restore(*options); }};
}

}  // namespace isolab
