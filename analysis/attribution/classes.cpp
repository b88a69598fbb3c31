// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <regex>

namespace isolab {

extern const char* const kBuiltinClassRules;  // generated from classes.csv

namespace {

constexpr std::string_view kColumns =
    "class,subclass,callback_regex,caller_regex,arch,kernels,deferrable,lpc_name,reason";
constexpr std::size_t kColumnCount = 9;

/// One line of CSV (RFC 4180, without line breaks in cells); empty: a quote is not closed.
std::vector<std::string> split_csv(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      const bool escaped = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (escaped)
        cells.back() += line[++i];
      else
        quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  if (quoted) cells.clear();
  return cells;
}

constexpr std::size_t kLongestExpression = 512;
constexpr std::size_t kLargest = 4096;  // a length times its counted repetitions

struct Version {
  int major = 0, minor = 0;
  auto operator<=>(const Version&) const = default;
};

bool read_version(std::string_view text, Version& out) {
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return false;
  return std::from_chars(major.ptr + 1, end, out.minor).ec == std::errc{};
}

/// The two ends of "5.14-6.10"; an end that is left out is far away.
bool read_range(std::string_view range, Version& low, Version& high) {
  low = {0, 0}, high = {1 << 20, 0};
  if (range == "*") return true;
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return read_version(range, low) && read_version(range, high);
  const auto first = range.substr(0, dash), last = range.substr(dash + 1);
  if (first.empty() && last.empty()) return false;
  return (first.empty() || read_version(first, low)) && (last.empty() || read_version(last, high));
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const auto candidate : words)
    if (word == candidate) return true;
  return false;
}

/// How often a part may be repeated, by all counts ({3}, {2,20}) of the expression.
std::size_t repetitions(std::string_view expression) {
  std::size_t product = 1;
  for (auto open = expression.find('{'); open != std::string_view::npos;
       open = expression.find('{', open + 1)) {
    std::size_t most = 1, number = 0;
    for (const char c : expression.substr(open + 1)) {
      if (c != ',' && (c < '0' || c > '9')) break;
      number = c == ',' ? 0 : std::min(number * 10 + static_cast<std::size_t>(c - '0'), kLargest);
      most = std::max(most, number);
    }
    product = std::min(product * most, kLargest);
  }
  return product;
}

std::string problem_of(const ClassRule& rule) {
  if (rule.klass.empty() || rule.subclass.empty()) return "class and subclass must not be empty";
  if (rule.callback.empty() || rule.caller.empty()) return "an expression is empty; \".*\" is any";
  // Compiling an expression takes stack for each of its parentheses.
  if (std::max(rule.callback.size(), rule.caller.size()) > kLongestExpression)
    return fmt::format("an expression has over {} bytes", kLongestExpression);
  for (const auto& expression : {rule.callback, rule.caller})
    if (expression.size() * repetitions(expression) > kLargest)
      return fmt::format("an expression repeats too much: {} bytes, {} times", expression.size(),
                         repetitions(expression));
  if (!one_of(rule.arch, {"*", "x86_64", "arm64"}))
    return fmt::format("arch \"{}\": x86_64, arm64 or * expected", rule.arch);
  if (Version low, high; !read_range(rule.kernels, low, high))
    return fmt::format("kernels \"{}\": *, 6.11-, -6.6 or 5.14-6.10 expected", rule.kernels);
  if (!one_of(rule.deferrable, {"yes", "no", "partly", "n/a"}))
    return fmt::format("deferrable \"{}\": yes, no, partly or n/a expected", rule.deferrable);
  return {};
}

}  // namespace

Result<std::vector<ClassRule>> parse_class_rules(const std::string& file, std::string_view text) {
  std::vector<ClassRule> rules;
  int number = 0;
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::parse, fmt::format("{}:{}: {}", file, number, what)};
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (number == 1) {
      if (line != kColumns) return wrong(fmt::format("the first line must be \"{}\"", kColumns));
      continue;
    }
    if (line.empty() || line.starts_with('#')) continue;
    auto cells = split_csv(line);
    if (cells.size() != kColumnCount)
      return wrong(fmt::format("{} cells, {} expected", cells.size(), kColumnCount));
    ClassRule rule{cells[0], cells[1], cells[2], cells[3], cells[4],
                   cells[5], cells[6], cells[7], cells[8]};
    if (const auto problem = problem_of(rule); !problem.empty()) return wrong(problem);
    rules.push_back(std::move(rule));
  }
  if (number == 0) return Error{ErrorKind::parse, file + ": the file is empty"};
  return rules;
}

const std::vector<ClassRule>& builtin_class_rules() {
  static const std::vector<ClassRule> rules = [] {
    auto parsed = parse_class_rules("classes.csv", kBuiltinClassRules);
    if (!parsed) std::abort();  // a unit test reads the same text
    return *std::move(parsed);
  }();
  return rules;
}

bool kernel_in_range(std::string_view range, std::string_view release) {
  Version low, high, own;
  if (!read_range(range, low, high) || !read_version(release, own)) return true;
  return low <= own && own <= high;
}

namespace {

std::string regex_problem(const std::regex_error& error) {
  if (error.code() == std::regex_constants::error_complexity)
    return "look-ahead ((?=...), (?!...)) and back references (\\1) are not supported";
  return std::string("not a regular expression: ") + error.what();
}

}  // namespace

struct Classifier::Compiled {
  /// Looks for an expression in a name. The usual matcher of libstdc++ tries alternatives one after
  /// the other, which takes for ever on (a*)*b; its other one follows all at once, in time that
  /// grows with the name times the size of the expression (at most 100,000 states), 3 times as slow
  /// on those built in. It knows no references back, and a condition ahead would start a search at
  /// each place.
  class Expression {
   public:
    /// Throws std::regex_error. `own`: not of the rules built in.
    void assign(const std::string& text, bool own) {
      regex_.assign(text);  // text that is not an expression alone is not one in parentheses
      own_ = own;
      if (!own) return;
      if (text.find("(?=") != std::string::npos || text.find("(?!") != std::string::npos)
        throw std::regex_error(std::regex_constants::error_complexity);
      regex_.assign("[\\s\\S]*(?:" + text + ")[\\s\\S]*", std::regex::ECMAScript |
                                                              std::regex::nosubs |
                                                              std::regex_constants::__polynomial);
    }
    bool found_in(const std::string& name) const {
      return own_ ? std::regex_match(name, regex_) : std::regex_search(name, regex_);
    }

   private:
    std::regex regex_;
    bool own_ = false;
  };

  struct Rule {
    ClassRule rule;
    bool null_callback = false;
    Expression callback;
    bool any_caller = false;
    Expression caller;
  };
  std::vector<Rule> rules;
};

Classifier::Classifier(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Result<Classifier> Classifier::create(std::vector<ClassRule> rules, const std::string& arch,
                                      const std::string& release) {
  auto compiled = std::make_unique<Compiled>();
  for (auto& rule : rules) {
    if (rule.callback == "-") continue;  // no IPI: listed for the reader of the table
    if (rule.arch != "*" && !arch.empty() && rule.arch != arch) continue;
    if (!kernel_in_range(rule.kernels, release)) continue;
    Compiled::Rule compiled_rule;
    compiled_rule.null_callback = rule.callback == "NULL";
    compiled_rule.any_caller = rule.caller == ".*";
    const auto& builtin = builtin_class_rules();
    const bool own = std::find(builtin.begin(), builtin.end(), rule) == builtin.end();
    try {
      if (!compiled_rule.null_callback) compiled_rule.callback.assign(rule.callback, own);
      if (!compiled_rule.any_caller) compiled_rule.caller.assign(rule.caller, own);
    } catch (const std::regex_error& error) {
      return Error{ErrorKind::parse,
                   fmt::format("rule {}/{}: {}", rule.klass, rule.subclass, regex_problem(error))};
    }
    compiled_rule.rule = std::move(rule);
    compiled->rules.push_back(std::move(compiled_rule));
  }
  return Classifier(std::move(compiled));
}

const ClassRule& Classifier::classify(std::string_view callback,
                                      const std::vector<std::string>& frames) const {
  const bool null_callback = callback == "NULL";
  // GCC clones: do_sync_core.isra.0, .constprop.0, .cold.
  const std::string name(callback.substr(0, callback.find('.')));
  for (const auto& compiled_rule : compiled_->rules) {
    if (compiled_rule.null_callback != null_callback) continue;
    if (!null_callback && !compiled_rule.callback.found_in(name)) continue;
    if (compiled_rule.any_caller) return compiled_rule.rule;
    for (const auto& frame : frames)
      if (compiled_rule.caller.found_in(frame)) return compiled_rule.rule;
  }
  return unknown();
}

const ClassRule& Classifier::unknown() {
  static const ClassRule rule{
      "unknown", "unknown", ".*", ".*", "*", "*", "no", "-", "no rule names it: see its stack"};
  return rule;
}

}  // namespace isolab
