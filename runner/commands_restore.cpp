// SPDX-License-Identifier: Apache-2.0
// The verb restore: puts back what killed runs have left changed, from their journals.
#include <fmt/format.h>

#include "base/output.h"
#include "host/guard.h"
#include "host/os.h"
#include "host/restore.h"
#include "host/run_lock.h"
#include "host/state_directory.h"
#include "results/json.h"
#include "runner/commands.h"

namespace isolab {
namespace {

Result<int> show_script(const Files& files, bool json) {
  JsonArray scripts;
  for (const auto& journal : stale_journals(default_journal_dir()))
    scripts.push_back(TRY(restore_script(files, journal)));
  if (json) {
    print_as_json(print_json(JsonObject{{"scripts", scripts}}));
    return int{kDone};
  }
  for (const auto& script : scripts) print(std::get<std::string>(script.value));
  if (scripts.empty()) print("# nothing to restore\n");
  return int{kDone};
}

/// A run that was just killed may need a while to be gone.
Result<RunLock> take_lock() {
  constexpr int kTries = 50;
  for (int i = 1;; ++i) {
    auto lock = RunLock::take(default_lock_dir(), "restore");
    if (lock || lock.error().kind != ErrorKind::busy || i == kTries) return lock;
    sleep_for(std::chrono::milliseconds{200});
  }
}

Result<int> restore(Files& files, bool json) {
  // A live run has journals too, which are its own business.
  const RunLock lock = TRY(take_lock());
  JsonArray problems;
  int restored = 0;
  for (const auto& journal : stale_journals(default_journal_dir())) {
    ++restored;
    for (const auto& problem : restore_journal(files, journal))
      problems.push_back(problem.path + ": " + problem.what);
  }
  if (json) {
    print_as_json(print_json(JsonObject{{"journals", restored}, {"problems", problems}}));
  } else {
    print(restored == 0 ? "nothing to restore\n"
                        : fmt::format("{} journal(s) of killed runs undone\n", restored));
    for (const auto& problem : problems)
      print(visible_line(std::get<std::string>(problem.value)) + "\n");
  }
  return problems.empty() ? int{kDone} : int{kNotRestored};
}

}  // namespace

int restore_command(bool dry_run, bool json) {
  const auto outcome = [&]() -> Result<int> {
    // The run may have seen tracefs through a mount of its own.
    if (is_root()) TRY(mount_private_kernel_filesystems());
    SystemFiles files;
    return dry_run ? show_script(files, json) : restore(files, json);
  }();
  return outcome ? *outcome : complain(outcome.error());
}

}  // namespace isolab
