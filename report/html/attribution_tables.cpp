// SPDX-License-Identifier: Apache-2.0
#include "report/html/attribution_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "report/html/document.h"
#include "report/html/json_members.h"
#include "report/text/cause_cells.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr std::size_t kGapRows = 300;
constexpr std::size_t kGapRowsOfAnArm = 12;
constexpr std::size_t kCausesNamed = 6;
constexpr std::size_t kStackRows = 200;
constexpr std::size_t kFramesNamed = 4;

std::string causes_text(const Json& gap) {
  const auto& causes = list_in(gap, "causes");
  std::string out;
  for (std::size_t i = 0; i < std::min(causes.size(), kCausesNamed); ++i)
    append_item(out, ", ", text_in(causes[i], "kind") + " " + text_in(causes[i], "what"));
  if (causes.size() > kCausesNamed)
    out += fmt::format(" and {} more", causes.size() - kCausesNamed);
  return out.empty() ? "no kernel event" : out;
}

std::string first_sender(const Json& gap) {
  for (const auto& cause : list_in(gap, "causes")) {
    if (!has(cause, "sender")) continue;
    const auto& sender = member(cause, "sender");
    const auto& stack = list_in(sender, "stack");
    return fmt::format("{}{}", text_in(sender, "who"),
                       stack.empty() ? "" : ": " + text_of(stack.front()));
  }
  return "-";
}

std::string first_sender(const CauseRow& cause) {
  return cause.senders.empty() ? "-" : sender_text(cause.senders.front(), kFramesNamed);
}

std::vector<std::string> classes_of(const Findings& findings) {
  std::vector<std::string> out;
  for (const auto& cpu : findings.interruptions.cpus)
    for (const auto& part : cpu.budget.parts)
      if (std::find(out.begin(), out.end(), part.name) == out.end()) out.push_back(part.name);
  return out;
}

}  // namespace

std::string longest_gaps(const Json& spikes) {
  TextTable table(
      {"arm", "CPU", "repeat", "at s", "length us", "<class", "<causes in order", "<first sender"},
      20);
  const auto& gaps = list_in(spikes, "spikes");
  std::map<std::string, std::size_t> of_arm;
  for (const auto& gap : gaps) {
    const auto arm = text_in(gap, "arm");
    if (table.rows().size() == kGapRows || ++of_arm[arm] > kGapRowsOfAnArm) continue;
    table.row({arm, std::to_string(integer_in(gap, "cpu")),
               std::to_string(integer_in(gap, "repeat") + 1),
               fmt::format("{:.6f}", number_in(gap, "at_s")), short_us(number_in(gap, "length_us")),
               text_in(gap, "class"), causes_text(gap), first_sender(gap)});
  }
  std::string out = table.empty() ? "" : html_table("gaps", table);
  for (const auto& limit : list_in(spikes, "limits"))
    out += html_element("p", "note", text_of(limit)) + "\n";
  return out;
}

std::string stolen_table(const StolenTime& stolen) {
  std::vector<const StolenStack*> rows;
  for (const auto& row : stolen.stacks) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->ns > b->ns; });
  TextTable table({"arm", "CPU", "<class", "<cause", "<sent, queued or armed by", "time", "gaps",
                   "<sender's stack, innermost first"},
                  20);
  for (std::size_t i = 0; i < std::min(rows.size(), kStackRows); ++i) {
    const auto& row = *rows[i];
    std::vector<std::string> frames(row.frames.rbegin(), row.frames.rend());
    table.row({row.arm, std::to_string(row.cpu), row.klass, row.cause.empty() ? "-" : row.cause,
               row.sender.empty() ? "-" : row.sender, words_us(static_cast<double>(row.ns) / 1e3),
               count_text(row.gaps), frames.empty() ? "-" : join(frames, " < ")});
  }
  std::string out = table.empty() ? "" : html_table("stolen", table);
  if (rows.size() > kStackRows)
    out += html_element(
               "p", "note",
               fmt::format("The {} rows with the most time, of {}.", kStackRows, rows.size())) +
           "\n";
  return out;
}

std::string causes_by_arm(const Findings& findings) {
  std::vector<std::string> header{"arm", "CPU"};
  for (const auto& name : causes_header()) header.push_back(name);
  header[2] = "<" + header[2];
  header.push_back("<first sender");
  TextTable table(header, 20);
  for (const auto& cpu : findings.interruptions.cpus)
    for (const auto& cause : cpu.causes) {
      std::vector<std::string> row{cpu.arm, std::to_string(cpu.cpu)};
      for (auto& cell : cause_cells(cpu, cause)) row.push_back(std::move(cell));
      row[2].erase(0, row[2].find_first_not_of(' '));
      row.push_back(first_sender(cause));
      table.row(std::move(row));
    }
  return table.empty() ? "" : html_table("causes", table);
}

std::string budget_by_arm(const Findings& findings) {
  const auto classes = classes_of(findings);
  std::vector<std::string> header{"arm", "CPU"};
  for (auto name : classes) {
    std::replace(name.begin(), name.end(), '_', ' ');
    header.push_back(name);
  }
  TextTable table(header, 20);
  for (const auto& cpu : findings.interruptions.cpus) {
    if (cpu.budget.wall == 0) continue;
    std::vector<std::string> row{cpu.arm, std::to_string(cpu.cpu)};
    for (const auto& name : classes) {
      const auto* part = cpu.budget.find(name);
      row.push_back(part == nullptr
                        ? "-"
                        : fmt::format("{:.1f}", 1e6 * static_cast<double>(part->ticks) /
                                                    static_cast<double>(cpu.budget.wall)));
    }
    table.row(std::move(row));
  }
  return table.empty() ? "" : html_table("noise", table);
}

}  // namespace isolab
