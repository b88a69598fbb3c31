// SPDX-License-Identifier: Apache-2.0
#include "host/captured/captured_machine.h"

#include <sys/stat.h>

#include <cerrno>

#include "host/captured/capture.h"
#include "host/captured/sysroot.h"
#include "host/os.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNotHere = "not applicable: captured machine";

Result<std::unique_ptr<Files>> open_directory(const fs::path& path) {
  auto tree = TRY(SysrootFiles::open(path));
  const bool sosreport = tree->exists("/sos_commands");
  if (!sosreport && !tree->exists("/proc") && !tree->exists("/sys"))
    return Error{ErrorKind::parse, path.string() + " has neither proc/ nor sys/ nor sos_commands/",
                 "name the directory that contains the files of / of that machine"};
  if (sosreport) add_sosreport_commands(*tree);
  return std::unique_ptr<Files>(std::move(tree));
}

}  // namespace

Result<std::unique_ptr<Files>> open_captured_machine(const fs::path& path) {
  struct stat what {};
  if (::stat(path.c_str(), &what) != 0) return errno_error("cannot open " + path.string(), errno);
  if (S_ISDIR(what.st_mode)) return open_directory(path);
  if (!S_ISREG(what.st_mode))
    return Error{ErrorKind::parse, path.string() + " is neither a regular file nor a directory"};
  auto texts = TRY(read_capture(path));
  return std::unique_ptr<Files>(std::make_unique<MemoryFiles>(std::move(texts)));
}

HostFacts read_captured_facts(const Files& files) {
  HostFacts facts = read_kernel_facts(files);
  facts.captured = true;
  if (!files.exists("/proc/self/status")) {
    facts.root = false;
    facts.all["rights.root"] = kNotHere;
  }
  if (!files.exists("/proc/sys/kernel/arch") && !files.exists("/proc/cpuinfo")) {
    facts.arch = "unknown";  // read_kernel_facts() takes this program's own then
    facts.kernel_flush = {};
    for (const char* key : {"kernel.arch", "kernel.tlb_flush", "clock.tsc_reliable"})
      facts.all[key] = kNotHere;
  }
  // x86 has pages of 4 KiB; arm64 chooses when the kernel is built.
  const bool pages_of_64k = facts.config_on("CONFIG_ARM64_64K_PAGES");
  const bool pages_of_16k = facts.config_on("CONFIG_ARM64_16K_PAGES");
  facts.page_size = pages_of_64k ? 65536 : pages_of_16k ? 16384 : 4096;
  facts.all["kernel.page_size"] = facts.arch == "x86_64" || !facts.kernel_config.empty()
                                      ? std::to_string(facts.page_size)
                                      : kNotHere;
  for (auto& [key, value] : facts.all) value = printable(std::move(value));
  facts.kernel_release = printable(std::move(facts.kernel_release));
  for (const char* key : {"software.built_with", "software.isolab", "software.libc", "topology"})
    facts.all[key] = kNotHere;
  return facts;
}

std::string printable(std::string text) {
  for (char& c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7f) c = '?';
  return text;
}

}  // namespace isolab
