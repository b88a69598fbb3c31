// SPDX-License-Identifier: Apache-2.0
// The tracing capabilities of this kernel for interruptions, found from the event directories and
// never from the version: distributions backport, and an event that is listed may never fire.
#pragma once

#include <string>
#include <vector>

#include "host/facts/facts.h"

namespace isolab {

enum class TraceLevel {
  A,  // csd and ipi events: every remote call with sender, function and both ends
  B,  // arm64 ipi_raise/entry/exit for the IPIs, kprobes for the functions
  C,  // kprobes for the functions, receiver events for the IPIs
  D,  // receiver events and counters only, or counters alone
};
const char* to_string(TraceLevel level);

/// One event to switch on.
struct TracedEvent {
  enum class Role {
    sender,    // in the sender's buffer; kept where its target is a measured CPU
    receiver,  // in the interrupted CPU's buffer; kept on measured CPUs
    wakeup,    // in the buffer of the waking CPU; kept where the task goes to a measured CPU
    deferral,  // work is queued or runs, a timer is armed or expires: kept on all CPUs
    tasks,     // who is who: kept everywhere, rare
  };
  std::string system, name;
  Role role = Role::receiver;
  std::string target =
      {};              // sender, wakeup: the field with the target CPU or mask; empty: no filter
  bool stack = false;  // worth a stack of the sender
  std::string stack_if = {};   // only where this holds, in the kernel's filter language
  std::string condition = {};  // kept only where this holds as well
  int mask_words = 0;       // sender: number of fields of the target: m0, m1, ... of 64 CPUs each
  bool everywhere = false;  // receiver: with TraceSetup::deferrals kept on all CPUs
  std::string full_name() const { return system + ":" + name; }
};

/// A line of kprobe_events: "p:GROUP/NAME FUNCTION ARGUMENTS".
struct KprobeDefinition {
  std::string name;
  std::string function;
  std::string arguments;
  int mask_words = 0;  // as in TracedEvent
  std::string text(const std::string& group) const {
    return "p:" + group + "/" + name + " " + function + " " + arguments;
  }
};

struct TraceCapability {
  TraceLevel level = TraceLevel::D;
  std::vector<std::string> reasons;       // whole sentences: why not A, what is lost
  std::string tracefs;                    // "/sys/kernel/tracing"; empty: nothing can be traced
  std::string clock;                      // to be used: "x86-tsc" or "mono_raw"
  std::vector<TracedEvent> events;        // that exist, without those of kprobes
  std::vector<KprobeDefinition> kprobes;  // levels B and C: to be defined first
  bool can_trace() const { return !tracefs.empty(); }

  /// Gives up the kprobes: level D, with the reason.
  void fall_to_d(const std::string& reason);
};

/// Words of a mask that a kprobe reads at most: 512 CPUs.
constexpr int kMostMaskWords = 8;

/// Reads nothing but directories and small files below tracefs; changes nothing.
TraceCapability find_trace_capability(const Files& files, const HostFacts& facts);

}  // namespace isolab
