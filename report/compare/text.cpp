// SPDX-License-Identifier: Apache-2.0
#include "report/compare/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "report/compare/tables.h"
#include "report/text/format.h"
#include "report/text/machine_text.h"

namespace isolab {
namespace {

constexpr std::size_t kLetterRows = 12;  // of one table and arm
constexpr std::size_t kDifferencesShown = 12;

/// One text where all groups agree, else one a group.
template <class F>
std::vector<std::string> agreeing(const Comparison& all, F text) {
  std::vector<std::string> out;
  for (const auto& group : all.groups) out.push_back(text(group));
  if (std::all_of(out.begin(), out.end(), [&](const auto& one) { return one == out.front(); }))
    return {out.front()};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = all.groups[i].name + ": " + out[i];
  return out;
}

/// A fact as one reads it in a list of differences.
std::string fact_text(const std::string& key, const std::string& value) {
  if (value.starts_with("unknown: ") && value.ends_with("No such file or directory"))
    return "does not exist";
  return "\"" + (key.ends_with("sha256") ? value.substr(0, 12) : value) + "\"";
}

/// The words of each command line that are not in all of them.
std::vector<std::string> differing_words(const std::vector<std::string>& lines) {
  std::vector<std::vector<std::string>> words;
  std::map<std::string, std::set<std::size_t>> holders;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::istringstream line(lines[i]);
    words.emplace_back();
    for (std::string word; line >> word;) {
      words.back().push_back(word);
      holders[word].insert(i);
    }
  }
  std::vector<std::string> out;
  for (const auto& all : words) {
    std::vector<std::string> differing;
    for (const auto& word : all)
      if (holders[word].size() < lines.size()) differing.push_back(word);
    out.push_back(join(differing, " "));
  }
  return out;
}

/// What is common to the two renderings, in lines of `width`. `brief`: command lines are shortened.
class Page {
 public:
  Page(const Comparison& all, const CompareContext& context, std::size_t width, bool brief)
      : all_(all), context_(context), width_(width), brief_(brief) {}

 protected:
  void line(const std::string& text) { out_ += ascii(text) + '\n'; }
  void paragraph(const std::string& head, std::size_t indent, const std::string& text) {
    out_ += wrapped(head, indent, text, width_);
  }
  void field(const std::string& name, const std::vector<std::string>& texts) {
    std::string head = fmt::format("{:<9} ", name);
    for (const auto& text : texts) {
      if (text.empty()) continue;
      paragraph(head, 10, text);
      head = std::string(10, ' ');
    }
  }

  /// Unintended differences, then what the statistics cannot do.
  void warnings() {
    std::size_t shown = 0;
    std::size_t more = 0;
    for (const auto& one : all_.differences) {
      if (one.intended) continue;
      if (++shown > kDifferencesShown) {
        ++more;
        continue;
      }
      paragraph("WARNING: ", 9,
                fmt::format("{} {}: {}", one.what,
                            one.within ? "is not the same in all sessions" : "differs",
                            difference_values(one)));
    }
    if (more > 0)
      paragraph("WARNING: ", 9, fmt::format("{} more differences (--json has them)", more));
    for (const auto& note : all_.notes) paragraph("NOTE: ", 6, note);
    if (shown + all_.notes.size() > 0) out_ += '\n';
  }

  std::string difference_values(const Difference& one) const {
    std::vector<std::string> parts;
    const bool shorten = brief_ && one.what == "kernel.command_line" && !one.within;
    const auto values = shorten ? differing_words(one.values) : one.values;
    for (std::size_t i = 0; i < values.size(); ++i)
      parts.push_back(all_.groups[i].name + " " +
                      (shorten && values[i].empty() ? "(none)" : fact_text(one.what, values[i])));
    return join(parts, ", ");
  }

  void block() {
    field("machine", agreeing(all_, [](const auto& group) { return machine_text(group.facts); }));
    field("kernel", agreeing(all_, [](const auto& group) {
            return known_fact(group.facts, "kernel.release");
          }));
    field("cmdline", agreeing(all_, [&](const auto& group) {
            const auto line = known_fact(group.facts, "kernel.command_line");
            return brief_ ? short_command_line(line) : line;
          }));
    field("measured", agreeing(all_, [](const auto& group) {
            return fmt::format("{} {}{}; load on {} {}", cpu_word(group.measured), group.measured,
                               group.measured_isolated ? ", isolated" : ", NOT ISOLATED",
                               cpu_word(group.housekeeping), group.housekeeping);
          }));
    field("load", loads());
    field("observed", agreeing(all_, [&](const auto& group) {
            return fmt::format("{}{}; {}", design_text(all_, group),
                               all_.probe.empty() ? "" : ", " + all_.probe, observed_text(group));
          }));
    for (const auto& one : all_.differences)
      if (one.intended && !std::set<std::string>{"kernel.release", "kernel.version",
                                                 "kernel.config_source", "kernel.command_line"}
                               .contains(one.what))
        field("compared", {one.what + ": " + difference_values(one)});
  }

  /// The times of an emulated CPU do not count.
  static std::string observed_text(const GroupSummary& group) {
    if (group.exposure_s > 0) return short_span(group.exposure_s) + " in total";
    if (group.traced_s > 0) return short_span(group.traced_s) + " traced in total";
    return "no probe data that counts, no trace";
  }

  std::vector<std::string> loads() const {
    std::vector<std::string> out;
    for (const auto& [arm, workloads] : all_.loads)
      out.push_back(arm + ": " + (workloads.empty() ? "idle" : join(workloads, " + ")));
    std::sort(out.begin(), out.end(), numbers_in_order);
    return out;
  }

  void footnotes() {
    std::map<std::string, int> sessions;
    std::size_t of = 0;
    for (const auto& group : all_.groups) {
      // Arms of one boot are of the same sessions.
      if (!group.arm.empty() && of > 0 && group.places == all_.groups.front().places) continue;
      of += group.sessions;
      for (const auto& [id, count] : group.warnings) sessions[id] += count;
    }
    if (!sessions.empty()) {
      std::vector<std::string> parts;
      for (const auto& [id, count] : sessions) parts.push_back(fmt::format("{} ({})", id, count));
      paragraph("", 2,
                fmt::format("Warnings of the recordings, in how many of the {} sessions: {}", of,
                            join(parts, ", ")));
    }
    for (const auto& citation : context_.citations) paragraph("", 2, citation);
    if (context_.citations.empty())
      paragraph("", 2,
                "False positives of this set-up: not measured (isolab aa PROFILE measures them).");
  }

  const Comparison& all_;
  const CompareContext& context_;
  std::size_t width_;
  bool brief_;
  std::string out_;
};

/// Every significant row; of the others those a letter can hold, in the order of the table.
std::vector<CompareRow> rows_of_letter(const CompareTable& table) {
  std::vector<CompareRow> out;
  for (const auto& row : table.rows) {
    const auto larger = std::count_if(table.rows.begin(), table.rows.end(), [&](const auto& one) {
      return one.arm == row.arm && one.weight > row.weight;
    });
    const bool fits =
        table.one_unit ? static_cast<std::size_t>(larger) < kLetterRows : !row.before_tail;
    if (row.significant || row.mark == "lost" || fits) out.push_back(row);
  }
  return out;
}

class Terminal : Page {
 public:
  Terminal(const Comparison& all, const CompareContext& context, bool full)
      : Page(all, context, kReportWidth, !full) {}

  std::string text() {
    std::vector<std::string> names;
    for (std::size_t i = 1; i < all_.groups.size(); ++i) names.push_back(all_.groups[i].name);
    line(fmt::format("isolab compare: {} against {} ({})", join(names, ", "),
                     all_.groups.front().name, all_.profile));
    line(std::string(width_, '='));
    warnings();
    if (!brief_) field("question", {all_.question});
    block();
    for (std::size_t other = 1; other < all_.groups.size(); ++other) {
      const auto tables = compare_tables(all_, other);
      if (brief_)
        main_rows(tables, other);
      else
        for (const auto& table : tables) print(table, other);
    }
    out_ += '\n';
    paragraph("", 0, brief_ ? short_legend(all_) : legend(all_));
    footnotes();
    if (!brief_) paragraph("reproduce: ", 2, reproduce_command(all_, context_.profile));
    return std::move(out_);
  }

 private:
  /// The significant rows and those whose numbers were lost; where no row can be judged, the rows a
  /// letter would have. Then the others in one line.
  void main_rows(const std::vector<CompareTable>& tables, std::size_t other) {
    const bool judged = std::any_of(tables.begin(), tables.end(), [](const auto& table) {
      return std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) {
        return row.significant || row.mark.starts_with("~");
      });
    });
    std::map<std::string, std::size_t> left_out;
    bool any = false;
    for (const auto& table : tables) {
      auto shown = table;
      shown.rows.clear();
      const auto letter_rows =
          judged || table.rest ? std::vector<CompareRow>{} : rows_of_letter(table);
      for (const auto& row : judged ? table.rows : letter_rows)
        if (!judged || row.significant || row.mark == "lost") shown.rows.push_back(row);
      for (const auto& row : table.rows) ++left_out[row_kind(row)];
      for (const auto& row : shown.rows) --left_out[row_kind(row)];
      if (shown.rows.empty()) continue;
      any = true;
      print(shown, other);
    }
    out_ += '\n';
    if (judged && !any) line("No row differs significantly.");
    std::string rest;
    for (const auto& [kind, rows] : left_out)
      if (rows > 0) append_item(rest, ", ", fmt::format("{} {}", rows, kind));
    if (!rest.empty())
      paragraph("", 0, fmt::format("Rows not shown: {}. All of them: isolab compare --full", rest));
  }

  static std::string row_kind(const CompareRow& row) {
    if (row.mark.starts_with("~")) return "not significant (~)";
    if (row.mark.starts_with("n<")) return "of too few sessions (" + row.mark + ")";
    return row.significant ? "significant" : "not tested";
  }

  void print(const CompareTable& table, std::size_t other) {
    out_ += '\n';
    line(table.title);
    line(std::string(table.title.size(), '-'));
    TextTable text({"", all_.groups.front().name + " [95 %]", all_.groups[other].name + " [95 %]",
                    "change [95 %]", "p", "<"},
                   26);
    std::string arm;
    for (const auto& row : table.rows) {
      if (row.arm != arm) text.row({row.arm + ":"});
      arm = row.arm;
      text.row({(row.arm.empty() ? "" : "  ") + row.name, row.base, row.other,
                row.change + (row.range.empty() ? "" : " " + row.range), row.p, row.mark});
    }
    out_ += text.text();
  }
};

class Letter : Page {
 public:
  Letter(const Comparison& all, const CompareContext& context)
      : Page(all, context, kLetterWidth, false) {}

  std::string text() {
    warnings();
    block();
    for (std::size_t other = 1; other < all_.groups.size(); ++other)
      for (const auto& table : compare_tables(all_, other))
        if (!table.rest) print(table, other);
    out_ += '\n';
    paragraph("", 0, legend(all_));
    footnotes();
    out_ += '\n';
    paragraph("reproduce: ", 2, reproduce_command(all_, context_.profile));
    return std::move(out_);
  }

 private:
  /// Columns as wide as the table's cells need, cut to the letter by giving the interval its own
  /// line where they do not fit.
  void print(const CompareTable& table, std::size_t other) {
    out_ += '\n';
    paragraph("", 0, table.title);
    line(fmt::format("n = {} and {} sessions, [95% interval]", all_.groups.front().sessions,
                     all_.groups[other].sessions));
    const auto rows = rows_of_letter(table);
    std::size_t name = 8, base = all_.groups.front().name.size(),
                now = all_.groups[other].name.size(), change = 6;
    for (const auto& row : rows) {
      name = std::max(name, row.name.size() + (row.arm.empty() ? 0 : 1));
      base = std::max(base, row.base.size());
      now = std::max(now, row.other.size());
      change = std::max(change, row.change.size());
    }
    const std::size_t numbers = base + now + change + 3 + 4;
    const bool two_lines = name + numbers > kLetterWidth;
    if (two_lines) name = kLetterWidth > numbers ? kLetterWidth - numbers : 8;
    const auto print_cells = [&](const std::string& first, const std::string& a,
                                 const std::string& b, const std::string& c,
                                 const std::string& mark) {
      std::string head = ascii(first);
      if (head.size() > name) {
        line(head.substr(0, kLetterWidth));
        head.clear();
      }
      std::string cells = fmt::format("{:<{}} {:>{}} {:>{}} {:>{}} {}", head, name, a, base, b, now,
                                      c, change, mark);
      cells.erase(cells.find_last_not_of(' ') + 1);
      line(cells);
    };
    print_cells("", all_.groups.front().name, all_.groups[other].name, "change", "");
    std::string arm;
    for (const auto& row : rows) {
      if (row.arm != arm) line(row.arm + ":");
      arm = row.arm;
      print_cells((row.arm.empty() ? "" : " ") + row.name, row.base, row.other, row.change,
                  row.mark);
    }
    if (rows.size() < table.rows.size())
      paragraph("", 1,
                fmt::format("({} more rows left out, none significant)",
                            table.rows.size() - rows.size()));
  }
};

}  // namespace

std::string render_comparison(const Comparison& comparison, const CompareContext& context,
                              bool full) {
  return Terminal(comparison, context, full).text();
}

std::string render_cover_letter(const Comparison& comparison, const CompareContext& context) {
  return Letter(comparison, context).text();
}

}  // namespace isolab
