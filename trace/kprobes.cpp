// SPDX-License-Identifier: Apache-2.0
#include "trace/kprobes.h"

#include <utility>

namespace isolab {

namespace {

constexpr std::string_view kGroup = "isolab/";

/// Names of our group in the text of kprobe_events: lines "p:isolab/many function arguments".
std::vector<std::string> names_of_our_group(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !line.substr(colon + 1).starts_with(kGroup)) continue;
    line.remove_prefix(colon + 1 + kGroup.size());
    names.emplace_back(line.substr(0, line.find(' ')));
  }
  return names;
}

}  // namespace

Result<Kprobes> Kprobes::define(Files& files, const std::string& tracefs,
                                const std::vector<KprobeDefinition>& definitions) {
  Kprobes probes;
  probes.files_ = &files;
  probes.path_ = tracefs + "/kprobe_events";
  for (const auto& stale : names_of_our_group(TRY(files.read(probes.path_))))
    TRY(files.write(probes.path_, "-:" + std::string(kGroup) + stale + "\n"));
  for (const auto& one : definitions) {
    TRY(files.write(probes.path_, one.text() + "\n"));
    probes.names_.push_back(one.name);
  }
  return probes;
}

Kprobes& Kprobes::operator=(Kprobes&& other) noexcept {
  std::swap(files_, other.files_);
  std::swap(path_, other.path_);
  std::swap(names_, other.names_);
  return *this;
}

Kprobes::~Kprobes() { (void)remove(); }

std::vector<TracedEvent> Kprobes::events() const {
  std::vector<TracedEvent> events;
  for (const auto& name : names_) {
    const bool many = name == "many";
    events.push_back({"isolab", name, TracedEvent::Role::sender, many ? "m0" : "cpu", true});
  }
  return events;
}

Result<void> Kprobes::remove() {
  Result<void> first;
  for (; !names_.empty(); names_.pop_back()) {
    auto removed = files_->write(path_, "-:" + std::string(kGroup) + names_.back() + "\n");
    if (!removed && first) first = std::move(removed);
  }
  return first;
}

}  // namespace isolab
