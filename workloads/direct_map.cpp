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
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "host/process.h"
#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"
#include "workloads/support/secret_memory.h"

namespace isolab {
namespace {

struct DirectMapArgs {
  Rate rate{100};
  int pages = 16;
  bool secret = true;
  int busy = 0;
};

/// Processor time of this thread: waiting for the other CPUs' answers is in it, a preemption is
/// not.
std::uint64_t processor_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

class DirectMap final : public Generator {
 public:
  using Args = DirectMapArgs;

  DirectMap(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context),
        secret_(args.secret),
        busy_(args.busy),
        page_(context.host.facts.page_size),
        size_(static_cast<std::size_t>(args.pages) * page_) {}

  static std::optional<ExpectedIpis> expected(const Args& args, const Host& host, Arch arch) {
    if (!args.secret) return ExpectedIpis{0, "function_call"};
    ExpectedIpis expected = expected_of_kernel_flushes(host, arch, args.pages);
    if (expected.per_op) expected.per_split = *expected.per_op / args.pages;
    return expected;
  }

  Result<void> prepare() override {
    allow_locked_memory();
    TRY(start_spinners());
    note_direct_map_splits(context_, "before");
    prepared_ = true;
    return {};
  }

  void finish() override {
    if (prepared_) note_direct_map_splits(context_, "after");
    spinners_.clear();
    prepared_ = false;
  }

 protected:
  double kernel_flushes_per_op() const override {
    return secret_ ? static_cast<double>(size_ / page_) : 0;
  }

  Result<void> op() override {
    const Fd memory = TRY(open_memory_file(secret_));
    if (ftruncate(memory.get(), static_cast<off_t>(size_)) != 0)
      return errno_error("cannot set the size of a memory file", errno);
    void* const mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (mapped == MAP_FAILED)
      return errno_error("cannot map " + std::to_string(size_) + " bytes of secret memory", errno,
                         "it needs more locked memory: CAP_IPC_LOCK or ulimit -l");
    auto* const bytes = static_cast<volatile unsigned char*>(mapped);
    const std::uint64_t begin = processor_ns();
    for (std::size_t at = 0; at < size_; at += page_) bytes[at] = 1;
    const std::uint64_t end = processor_ns();
    munmap(mapped, size_);
    context_.counters.add(1, size_ / page_);
    context_.counters.add(2, end - begin);
    return {};
  }

 private:
  /// Other processes that spin in user space on further CPUs of the workload: their own memory, so
  /// that nothing but the kernel's flush reaches them. Flushes go to idle CPUs as well; a busy one
  /// answers at once, an idle one has to wake first.
  Result<void> start_spinners() {
    if (busy_ == 0) return {};
    if (busy_ >= context_.cpus.count())
      return Error{ErrorKind::unsupported,
                   "direct_map: busy: " + std::to_string(busy_) + " with " +
                       std::to_string(context_.cpus.count()) + " CPUs for the workload",
                   "it touches pages on one of them and spins on others"};
    std::vector<int> cpus(context_.cpus.begin(), context_.cpus.end());
    TRY(pin_this_thread(CpuSet{cpus.front()}));
    for (int i = 1; i <= busy_; ++i)
      spinners_.push_back(TRY(Child::fork_into("spinner", CpuSet{cpus[static_cast<std::size_t>(i)]},
                                               [stop = context_.stop] {
                                                 while (!stop.requested()) {
                                                 }
                                                 return 0;
                                               })));
    return {};
  }

  bool secret_;
  int busy_;
  std::vector<Child> spinners_;
  std::size_t page_, size_;
  bool prepared_ = false;
};

}  // namespace

const WorkloadInfo workloads::direct_map = describe<DirectMap>(
    {
        .name = "direct_map",
        .summary = "touches secret memory: pages are removed from the kernel's direct map",
        .disturbs =
            "On x86 each page removed from the direct map flushes its kernel address on every CPU, "
            "1 function-call IPI per page; the first page removed from a 2 MiB mapping splits it, "
            "which is one more full flush. On arm64 the flush is an instruction and sends no IPI.",
        .needs = "CONFIG_SECRETMEM and the right to lock memory; splits the direct map until the "
                 "next boot",
        .counts = {{"mappings", "map, touch every page, unmap and close is one operation"},
                   {"pages", "pages removed from the direct map (secret: off: touched)"},
                   {"touch_ns", "nanoseconds of processor time spent touching them"}},
    },
    param("rate", &DirectMapArgs::rate, "operations per second, or max"),
    param("pages", &DirectMapArgs::pages, "pages touched by each operation", between(1, 65536)),
    param("secret", &DirectMapArgs::secret, "off: plain memory from memfd_create, the control"),
    param("busy", &DirectMapArgs::busy,
          "number of further CPUs of the workload that spin at the same time, each in a separate "
          "process",
          between(0, 8191)));

}  // namespace isolab
