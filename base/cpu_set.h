// SPDX-License-Identifier: Apache-2.0
// A set of CPU numbers, written and read the way the kernel writes it ("0-3,8").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace isolab {

class CpuSet {
 public:
  CpuSet() = default;
  CpuSet(std::initializer_list<int> cpus);

  /// Reads a kernel CPU list: "0-3,8", "" (empty), "0-15:2/4" is refused. CPUs are 0..8191; at
  /// most 64 KiB of text.
  static Result<CpuSet> parse(std::string_view list);

  /// Reads the kernel's hexadecimal mask: "f", "00000001,00000003", "0x10f".
  static Result<CpuSet> parse_mask(std::string_view mask);

  void add(int cpu);
  void remove(int cpu);
  bool contains(int cpu) const;
  bool empty() const { return cpus_.empty(); }
  int count() const { return static_cast<int>(cpus_.size()); }
  /// The lowest and the highest CPU; nothing in an empty set, which compares below every CPU.
  std::optional<int> first() const;
  std::optional<int> last() const;

  CpuSet operator|(const CpuSet& other) const;
  CpuSet operator&(const CpuSet& other) const;
  CpuSet operator-(const CpuSet& other) const;
  bool operator==(const CpuSet&) const = default;

  /// "0-3,8"; empty set is "".
  std::string list() const;
  /// The kernel's hexadecimal mask: "10f", words of 32 bits separated by commas.
  std::string mask() const;

  auto begin() const { return cpus_.begin(); }
  auto end() const { return cpus_.end(); }

 private:
  std::vector<int> cpus_;  // sorted, unique
};

}  // namespace isolab
