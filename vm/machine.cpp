// SPDX-License-Identifier: Apache-2.0
#include "vm/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "host/arch/cycles.h"
#include "host/files.h"
#include "host/os.h"
#include "host/process.h"
#include "vm/archive.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kDiskBytes = 4ULL << 30;  // sparse
constexpr std::size_t kConsoleLimit = 8U << 20;
constexpr std::size_t kTailLines = 25;
constexpr Nanos kPoll = std::chrono::milliseconds(50);

std::string tail_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::erase_if(line, [](unsigned char c) { return c < ' ' && c != '\t'; });
    lines.push_back(line.substr(0, 200));
  }
  std::string out;
  for (std::size_t i = lines.size() - std::min(lines.size(), kTailLines); i < lines.size(); ++i)
    out += "\n  | " + lines[i];
  return out.empty() ? "\n  | (nothing)" : out;
}

Result<std::string> qemu_of(const std::string& arch) {
  const std::string name = arch == "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";
  auto found = find_program(name);
  if (!found)
    return Error{
        ErrorKind::unsupported, name + " is not installed",
        arch == "arm64" ? "apt-get install qemu-system-arm" : "apt-get install qemu-system-x86"};
  return found;
}

Result<void> try_kvm(const std::string& arch) {
  const bool ours = (arch == "arm64") == (kArch == Arch::arm64);
  if (!ours)
    return Error{ErrorKind::unsupported, "KVM cannot run a " + arch + " guest on this machine"};
  const Fd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm)
    return errno_error("cannot open /dev/kvm", errno, "without --accel kvm the guest is emulated");
  const Fd machine(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
  if (!machine) return errno_error("cannot make a virtual machine with KVM", errno);
  return {};
}

/// Whether a CPU of this kernel may wait for another without giving up its turn: x86 called only
/// schedule() until a new CPU had come up (do_boot_cpu, arch/x86/kernel/smpboot.c, until 6.5).
/// An image without a release is taken for an old one.
bool waits_without_pause(const ImageSpec& image) {
  int major = 0, minor = 0;
  std::sscanf(image.kernel.release.c_str(), "%d.%d", &major, &minor);
  return image.arch == "x86_64" && (major < 6 || (major == 6 && minor < 5));
}

/// How an emulated guest keeps time and takes turns. All CPUs share one host thread (QEMU 7.2 may
/// run stale code in several while x86 patches itself). Time counts instructions, 8 ns each, and
/// idle time is skipped, so that a crowded host makes the guest slow but never late. A CPU that
/// spins keeps its turn until a timer of the emulator expires. A guest's own timer cannot end many
/// turns, since it is armed again by a CPU that waits for its turn; a network filter with nothing
/// to filter is a timer that arms itself. A broadcast to two spinning CPUs takes 1 ms of the host
/// so, with host time and turns of 100 ms it takes 270 ms; but there every CPU has a turn, here one
/// that waits without `pause` or `hlt` keeps all others waiting for ever.
std::vector<std::string> emulation_options(const ImageSpec& image) {
  if (waits_without_pause(image)) return {"-accel", "tcg,thread=single"};
  return {"-accel",  "tcg,thread=single",
          "-icount", "shift=3,sleep=off",
          "-netdev", "hubport,id=turns,hubid=0",
          "-object", "filter-buffer,id=turn,netdev=turns,interval=200"};  // microseconds
}

std::vector<std::string> qemu_command(const GuestSpec& spec, const std::string& qemu) {
  const bool arm = spec.image.arch == "arm64", kvm = spec.accelerator == "kvm";
  const auto file = [&](const char* name) { return (spec.directory / name).string(); };
  std::vector<std::string> command = {qemu, "-M", arm ? "virt,gic-version=3" : "pc"};
  const auto add = [&](std::vector<std::string> more) {
    command.insert(command.end(), more.begin(), more.end());
  };
  // QEMU 7.2 leaves garbage in the flags after cmpxchg16b (helper_cmpxchg16b_unlocked,
  // target/i386/tcg/mem_helper.c, computes them with a stale cc_op). A guest interrupted right
  // behind it, which the counting of instructions makes possible, is killed by a double fault when
  // returning to such flags; without the feature the kernel does it by other means.
  add({"-cpu", kvm ? "host" : arm ? "cortex-a72" : "max,-cx16"});
  add(kvm ? std::vector<std::string>{"-accel", "kvm"} : emulation_options(spec.image));
  add({"-smp", std::to_string(spec.cpus) + (spec.topology.empty() ? "" : "," + spec.topology)});
  add({"-m", fmt::format("{}M", spec.memory_mb), "-nodefaults", "-no-user-config"});
  add({"-display", "none", "-no-reboot", "-serial", "file:" + file("console.log")});
  add({"-drive", "file=" + file("results.disk") + ",if=none,id=results,format=raw,cache=unsafe"});
  add({"-device", "virtio-blk-pci,drive=results"});
  add({"-kernel", spec.image.kernel.image.string(), "-initrd", file("initramfs")});
  add({"-append", guest_command_line(spec)});
  return command;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return std::move(all).str();
}

/// Watches the guest until QEMU ends. Empty: it ended by itself; else why it was ended.
Result<std::string> wait_for_end(const GuestSpec& spec, Child& qemu, const WatchConsole& watch,
                                 std::string& console) {
  const fs::path path = spec.directory / "console.log";
  const auto nanos = [](Nanos span) { return static_cast<std::uint64_t>(span.count()); };
  const std::uint64_t begin = mono_raw_ns();
  std::uint64_t last_news = begin;
  std::ifstream in;
  while (true) {
    const bool running = qemu.running();
    if (!in.is_open()) in.open(path, std::ios::binary);
    std::ostringstream news;
    if (in.is_open()) {
      in.clear();
      news << in.rdbuf();
    }
    if (const std::string text = news.str(); !text.empty()) {
      console += text;
      last_news = mono_raw_ns();
      if (!watch(text)) return Error{ErrorKind::interrupted, "interrupted: the guest was ended"};
    } else if (!watch({})) {
      return Error{ErrorKind::interrupted, "interrupted: the guest was ended"};
    }
    if (!running) return std::string();
    const std::uint64_t now = mono_raw_ns();
    if (console.size() > kConsoleLimit)
      return fmt::format("it printed {} MiB on its console", console.size() >> 20);
    if (now - last_news > nanos(spec.silence))
      return fmt::format("it hangs: no output on its console for {}", human_span(spec.silence));
    if (now - begin > nanos(spec.limit))
      return fmt::format("it did not end within {}", human_span(spec.limit));
    sleep_for(kPoll);
  }
}

GuestOutcome read_results(const GuestSpec& spec) {
  GuestOutcome outcome;
  outcome.results = spec.directory / "results" / "out";
  for (std::size_t i = 0; i < spec.image.commands.size(); ++i) {
    const fs::path place = outcome.results / fmt::format("{:02}", i);
    outcome.commands.push_back({read_text(place / "exit"), read_text(place / "stdout")});
  }
  outcome.kernel_log = read_text(outcome.results / "dmesg");
  outcome.release = std::string(trimmed(read_text(outcome.results / "osrelease")));
  outcome.tainted = std::strtoull(read_text(outcome.results / "tainted").c_str(), nullptr, 10);
  return outcome;
}

}  // namespace

std::string guest_command_line(const GuestSpec& spec) {
  std::string line = spec.image.arch == "arm64" ? "console=ttyAMA0" : "console=ttyS0 tsc=reliable";
  // The facts of a recording tell an emulated machine by this word (host/facts/facts.cpp).
  line += " quiet panic=-1 rdinit=/usr/bin/isolab isolab.vm=" + spec.accelerator;
  if (!spec.isolated.empty()) {
    const std::string cpus = spec.isolated.list();
    CpuSet housekeeping;
    for (int cpu = 0; cpu < spec.cpus; ++cpu) housekeeping.add(cpu);
    housekeeping = housekeeping - spec.isolated;
    line +=
        fmt::format(" isolcpus=nohz,domain,managed_irq,{} nohz_full={} rcu_nocbs={} irqaffinity={}",
                    cpus, cpus, cpus, housekeeping.list());
  }
  if (!spec.append.empty()) line += " " + spec.append;
  return line + " -- vm guest";
}

std::string console_complaint(const std::string& console) {
  std::istringstream in(console);
  for (std::string line; std::getline(in, line);)
    for (const char* sign :
         {"Kernel panic - not syncing", "Oops:", "BUG: ", "Unable to handle kernel"})
      if (const auto at = line.find(sign); at != std::string::npos) {
        line = line.substr(at);
        std::erase_if(line, [](unsigned char c) { return c < ' '; });
        return line;
      }
  return {};
}

Result<GuestOutcome> run_guest(const GuestSpec& spec, const WatchConsole& watch) {
  const std::string qemu_path = TRY(qemu_of(spec.image.arch));
  if (spec.accelerator == "kvm") TRY(try_kvm(spec.image.arch));
  TRY(write_image(spec.image, spec.directory / "initramfs"));
  const fs::path disk = spec.directory / "results.disk",
                 console_path = spec.directory / "console.log";
  std::ofstream(disk).close();
  std::error_code error;
  fs::resize_file(disk, kDiskBytes, error);
  if (error) return Error{ErrorKind::io, "cannot make " + disk.string() + ": " + error.message()};
  fs::remove(console_path, error);

  CommandSpec command;
  command.argv = qemu_command(spec, qemu_path);
  command.output = (spec.directory / "qemu.log").string();
  const std::uint64_t begin = mono_raw_ns();
  Child qemu = TRY(Child::spawn(command));
  std::string console;
  const auto ended = wait_for_end(spec, qemu, watch, console);
  const Exit exit = qemu.stop(std::chrono::seconds(1));
  const std::string ended_by_us = TRY(ended);
  std::ifstream handed(disk, std::ios::binary);
  const auto unpacked = extract_archive(handed, spec.directory / "results");
  if (ended_by_us.empty() && unpacked) {
    GuestOutcome outcome = read_results(spec);
    outcome.duration = Nanos(static_cast<std::int64_t>(mono_raw_ns() - begin));
    return outcome;
  }
  std::string why = console_complaint(console);
  if (why.starts_with("Oops: int3") && spec.accelerator == "tcg")
    why += " (QEMU ran stale code while the kernel patched itself; boot again, see docs/guests.md)";
  if (why.empty()) why = ended_by_us;
  if (why.empty() && !exit.ok())
    why = "QEMU: " + exit.text() + "\n" + read_text(spec.directory / "qemu.log");
  if (why.empty()) why = "it ended without writing its results (" + unpacked.error().what + ")";
  return Error{ErrorKind::io,
               fmt::format("the {} guest with kernel {} failed: {}\nits console ends with:{}",
                           spec.image.arch, spec.image.kernel.name, why, tail_of(console)),
               "all of it is in " + spec.directory.string()};
}

}  // namespace isolab
