// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"
#include "base/version.h"
#include "cli/command_line.h"

namespace isolab {
namespace {

std::vector<Verb> all_verbs() {
  return {
#define VERB(name) verb_##name(),
#include "cli/verbs.def"
#undef VERB
  };
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  isolab::prepare_standard_streams();
  const auto code = isolab::carry_out({argv, argv + argc}, isolab::all_verbs, isolab::kVersion);
  return static_cast<int>(code);
}
