// SPDX-License-Identifier: Apache-2.0
// The heap of a kernel build's compilers, put on memory of a chosen kind: a library that gcc's
// -wrapper preloads into cc1, as and collect2 alone (workloads/preload), and the counters they
// share. "secret" takes every page a compiler touches out of the kernel's direct map, as XPFO did.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "host/os.h"

namespace isolab {

struct HeapCounts {
  std::uint64_t pages = 0;      // touched, counted when a process unmaps them or ends
  std::uint64_t fallbacks = 0;  // mappings that are plain memory although another kind was asked
  std::uint64_t processes = 0;  // that had the heap
  std::uint64_t forks = 0;      // without exec: their results are invalid
};

class CompilerHeap {
 public:
  /// Whether this machine can: the library is there, and a process may have as much memory of the
  /// kind as a compiler takes. unsupported or denied with the reason.
  static Result<void> check(const std::string& kind);
  /// `kind`: plain, memfd or secret. The counters live as long as this object and its process.
  static Result<CompilerHeap> create(const std::string& kind);

  /// What kWrapperVariable has to be in the environment of make.
  std::string wrapper() const;
  HeapCounts counts() const;

  /// Writes the program that replaces gcc (make CC=...): gcc with -wrapper where
  /// kWrapperVariable is set. One program for all kinds, so that kbuild sees one compiler.
  static Result<void> write_compiler(const std::filesystem::path& program);
  static constexpr const char* kWrapperVariable = "ISOLAB_HEAP_WRAPPER";

 private:
  CompilerHeap(std::string kind, std::string library, Fd counters)
      : kind_(std::move(kind)), library_(std::move(library)), counters_(std::move(counters)) {}

  std::string kind_, library_;
  Fd counters_;
};

}  // namespace isolab
