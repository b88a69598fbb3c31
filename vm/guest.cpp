// SPDX-License-Identifier: Apache-2.0
#include "vm/guest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/units.h"
#include "host/files.h"
#include "host/os.h"
#include "host/process.h"
#include "vm/archive.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr int kKernelLogAll = 3, kKernelLogSize = 10;  // syslog(2) actions
constexpr Nanos kDiskWait = std::chrono::seconds(10);

void say(const std::string& text) {
  const std::string line = "isolab-guest: " + text + "\n";
  // What cannot be said on the console has nowhere else to go.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void mount_all() {
  struct Wanted {
    const char *type, *place;
  };
  for (const Wanted& mount : {Wanted{"proc", "/proc"},
                              {"sysfs", "/sys"},
                              {"devtmpfs", "/dev"},
                              {"tmpfs", "/run"},
                              {"tmpfs", "/tmp"},
                              {"tmpfs", "/dev/shm"},
                              {"debugfs", "/sys/kernel/debug"},
                              {"tracefs", "/sys/kernel/tracing"},
                              {"cgroup2", "/sys/fs/cgroup"}}) {
    ::mkdir(mount.place, 0755);  // most exist already
    if (::mount(mount.type, mount.place, mount.type, 0, nullptr) != 0)
      say(fmt::format("cannot mount {} at {}: {}", mount.type, mount.place, std::strerror(errno)));
  }
}

/// stdin, stdout and stderr are the console once devtmpfs has it.
void open_console() {
  const int fd = ::open("/dev/console", O_RDWR | O_NOCTTY);
  if (fd < 0) return;
  for (const int target : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(fd, target);
  if (fd > STDERR_FILENO) ::close(fd);
}

/// Empty: loaded, or there already.
std::string load_module(const std::string& name) {
  const std::string path = std::string(kGuestModules) + "/" + name;
  const Fd module(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (module && (::syscall(SYS_finit_module, module.get(), "", 0) == 0 || errno == EEXIST))
    return {};
  return std::strerror(errno);
}

/// Which module needs which differs from kernel to kernel (6.1's virtio needs virtio_ring): what
/// fails is tried again as long as any other got in.
void load_modules() {
  const SystemFiles files;
  auto waiting = files.list(kGuestModules).value_or(std::vector<std::string>{});
  for (std::size_t before = waiting.size() + 1; !waiting.empty() && waiting.size() < before;) {
    before = waiting.size();
    std::erase_if(waiting, [](const auto& name) { return load_module(name).empty(); });
  }
  for (const auto& name : waiting) say("cannot load " + name + ": " + load_module(name));
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\0', at);
    words.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return words;
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void carry_out(const std::string& number, const std::vector<std::string>& argv) {
  const fs::path place = fs::path(kGuestOutput) / number;
  std::error_code error;
  fs::create_directories(place, error);
  const Fd out(::open((place / "stdout").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const std::string line = join(argv, " ");
  say("runs " + line);
  CommandSpec spec;
  spec.argv = argv;
  spec.environment = {{"PATH", "/usr/bin"},
                      {"HOME", "/root"},
                      {"LC_ALL", "C"},
                      {"TERM", "dumb"},
                      {"ISOLAB_CACHE", "/var/cache/isolab"}};
  spec.directory = "/root";
  spec.stdout_fd = out.get();  // stderr stays the console: the host watches it for progress
  auto child = Child::spawn(spec);
  if (!child) {
    say(child.error().what);
    write_file(place / "exit", "not started: " + child.error().what);
    return;
  }
  while (!child->wait_for(std::chrono::seconds(1)))
    while (::waitpid(0, nullptr, WNOHANG) > 0) {  // orphans of this process group
    }
  const Exit exit = *child->exit();
  const std::string how =
      exit.signal != 0 ? "signal " + std::to_string(exit.signal) : std::to_string(exit.code);
  write_file(place / "exit", how);
  say("ended with " + how + ": " + line);
}

void keep_kernel_log() {
  const int size = ::klogctl(kKernelLogSize, nullptr, 0);
  std::string log(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  const int got = ::klogctl(kKernelLogAll, log.data(), static_cast<int>(log.size()));
  log.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  write_file(fs::path(kGuestOutput) / "dmesg", log);
  const SystemFiles files;
  for (const char* name : {"tainted", "osrelease"})
    write_file(fs::path(kGuestOutput) / name,
               files.read(std::string("/proc/sys/kernel/") + name).value_or(std::string()));
}

bool wait_for_disk(const char* disk) {
  for (const std::uint64_t end = mono_raw_ns() + static_cast<std::uint64_t>(kDiskWait.count());
       ::access(disk, W_OK) != 0; sleep_for(std::chrono::milliseconds(50)))
    if (mono_raw_ns() > end) return false;
  return true;
}

void hand_over() {
  constexpr const char* kDisk = "/dev/vda";
  if (!wait_for_disk(kDisk)) return say("there is no disk to write the results to");
  std::ofstream disk(kDisk, std::ios::binary | std::ios::in);
  ArchiveWriter archive(disk);
  const auto packed = archive.add_tree("out", kGuestOutput);
  if (!packed) return say(packed.error().what);
  if (!archive.finish()) return say("cannot write the results to the disk");
  disk.close();
  const Fd device(::open(kDisk, O_RDONLY | O_CLOEXEC));
  if (::fsync(device.get()) != 0) return say("cannot flush the results to the disk");
  say("results written");
}

}  // namespace

void run_guest_init() {
  mount_all();
  open_console();
  ::setenv("PATH", "/usr/bin", 1);
  load_modules();
  std::error_code error;
  fs::create_directories(kGuestOutput, error);
  const SystemFiles files;
  if (const auto names = files.list(kGuestCommands))
    for (const auto& name : *names)
      carry_out(
          name,
          words_of(files.read(std::string(kGuestCommands) + "/" + name).value_or(std::string())));
  keep_kernel_log();
  hand_over();
  ::sync();
  ::reboot(RB_POWER_OFF);
  std::abort();  // a PID 1 that ends is a panic, which the host sees
}

}  // namespace isolab
