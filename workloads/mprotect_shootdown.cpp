// SPDX-License-Identifier: Apache-2.0
// Takes the right to write from its own pages and gives it back, while threads of the same process
// run on the measured CPUs: user TLB shootdowns, as in a process that garbage-collects or compiles.
//
// Disturbs: x86: one operation touches the pages, makes them read-only and writable again: 2
//   flush_tlb_func a measured CPU, counted in the TLB row and in the function-call row (measured on
//   6.12 and 6.18; change_protection in mm/mprotect.c flushes both ways). Up to 33 pages are
//   flushed one by one, more all at once (tlb_single_page_flush_ceiling); the IPIs are as many.
//   arm64: 0.
// Needs: nothing but a probe whose threads share the address space.
// Leaves behind: nothing.
#include <sys/mman.h>

#include <cerrno>

#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"

namespace isolab {
namespace {

struct MprotectArgs {
  Rate rate{1000};
  int pages = 1;
};

class MprotectShootdown final : public Generator {
 public:
  using Args = MprotectArgs;

  MprotectShootdown(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context),
        page_(context.host.facts.page_size),
        size_(static_cast<std::size_t>(args.pages) * page_) {}
  ~MprotectShootdown() override { unmap(); }

  static std::optional<ExpectedIpis> expected(const Args&, const Host& host, Arch arch) {
    return expected_of_user_flushes(host, arch, 2);
  }

  Result<void> prepare() override {
    void* const mapped =
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
      return errno_error("cannot map " + std::to_string(size_) + " bytes", errno);
    pages_ = static_cast<unsigned char*>(mapped);
    // Huge pages would turn many pages into one entry, and split when only a part is protected.
    (void)madvise(pages_, size_, MADV_NOHUGEPAGE);
    return {};
  }

  void finish() override { unmap(); }

 protected:
  Result<void> op() override {
    for (std::size_t at = 0; at < size_; at += page_)
      static_cast<volatile unsigned char*>(pages_)[at] = 1;
    if (mprotect(pages_, size_, PROT_READ) != 0 ||
        mprotect(pages_, size_, PROT_READ | PROT_WRITE) != 0)
      return errno_error("cannot call mprotect", errno);
    context_.counters.add(1, size_ / page_);
    return {};
  }

 private:
  void unmap() {
    if (pages_) munmap(pages_, size_);
    pages_ = nullptr;
  }

  std::size_t page_, size_;
  unsigned char* pages_ = nullptr;
};

}  // namespace

const WorkloadInfo workloads::mprotect_shootdown = describe<MprotectShootdown>(
    {
        .name = "mprotect_shootdown",
        .summary = "changes the protection of memory that the probe's process shares",
        .disturbs = "On x86 2 TLB-shootdown IPIs per operation to each CPU that runs a thread of "
                    "the same process; on arm64 the flush is an instruction and sends no IPI.",
        .needs = "a probe that runs in the same process (busy_loop)",
        .counts = {{"changes", "one change to read-only and back is one operation"},
                   {"pages", "pages whose protection was changed and changed back"}},
        .shares_probe_memory = true,
    },
    param("rate", &MprotectArgs::rate, "operations per second, or max"),
    param("pages", &MprotectArgs::pages, "pages changed by each operation", between(1, 65536)));

}  // namespace isolab
