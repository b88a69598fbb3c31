// SPDX-License-Identifier: Apache-2.0
// malloc for compiler processes: size classes cut from chunks of 4 MiB, larger blocks from separate
// mappings. Memory of small blocks is used again and never given back, as compilers end soon.
// Thread-safe by one spin lock (compilers have one thread).
#include <sys/auxv.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "workloads/preload/heap.h"

namespace isolab::heap {
namespace {

/// In front of every block. `offset` leads from an aligned block back to the head of what it was
/// cut from; a block in a separate mapping has its size in `mapped`.
struct alignas(16) Head {
  std::uint32_t size_class = 0;
  std::uint32_t offset = 0;
  std::size_t mapped = 0;
};
static_assert(sizeof(Head) == 16);

struct Free {
  Free* next;
};

constexpr std::size_t kChunk = 4U << 20;
constexpr std::size_t kSmallest = 32;              // with the head
constexpr std::size_t kLargestSmall = 256U << 10;  // with the head; above: a separate mapping
constexpr std::size_t kClasses = 64;
constexpr std::size_t kMostSize = std::size_t{1} << 46;

Free* g_free[kClasses];
char* g_chunk = nullptr;
std::size_t g_left = 0;
std::atomic_flag g_lock = ATOMIC_FLAG_INIT;

class Locked {
 public:
  Locked() {
    while (g_lock.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Locked() { g_lock.clear(std::memory_order_release); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
};

/// Four classes between powers of two: 32 40 48 56 64 80 96 112 128 ... rounded up to 16.
std::size_t class_of(std::size_t size) {
  if (size < kSmallest) size = kSmallest;
  const auto power = static_cast<std::size_t>(std::bit_width(size - 1)) - 1;  // 2^power < size
  const std::size_t quarter = ((size - 1) >> (power - 2)) & 3;
  return (power - 4) * 4 + quarter;
}

std::size_t class_size(std::size_t index) {
  const std::size_t power = index / 4 + 4;
  const std::size_t size = (std::size_t{1} << power) + ((index % 4 + 1) << (power - 2));
  return (size + 15) & ~std::size_t{15};
}

Head* head_of(void* block) {
  auto* head = static_cast<Head*>(block) - 1;
  return head->offset == 0 ? head
                           : reinterpret_cast<Head*>(reinterpret_cast<char*>(head) - head->offset);
}

/// Bytes usable at `block`.
std::size_t room_of(void* block) {
  const Head* head = head_of(block);
  const char* end = reinterpret_cast<const char*>(head) +
                    (head->mapped != 0 ? head->mapped : class_size(head->size_class));
  return static_cast<std::size_t>(end - static_cast<char*>(block));
}

/// `zeroed`: whether the memory is known to be.
void* allocate(std::size_t size, bool& zeroed) {
  zeroed = true;
  if (size > kMostSize) {
    errno = ENOMEM;
    return nullptr;
  }
  const std::size_t whole = size + sizeof(Head);
  const Locked locked;
  Head* head = nullptr;
  if (whole > kLargestSmall) {
    head = static_cast<Head*>(map(whole));
    if (head != nullptr) head->mapped = whole;
  } else {
    const std::size_t index = class_of(whole);
    if (Free* used = g_free[index]; used != nullptr) {
      g_free[index] = used->next;
      zeroed = false;
      return used;
    }
    const std::size_t wanted = class_size(index);
    if (g_left < wanted) {
      g_chunk = static_cast<char*>(map(kChunk));  // what is left of the last one is not used
      g_left = g_chunk == nullptr ? 0 : kChunk;
    }
    if (g_chunk != nullptr) {
      head = reinterpret_cast<Head*>(g_chunk);
      head->size_class = static_cast<std::uint32_t>(index);
      g_chunk += wanted;
      g_left -= wanted;
    }
  }
  if (head == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  return head + 1;
}

void release(void* block) {
  if (block == nullptr) return;
  Head* const head = head_of(block);
  const Locked locked;
  if (head->mapped != 0) {
    unmap(head, head->mapped);
    return;
  }
  auto* const free_block = reinterpret_cast<Free*>(head + 1);
  free_block->next = g_free[head->size_class];
  g_free[head->size_class] = free_block;
}

void* allocate_aligned(std::size_t alignment, std::size_t size) {
  bool zeroed = false;
  if (alignment <= alignof(Head)) return allocate(size, zeroed);
  void* const block = allocate(size + alignment, zeroed);
  if (block == nullptr) return nullptr;
  const auto at = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t aligned = (at + alignment - 1) & ~(alignment - 1);
  if (aligned == at) return block;
  // At least 16 bytes lie between, as both are multiples of 16: room for a head that leads back.
  auto* const head = reinterpret_cast<Head*>(aligned) - 1;
  *head = Head{0, static_cast<std::uint32_t>(aligned - at), 0};
  return reinterpret_cast<void*>(aligned);
}

bool power_of_two(std::size_t value) { return value != 0 && (value & (value - 1)) == 0; }

}  // namespace
}  // namespace isolab::heap

using namespace isolab::heap;

extern "C" {

void* malloc(std::size_t size) noexcept {
  bool zeroed = false;
  return allocate(size, zeroed);
}

void free(void* block) noexcept { release(block); }

void* calloc(std::size_t items, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(items, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  bool zeroed = false;
  void* const block = allocate(bytes, zeroed);
  if (block != nullptr && !zeroed) memset(block, 0, bytes);
  return block;
}

void* realloc(void* block, std::size_t size) noexcept {
  if (block == nullptr) return malloc(size);
  if (size == 0) {
    release(block);
    return nullptr;
  }
  const std::size_t room = room_of(block);
  if (size <= room && size >= room / 4) return block;
  void* const moved = malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, size < room ? size : room);
  release(block);
  return moved;
}

void* reallocarray(void* block, std::size_t items, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(items, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, bytes);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  if (!power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  *out = allocate_aligned(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (power_of_two(alignment)) return allocate_aligned(alignment, size);
  errno = EINVAL;
  return nullptr;
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return aligned_alloc(alignment, size);
}
void* valloc(std::size_t size) noexcept { return aligned_alloc(getauxval(AT_PAGESZ), size); }
void* pvalloc(std::size_t size) noexcept {
  const std::size_t page = getauxval(AT_PAGESZ);
  return aligned_alloc(page, (size + page - 1) & ~(page - 1));
}

std::size_t malloc_usable_size(void* block) noexcept {
  return block == nullptr ? 0 : room_of(block);
}

}  // extern "C"
