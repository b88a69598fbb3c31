// SPDX-License-Identifier: Apache-2.0
// Child processes: each in a separate process group, pinned, dying with its parent, ended in
// bounded time. Either a command (an argv list, never a shell string) or a function in a fork.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/result.h"
#include "base/units.h"

namespace isolab {

struct CommandSpec {
  std::vector<std::string> argv;                        // argv[0] is looked up in PATH
  std::map<std::string, std::string> environment = {};  // added to ours
  std::string directory = {};                           // empty: ours
  CpuSet cpus = {};                                     // empty: inherited
  std::string output = {};  // file for stdout and stderr, appended to; empty: inherited
  int stdout_fd = -1;       // >= 0: stdout goes to this descriptor instead
  int stderr_fd = -1;       // >= 0: stderr goes to this descriptor instead
};

/// How a child ended, with the processor time of it and of the descendants it waited for.
struct Exit {
  int code = 0;    // of exit(), when signal is 0
  int signal = 0;  // that killed it
  double user_seconds = 0, system_seconds = 0;
  bool ok() const { return code == 0 && signal == 0; }
  std::string text() const;  // "exit code 1", "killed by SIGSEGV"
};

/// When the child itself ends, what it left of its group is killed before it is reaped. Its stdin
/// is /dev/null. It dies with the thread that started it: start children from the main thread.
class Child {
 public:
  static Result<Child> spawn(const CommandSpec& spec);
  /// Runs `body` in a fork; its return value is the exit code. An exception that leaves it is said
  /// on stderr, and the code is 1. SIGPIPE and SIGTTOU are ignored there; other signals have their
  /// default action. The caller must be single-threaded.
  static Result<Child> fork_into(const std::string& name, const CpuSet& cpus,
                                 const std::function<int()>& body);

  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  // a child still running is ended as by stop(1s)

  pid_t pid() const { return pid_; }
  bool running();                             // has not been seen to end yet
  std::optional<Exit> wait_for(Nanos limit);  // nullopt: still running
  /// SIGTERM to the group, `grace`, SIGKILL to the group, wait. Safe to call twice.
  Exit stop(Nanos grace);
  void signal(int number);  // to the whole group
  const std::optional<Exit>& exit() const { return exit_; }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  std::optional<Exit> exit_;
};

/// Runs a short command and returns its stdout; non-zero exit or deadline is an error with its
/// output. `environment` is added to ours.
Result<std::string> run_for_output(const std::vector<std::string>& argv, Nanos limit,
                                   const std::map<std::string, std::string>& environment = {});
/// Full path of a program in PATH; unsupported if there is none.
Result<std::string> find_program(const std::string& name);

}  // namespace isolab
