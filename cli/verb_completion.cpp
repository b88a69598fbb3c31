// SPDX-License-Identifier: Apache-2.0
// The verb completion: verbs, options, their choices and names for a shell, made from the
// declarations.
#include <memory>

#include "base/output.h"
#include "cli/completion.h"

namespace isolab {

Verb verb_completion() {
  const auto shell = std::make_shared<std::string>("bash");
  return {.name = "completion",
          .summary = "print the completion for a shell",
          .options = {Option{"shell", shell.get(), "the shell"}.one_of({"bash", "zsh"})},
          .act = [shell](const Call& call) -> Result<ExitCode> {
            print(*shell == "zsh" ? zsh_completion(call.verbs) : bash_completion(call.verbs));
            return ExitCode::done;
          },
          .hidden = true};
}

}  // namespace isolab
