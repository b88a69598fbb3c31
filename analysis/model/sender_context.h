// SPDX-License-Identifier: Apache-2.0
// In which context something was sent, queued or armed.
#pragma once

#include <cstdint>

namespace isolab {

enum class SenderContext : std::uint8_t {
  task,
  softirq,    // not in the function of a timer whose owner is known
  interrupt,  // or NMI
};
constexpr const char* to_string(SenderContext context) {
  return context == SenderContext::task      ? "task"
         : context == SenderContext::softirq ? "softirq"
                                             : "interrupt";
}

/// What a sender ran on behalf of others.
enum class OriginKind : std::uint8_t {
  none,
  work,   // an item of a workqueue
  timer,  // the function of a timer
};
constexpr const char* to_string(OriginKind kind) {
  return kind == OriginKind::none ? "none" : kind == OriginKind::work ? "work" : "timer";
}

}  // namespace isolab
