// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analysis/attribution/attribution.h"
#include "analysis/model/interruptions.h"

namespace isolab {

/// A sender in words that outlive its trace; `count` is 0.
SenderRow sender_row(const Sender& sender, const Attribution& from);

}  // namespace isolab
