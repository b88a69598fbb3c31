// SPDX-License-Identifier: Apache-2.0
// The verb vm guest: PID 1 of a guest.
#include "cli/verb.h"
#include "vm/guest.h"

namespace isolab {

Verb verb_vm_guest() {
  return {.name = "vm guest",
          .summary = "run as PID 1 of a guest",
          .act = [](const Call&) -> Result<ExitCode> { run_guest_init(); },
          .hidden = true};
}

}  // namespace isolab
