// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/secret_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace isolab {
namespace {

constexpr const char* kSplits[] = {"direct_map_level2_splits", "direct_map_level3_splits"};

/// The value of "name 123" in /proc/vmstat; "" when the kernel does not count it.
std::string counter_in(std::string_view vmstat, std::string_view name) {
  const std::string key = "\n" + std::string(name) + " ";
  const std::string text = "\n" + std::string(vmstat);
  const auto at = text.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

Result<Fd> open_memory_file(bool secret) {
  if (!secret) {
    Fd plain(memfd_create("isolab", MFD_CLOEXEC));
    if (!plain) return errno_error("cannot make a memory file", errno);
    return plain;
  }
  Fd file(static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC)));
  if (!file && errno == ENOSYS)
    return Error{ErrorKind::unsupported,
                 "cannot make secret memory: the kernel has no memfd_secret",
                 "CONFIG_SECRETMEM=y, and secretmem.enable=1 at boot before Linux 6.5"};
  if (!file) return errno_error("cannot make secret memory", errno);
  return file;
}

void allow_locked_memory() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0) return;
  rlimit mine{};
  if (getrlimit(RLIMIT_MEMLOCK, &mine) != 0) return;
  mine.rlim_cur = mine.rlim_max;
  (void)setrlimit(RLIMIT_MEMLOCK, &mine);  // refused: then mmap() says so
}

Result<void> try_secret_memory(std::size_t bytes) {
  const Fd file = TRY(open_memory_file(true));
  if (ftruncate(file.get(), static_cast<off_t>(bytes)) != 0)
    return errno_error("cannot set the size of secret memory", errno);
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) {
    const int code = errno;
    Error error = errno_error(fmt::format("cannot map {} MiB of secret memory", bytes >> 20), code,
                              "it is locked memory: CAP_IPC_LOCK or ulimit -l unlimited");
    if (code == EAGAIN) error.kind = ErrorKind::denied;
    return error;
  }
  *static_cast<volatile unsigned char*>(at) = 1;
  munmap(at, bytes);
  return {};
}

void note_direct_map_splits(const WorkloadContext& context, const std::string& when) {
  const auto vmstat = context.host.files.read("/proc/vmstat");
  if (!vmstat) return;
  for (const char* name : kSplits)
    if (const std::string value = counter_in(*vmstat, name); !value.empty())
      context.note(std::string(name) + "." + when, value);
}

}  // namespace isolab
