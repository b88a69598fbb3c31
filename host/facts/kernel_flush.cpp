// SPDX-License-Identifier: Apache-2.0
#include "host/facts/kernel_flush.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "host/files.h"

namespace isolab {
namespace {

constexpr std::array kWords = {std::pair{KernelFlush::By::unknown, "unknown: "},
                               std::pair{KernelFlush::By::interrupt, "interrupt: "},
                               std::pair{KernelFlush::By::broadcast, "broadcast: "}};
constexpr int kFirstFamily = 0x19;  // Zen 3; families before it do not have the instruction

/// The value of the first row `key` of /proc/cpuinfo; empty: no such row.
std::string_view row_of(std::string_view cpuinfo, std::string_view key) {
  while (!cpuinfo.empty()) {
    const auto newline = cpuinfo.find('\n');
    const std::string_view line = cpuinfo.substr(0, newline);
    cpuinfo = newline == std::string_view::npos ? std::string_view{} : cpuinfo.substr(newline + 1);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == key)
      return trimmed(line.substr(colon + 1));
  }
  return {};
}

bool has_word(std::string_view words, std::string_view wanted, char separator) {
  while (!words.empty()) {
    const auto end = words.find(separator);
    if (words.substr(0, end) == wanted) return true;
    words = end == std::string_view::npos ? std::string_view{} : words.substr(end + 1);
  }
  return false;
}

struct Processor {
  std::optional<bool> invlpgb;
  std::string source;
};

Processor processor_of(const FlushFacts& facts) {
  if (facts.invlpgb) return {facts.invlpgb, "CPUID 80000008h"};
  if (has_word(row_of(facts.cpuinfo, "flags"), "invlpgb", ' ')) return {true, "/proc/cpuinfo"};
  const std::string vendor(row_of(facts.cpuinfo, "vendor_id"));
  if (vendor.empty()) return {std::nullopt, "no vendor in /proc/cpuinfo"};
  // Bit 3 of that word is defined by AMD; Hygon took the leaf over with the core.
  if (vendor != "AuthenticAMD" && vendor != "HygonGenuine") return {false, "vendor " + vendor};
  const std::string family(row_of(facts.cpuinfo, "cpu family"));
  if (vendor == "AuthenticAMD" && !family.empty() && std::atoi(family.c_str()) < kFirstFamily)
    return {false, "AMD family " + family};
  return {std::nullopt, "CPUID 80000008h was not read"};
}

/// clearcpuid= takes names and numbers (arch/x86/kernel/cpu/common.c); INVLPGB is 13 * 32 + 3.
bool cleared(std::string_view command_line) {
  constexpr std::string_view kOption = "clearcpuid=";
  while (!command_line.empty()) {
    const auto end = command_line.find_first_of(" \n");
    const std::string_view word = command_line.substr(0, end);
    if (word.starts_with(kOption)) {
      const auto list = word.substr(kOption.size());
      if (has_word(list, "invlpgb", ',') || has_word(list, "419", ',')) return true;
    }
    command_line =
        end == std::string_view::npos ? std::string_view{} : command_line.substr(end + 1);
  }
  return false;
}

}  // namespace

std::string KernelFlush::text() const {
  for (const auto& [by_word, word] : kWords)
    if (by_word == by) return word + source;
  return source;
}

std::optional<KernelFlush> KernelFlush::parse(std::string_view text) {
  for (const auto& [by_word, word] : kWords)
    if (text.starts_with(word))
      return KernelFlush{by_word, std::string(text.substr(std::string_view(word).size()))};
  return std::nullopt;
}

KernelFlush x86_kernel_flush(const FlushFacts& facts) {
  using By = KernelFlush::By;
  const Processor processor = processor_of(facts);
  const std::string& option = facts.broadcast_tlb_flush;
  if (processor.invlpgb == false)
    return {By::interrupt, "the processor has no INVLPGB (" + processor.source + ")"};
  if (option == "n") return {By::interrupt, "the kernel has no CONFIG_BROADCAST_TLB_FLUSH"};
  if (cleared(facts.command_line))
    return {By::interrupt, "clearcpuid= on the command line switches INVLPGB off"};
  if (!processor.invlpgb)
    return {By::unknown, "it is unknown whether the processor has INVLPGB (" + processor.source +
                             "), CONFIG_BROADCAST_TLB_FLUSH is " + option};
  if (has_word(row_of(facts.cpuinfo, "flags"), "pti", ' ')) {
    if (facts.kernel_release.starts_with("6.15"))
      return {By::unknown, "page table isolation is on, which switches INVLPGB off from 6.15.3 on"};
    return {By::interrupt, "page table isolation is on, which switches INVLPGB off"};
  }
  if (option == "y")
    return {By::broadcast, "INVLPGB (" + processor.source + ", CONFIG_BROADCAST_TLB_FLUSH=y)"};
  return {By::unknown, "the processor has INVLPGB (" + processor.source +
                           "), the kernel's configuration cannot be read"};
}

KernelFlush arm64_kernel_flush() {
  return {KernelFlush::By::broadcast, "TLBI, an instruction of arm64"};
}

}  // namespace isolab
