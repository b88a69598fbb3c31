// SPDX-License-Identifier: Apache-2.0
// A heap for compiler processes (cc1, as, collect2, ld), preloaded by kernel_build: malloc and
// private anonymous memory on plain pages, memfd pages or memfd_secret pages. The allocator is the
// same whatever the memory is, so arms differ in the kind of page alone.
//
// memfd and memfd_secret can only be mapped shared, so this must not get into a process that forks
// and goes on without exec (make, sh); a fork is counted and the workload refuses the result.
// Only writable private anonymous mappings without MAP_FIXED, MAP_STACK, MAP_NORESERVE,
// MAP_HUGETLB or MAP_GROWSDOWN are taken over. Any error falls back to plain memory and is counted.
//
// Plain memory is kept off huge pages (shared memory has none here), else an arm would differ in
// the number of faults too. Everything below runs before or below libc's malloc: no allocation, no
// C++ runtime.
#include "workloads/preload/heap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "workloads/preload/heap_abi.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

namespace isolab::heap {
namespace {

enum class Kind { unknown, plain, memfd, secret };

Kind g_kind = Kind::unknown;
Counters* g_counters = nullptr;

std::size_t page() {
  static std::size_t size = 0;
  if (size == 0) size = getauxval(AT_PAGESZ);
  return size;
}

std::size_t whole_pages(std::size_t size) { return (size + page() - 1) & ~(page() - 1); }

void* raw_map(void* at, std::size_t size, int protection, int flags, int fd) {
  const long address = syscall(SYS_mmap, at, size, protection, flags, fd, 0L);
  return reinterpret_cast<void*>(address);  // -1 is MAP_FAILED
}

void count(std::atomic<std::uint64_t> Counters::*which, std::uint64_t times) {
  if (g_counters != nullptr && times > 0)
    (g_counters->*which).fetch_add(times, std::memory_order_relaxed);
}

void find_counters() {
  const char* file = getenv(kCountersVariable);
  if (file == nullptr) return;
  const int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* const at = raw_map(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  close(fd);
  if (at == MAP_FAILED) return;
  g_counters = static_cast<Counters*>(at);
  count(&Counters::processes, 1);
}

void start() {
  if (g_kind != Kind::unknown) return;
  const char* word = getenv(kKindVariable);
  const bool known = word != nullptr && (strcmp(word, "plain") == 0 || strcmp(word, "memfd") == 0 ||
                                         strcmp(word, "secret") == 0);
  g_kind = !known           ? Kind::plain
           : word[0] == 'p' ? Kind::plain
           : word[0] == 'm' ? Kind::memfd
                            : Kind::secret;
  find_counters();
  if (!known) count(&Counters::fallbacks, 1);
}

/// Live mappings of the heap: whose touched pages are still to be counted. A mapping that does not
/// find room here is not counted; 4096 is far above what a compiler has at once (about 50).
struct Range {
  std::uintptr_t from = 0, to = 0;
};
constexpr std::size_t kRanges = 4096;
Range g_ranges[kRanges];
std::size_t g_used = 0;  // ranges ever used; unused entries have from == to

void remember(std::uintptr_t from, std::uintptr_t to) {
  if (from >= to) return;
  std::size_t slot = 0;
  while (slot < g_used && g_ranges[slot].from != g_ranges[slot].to) ++slot;
  if (slot == kRanges) return;
  if (slot == g_used) ++g_used;
  g_ranges[slot] = {from, to};
}

void count_touched(std::uintptr_t from, std::uintptr_t to) {
  unsigned char resident[1024];
  for (std::uintptr_t at = from; at < to; at += sizeof resident * page()) {
    const std::size_t rest = (to - at) / page();
    const std::size_t pages = rest < sizeof resident ? rest : sizeof resident;
    if (syscall(SYS_mincore, at, pages * page(), resident) != 0) continue;
    std::uint64_t touched = 0;
    for (std::size_t i = 0; i < pages; ++i) touched += resident[i] & 1U;
    count(&Counters::pages, touched);
  }
}

/// Counts what was touched in [from, to) and no longer watches it.
void forget(std::uintptr_t from, std::uintptr_t to) {
  const std::size_t used = g_used;
  for (std::size_t i = 0; i < used; ++i) {
    const Range range = g_ranges[i];
    const std::uintptr_t low = range.from > from ? range.from : from;
    const std::uintptr_t high = range.to < to ? range.to : to;
    if (low >= high) continue;
    count_touched(low, high);
    g_ranges[i] = {range.from, low};
    remember(high, range.to);
  }
}

bool watched(std::uintptr_t at) {
  for (std::size_t i = 0; i < g_used; ++i)
    if (g_ranges[i].from <= at && at < g_ranges[i].to) return true;
  return false;
}

void* plain_map(void* at, std::size_t size, int protection, int flags) {
  void* const mapped = raw_map(at, size, protection, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (mapped != MAP_FAILED) (void)syscall(SYS_madvise, mapped, size, MADV_NOHUGEPAGE);
  return mapped;
}

/// One file a mapping, closed at once, so that unmapping gives the memory back.
void* file_map(void* at, std::size_t size, int protection, int flags) {
  const long fd = g_kind == Kind::secret ? syscall(SYS_memfd_secret, O_CLOEXEC)
                                         : syscall(SYS_memfd_create, "heap", MFD_CLOEXEC);
  if (fd < 0) return MAP_FAILED;
  void* mapped = MAP_FAILED;
  if (syscall(SYS_ftruncate, fd, size) == 0)
    mapped = raw_map(at, size, protection, flags | MAP_SHARED, static_cast<int>(fd));
  close(static_cast<int>(fd));
  return mapped;
}

void* map_at(void* at, std::size_t size, int protection, int flags) {
  start();
  void* mapped = MAP_FAILED;
  if (g_kind != Kind::plain) {
    mapped = file_map(at, size, protection, flags);
    if (mapped == MAP_FAILED) count(&Counters::fallbacks, 1);
  }
  if (mapped == MAP_FAILED) mapped = plain_map(at, size, protection, flags);
  if (mapped == MAP_FAILED) return mapped;
  const auto from = reinterpret_cast<std::uintptr_t>(mapped);
  remember(from, from + size);
  return mapped;
}

__attribute__((destructor)) void end_of_process() { forget(0, UINTPTR_MAX); }

}  // namespace

void* map(std::size_t size) {
  void* const at = map_at(nullptr, whole_pages(size), PROT_READ | PROT_WRITE, 0);
  return at == MAP_FAILED ? nullptr : at;
}

void unmap(void* at, std::size_t size) {
  const auto from = reinterpret_cast<std::uintptr_t>(at);
  forget(from, from + whole_pages(size));
  (void)syscall(SYS_munmap, at, whole_pages(size));
}

}  // namespace isolab::heap

using namespace isolab::heap;

extern "C" {

void* mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  constexpr int kLeft = MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_STACK | MAP_NORESERVE | MAP_HUGETLB |
                        MAP_GROWSDOWN | MAP_SHARED;
  const bool ours = (flags & MAP_ANONYMOUS) != 0 && (flags & MAP_PRIVATE) != 0 &&
                    (flags & kLeft) == 0 && (protection & PROT_WRITE) != 0 && size > 0;
  if (!ours)
    return reinterpret_cast<void*>(syscall(SYS_mmap, at, size, protection, flags, fd, offset));
  return map_at(at, whole_pages(size), protection, flags & MAP_POPULATE);
}

void* mmap64(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept
    __attribute__((alias("mmap")));

int munmap(void* at, std::size_t size) noexcept {
  const auto from = reinterpret_cast<std::uintptr_t>(at);
  forget(from, from + whole_pages(size));
  return static_cast<int>(syscall(SYS_munmap, at, size));
}

/// Private anonymous memory reads as zero after MADV_DONTNEED; shared memory would keep its
/// contents, so a fresh mapping takes its place.
int madvise(void* at, std::size_t size, int advice) noexcept {
  const auto from = reinterpret_cast<std::uintptr_t>(at);
  if (advice != MADV_DONTNEED || g_kind == Kind::plain || !watched(from))
    return static_cast<int>(syscall(SYS_madvise, at, size, advice));
  forget(from, from + whole_pages(size));
  return map_at(at, whole_pages(size), PROT_READ | PROT_WRITE, MAP_FIXED) == MAP_FAILED ? -1 : 0;
}

void* mremap(void* at, std::size_t old_size, std::size_t new_size, int flags, ...) noexcept {
  // A shared mapping cannot grow past its file; only libc's realloc asks for it.
  if (g_kind != Kind::plain && watched(reinterpret_cast<std::uintptr_t>(at))) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(syscall(SYS_mremap, at, old_size, new_size, flags, nullptr));
}

pid_t fork() noexcept {
  start();
  count(&Counters::forks, 1);
  static const auto next = reinterpret_cast<pid_t (*)()>(dlsym(RTLD_NEXT, "fork"));
  return next();
}

}  // extern "C"
