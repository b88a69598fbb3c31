// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/compiler_heap.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "host/installation.h"
#include "workloads/preload/heap_abi.h"
#include "workloads/support/secret_memory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCompilerBytes = 256U << 20;  // above what cc1 took for any file of lib/, mm/

Result<std::string> find_library() {
  const std::string place = (TRY(installation()).library / "libisolab_heap.so").string();
  if (access(place.c_str(), R_OK) != 0)
    return Error{ErrorKind::unsupported, "the preloaded heap is not installed: no " + place,
                 "build or install isolab again"};
  // gcc splits the wrapper at commas and LD_PRELOAD is split at colons and spaces.
  if (place.find_first_of(",: ") == std::string::npos) return place;
  return Error{ErrorKind::usage, "the path " + place + " has a comma, colon or space in it",
               "gcc -wrapper cannot name it: install isolab elsewhere"};
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
