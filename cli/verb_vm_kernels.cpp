// SPDX-License-Identifier: Apache-2.0
// The verb vm kernels: which kernels a guest can boot.
#include <fmt/format.h>

#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "results/json.h"
#include "runner/complain.h"
#include "vm/kernels.h"
#include "vm/sessions/prepare_guest.h"

namespace isolab {

ExitCode vm_kernels_command(const std::string& arch, bool json) {
  const auto architectures = vm_architectures(arch.empty() ? "x86_64,arm64" : arch);
  if (!architectures) return complain(architectures.error());
  JsonArray items;
  std::string text;
  for (const auto& one : *architectures) {
    const auto kernels = list_kernels(one);
    if (!kernels) {
      if (!arch.empty()) return complain(kernels.error());
      say(kernels.error().text());
      continue;
    }
    for (const auto& kernel : *kernels) {
      text += fmt::format("{:<7} {:<12} {:<32} {}\n", one, kernel.name, kernel.release,
                          kernel.cached ? "cached" : "to be fetched");
      items.push_back(JsonObject{{"arch", one},
                                 {"name", kernel.name},
                                 {"release", kernel.release},
                                 {"package", kernel.package},
                                 {"version", kernel.version},
                                 {"sha256", kernel.sha256},
                                 {"cached", kernel.cached}});
    }
  }
  if (items.empty()) return ExitCode::not_applicable;
  if (json)
    print_as_json(print_json(items));
  else
    print(fmt::format("{:<7} {:<12} {:<32} {}\n{}", "arch", "--kernel", "release", "", text));
  return ExitCode::done;
}

}  // namespace isolab
