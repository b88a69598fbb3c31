// SPDX-License-Identifier: Apache-2.0
// How the kernel removes its own mappings from the TLBs of other CPUs: by a function-call IPI to
// each, or by an instruction that the hardware broadcasts. Reads nothing by itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace isolab {

struct KernelFlush {
  enum class By { unknown, interrupt, broadcast };
  By by = By::unknown;
  std::string source;  // what says so; of `unknown` why it is not known

  /// "interrupt: SOURCE", "broadcast: SOURCE" or "unknown: SOURCE".
  std::string text() const;
  /// The inverse of text(); nullopt for anything else.
  static std::optional<KernelFlush> parse(std::string_view text);
};

/// What decides on x86. The flag is not in /proc/cpuinfo: its name is a comment without quotes in
/// arch/x86/include/asm/cpufeatures.h (6.15).
struct FlushFacts {
  std::optional<bool> invlpgb;      // CPUID 80000008h EBX bit 3; absent: CPUID was not asked
  std::string cpuinfo;              // /proc/cpuinfo
  std::string command_line;         // /proc/cmdline
  std::string kernel_release;       // "6.15.3"
  std::string broadcast_tlb_flush;  // CONFIG_BROADCAST_TLB_FLUSH: "y", "n" or "unknown"
};

/// x86-64: arch/x86/mm/tlb.c since 6.15: flush_tlb_all() and flush_tlb_kernel_range() broadcast
/// where X86_FEATURE_INVLPGB is enabled, and send IPIs elsewhere. The feature needs the processor,
/// CONFIG_BROADCAST_TLB_FLUSH (CPU_SUP_AMD && 64BIT), no clearcpuid=, and since 6.16 no page table
/// isolation (pti_check_boottime_disable()). A distribution may have ported it to an older version,
/// so the version alone proves nothing.
KernelFlush x86_kernel_flush(const FlushFacts& facts);

/// arm64: TLBI with the inner-shareable suffix (arch/arm64/include/asm/tlbflush.h).
KernelFlush arm64_kernel_flush();

}  // namespace isolab
