// SPDX-License-Identifier: Apache-2.0
#include "vm/image.h"

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

#include "base/directory.h"
#include "base/units.h"
#include "host/process.h"
#include "vm/archive.h"
#include "vm/elf.h"
#include "vm/guest.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

// The guest loads them in this order, and once more what failed. Names as of Linux 6.1-6.12.
constexpr const char* kLoadOrder[] = {"virtio",
                                      "virtio_ring",
                                      "virtio_pci_legacy_dev",
                                      "virtio_pci_modern_dev",
                                      "virtio_pci",
                                      "virtio_mmio",
                                      "virtio_blk",
                                      "msr",
                                      "cpuid"};

Result<void> add_program(ArchiveWriter& archive, std::set<std::string>& there,
                         const ImageSpec& spec, const fs::path& program,
                         const std::string& target) {
  const ElfNeeds elf = TRY(read_elf(program));
  if (elf.arch != spec.arch)
    return Error{ErrorKind::usage, fmt::format("{} is a program for {}, the guest is {}",
                                               program.string(), elf.arch, spec.arch)};
  if (there.insert(target).second) TRY(archive.add_tree(target, program));
  for (const auto& [path, file] : TRY(libraries_of(program, spec.library_roots)))
    if (there.insert(path.substr(1)).second) TRY(archive.add_tree(path.substr(1), file));
  return {};
}

Result<void> add_modules(ArchiveWriter& archive, const fs::path& modules) {
  std::map<std::string, fs::path> found;
  for (const auto& module : files_below(modules).value_or(std::vector<fs::path>{})) {
    const std::string file = module.filename().string();
    if (const auto dot = file.find(".ko"); dot != std::string::npos)
      found[file.substr(0, dot)] = module;
  }
  int number = 0;
  for (const char* name : kLoadOrder) {
    const auto module = found.find(name);
    if (module == found.end()) continue;  // built in
    const std::string target = fmt::format("{}/{:02}-{}.ko", kGuestModules + 1, number++, name);
    if (module->second.extension() == ".xz") {
      const auto bytes =
          run_for_output({"xz", "-dc", module->second.string()}, std::chrono::seconds(30));
      archive.add_file(target, 0644, TRY(bytes));
    } else {
      TRY(archive.add_tree(target, module->second));
    }
  }
  return {};
}

}  // namespace

Result<void> write_image(const ImageSpec& spec, const fs::path& target) {
  std::ofstream out(target, std::ios::binary);
  ArchiveWriter archive(out);
  std::set<std::string> there;
  for (const char* directory : {"proc", "sys", "dev", "run", "tmp", "root", "var/cache", "etc"})
    archive.add_directory(directory);
  // PID 1's first messages go here, before devtmpfs is mounted.
  archive.add_character_device("dev/console", 0600, 5, 1);
  archive.add_link("bin", "usr/bin");
  TRY(add_program(archive, there, spec, spec.isolab, "usr/bin/isolab"));
  for (const auto& program : spec.programs)
    TRY(add_program(archive, there, spec, program, "usr/bin/" + program.filename().string()));
  for (const auto& [path, file] : spec.files) TRY(archive.add_tree(path.substr(1), file));
  if (!spec.kernel.config.empty())
    TRY(archive.add_tree("boot/config-" + spec.kernel.release, spec.kernel.config));
  if (!spec.kernel.modules.empty()) TRY(add_modules(archive, spec.kernel.modules));
  for (std::size_t i = 0; i < spec.commands.size(); ++i) {
    std::string argv;
    for (const auto& word : spec.commands[i]) argv += word + '\0';
    archive.add_file(fmt::format("{}/{:02}", kGuestCommands + 1, i), 0644, argv);
  }
  if (!archive.finish()) return Error{ErrorKind::io, "cannot write " + target.string()};
  return {};
}

}  // namespace isolab
