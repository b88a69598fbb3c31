// SPDX-License-Identifier: Apache-2.0
// Makes and frees vmalloc memory: BPF array maps (raw bpf(2), no library) or the kernel stacks of
// threads. Needs root (CAP_BPF) for maps. Descriptors and threads die with the process; the tracefs
// instance that counts purges is claimed.
//
// The kernel gathers freed areas and flushes the TLBs of all CPUs once for all of them, so this
// gives at most 100-170 flushes a second whatever the size (measured on 2 CPUs): zeroing the pages
// is the cost. It is the classic case of an unmapping that interrupts isolated CPUs, not a fast
// one.
#include <fmt/format.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/tracefs.h"
#include "workloads/contract/workload.h"
#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"
#include "workloads/support/lazy_purge.h"

namespace isolab {
namespace {

constexpr const char* kPurgeEvent = "vmalloc:purge_vmap_area_lazy";  // since 6.3
constexpr std::uint32_t kValueSize = 4096;
// bpf_map_area_alloc() takes up to 8 contiguous pages from the slab allocator instead.
constexpr std::uint64_t kSmallestMap = 64 << 10;
constexpr std::uint64_t kLargestMap = std::uint64_t{1} << 30;
constexpr std::uint64_t kCountEvery = 100'000'000;  // ns between two readings of the purge count
enum Count : std::size_t { kOperations, kBytes, kPurges };

/// Threads waiting at a gate, so that all their stacks exist at once: more than the two per CPU
/// that the kernel keeps for reuse (NR_CACHED_STACKS, kernel/fork.c).
class StackBatch {
 public:
  explicit StackBatch(int threads) : threads_(static_cast<std::size_t>(threads)) {}

  Result<void> make_and_join() {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 64 << 10);
    pthread_mutex_lock(&gate_);
    std::size_t made = 0;
    int error = 0;
    while (made < threads_.size() && error == 0) {
      error = pthread_create(&threads_[made], &attr, &wait_at_gate, &gate_);
      if (error == 0) ++made;
    }
    pthread_mutex_unlock(&gate_);
    for (std::size_t i = 0; i < made; ++i) pthread_join(threads_[i], nullptr);
    pthread_attr_destroy(&attr);
    if (error != 0)
      return errno_error(fmt::format("cannot start thread {} of {}", made + 1, threads_.size()),
                         error, "fewer `threads`, or a higher limit of processes");
    return {};
  }

 private:
  static void* wait_at_gate(void* gate) {
    auto* mutex = static_cast<pthread_mutex_t*>(gate);
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
    return nullptr;
  }

  std::vector<pthread_t> threads_;
  pthread_mutex_t gate_ = PTHREAD_MUTEX_INITIALIZER;
};

Result<void> make_and_close_map(std::uint64_t bytes) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = kValueSize;
  attr.max_entries = static_cast<std::uint32_t>(bytes / kValueSize);
  const Fd map(static_cast<int>(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr)));
  if (!map)
    return errno_error(fmt::format("cannot make a BPF map of {} bytes", bytes), errno,
                       "needs root or CAP_BPF, CONFIG_BPF_SYSCALL and free memory");
  return {};
}

class VmallocChurn final : public Generator {
 public:
  struct Args {
    std::string variant = "maps";
    Bytes map_size{1 << 20};
    int threads = 64;
    Rate rate{1000};
  };

  VmallocChurn(Args args, const WorkloadContext& context)
      : Generator(args.rate, context), args_(std::move(args)), stacks_(args_.threads) {}

  static Result<void> check(const Args& args) {
    if (args.map_size.count % kValueSize == 0) return {};
    return Error{ErrorKind::usage,
                 fmt::format("map_size: {} is not a multiple of 4KiB", print(args.map_size))};
  }

  static Result<std::vector<Claim>> claims(const Args&, const Host& host) {
    std::vector<Claim> claims;
    if (host.facts.root && check_trace_event(host.files, kPurgeEvent))
      claims.push_back(TracefsDirectory::claim(host.files, "vmalloc"));
    return claims;
  }

  static std::optional<ExpectedIpis> expected(const Args& args, const Host& host, Arch arch) {
    if (args.variant != "maps")
      return unknown_expectation("function_call",
                                 "the kernel keeps stacks for reuse: how many are freed varies");
    return expected_of_kernel_flushes(
        host, arch,
        purges_per_area(args.map_size.count, host.facts.online.count(), host.facts.page_size));
  }

  Result<void> prepare() override {
    const auto& facts = context_.host.facts;
    context_.note("purge_threshold",
                  fmt::format("{} MiB of freed areas ({} CPUs online)",
                              purge_threshold(facts.online.count()) >> 20, facts.online.count()));
    if (args_.variant == "stacks" && facts.config("CONFIG_VMAP_STACK") == "n")
      return Error{ErrorKind::unsupported, "kernel stacks are not vmalloc memory here",
                   "CONFIG_VMAP_STACK"};
    return count_purges();
  }

  void finish() override {
    if (!instance_) return;
    read_purges();
    // Removing the instance switches the event off as well, should this fail.
    (void)instance_->set_event(kPurgeEvent, false);
  }

 protected:
  double kernel_flushes_per_op() const override {
    const auto& facts = context_.host.facts;
    return args_.variant == "maps"
               ? purges_per_area(args_.map_size.count, facts.online.count(), facts.page_size)
               : 0;
  }

  /// The kernel frees ended threads when RCU gets to it; at full rate on a crowded CPU it falls
  /// behind by gigabytes (seen: 24 GiB in 38 s). So wait while less than 3/4 of the memory free at
  /// first is.
  void wait_for_frees() {
    if (free_at_first_ == 0) free_at_first_ = free_memory();
    while (!context_.stop.requested() && free_memory() < free_at_first_ / 4 * 3)
      sleep_for(std::chrono::milliseconds(20));
  }

  static std::uint64_t free_memory() {
    struct sysinfo info {};
    return ::sysinfo(&info) == 0 ? std::uint64_t{info.freeram} * info.mem_unit : 0;
  }

  Result<void> op() override {
    if (args_.variant == "maps") {
      TRY(make_and_close_map(args_.map_size.count));
      context_.counters.add(kBytes, args_.map_size.count);
    } else {
      TRY(stacks_.make_and_join());
      wait_for_frees();
    }
    const std::uint64_t now = mono_raw_ns();
    if (instance_ && now - last_read_ns_ >= kCountEvery) {
      last_read_ns_ = now;
      read_purges();
    }
    return {};
  }

 private:
  Result<void> count_purges() {
    const auto event = check_trace_event(context_.host.files, kPurgeEvent);
    if (!event || context_.directories.empty()) {
      context_.note("purges",
                    "not applicable: " + (event ? std::string("needs root") : event.error().what));
      return {};
    }
    instance_.emplace(context_.host.files, context_.directories.front());
    TRY(instance_->shrink_buffers());
    TRY(instance_->set_event(kPurgeEvent, true));
    context_.note("purges",
                  "in the whole system, counted by the event " + std::string(kPurgeEvent));
    return {};
  }

  /// The ring buffer's own counters of the instance: no IPI, no reader, nothing lost.
  void read_purges() {
    const auto purges = instance_->events_written();
    if (purges) context_.counters.set(kPurges, *purges);
  }

  Args args_;
  StackBatch stacks_;
  std::uint64_t free_at_first_ = 0;  // bytes
  std::optional<TracefsDirectory> instance_;
  std::uint64_t last_read_ns_ = 0;
};

using Args = VmallocChurn::Args;

}  // namespace

namespace workloads {
const WorkloadInfo vmalloc_churn = describe<VmallocChurn>(
    {.name = "vmalloc_churn",
     .summary = "allocates and frees vmalloc memory: BPF maps or the kernel stacks of threads",
     .disturbs = "Freed areas accumulate up to fls(CPUs) x 32 MiB, then one purge flushes the TLBs "
                 "of all CPUs by IPI (x86; none on arm64 and on AMD with INVLPGB).",
     .needs = "maps: root or CAP_BPF, CONFIG_BPF_SYSCALL; stacks: CONFIG_VMAP_STACK; purges are "
              "counted if tracefs has vmalloc:purge_vmap_area_lazy",
     .counts = {{"operations", "maps made and closed, or batches of threads made and joined"},
                {"map_bytes", "bytes of all maps made"},
                {"purges",
                 "lazy purges of the whole system in the window; see the note `purges`"}}},
    param("variant", &Args::variant, "what to allocate", {"maps", "stacks"}),
    param("map_size", &Args::map_size,
          "size of a map, a multiple of 4KiB; smaller ones are not vmalloc memory",
          between(Bytes{kSmallestMap}, Bytes{kLargestMap})),
    param("threads", &Args::threads, "threads at the same time in each operation of variant stacks",
          between(1, 4096)),
    param("rate", &Args::rate, "operations per second, or max"));
}  // namespace workloads

}  // namespace isolab
