// SPDX-License-Identifier: Apache-2.0
#include "report/text/warning_kinds.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/warnings.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr std::size_t kSeenShown = 4;  // of one kind

/// What the first lines of a report say already.
bool in_header(const FindingWarning& warning) {
  return warning.warning.id == warning_word(WarningId::measured_not_isolated) ||
         warning.warning.id == warning_word(WarningId::emulated);
}

}  // namespace

std::vector<std::vector<const FindingWarning*>> warning_kinds(const Findings& findings) {
  std::vector<std::vector<const FindingWarning*>> kinds;
  for (const auto& warning : findings.warnings) {
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) {
      return kind.front()->warning.id == warning.warning.id &&
             kind.front()->warning.matters == warning.warning.matters &&
             kind.front()->warning.advice == warning.warning.advice;
    });
    if (same == kinds.end())
      kinds.push_back({&warning});
    else
      same->push_back(&warning);
  }
  return kinds;
}

std::string seen_text(const FindingWarning& warning) {
  std::string out = warning.warning.seen;
  if (!warning.arms.empty()) out += " [" + join(warning.arms, ", ") + "]";
  if (warning.times > 1 && warning.arms.size() < static_cast<std::size_t>(warning.times))
    out += fmt::format(" ({} times)", warning.times);
  return out;
}

std::string warnings_text(const Findings& findings) {
  std::string body;
  int number = 0;
  for (const auto& kind : warning_kinds(findings)) {
    std::string head = fmt::format("{:>3} ", ++number);
    for (std::size_t i = 0; i < std::min(kind.size(), kSeenShown); ++i) {
      body += wrapped(head, 4, seen_text(*kind[i]));
      head = "    ";
    }
    if (kind.size() > kSeenShown)
      body +=
          fmt::format("    and {} more of this kind: isolab analyse\n", kind.size() - kSeenShown);
    const Warning& warning = kind.front()->warning;
    if (!warning.matters.empty()) body += wrapped("    why: ", 9, warning.matters);
    if (!warning.advice.empty()) body += wrapped("    do:  ", 9, warning.advice);
  }
  return body;
}

std::string brief_warnings(const Findings& findings) {
  std::string out;
  for (const auto& kind : warning_kinds(findings))
    if (!in_header(*kind.front()))
      append_item(out, "; ",
                  seen_text(*kind.front()) +
                      (kind.size() > 1 ? fmt::format(" and {} more", kind.size() - 1) : ""));
  return out;
}

std::string warning_names(const Findings& findings) {
  std::vector<std::pair<std::string, std::size_t>> names;  // kinds may share one
  for (const auto& kind : warning_kinds(findings)) {
    if (in_header(*kind.front())) continue;
    const auto& id = kind.front()->warning.id;
    std::size_t times = 0;
    for (const auto* warning : kind) times += static_cast<std::size_t>(std::max(warning->times, 1));
    const auto known = std::find_if(names.begin(), names.end(),
                                    [&](const auto& name) { return name.first == id; });
    if (known == names.end())
      names.emplace_back(id, times);
    else
      known->second += times;
  }
  std::string out;
  for (const auto& [id, times] : names)
    append_item(out, ", ", times > 1 ? fmt::format("{} ({})", id, times) : id);
  return out;
}

}  // namespace isolab
