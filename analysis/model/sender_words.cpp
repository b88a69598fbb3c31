// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/sender_words.h"

#include <fmt/format.h>

namespace isolab {

namespace {

std::string handler_text(const std::string& within, const char* otherwise) {
  return within.empty() ? otherwise : within;
}

std::string by_text(const std::vector<OriginRow>& origins, std::size_t i, bool pids);

/// The timer of origins[i], whose function ran on `cpu`. That of delayed work is only a delay.
std::string timer_text(const std::vector<OriginRow>& origins, std::size_t i, int cpu, bool pids) {
  const auto& timer = origins[i];
  if (timer.function.starts_with("delayed_work_timer_fn"))
    return "a timer of " + by_text(origins, i, pids);
  return fmt::format("timer {}{} armed by {}", timer.function,
                     pids ? fmt::format(" on CPU {}", cpu) : "", by_text(origins, i, pids));
}

/// Who queued or armed origins[i], and so on up to a function that queues itself again.
std::string by_text(const std::vector<OriginRow>& origins, std::size_t i, bool pids) {
  const auto& origin = origins[i];
  const auto* next = i + 1 < origins.size() ? &origins[i + 1] : nullptr;
  if (origin.cpu < 0) return "an unknown task";
  if (origin.comm.empty())
    return next != nullptr && next->kind == OriginKind::timer
               ? timer_text(origins, i + 1, origin.cpu, pids)
               : handler_text(origin.within, "an interrupt or softirq") +
                     fmt::format(" on CPU {}", origin.cpu);
  auto out = pids ? fmt::format("{} (pid {}) on CPU {}", origin.comm, origin.pid, origin.cpu)
                  : origin.comm;
  if (next == nullptr) return out;
  out += " running " + next->function;
  for (std::size_t before = 0; before <= i; ++before)
    if (origins[before].function == next->function) return out;
  return out + " queued by " + by_text(origins, i + 1, pids);
}

}  // namespace

std::string who_text(const SenderRow& sender, bool pids) {
  if (sender.is_timer()) return timer_text(sender.origins, 0, sender.cpu, pids);
  std::string out = sender.comm;
  if (sender.context != SenderContext::task)
    out = handler_text(sender.within,
                       sender.context == SenderContext::softirq ? "a softirq" : "an interrupt");
  else if (pids)
    out += fmt::format(" (pid {})", sender.pid);
  if (pids) out += fmt::format(" on CPU {}", sender.cpu);
  if (!sender.work.empty()) out += " running " + sender.work;
  return out + queuers_text(sender, pids);
}

std::string queuers_text(const SenderRow& sender, bool pids) {
  return sender.origins.empty() ? "" : " queued by " + by_text(sender.origins, 0, pids);
}

const char* sent_word(const CauseName& name) {
  return name.kind == CauseKind::timer        ? "armed"
         : name.kind == CauseKind::other_task ? "queued"
         : name.kind == CauseKind::softirq    ? "raised"
                                              : "sent";
}

}  // namespace isolab
