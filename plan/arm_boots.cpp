// SPDX-License-Identifier: Apache-2.0
#include "plan/arm_boots.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <random>

#include "base/command_line.h"

namespace isolab {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The release that a kernel's name means: a file's name carries it, any other name is one.
std::string release_in(const std::string& name) {
  if (name.find('/') == std::string::npos && !name.ends_with(".deb")) return name;
  const std::string file = std::filesystem::path(name).filename().string();
  if (file.starts_with("vmlinuz-")) return file.substr(8);
  if (file.starts_with("linux-image-") && file.ends_with(".deb"))
    return file.substr(12, file.find('_') - 12);
  return {};
}

/// "6.12.117+deb12-rt-amd64": numbers 6, 12, 117; words deb12, rt, amd64.
struct Release {
  std::vector<std::string> numbers, words;
};

Release release_of(const std::string& text) {
  Release out;
  std::size_t at = 0;
  while (at < text.size() && is_digit(text[at])) {
    std::size_t end = at;
    while (end < text.size() && is_digit(text[end])) ++end;
    out.numbers.push_back(text.substr(at, end - at));
    at = end;
    if (at + 1 >= text.size() || text[at] != '.' || !is_digit(text[at + 1])) break;
    ++at;
  }
  std::string word;
  for (const char c : text.substr(at) + "-") {
    if (c != '-' && c != '+' && c != '_' && c != '.' && c != '~') {
      word += c;
    } else if (!word.empty()) {
      out.words.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

/// What makes it another kernel though the numbers agree: "rt", "cloud", "16k". PREEMPT_RT's own
/// releases count (6.6.87-rt53).
std::string kind_of(const Release& release) {
  for (const auto& word : release.words) {
    if (word == "cloud" || word == "16k") return word;
    if (word.starts_with("rt") && std::all_of(word.begin() + 2, word.end(), is_digit)) return "rt";
  }
  return {};
}

bool among(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string kernel_mismatch(const PlannedBoot& needs, const std::vector<Boot>& all,
                            const BootedKernel& booted) {
  if (!booted.known_as.empty()) {
    const std::string wanted = needs.kernel.empty() ? kDefaultKernel : needs.kernel;
    if (wanted == booted.known_as) return {};
    return fmt::format("needs {}, this is {}", boot_text({needs.kernel, {}}), booted.known_as);
  }
  if (!needs.kernel.empty()) {
    if (kernel_matches(needs.kernel, booted.release)) return {};
    return fmt::format("needs kernel {}, this is {}", needs.kernel, booted.release);
  }
  for (const auto& other : all)
    if (!other.needs.kernel.empty() && kernel_matches(other.needs.kernel, booted.release))
      return fmt::format("needs a kernel that no other arm names, this is {} (arm {})",
                         other.needs.kernel, other.arms.front());
  return {};
}

}  // namespace

std::vector<Boot> boots_of(const std::vector<Arm>& arms) {
  std::vector<Boot> out;
  for (const auto& arm : arms) {
    const PlannedBoot needs = arm.boot.value_or(PlannedBoot{});
    auto found =
        std::find_if(out.begin(), out.end(), [&](const Boot& one) { return one.needs == needs; });
    if (found == out.end()) found = out.insert(out.end(), Boot{needs, {}});
    found->arms.push_back(arm.name);
  }
  return out;
}

bool names_boots(const std::vector<Arm>& arms) {
  return std::any_of(arms.begin(), arms.end(), [](const Arm& arm) { return arm.boot.has_value(); });
}

std::string boot_text(const PlannedBoot& boot) {
  return (boot.kernel.empty() ? "the default kernel" : "kernel " + boot.kernel) +
         (boot.cmdline.empty() ? "" : ", " + boot.cmdline);
}

std::vector<std::size_t> boot_order(std::size_t boots, int sessions, const std::string& order,
                                    std::uint64_t seed) {
  std::vector<std::size_t> out, round(boots);
  std::iota(round.begin(), round.end(), std::size_t{0});
  if (order == "sequential") {
    for (const auto boot : round) out.insert(out.end(), static_cast<std::size_t>(sessions), boot);
    return out;
  }
  std::mt19937_64 random(seed);
  for (int session = 0; session < sessions; ++session) {
    // Own shuffle, as for the windows of a plan: std::shuffle may differ between libraries.
    if (order == "shuffled")
      for (std::size_t i = boots; i > 1; --i) std::swap(round[i - 1], round[random() % i]);
    else if (session > 0)
      std::rotate(round.begin(), round.begin() + 1, round.end());
    out.insert(out.end(), round.begin(), round.end());
  }
  return out;
}

bool kernel_matches(const std::string& name, const std::string& release) {
  const Release wanted = release_of(release_in(name)), found = release_of(release);
  if (wanted.numbers.empty() && wanted.words.empty()) return false;
  if (wanted.numbers.size() > found.numbers.size() ||
      !std::equal(wanted.numbers.begin(), wanted.numbers.end(), found.numbers.begin()))
    return false;
  if (kind_of(wanted) != kind_of(found)) return false;
  return std::all_of(wanted.words.begin(), wanted.words.end(), [&](const auto& word) {
    return among(word, found.words) || word == kind_of(found);
  });
}

std::string boot_mismatch(const PlannedBoot& needs, const std::vector<Boot>& all,
                          const BootedKernel& booted) {
  if (std::string why = kernel_mismatch(needs, all, booted); !why.empty()) return why;
  const auto there = command_line_words(booted.command_line);
  const auto own = command_line_words(needs.cmdline);
  for (const auto& word : own)
    if (!among(word, there)) return "needs " + word + " on the kernel's command line";
  for (const auto& other : all) {
    if (other.needs.kernel != needs.kernel) continue;
    for (const auto& word : command_line_words(other.needs.cmdline))
      if (!among(word, own) && among(word, there))
        return fmt::format("needs a command line without {}, which belongs to arm {}", word,
                           other.arms.front());
  }
  return {};
}

std::vector<std::vector<std::string>> arms_alike(const std::vector<Arm>& arms) {
  std::vector<std::vector<std::string>> out;
  std::vector<bool> taken(arms.size());
  for (std::size_t i = 0; i < arms.size(); ++i) {
    std::vector<std::string> set;
    std::vector<PlannedBoot> boots;
    for (std::size_t j = i; j < arms.size(); ++j) {
      const PlannedBoot boot = arms[j].boot.value_or(PlannedBoot{});
      if (taken[j] || arms[j].workloads != arms[i].workloads ||
          arms[j].settings != arms[i].settings || arms[j].observers != arms[i].observers ||
          std::find(boots.begin(), boots.end(), boot) != boots.end())
        continue;
      taken[j] = true;
      set.push_back(arms[j].name);
      boots.push_back(boot);
    }
    if (set.size() > 1) out.push_back(std::move(set));
  }
  return out;
}

}  // namespace isolab
