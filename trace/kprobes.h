// SPDX-License-Identifier: Apache-2.0
// Kprobe events of levels B and C. They are global: defined in the top-level kprobe_events under
// the group "isolab", used only in our instance, removed when the object dies. A run that is killed
// leaves definitions behind that nobody uses; the next define() removes them.
#pragma once

#include <string>
#include <vector>

#include "host/files.h"
#include "trace/capability.h"

namespace isolab {

class Kprobes {
 public:
  /// busy: another run uses the group. Any refusal removes what was defined so far.
  static Result<Kprobes> define(Files& files, const std::string& tracefs,
                                const std::vector<KprobeDefinition>& definitions);
  Kprobes() = default;
  Kprobes(Kprobes&& other) noexcept { *this = std::move(other); }
  Kprobes& operator=(Kprobes&& other) noexcept;
  ~Kprobes();

  /// The events to switch on; call while they are defined.
  std::vector<TracedEvent> events() const;
  /// They must be switched off everywhere.
  Result<void> remove();

 private:
  Files* files_ = nullptr;
  std::string path_;  // of kprobe_events
  std::vector<std::string> names_;
};

}  // namespace isolab
