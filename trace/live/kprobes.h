// SPDX-License-Identifier: Apache-2.0
// Kprobe events of levels B and C. They are global: defined in the top-level kprobe_events in the
// group "isolab_PID" of this run, so that those of other runs are not changed; enabled only in
// this instance. The state guard journals each before it is defined and removes what remove() has
// not.
#pragma once

#include <string>
#include <vector>

#include "host/files.h"
#include "host/guard.h"
#include "trace/live/capability.h"

namespace isolab {

class Kprobes {
 public:
  /// Any refusal is an error; the guard removes what was defined so far.
  static Result<Kprobes> define(Files& files, StateGuard& guard, const std::string& tracefs,
                                const std::vector<KprobeDefinition>& definitions);
  Kprobes() = default;

  /// The events to switch on; call while they are defined.
  std::vector<TracedEvent> events() const;
  /// They must be switched off everywhere.
  Result<void> remove();

 private:
  Files* files_ = nullptr;
  std::string path_;  // of kprobe_events
  std::string group_;
  std::vector<KprobeDefinition> defined_;
};

}  // namespace isolab
