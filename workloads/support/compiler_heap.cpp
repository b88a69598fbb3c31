// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/compiler_heap.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "workloads/preload/heap_abi.h"
#include "workloads/support/secret_memory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCompilerBytes = 256U << 20;  // above what cc1 took for any file of lib/, mm/

/// Where it was built, else where it is installed.
Result<std::string> find_library() {
  for (const char* place : {ISOLAB_HEAP_BUILT, ISOLAB_HEAP_INSTALLED})
    if (access(place, R_OK) == 0) {
      // gcc splits the wrapper at commas and LD_PRELOAD is split at colons and spaces.
      if (std::string(place).find_first_of(",: ") == std::string::npos) return std::string(place);
      return Error{ErrorKind::usage,
                   fmt::format("the path {} has a comma, colon or space in it", place),
                   "gcc -wrapper cannot use it: install isolab elsewhere"};
    }
  return Error{ErrorKind::unsupported,
               fmt::format("cannot find the preloaded heap: no {}", ISOLAB_HEAP_INSTALLED),
               "build or install isolab again"};
}

}  // namespace

Result<void> CompilerHeap::check(const std::string& kind) {
  TRY(find_library());
  if (kind != "secret") return {};
  allow_locked_memory();
  return try_secret_memory(kCompilerBytes);
}

Result<CompilerHeap> CompilerHeap::create(const std::string& kind) {
  allow_locked_memory();
  std::string library = TRY(find_library());
  Fd counters = TRY(open_memory_file(false));
  if (ftruncate(counters.get(), sizeof(heap::Counters)) != 0)
    return errno_error("cannot set the size of the counters", errno);
  return CompilerHeap(kind, std::move(library), std::move(counters));
}

std::string CompilerHeap::wrapper() const {
  return fmt::format("env,LD_PRELOAD={},{}={},{}=/proc/{}/fd/{}", library_, heap::kKindVariable,
                     kind_, heap::kCountersVariable, getpid(), counters_.get());
}

HeapCounts CompilerHeap::counts() const {
  std::array<std::uint64_t, 4> words{};
  static_assert(sizeof words == sizeof(heap::Counters));
  if (pread(counters_.get(), words.data(), sizeof words, 0) != sizeof words) return {};
  return {words[0], words[1], words[2], words[3]};
}

Result<void> CompilerHeap::write_compiler(const fs::path& program) {
  std::ofstream out(program, std::ios::trunc);
  out << "#!/bin/sh\n"
         "# gcc whose cc1, as and collect2 get the heap that isolab preloads; plain gcc without "
         "it.\n"
      << fmt::format("exec gcc ${{{0}:+-wrapper \"${0}\"}} \"$@\"\n", kWrapperVariable);
  out.close();
  if (!out || chmod(program.c_str(), 0755) != 0)
    return errno_error("cannot write " + program.string(), errno);
  return {};
}

}  // namespace isolab
