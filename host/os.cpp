// SPDX-License-Identifier: Apache-2.0
#include "host/os.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/directory.h"
#include "host/files.h"

namespace isolab {
namespace {

constexpr int kCpuLimit = 8192;  // as CpuSet

/// cpu_set_t of a size that holds every CPU number, freed at the end.
class CpuMask {
 public:
  CpuMask() : mask_(CPU_ALLOC(kCpuLimit), &free_mask) { CPU_ZERO_S(size(), mask_.get()); }
  static std::size_t size() { return CPU_ALLOC_SIZE(kCpuLimit); }
  cpu_set_t* get() const { return mask_.get(); }
  void add(int cpu) { CPU_SET_S(static_cast<std::size_t>(cpu), size(), mask_.get()); }
  bool has(int cpu) const {
    return CPU_ISSET_S(static_cast<std::size_t>(cpu), size(), mask_.get());
  }

 private:
  static void free_mask(cpu_set_t* mask) { CPU_FREE(mask); }
  std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask_;
};

std::uint64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// Whether a file system of this type is mounted at this place, by /proc/self/mounts.
bool mounted(std::string_view mounts, std::string_view place, std::string_view type) {
  const std::string wanted = " " + std::string(place) + " " + std::string(type) + " ";
  return mounts.find(wanted) != std::string_view::npos;
}

}  // namespace

std::uint64_t mono_raw_ns() { return read_clock(CLOCK_MONOTONIC_RAW); }

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

void sleep_for(Nanos span) {
  if (span <= Nanos{0}) return;
  const std::uint64_t end = read_clock(CLOCK_MONOTONIC) + static_cast<std::uint64_t>(span.count());
  timespec until{};
  until.tv_sec = static_cast<time_t>(end / 1'000'000'000U);
  until.tv_nsec = static_cast<long>(end % 1'000'000'000U);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

Result<void> pin_this_thread(const CpuSet& cpus) {
  if (cpus.empty()) return Error{ErrorKind::usage, "cannot pin a thread to an empty CPU list"};
  CpuMask mask;
  for (int cpu : cpus) mask.add(cpu);
  if (::sched_setaffinity(0, CpuMask::size(), mask.get()) != 0)
    return errno_error("cannot pin a thread to CPUs " + cpus.list(), errno,
                       "are they online and in the cpuset? see /sys/devices/system/cpu/online and "
                       "Cpus_allowed_list in /proc/self/status");
  return {};
}

CpuSet this_thread_cpus() {
  CpuMask mask;
  CpuSet cpus;
  if (::sched_getaffinity(0, CpuMask::size(), mask.get()) != 0) return cpus;
  for (int cpu = 0; cpu < kCpuLimit; ++cpu)
    if (mask.has(cpu)) cpus.add(cpu);
  return cpus;
}

Result<void> set_this_thread_policy(const std::string& policy, int priority) {
  int number = SCHED_OTHER;
  if (policy == "fifo") {
    number = SCHED_FIFO;
  } else if (policy == "rr") {
    number = SCHED_RR;
  } else if (policy != "other") {
    return Error{ErrorKind::usage, "unknown scheduling policy \"" + policy + "\"",
                 "one of: other, fifo, rr"};
  }
  sched_param param{};
  param.sched_priority = number == SCHED_OTHER ? 0 : priority;
  if (::sched_setscheduler(0, number, &param) != 0)
    return errno_error("cannot set scheduling policy " + policy + " with priority " +
                           std::to_string(param.sched_priority),
                       errno,
                       "needs root or CAP_SYS_NICE, and with CONFIG_RT_GROUP_SCHED a cgroup with "
                       "cpu.rt_runtime_us > 0");
  return {};
}

Result<void> run_ahead_of_ordinary_tasks() {
  sched_param param{};
  param.sched_priority = 1;
  if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) != 0)
    return errno_error("cannot run ahead of ordinary tasks", errno, "needs root or CAP_SYS_NICE");
  return {};
}

Result<void> lock_all_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
    return errno_error("cannot lock memory", errno,
                       "needs root, CAP_IPC_LOCK or a higher ulimit -l");
  return {};
}

std::vector<std::int32_t> holders_of_anonymous(const std::string& kind) {
  std::vector<std::int32_t> out;
  using Paths = std::vector<std::filesystem::path>;
  for (const auto& process : entries_of("/proc").value_or(Paths{})) {
    const auto pid = std::atoi(process.filename().c_str());
    if (pid <= 0) continue;
    const auto files = entries_of(process / "fd").value_or(Paths{});
    if (std::any_of(files.begin(), files.end(), [&](const auto& file) {
          std::error_code gone;
          return std::filesystem::read_symlink(file, gone) == "anon_inode:" + kind;
        }))
      out.push_back(pid);
  }
  return out;
}

bool is_root() { return ::geteuid() == 0; }

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() { return std::exchange(fd_, -1); }

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Fd> hold_cpu_dma_latency() {
  Fd fd(::open("/dev/cpu_dma_latency", O_RDWR | O_CLOEXEC));
  if (!fd) {
    const int code = errno;
    Error error = errno_error("cannot open /dev/cpu_dma_latency", code);
    if (code == ENOENT) error.kind = ErrorKind::unsupported;
    return error;
  }
  const std::int32_t zero = 0;  // kernel/power/qos.c takes a 32-bit number of microseconds
  if (::write(fd.get(), &zero, sizeof zero) != sizeof zero)
    return errno_error("cannot write to /dev/cpu_dma_latency", errno);
  return fd;
}

Result<SharedMemory> SharedMemory::create(std::size_t bytes) {
  if (bytes == 0) return Error{ErrorKind::usage, "cannot map shared memory: size 0"};
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return errno_error("cannot map " + std::to_string(bytes) + " bytes of shared memory", errno);
  SharedMemory memory;
  memory.data_ = data;
  memory.size_ = bytes;
  return memory;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) ::munmap(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Result<std::vector<std::string>> mount_private_kernel_filesystems() {
  const std::string mounts = TRY(SystemFiles().read("/proc/self/mounts"));
  struct Wanted {
    const char* type;
    const char* place;
  };
  std::vector<Wanted> missing;
  for (const Wanted& wanted :
       {Wanted{"tracefs", "/sys/kernel/tracing"}, Wanted{"debugfs", "/sys/kernel/debug"}})
    if (!mounted(mounts, wanted.place, wanted.type)) missing.push_back(wanted);
  std::vector<std::string> made;
  if (missing.empty()) return made;

  if (::unshare(CLONE_NEWNS) != 0)
    return errno_error("cannot make a mount namespace", errno, "needs root or CAP_SYS_ADMIN");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return errno_error("cannot make the mount namespace private", errno);
  for (const Wanted& wanted : missing) {
    if (::mount(wanted.type, wanted.place, wanted.type, MS_NOSUID | MS_NODEV | MS_NOEXEC,
                nullptr) == 0) {
      made.push_back(wanted.type);
      continue;
    }
    // ENODEV, ENOENT: the kernel was built without it. EPERM: debugfs=off on the command line. Who
    // needs it finds its files missing and says so.
    if (errno == ENODEV || errno == ENOENT || errno == EPERM) continue;
    return errno_error(std::string("cannot mount ") + wanted.type + " at " + wanted.place, errno);
  }
  return made;
}

}  // namespace isolab
