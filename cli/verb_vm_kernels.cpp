// SPDX-License-Identifier: Apache-2.0
// The verb vm kernels: which kernels a guest can boot.
#include <fmt/format.h>

#include <memory>

#include "base/output.h"
#include "cli/shared_options.h"
#include "results/json.h"
#include "vm/kernels.h"
#include "vm/sessions/prepare_guest.h"

namespace isolab {
namespace {

struct KernelsOptions {
  std::string arch;  // empty: both
  bool json = false;
};

Result<ExitCode> list_guest_kernels(const KernelsOptions& options) {
  const auto architectures =
      TRY(vm_architectures(options.arch.empty() ? "x86_64,arm64" : options.arch));
  JsonArray items;
  std::string text;
  for (const auto& arch : architectures) {
    const auto kernels = list_kernels(arch);
    if (!kernels) {
      if (!options.arch.empty()) return kernels.error();
      say(kernels.error().text());
      continue;
    }
    for (const auto& kernel : *kernels) {
      text += fmt::format("{:<7} {:<12} {:<32} {}\n", arch, kernel.name, kernel.release,
                          kernel.cached ? "cached" : "not downloaded");
      items.push_back(JsonObject{{"arch", arch},
                                 {"name", kernel.name},
                                 {"release", kernel.release},
                                 {"package", kernel.package},
                                 {"version", kernel.version},
                                 {"sha256", kernel.sha256},
                                 {"cached", kernel.cached}});
    }
  }
  if (items.empty()) return ExitCode::not_applicable;
  if (options.json)
    print_as_json(print_json(items));
  else
    print(fmt::format("{:<7} {:<12} {:<32} {}\n{}", "arch", "--kernel", "release", "", text));
  return ExitCode::done;
}

}  // namespace

Verb verb_vm_kernels() {
  const auto options = std::make_shared<KernelsOptions>();
  return {"vm kernels",
          "list the Debian kernels that a guest can boot",
          {{"--arch", &options->arch, "x86_64 or arm64 (default: both)"}, json_flag(options->json)},
          [options](const Call&) { return list_guest_kernels(*options); }};
}

}  // namespace isolab
