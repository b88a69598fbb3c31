// SPDX-License-Identifier: Apache-2.0
#include "trace/kprobes.h"

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
  for (const auto& one : definitions) {
    TRY(guard.define_kprobe(probes.path_, probes.group_ + "/" + one.name, one.text(probes.group_)));
    probes.names_.push_back(one.name);
  }
  return probes;
}

std::vector<TracedEvent> Kprobes::events() const {
  std::vector<TracedEvent> events;
  for (const auto& name : names_) {
    const bool many = name == "many";
    events.push_back({group_, name, TracedEvent::Role::sender, many ? "m0" : "cpu", true});
  }
  return events;
}

Result<void> Kprobes::remove() {
  Result<void> first;
  for (; !names_.empty(); names_.pop_back()) {
    auto removed = files_->write(path_, "-:" + group_ + "/" + names_.back() + "\n");
    if (!removed && first) first = std::move(removed);
  }
  return first;
}

}  // namespace isolab
