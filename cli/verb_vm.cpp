// SPDX-License-Identifier: Apache-2.0
// The group vm: verbs that concern guests.
#include "cli/verb.h"

namespace isolab {

Verb verb_vm() {
  return {"vm",
          "use virtual machines with isolated CPUs: counts without a lab machine (docs/guests.md)"};
}

}  // namespace isolab
