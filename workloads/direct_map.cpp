// SPDX-License-Identifier: Apache-2.0
// Takes pages out of the kernel's direct map by touching secret memory: the situation that XPFO and
// guest_memfd make, on a stock kernel.
//
// Disturbs: on x86 each first touch of a memfd_secret page is one do_kernel_range_flush to every
// other
//   CPU (secretmem_fault, mm/secretmem.c); a huge page of the direct map that is split on the way
//   costs one flush more, once. Closing sends none. arm64 flushes by broadcast: no IPI. With
//   `secret: off` the same memory comes from memfd_create: the control, 0 IPIs.
// Needs: CONFIG_SECRETMEM (on without a boot option since 6.5; before: secretmem.enable=1) and the
// right
//   to lock the pages: CAP_IPC_LOCK or RLIMIT_MEMLOCK.
// Leaves behind: a direct map that is split into small pages, until the next boot. Its splits are
// in
//   /proc/vmstat, read before and after and noted.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "workloads/expectations.h"
#include "workloads/generator.h"

namespace isolab {
namespace {

constexpr const char* kSplits[] = {"direct_map_level2_splits", "direct_map_level3_splits"};

struct DirectMapArgs {
  Rate rate{100};
  int pages = 16;
  bool secret = true;
};

/// The value of "name 123" in /proc/vmstat; "" when the kernel does not count it.
std::string counter_in(std::string_view vmstat, std::string_view name) {
  const std::string key = "\n" + std::string(name) + " ";
  const std::string text = "\n" + std::string(vmstat);
  const auto at = text.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

class DirectMap final : public Generator {
 public:
  using Args = DirectMapArgs;

  DirectMap(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context),
        secret_(args.secret),
        page_(context.host.facts.page_size),
        size_(static_cast<std::size_t>(args.pages) * page_) {}

  static Result<void> check(const Args& args) {
    if (args.pages < 1 || args.pages > 65536)
      return Error{ErrorKind::usage, "direct_map: pages is 1 to 65536"};
    return {};
  }

  static std::optional<ExpectedIpis> expected(const Args& args, const Host& host, Arch arch) {
    if (!args.secret) return ExpectedIpis{0, "function_call"};
    const auto calls = function_calls_per_kernel_flush(host, arch);
    if (!calls) return std::nullopt;
    return ExpectedIpis{args.pages * *calls, "function_call"};
  }

  Result<void> prepare() override {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);  // refused without rights: then mmap() says so
    note_splits("before");
    prepared_ = true;
    return {};
  }

  void finish() override {
    if (prepared_) note_splits("after");
    prepared_ = false;
  }

 protected:
  Result<void> op() override {
    const Fd memory = TRY(open_memory());
    if (ftruncate(memory.get(), static_cast<off_t>(size_)) != 0)
      return errno_error("set the size of a memory file", errno);
    void* const mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (mapped == MAP_FAILED)
      return errno_error("map " + std::to_string(size_) + " bytes of secret memory", errno,
                         "more locked memory is needed: CAP_IPC_LOCK or ulimit -l");
    auto* const bytes = static_cast<volatile unsigned char*>(mapped);
    for (std::size_t at = 0; at < size_; at += page_) bytes[at] = 1;
    munmap(mapped, size_);
    context_.counters.add(1, size_ / page_);
    return {};
  }

 private:
  Result<Fd> open_memory() const {
    if (!secret_) {
      Fd plain(memfd_create("isolab", MFD_CLOEXEC));
      if (!plain) return errno_error("memfd_create", errno);
      return plain;
    }
    Fd secret(static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC)));
    if (!secret && errno == ENOSYS)
      return Error{ErrorKind::unsupported, "memfd_secret: the kernel has no secret memory",
                   "CONFIG_SECRETMEM=y, and secretmem.enable=1 at boot before Linux 6.5"};
    if (!secret) return errno_error("memfd_secret", errno);
    return secret;
  }

  void note_splits(const std::string& when) const {
    const auto vmstat = context_.host.files.read("/proc/vmstat");
    if (!vmstat) return;
    for (const char* name : kSplits) {
      const std::string value = counter_in(*vmstat, name);
      if (!value.empty()) context_.note(std::string(name) + "." + when, value);
    }
  }

  bool secret_;
  std::size_t page_, size_;
  bool prepared_ = false;
};

}  // namespace

const WorkloadInfo workloads::direct_map = describe<DirectMap>(
    {
        .name = "direct_map",
        .summary = "touches secret memory: pages leave the kernel's direct map",
        .disturbs = "On x86 each page that leaves the direct map flushes its kernel address on "
                    "every CPU, 1 "
                    "function-call IPI a page; the first page taken out of a 2 MiB mapping splits "
                    "it, one full "
                    "flush more. On arm64 the flush is an instruction and sends none.",
        .needs = "CONFIG_SECRETMEM and the right to lock memory; splits the direct map until the "
                 "next boot",
        .counts = {{"mappings", "map, touch every page, unmap, close is one"},
                   {"pages", "pages taken out of the direct map (secret: off: touched)"}},
    },
    param("rate", &DirectMapArgs::rate, "operations per second, or max"),
    param("pages", &DirectMapArgs::pages, "pages touched by each operation, 1 to 65536"),
    param("secret", &DirectMapArgs::secret, "off: plain memory from memfd_create, the control"));

}  // namespace isolab
