// SPDX-License-Identifier: Apache-2.0
// The threads of a machine as /proc shows them: where each may run, and what their processes hold
// by which they can interrupt other CPUs. Read once for all checks; bounded.
#pragma once

#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "host/files.h"

namespace isolab {

struct Thread {
  int id = 0;
  std::string name;     // comm
  CpuSet allowed;       // Cpus_allowed_list of its status
  int last_cpu = -1;    // where it ran last; -1: unknown
  bool kernel = false;  // PF_KTHREAD
  bool bound = false;   // PF_NO_SETAFFINITY: the kernel refuses another affinity
};

struct Descriptor {
  std::string target;  // "anon_inode:[perf_event]"
  std::string info;    // its fdinfo; empty for those that have nothing in it
};

struct Process {
  int id = 0;
  std::string name;  // comm of the first thread
  std::vector<Thread> threads;
  bool kernel = false;                  // its threads are the kernel's
  bool readable = false;                // its descriptors can be listed
  std::vector<Descriptor> descriptors;  // those of interrupts_others() only, 4096 at most
  int timers = 0;                       // POSIX timers (/proc/PID/timers); 0 also where unreadable
};

struct Tasks {
  std::vector<Process> processes;  // with at least one thread; this program is left out
  std::size_t left_out = 0;        // processes that were not read, beyond the bound
  bool kernel_threads = false;     // kthreadd is there: this is the first PID namespace
};

/// Stops at the process with which `most` threads have been read.
Tasks read_tasks(const Files& files, std::size_t most = 32768);

}  // namespace isolab
