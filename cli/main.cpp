// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"
#include "base/version.h"
#include "cli/command_line.h"
#include "cli/commit.h"

namespace isolab {
namespace {

std::vector<Verb> all_verbs() {
  return {
#define VERB(name) verb_##name(),
#include "cli/verbs.def"
#undef VERB
  };
}

/// "isolab 0.2.0 (abc1234)".
std::string version_text() {
  const std::string commit = kCommit;
  return std::string("isolab ") + kVersion + (commit.empty() ? "" : " (" + commit + ")");
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  isolab::prepare_standard_streams();
  const auto code =
      isolab::carry_out({argv, argv + argc}, isolab::all_verbs, isolab::version_text());
  return static_cast<int>(code);
}
