// SPDX-License-Identifier: Apache-2.0
// Flushes of user addresses, which go to the CPUs that run the same address space: by the number of
// peers, by the pages of the range, and by the ceiling above which x86 flushes everything at once.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "benchmarks/ladder.h"
#include "host/files.h"
#include "host/guard.h"
#include "host/state_directory.h"

namespace isolab::ladder {
namespace {

constexpr const char* kCeiling = "/sys/kernel/debug/x86/tlb_single_page_flush_ceiling";

class Memory {
 public:
  explicit Memory(std::size_t pages)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), size_(pages * page_) {}
  ~Memory() { unmap(); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Result<void> map() {
    at_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at_ == MAP_FAILED) return errno_error("mmap", errno);
    madvise(at_, size_, MADV_NOHUGEPAGE);
    return {};
  }
  void touch() const {
    for (std::size_t i = 0; i < size_; i += page_) static_cast<volatile char*>(at_)[i] = 1;
  }
  void protect(int protection) const { mprotect(at_, size_, protection); }
  void unmap() {
    if (at_ != MAP_FAILED) munmap(at_, size_);
    at_ = MAP_FAILED;
  }

 private:
  std::size_t page_, size_;
  void* at_ = MAP_FAILED;
};

void mprotect_range(benchmark::State& state, std::size_t peers, std::size_t pages) {
  if (peers > machine().others.size()) return skip(state, "this machine has too few CPUs");
  const Peers running(peers);
  Memory memory(pages);
  if (const auto mapped = memory.map(); !mapped) return skip(state, mapped.error());
  repeat(state, {.prepare = [&]() -> Result<void> {
                   memory.protect(PROT_READ | PROT_WRITE);
                   memory.touch();
                   running.wait_until_running();
                   return {};
                 },
                 .op = [&] { memory.protect(PROT_READ); }});
}

void munmap_range(benchmark::State& state, std::size_t peers, std::size_t pages) {
  if (peers > machine().others.size()) return skip(state, "this machine has too few CPUs");
  const Peers running(peers);
  Memory memory(pages);
  repeat(state, {.prepare = [&]() -> Result<void> {
                   TRY(memory.map());
                   memory.touch();
                   running.wait_until_running();
                   return {};
                 },
                 .op = [&] { memory.unmap(); }});
}

/// mprotect_range under another ceiling, which is restored whatever happens (state guard).
void under_ceiling(benchmark::State& state, int ceiling, std::size_t pages) {
  SystemFiles files;
  StateGuard guard(files, default_journal_dir());
  if (const auto set = guard.set(kCeiling, std::to_string(ceiling)); !set)
    return skip(state, set.error());
  mprotect_range(state, std::min<std::size_t>(1, machine().others.size()), pages);
  for (const auto& problem : guard.restore()) skip(state, problem.what);
}

}  // namespace

void register_shootdowns() {
  std::vector<std::size_t> peers{0, 1};
  for (std::size_t more = 2; more <= machine().others.size(); more *= 2) peers.push_back(more);
  for (const auto count : peers)
    for (const std::size_t pages : {1U, 8U, 33U, 34U, 128U, 512U}) {
      benchmark::RegisterBenchmark(fmt::format("mprotect/peers:{}/pages:{}", count, pages).c_str(),
                                   [=](benchmark::State& s) { mprotect_range(s, count, pages); })
          ->UseManualTime();
      benchmark::RegisterBenchmark(fmt::format("munmap/peers:{}/pages:{}", count, pages).c_str(),
                                   [=](benchmark::State& s) { munmap_range(s, count, pages); })
          ->UseManualTime();
    }
  for (const int ceiling : {0, 1, 15, 33, 512})
    for (const std::size_t pages : {8U, 128U})
      benchmark::RegisterBenchmark(
          fmt::format("mprotect_ceiling/ceiling:{}/pages:{}", ceiling, pages).c_str(),
          [=](benchmark::State& s) { under_ceiling(s, ceiling, pages); })
          ->UseManualTime();
}

}  // namespace isolab::ladder
