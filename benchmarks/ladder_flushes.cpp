// SPDX-License-Identifier: Apache-2.0
// Flushes of kernel addresses, which go to every CPU: a page out of the direct map, and freed
// vmalloc areas. A bystander keeps the measured CPU busy with separate memory.
#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "benchmarks/ladder.h"
#include "workloads/support/secret_memory.h"

namespace isolab::ladder {
namespace {

/// Touches `pages` fresh pages. Secret ones leave the direct map: one flush of one kernel page each
/// (secretmem_fault, mm/secretmem.c; the kernel cannot be asked for several at once, as GUP and so
/// MADV_POPULATE refuse secret memory).
void touch(benchmark::State& state, bool secret, std::size_t pages) {
  allow_locked_memory();
  auto bystander = machine().refusal.empty() ? start_bystander() : Result<Child>(Child());
  if (!bystander) return skip(state, bystander.error());
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  volatile unsigned char* bytes = nullptr;
  repeat(state, {.prepare = [&]() -> Result<void> {
                   const Fd file = TRY(open_memory_file(secret));
                   if (ftruncate(file.get(), static_cast<off_t>(pages * page)) != 0)
                     return errno_error("ftruncate", errno);
                   void* at = mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_SHARED,
                                   file.get(), 0);
                   if (at == MAP_FAILED) return errno_error("mmap of a memory file", errno);
                   bytes = static_cast<volatile unsigned char*>(at);
                   return {};
                 },
                 .op =
                     [&] {
                       for (std::size_t i = 0; i < pages; ++i) bytes[i * page] = 1;
                     },
                 .clean_up = [&] { munmap(const_cast<unsigned char*>(bytes), pages * page); }});
  state.counters["pages"] = static_cast<double>(pages);
}

/// A BPF array map is a vmalloc area. Areas are collected and flushed together once 32 MiB times
/// fls(CPUs) have been freed (lazy_max_pages, mm/vmalloc.c): a map above that is a purge each.
void vmap(benchmark::State& state, std::uint32_t mebibytes) {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4096;
  attributes.max_entries = mebibytes << 8;
  const auto create = [&] {
    return static_cast<int>(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
  };
  repeat(state, {.prepare = [&]() -> Result<void> {
                   const Fd probe(create());
                   if (!probe) return errno_error("bpf(BPF_MAP_CREATE)", errno);
                   return {};
                 },
                 .op = [&] { close(create()); }});
}

}  // namespace

void register_flushes() {
  for (const bool secret : {false, true})
    for (const std::size_t pages : {1U, 16U, 128U})
      benchmark::RegisterBenchmark(
          fmt::format("direct_map_touch/memory:{}/pages:{}", secret ? "secret" : "plain", pages)
              .c_str(),
          [=](benchmark::State& s) { touch(s, secret, pages); })
          ->UseManualTime();
  for (const std::uint32_t mebibytes : {1U, 16U, 64U})
    benchmark::RegisterBenchmark(fmt::format("vmap_free/MiB:{}", mebibytes).c_str(),
                                 [=](benchmark::State& s) { vmap(s, mebibytes); })
        ->UseManualTime();
}

}  // namespace isolab::ladder
