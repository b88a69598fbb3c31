// SPDX-License-Identifier: Apache-2.0
#include "trace/live/kprobes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace isolab {

Result<Kprobes> Kprobes::define(Files& files, StateGuard& guard, const std::string& tracefs,
                                const std::vector<KprobeDefinition>& definitions) {
  Kprobes probes;
  probes.files_ = &files;
  probes.path_ = tracefs + "/kprobe_events";
  probes.group_ = fmt::format("isolab_{}", getpid());
  for (const auto& definition : definitions) {
    TRY(guard.define_kprobe(probes.path_, probes.group_ + "/" + definition.name,
                            definition.text(probes.group_)));
    probes.defined_.push_back(definition);
  }
  return probes;
}

std::vector<TracedEvent> Kprobes::events() const {
  std::vector<TracedEvent> events;
  for (const auto& definition : defined_)
    events.push_back({group_,
                      definition.name,
                      TracedEvent::Role::sender,
                      definition.mask_words > 0 ? "m" : "cpu",
                      true,
                      {},
                      {},
                      definition.mask_words});
  return events;
}

Result<void> Kprobes::remove() {
  Result<void> first;
  for (; !defined_.empty(); defined_.pop_back()) {
    auto removed = files_->write(path_, "-:" + group_ + "/" + defined_.back().name + "\n");
    if (!removed && first) first = std::move(removed);
  }
  return first;
}

}  // namespace isolab
