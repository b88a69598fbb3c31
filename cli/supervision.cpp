// SPDX-License-Identifier: Apache-2.0
#include "cli/supervision.h"

#include "host/run_lock.h"
#include "host/state_directory.h"

namespace isolab {

Supervision supervision(const Plan& plan) {
  return {.what = "profile " + plan.name,
          .cpus = plan.housekeeping,
          .first_limit = std::chrono::minutes(10),  // limits: cli/verb_run.cpp
          .state = default_journal_dir(),
          .lock = default_lock_dir()};
}

}  // namespace isolab
