// SPDX-License-Identifier: Apache-2.0
#include "report/text/colour.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace isolab {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";

struct ColouredWord {
  std::string_view word, colour;
};
// Of two that begin at the same place the first.
constexpr std::array<ColouredWord, 21> kWords = {{{"NOT ISOLATED", kRed},
                                                  {"NOT measured", kRed},
                                                  {"EMULATED", kRed},
                                                  {"UNEXPLAINED", kRed},
                                                  {"DIFFERENT", kRed},
                                                  {"DISAGREES", kRed},
                                                  {"no kernel event and no period", kRed},
                                                  {"BROKEN", kRed},
                                                  {"INCOMPLETE", kRed},
                                                  {"WARNING:", kRed},
                                                  {"warnings ", kYellow},
                                                  {"NOTE:", kYellow},
                                                  {"not applicable", kYellow},
                                                  {"not judged", kYellow},
                                                  {"not proven", kYellow},
                                                  {"not known", kYellow},
                                                  {"too few operations", kYellow},
                                                  {"unclear", kYellow},
                                                  {"withheld", kYellow},
                                                  {"as expected", kGreen},
                                                  {"no measurable effect", kGreen}}};

bool is_letter(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; }

/// Whether `line` is all of one of the rules under a heading.
bool is_rule(std::string_view line) {
  return line.size() > 2 && (line.front() == '-' || line.front() == '=') &&
         line.find_first_not_of(line.front()) == std::string_view::npos;
}

/// Whether `line` begins a gap of `isolab spikes`: "41.3 us  toggle #0  CPU 1  at 3.441711 s".
bool is_gap_head(std::string_view line) {
  const auto at = line.rfind("  at ");
  return !line.empty() && std::isdigit(static_cast<unsigned char>(line.front())) != 0 &&
         at != std::string_view::npos && line.find("  CPU ") < at && line.ends_with(" s");
}

/// The cell that ends before `at`: a number with its unit, "94.7k" or "270 ms".
std::size_t begin_of_number(std::string_view line, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && line[begin - 1] != ' ') --begin;
  if (begin > 1 && begin < at && std::isdigit(static_cast<unsigned char>(line[begin])) == 0) {
    const std::size_t unit = begin;
    begin -= 1;
    while (begin > 0 && line[begin - 1] != ' ') --begin;
    if (std::isdigit(static_cast<unsigned char>(line[begin])) == 0) return unit;
  }
  return begin;
}

/// The coloured word at `at`, whole; null: none.
const ColouredWord* word_at(std::string_view line, std::size_t at) {
  if (at > 0 && is_letter(line[at - 1])) return nullptr;
  for (const auto& candidate : kWords) {
    const auto end = at + candidate.word.size();
    if (line.substr(at).starts_with(candidate.word) &&
        (end == line.size() || !is_letter(line[end])))
      return &candidate;
  }
  return nullptr;
}

std::string coloured_line(std::string_view line) {
  std::string out;
  std::size_t copied = 0;
  const auto put = [&](std::size_t begin, std::size_t end, std::string_view colour) {
    out.append(line.substr(copied, begin - copied));
    out.append(colour).append(line.substr(begin, end - begin)).append(kPlain);
    copied = end;
  };
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (const auto* word = word_at(line, at)) {
      put(at, at + word->word.size(), word->colour);
      at = copied - 1;
    } else if (line[at] == '*' && at > 0 && is_letter(line[at - 1])) {
      const auto begin = std::max(copied, begin_of_number(line, at));
      put(begin, at + 1, kBold);
    }
  }
  return out.append(line.substr(copied));
}

}  // namespace

std::string coloured(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    const auto next = end == text.size() ? std::string_view() : text.substr(end + 1);
    if ((is_rule(next.substr(0, next.find('\n'))) && !line.empty()) || is_gap_head(line))
      out.append(kBold).append(line).append(kPlain);
    else
      out += coloured_line(line);
    if (end < text.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace isolab
