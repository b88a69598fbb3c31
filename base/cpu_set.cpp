// SPDX-License-Identifier: Apache-2.0
#include "base/cpu_set.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iterator>

namespace isolab {
namespace {

constexpr int kMaxCpu =
    8191;  // CONFIG_NR_CPUS range limit of x86 and arm64 (arch/x86/Kconfig, 6.12)

constexpr std::size_t kLongestList = 65536;  // all CPUs, one by one, are 38 KB

Error bad_list(std::string_view list, std::string_view why) {
  return Error{ErrorKind::parse, "CPU list \"" + std::string(list) + "\": " + std::string(why),
               "write it as the kernel does, for example 0-3,8"};
}

bool read_cpu(std::string_view text, int& cpu) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cpu);
  return error == std::errc{} && end == text.data() + text.size() && cpu >= 0 && cpu <= kMaxCpu;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

}  // namespace

CpuSet::CpuSet(std::initializer_list<int> cpus) {
  for (int cpu : cpus) add(cpu);
}

Result<CpuSet> CpuSet::parse(std::string_view list) {
  CpuSet set;
  if (list.size() > kLongestList)
    return Error{ErrorKind::parse,
                 "a CPU list of " + std::to_string(list.size()) + " characters is too long",
                 "write ranges: 0-3,8"};
  std::bitset<kMaxCpu + 1> named;
  int least = kMaxCpu, most = 0;  // recordings hold thousands of lists of one CPU
  const auto all = [&] {
    for (int cpu = least; cpu <= most; ++cpu)
      if (named[static_cast<std::size_t>(cpu)]) set.cpus_.push_back(cpu);
    return set;
  };
  std::string_view rest = trim(list);
  if (rest.empty() || rest == "(null)") return set;  // nohz_full prints (null) when unset
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view part = trim(rest.substr(0, comma));
    const auto dash = part.find('-');
    int first = 0;
    if (!read_cpu(part.substr(0, dash), first))
      return bad_list(list, "expected CPU numbers 0-8191");
    int last = first;
    if (dash != std::string_view::npos && !read_cpu(part.substr(dash + 1), last))
      return bad_list(list, "expected CPU numbers 0-8191");
    if (last < first) return bad_list(list, "a range ends before it starts");
    for (int cpu = first; cpu <= last; ++cpu) named.set(static_cast<std::size_t>(cpu));
    least = std::min(least, first);
    most = std::max(most, last);
    if (comma == std::string_view::npos) return all();
    rest.remove_prefix(comma + 1);
  }
}

Result<CpuSet> CpuSet::parse_mask(std::string_view mask) {
  std::string_view digits = trim(mask);
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  CpuSet set;
  int bit = 0;
  bool any = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at) {
    if (*at == ',') continue;
    int digit = 0;
    if (std::from_chars(&*at, &*at + 1, digit, 16).ec != std::errc{} || bit > kMaxCpu - 3)
      return Error{ErrorKind::parse,
                   "CPU mask \"" + std::string(mask) + "\" is not hexadecimal or too long"};
    for (int i = 0; i < 4; ++i)
      if ((digit >> i & 1) != 0) set.cpus_.push_back(bit + i);
    bit += 4;
    any = true;
  }
  if (!any) return Error{ErrorKind::parse, "CPU mask \"" + std::string(mask) + "\" is empty"};
  return set;
}

void CpuSet::add(int cpu) {
  const auto at = std::lower_bound(cpus_.begin(), cpus_.end(), cpu);
  if (at == cpus_.end() || *at != cpu) cpus_.insert(at, cpu);
}

void CpuSet::remove(int cpu) { std::erase(cpus_, cpu); }

bool CpuSet::contains(int cpu) const { return std::binary_search(cpus_.begin(), cpus_.end(), cpu); }

std::optional<int> CpuSet::first() const {
  return cpus_.empty() ? std::nullopt : std::optional(cpus_.front());
}

std::optional<int> CpuSet::last() const {
  return cpus_.empty() ? std::nullopt : std::optional(cpus_.back());
}

CpuSet CpuSet::operator|(const CpuSet& other) const {
  CpuSet out;
  std::set_union(begin(), end(), other.begin(), other.end(), std::back_inserter(out.cpus_));
  return out;
}

CpuSet CpuSet::operator&(const CpuSet& other) const {
  CpuSet out;
  std::set_intersection(begin(), end(), other.begin(), other.end(), std::back_inserter(out.cpus_));
  return out;
}

CpuSet CpuSet::operator-(const CpuSet& other) const {
  CpuSet out;
  std::set_difference(begin(), end(), other.begin(), other.end(), std::back_inserter(out.cpus_));
  return out;
}

std::string CpuSet::list() const {
  std::string out;
  for (std::size_t i = 0; i < cpus_.size();) {
    std::size_t j = i;
    while (j + 1 < cpus_.size() && cpus_[j + 1] == cpus_[j] + 1) ++j;
    if (!out.empty()) out += ',';
    out += std::to_string(cpus_[i]);
    if (j > i) out += '-' + std::to_string(cpus_[j]);
    i = j + 1;
  }
  return out;
}

std::string CpuSet::mask() const {
  if (cpus_.empty()) return "0";
  std::vector<std::uint32_t> words(static_cast<std::size_t>(cpus_.back() / 32 + 1), 0);
  for (int cpu : cpus_) words[static_cast<std::size_t>(cpu / 32)] |= std::uint32_t{1} << (cpu % 32);
  std::string out;
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    char digits[16];
    std::snprintf(digits, sizeof digits, out.empty() ? "%x" : ",%08x", *word);
    out += digits;
  }
  return out;
}

}  // namespace isolab
