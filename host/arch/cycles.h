// SPDX-License-Identifier: Apache-2.0
// The cycle counter, serialised against earlier loads, one question to CPUID, and the only
// architecture #if of the program.
//   x86-64: lfence; rdtsc      (Intel SDM vol. 2B, RDTSC: LFENCE before it waits for earlier loads)
//   arm64:  isb; mrs cntvct_el0 (Arm ARM D12.1: ISB keeps the counter read from being hoisted)
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstdint>
#include <optional>

namespace isolab {

enum class Arch { x86_64, arm64 };

#if defined(__x86_64__)

inline constexpr Arch kArch = Arch::x86_64;
inline constexpr const char* kCycleCounterName = "tsc";

inline std::uint64_t read_cycles_unfenced() {
  std::uint32_t low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

inline std::uint64_t read_cycles() {
  std::uint32_t low, high;
  asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

/// A reading as the instruction leaves it. Joining the halves costs shift and or, which the next
/// fence would wait for; a loop that joins them one reading later hides that behind the counter
/// read.
struct RawCycles {
  std::uint32_t low = 0, high = 0;
  std::uint64_t value() const { return (static_cast<std::uint64_t>(high) << 32) | low; }
};

[[gnu::always_inline]] inline RawCycles read_raw_cycles() {
  RawCycles raw;
  asm volatile("lfence\n\trdtsc" : "=a"(raw.low), "=d"(raw.high) : : "memory");
  return raw;
}

[[gnu::always_inline]] inline RawCycles read_raw_cycles_unfenced() {
  RawCycles raw;
  asm volatile("rdtsc" : "=a"(raw.low), "=d"(raw.high) : : "memory");
  return raw;
}

/// Nothing is computed from `raw` before this point in the program.
[[gnu::always_inline]] inline void hold_until_here(RawCycles& raw) {
  asm volatile("" : "+r"(raw.low), "+r"(raw.high));
}

/// The counter's rate according to the machine, in Hz; 0: unknown (x86-64 has no
/// register for it; CPUID leaf 15H is often empty).
inline std::uint64_t nominal_counter_hz() { return 0; }

inline void cpu_relax() { asm volatile("pause"); }

/// INVLPGB and TLBSYNC of the CPU this runs on: CPUID 80000008h EBX bit 3 (AMD APM vol. 3, appendix
/// E). A hypervisor may hide it.
inline std::optional<bool> processor_has_invlpgb() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(0x80000008U, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (ebx & 8U) != 0;
}

#elif defined(__aarch64__)

inline constexpr Arch kArch = Arch::arm64;
inline constexpr const char* kCycleCounterName = "cntvct";

inline std::uint64_t read_cycles_unfenced() {
  std::uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
}

inline std::uint64_t read_cycles() {
  std::uint64_t ticks;
  asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
  return ticks;
}

struct RawCycles {
  std::uint64_t ticks = 0;
  std::uint64_t value() const { return ticks; }
};

[[gnu::always_inline]] inline RawCycles read_raw_cycles() {
  RawCycles raw;
  asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(raw.ticks) : : "memory");
  return raw;
}

[[gnu::always_inline]] inline RawCycles read_raw_cycles_unfenced() {
  RawCycles raw;
  asm volatile("mrs %0, cntvct_el0" : "=r"(raw.ticks) : : "memory");
  return raw;
}

[[gnu::always_inline]] inline void hold_until_here(RawCycles& raw) {
  asm volatile("" : "+r"(raw.ticks));
}

/// cntfrq_el0, which firmware writes (Arm ARM D12.1).
inline std::uint64_t nominal_counter_hz() {
  std::uint64_t hz;
  asm volatile("mrs %0, cntfrq_el0" : "=r"(hz));
  return hz;
}

inline void cpu_relax() { asm volatile("yield"); }

inline std::optional<bool> processor_has_invlpgb() { return std::nullopt; }

#else
#error "isolab supports the cycle counters of x86-64 and arm64 only"
#endif

}  // namespace isolab
