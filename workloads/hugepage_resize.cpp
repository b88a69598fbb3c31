// SPDX-License-Identifier: Apache-2.0
// Grows and shrinks the pool of huge pages: the cleanest source of full kernel TLB flushes.
//
// Disturbs: on x86 each resize up and down again is two do_flush_tlb_all to every other CPU,
// whatever
//   the number of pages, one from hugetlb_vmemmap_optimize_folios and one from
//   hugetlb_vmemmap_restore_folios, although nothing is optimised by default
//   (mm/hugetlb_vmemmap.c). With vm.hugetlb_optimize_vmemmap=1 the vmemmap really is remapped:
//   about 18 do_sync_core and 3 flushes. arm64 flushes by broadcast instructions: no IPI.
// Needs: root, CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP=y, free memory for the pages.
// Leaves behind: nothing; vm.nr_hugepages is claimed, written back by every operation and by the
//   runner's guard.
#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"

namespace isolab {
namespace {

constexpr const char* kPool = "/proc/sys/vm/nr_hugepages";  // pages of the default huge page size
constexpr const char* kOptimize = "/proc/sys/vm/hugetlb_optimize_vmemmap";

constexpr double kFlushes = 2;  // one as pages are added, one as they are freed

struct ResizeArgs {
  Rate rate{100};
  int pages = 1;
};

class HugepageResize final : public Generator {
 public:
  using Args = ResizeArgs;

  HugepageResize(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context), pages_(args.pages) {}

  static Result<std::vector<Claim>> claims(const Args&, const Host&) {
    return std::vector<Claim>{{Claim::Kind::value, kPool}};
  }

  static std::optional<ExpectedIpis> expected(const Args&, const Host& host, Arch arch) {
    const ExpectedIpis expected = expected_of_kernel_flushes(host, arch, kFlushes);
    if (expected.per_op == 0.0) return expected;  // however many flushes there are
    // One flush for a whole batch, optimised or not, came with hugetlb_vmemmap_restore_folios
    // (6.7); 6.1 was seen to send none.
    if (kernel_before(host, 6, 7))
      return unknown_expectation("function_call",
                                 "before Linux 6.7 the number of flushes of a resize varies");
    const auto optimize = host.files.read(kOptimize);
    if (!optimize)
      return unknown_expectation(
          "function_call", "a resize flushes only if the kernel has " + std::string(kOptimize));
    if (trimmed(*optimize) != "0")
      return unknown_expectation("function_call",
                                 "vm.hugetlb_optimize_vmemmap is on: the number of flushes depends "
                                 "on the kernel's version");
    return expected;
  }

  Result<void> prepare() override {
    const auto found = context_.knobs.find(kPool);
    if (found == context_.knobs.end())
      return Error{ErrorKind::unsupported,
                   std::string(kPool) +
                       ": does not exist (CONFIG_HUGETLBFS), or is not claimed for this workload"};
    if (!context_.host.files.exists(kOptimize))
      return Error{ErrorKind::unsupported,
                   "resizing huge pages flushes no kernel TLB here: "
                   "the kernel has no CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP"};
    knob_ = &found->second;
    original_ = TRY(read_number(context_.host.files, kPool));
    return {};
  }

 protected:
  double kernel_flushes_per_op() const override {
    // As in expected(): elsewhere a resize has another number of flushes, or none.
    const auto optimize = context_.host.files.read(kOptimize);
    const bool known = optimize && trimmed(*optimize) == "0";
    return known && !kernel_before(context_.host, 6, 7) ? kFlushes : 0;
  }

  Result<void> op() override {
    const long long more = original_ + pages_;
    TRY(knob_->write(std::to_string(more)));
    const auto reached = read_number(context_.host.files, kPool);
    TRY(knob_->write(std::to_string(original_)));
    // The write succeeds also when no huge page was free: no page, no flush, so it is an error.
    if (TRY(Result<long long>(reached)) != more)
      return Error{
          ErrorKind::unsupported,
          "no free huge page: " + std::string(kPool) + " stayed at " + std::to_string(*reached),
          "free memory, or echo 1 > /proc/sys/vm/compact_memory before the run"};
    context_.counters.add(1, static_cast<std::uint64_t>(pages_));
    return {};
  }

 private:
  int pages_;
  const Knob* knob_ = nullptr;  // into context_
  long long original_ = 0;
};

}  // namespace

const WorkloadInfo workloads::hugepage_resize = describe<HugepageResize>(
    {
        .name = "hugepage_resize",
        .summary = "adds huge pages to the pool and removes them again",
        .disturbs = "On x86 each operation flushes the whole kernel TLB of every CPU twice, 2 "
                    "function-call IPIs; on arm64 the flush is an instruction and sends no IPI.",
        .needs = "root, CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP, a free huge page",
        .counts = {{"resizes", "one increase and decrease is one operation"},
                   {"pages", "huge pages added and freed"}},
    },
    param("rate", &ResizeArgs::rate, "operations per second, or max"),
    param("pages", &ResizeArgs::pages, "huge pages added by each operation", between(1, 1024)));

}  // namespace isolab
