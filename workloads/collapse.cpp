// SPDX-License-Identifier: Apache-2.0
// Collapses small pages into a huge one with MADV_COLLAPSE, as khugepaged does in the background.
//
// Disturbs: one function-call IPI an operation to every other CPU, also on arm64, although no CPU
//   shares the memory: removing the page table waits for lockless walkers by a broadcast
//   (tlb_remove_table_sync_one in mm/mmu_gather.c, called by collapse_huge_page).
// Needs: Linux 6.1, transparent huge pages not set to never at build time, a free huge page for
//   every operation. Kernels without CONFIG_MMU_GATHER_RCU_TABLE_FREE send nothing.
// Leaves behind: nothing.
#include <sys/mman.h>

#include <cerrno>

#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1, include/uapi/asm-generic/mman-common.h
#endif

namespace isolab {
namespace {

constexpr const char* kHugeSize = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";

struct CollapseArgs {
  Rate rate{100};
};

class Collapse final : public Generator {
 public:
  using Args = CollapseArgs;

  Collapse(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context), page_(context.host.facts.page_size) {}
  ~Collapse() override { unmap(); }

  static std::optional<ExpectedIpis> expected(const Args&, const Host& host, Arch) {
    const auto option = host.facts.config("CONFIG_MMU_GATHER_RCU_TABLE_FREE");
    if (option == "unknown")
      return unknown_expectation("function_call",
                                 "CONFIG_MMU_GATHER_RCU_TABLE_FREE decides, and the kernel's "
                                 "configuration cannot be read");
    return ExpectedIpis{option == "n" ? 0.0 : 1.0, "function_call"};
  }

  Result<void> prepare() override {
    huge_ = static_cast<std::size_t>(TRY(read_number(context_.host.files, kHugeSize)));
    void* const reserved =
        mmap(nullptr, 2 * huge_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return errno_error("cannot reserve address space", errno);
    reserved_ = reserved;
    const auto address = reinterpret_cast<std::uintptr_t>(reserved);
    aligned_ = reinterpret_cast<unsigned char*>((address + huge_ - 1) / huge_ * huge_);
    return {};
  }

  void finish() override { unmap(); }

 protected:
  // The first page is touched while it is alone, so that it is a small one whatever the policy for
  // huge pages is; then the mapping grows to a whole huge page. MADV_NOHUGEPAGE would do the first
  // but also refuse the collapse, and taking it back would register us with khugepaged.
  Result<void> op() override {
    TRY(map(aligned_, page_));
    *static_cast<volatile unsigned char*>(aligned_) = 1;
    TRY(map(aligned_ + page_, huge_ - page_));
    if (madvise(aligned_, huge_, MADV_COLLAPSE) != 0) {
      if (errno == EINVAL)
        return Error{ErrorKind::unsupported,
                     "cannot call madvise(MADV_COLLAPSE): unknown to this kernel (before 6.1)",
                     "or transparent huge pages are disabled for this process"};
      return errno_error("cannot call madvise(MADV_COLLAPSE)", errno,
                         "ENOMEM, EAGAIN, EBUSY: no free huge page");
    }
    // Back to reserved address space; this frees the huge page and interrupts no CPU.
    if (mmap(aligned_, huge_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
             -1, 0) == MAP_FAILED)
      return errno_error("cannot unmap a huge page", errno);
    return {};
  }

 private:
  static Result<void> map(void* where, std::size_t size) {
    if (mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
      return errno_error("cannot map " + std::to_string(size) + " bytes", errno);
    return {};
  }
  void unmap() {
    if (reserved_) munmap(reserved_, 2 * huge_);
    reserved_ = nullptr;
  }

  std::size_t page_, huge_ = 0;
  void* reserved_ = nullptr;          // twice the huge page size, so that an aligned one fits
  unsigned char* aligned_ = nullptr;  // in it
};

}  // namespace

const WorkloadInfo workloads::collapse = describe<Collapse>(
    {
        .name = "collapse",
        .summary = "collapses small pages into huge pages (MADV_COLLAPSE), as khugepaged does",
        .disturbs = "1 function-call IPI per operation to every other CPU, on x86 and arm64, "
                    "although they do not use the memory.",
        .needs = "Linux 6.1, transparent huge pages, free memory",
        .counts = {{"collapses", "one collapse is one operation"}},
    },
    param("rate", &CollapseArgs::rate, "operations per second, or max"));

}  // namespace isolab
