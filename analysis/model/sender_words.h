// SPDX-License-Identifier: Apache-2.0
// Who sent, queued, armed or raised, in words.
#pragma once

#include <string>

#include "analysis/model/interruptions.h"

namespace isolab {

/// Who sent, queued or armed: "bash", "kworker/0:1 running netstamp_clear queued by bash", "a timer
/// of bash" (that of delayed work), "timer tcp_keepalive_timer armed by bash", "a softirq".
/// `pids`: with task ids and CPUs.
std::string who_text(const SenderRow& sender, bool pids);
/// " queued by bash", of what a task ran; empty: it ran its own.
std::string queuers_text(const SenderRow& sender, bool pids);
/// "armed", "queued", "raised" or "sent".
const char* sent_word(const CauseName& name);
}  // namespace isolab
