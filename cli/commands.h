// SPDX-License-Identifier: Apache-2.0
// The verbs of the command line, one function each. stdout is the answer, stderr progress and
// warnings; the return value is the exit code.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/session_groups.h"
#include "vm/sessions/prepare_guest.h"

namespace isolab {

struct RunOptions {
  std::string profile;
  std::filesystem::path output;  // empty: recordings/NAME-TIME
  std::string hash;              // refuse a profile whose hash begins otherwise; empty: any
  std::string booted;            // what the profile calls the booted kernel; empty: uname -r says
  int sessions = 1;              // fresh starts of the program, below one directory
  std::string group;             // name or number: its members may read the recording; empty: none
  bool json = false;
  bool plots = true;
  bool quiet = false;
  bool allow_commands = false;     // of a profile that does not ship with isolab
  std::vector<std::string> asked;  // in a guest: the command that booted it, for the recording
};

struct ExportOptions {
  std::filesystem::path recording;
  std::filesystem::path perfetto, trace_cmd;  // files to make; empty: not this one
  std::optional<int> window;  // its number; none: all, for trace-cmd the first traced one
  bool json = false;
};

struct CompareOptions {
  CompareRequest request;
  bool json = false;
  bool cover_letter = false;
  std::filesystem::path html, charts;  // to make; empty: not
};

struct HistoryOptions {
  std::string metric;
  std::vector<std::string> labels;                 // "arm=idle"
  std::filesystem::path directory = "recordings";  // where recordings are looked for
  std::filesystem::path index;                     // empty: index.sqlite in `directory`
  bool rebuild = false;
  bool json = false;
};

ExitCode run_command(const RunOptions& options, const std::vector<std::string>& command_line);
/// `options.sessions` runs, each a process of its own.
ExitCode run_sessions_command(const RunOptions& options);
/// `options.profile`: a profile to record sessions of, or a directory that holds them.
ExitCode aa_command(const RunOptions& options);
ExitCode compare_command(const CompareOptions& options);
ExitCode history_command(const HistoryOptions& options);
struct PlanRequest {
  std::string profile;
  std::string booted;  // what the profile calls the booted kernel; empty: uname -r says
  std::filesystem::path
      host;  // a captured machine (host/captured/captured_machine.h); empty: this one
  bool dry_run = false;
  bool json = false;
};
ExitCode plan_command(const PlanRequest& request);
ExitCode list_command(bool json);
ExitCode show_command(const std::string& name, bool json);
/// `host`: a captured machine; empty: this one. `capture`: a file for the kernel files behind the
/// facts (tests/hosts/*.txt); empty: none.
ExitCode facts_command(const std::filesystem::path& host, bool json,
                       const std::filesystem::path& capture);
ExitCode check_command(const std::filesystem::path& host, const std::string& cpus, bool json);
/// `classes`: a file of class rules tried before the built-in ones (docs/attribution.md); empty:
/// none.
ExitCode analyse_command(const std::filesystem::path& recording, const std::string& classes);
/// `host`: a captured machine to be set against the one that was recorded; empty: none.
ExitCode report_command(const std::filesystem::path& recording, const std::string& classes,
                        bool full, const std::filesystem::path& host, bool json);
struct SpikesRequest {
  std::filesystem::path recording;
  std::string over = "0";  // a duration
  std::size_t limit = 20;
  std::string classes;
  bool json = false;
};
ExitCode spikes_command(const SpikesRequest& request);
ExitCode schema_command();
ExitCode plot_command(const std::filesystem::path& recording, const std::filesystem::path& output,
                      bool json);
ExitCode export_command(const ExportOptions& options);
/// Copies results of Google Benchmark into a recording, where they become metrics.
ExitCode attach_command(const std::filesystem::path& recording, const std::filesystem::path& file,
                        bool json);
/// `forget`: what cannot be put back is dropped from the journals.
ExitCode restore_command(bool dry_run, bool forget, bool json);

struct VmRunOptions {
  RunOptions run;
  VmOptions vm;
  bool resume = false;                    // go on with the sessions of run.output
  std::vector<std::string> command_line;  // as typed
};
/// Boots as many guests as the profile's arms and the sessions need; with several of them compares
/// arms that differ by their kernel alone.
ExitCode vm_run_command(const VmRunOptions& options);
struct VmExecOptions {
  VmOptions vm;
  std::vector<std::string> verb;  // of isolab, with its arguments
  std::filesystem::path script;   // instead: a command a line, words separated by blanks
  std::filesystem::path output;   // all the guest left is put here (must not exist); empty: nowhere
  std::vector<std::string> files;  // "/path/in/guest=file or directory"
  bool json = false;
};
/// Carries out verbs of isolab in one guest and prints what they printed.
ExitCode vm_exec_command(const VmExecOptions& options);
ExitCode vm_kernels_command(const std::string& arch, bool json);

/// recordings/NAME-TIME, where a recording goes that was given no place.
std::filesystem::path default_output(const std::string& name);

}  // namespace isolab
