// SPDX-License-Identifier: Apache-2.0
// Fuzz target: machines that --host opens. The first byte chooses: a capture; or a directory with
// what a sosreport's commands printed and some kernel files, parted by zero bytes.
#include "base/cpu_set.h"
#include "host/captured/capture.h"
#include "host/captured/captured_machine.h"
#include "host/facts/measured_cpus.h"
#include "host/readiness/readiness.h"
#include "tests/fuzz/scratch.h"

namespace {

using namespace isolab;

void read_all(const Files& files) {
  const HostFacts facts = read_captured_facts(files);
  for (const auto& [key, value] : facts.all) fuzz::demand(fuzz::shown(value));
  // More CPUs than a machine has cost seconds, which is no mistake of a reader.
  if (facts.online.count() > 64) return;
  for (const auto& finding : check_readiness(files, facts, facts.isolated | CpuSet{1}))
    fuzz::demand(!finding.id.empty());
}

void read_directory(std::string_view text) {
  static const fuzz::Scratch scratch;
  for (const char* name : {"sos_commands/kernel/sysctl_-a", "sos_commands/kernel/uname_-a",
                           "sos_commands/processor/lscpu", "proc/cmdline", "proc/interrupts",
                           "proc/mounts", "proc/self/status", "proc/cpuinfo",
                           "sys/devices/system/cpu/possible", "boot/config", "proc/self/cgroup"})
    scratch.put(name, fuzz::next_part(text));
  const auto machine = open_captured_machine(scratch.path());
  fuzz::demand(machine.has_value());
  read_all(**machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 1) != 0) {
    read_directory(text);
    return 0;
  }
  auto texts = parse_capture("capture", text);
  if (!texts)
    fuzz::demand(texts.error().what.starts_with("capture:") && fuzz::shown(texts.error().what));
  else
    read_all(MemoryFiles(*std::move(texts)));
  return 0;
}
