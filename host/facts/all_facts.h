// SPDX-License-Identifier: Apache-2.0
// The long list of HostFacts::all, behind host/facts/facts.cpp.
#pragma once

#include "base/result.h"
#include "host/facts/facts.h"
#include "host/facts/kernel_config.h"

namespace isolab {

/// Fills facts.all from files; the other members are filled already.
void add_all_facts(const Files& files, HostFacts& facts, const Result<KernelConfig>& config);

}  // namespace isolab
