// SPDX-License-Identifier: Apache-2.0
#include "host/captured/machine.h"

#include "host/captured/captured_machine.h"

namespace isolab {

Result<Machine> open_machine(const std::filesystem::path& host) {
  Machine machine;
  if (host.empty()) {
    machine.files = std::make_unique<SystemFiles>();
    machine.facts = read_host_facts(*machine.files);
  } else {
    machine.files = TRY(open_captured_machine(host));
    machine.facts = read_captured_facts(*machine.files);
  }
  return machine;
}

}  // namespace isolab
