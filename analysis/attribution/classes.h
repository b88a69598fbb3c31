// SPDX-License-Identifier: Apache-2.0
// What an interruption is: ordered rules as data (classes.csv, built into the program), the first
// that matches wins. A rule speaks of the function that ran on the interrupted CPU and, where that
// is not proof enough, of a function anywhere in the sender's stack. Needs nothing of the machine:
// architecture and kernel release are those of the recording.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace isolab {

struct ClassRule {
  std::string klass;     // text_patch, kernel_tlb, user_tlb, remote_read, task_sync, scheduler ...
  std::string subclass;  // jump_label, range, msr, membarrier ...
  std::string callback;  // regular expression; "NULL": an IPI without callback; "-": no IPI at all
  std::string caller;    // regular expression, searched in each frame; ".*": no stack needed
  std::string arch;      // "x86_64", "arm64" or "*"
  std::string kernels;   // "*", "6.11-", "-6.6", "5.14-6.10": both ends are included
  std::string deferrable;  // until the next kernel entry: "yes", "no", "partly" or "n/a"
  std::string lpc_name;    // of the LPC 2022 classification; "-": none of its three
  std::string reason;      // why it can or cannot be deferred
  bool operator==(const ClassRule&) const = default;
};

/// Reads the CSV (first line: the names of the columns). Errors are "file:line: what is wrong".
Result<std::vector<ClassRule>> parse_class_rules(const std::string& file, std::string_view text);

/// The rules built into the program.
const std::vector<ClassRule>& builtin_class_rules();

/// "5.14-6.10" of "6.6.30-lab": does the rule speak of this kernel? A release without a version is
/// in every range.
bool kernel_in_range(std::string_view range, std::string_view release);

/// The rules that apply to one machine, compiled. Matching costs microseconds (std::regex): callers
/// keep the answer for each callback and stack.
class Classifier {
 public:
  /// parse: an expression that is not one. Rules before others win, so a user's come first.
  static Result<Classifier> create(std::vector<ClassRule> rules, const std::string& arch,
                                   const std::string& release);
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  /// `callback` is a function's name or "NULL". Suffixes of compilers (".isra.0") are cut off.
  /// Without a rule: unknown(), never a guess.
  const ClassRule& classify(std::string_view callback,
                            const std::vector<std::string>& frames) const;
  static const ClassRule& unknown();

 private:
  struct Compiled;
  explicit Classifier(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace isolab
