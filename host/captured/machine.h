// SPDX-License-Identifier: Apache-2.0
// The machine a verb looks at: this one, or the captured one that --host names.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "host/facts/facts.h"

namespace isolab {

struct Machine {
  std::unique_ptr<Files> files;
  HostFacts facts;
};

/// `host` empty: this machine; otherwise see host/captured/captured_machine.h.
Result<Machine> open_machine(const std::filesystem::path& host);

}  // namespace isolab
