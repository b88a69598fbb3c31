// SPDX-License-Identifier: Apache-2.0
#include "report/text/page_cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/model/metric_list.h"
#include "base/text.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr int kFarCpus = 96;  // the larger of the two published machines
constexpr std::size_t kIndent = 19;

std::string line(const std::string& name, const std::string& text) {
  return wrapped(fmt::format("    {:<14} ", name), kIndent, text);
}

/// "x6.31 [6.02, 6.55]"; without an interval the span of the repeats: "x6.31 (6.02 to 6.55)".
std::string estimate(const Estimate& one, const std::string& sign) {
  const std::string value = sign + short_number(one.value);
  if (one.lower95)
    return fmt::format("{} [{}, {}]", value, short_number(*one.lower95),
                       short_number(*one.upper95));
  if (one.repeats == 1) return value;
  return fmt::format("{} ({} to {})", value, short_number(one.least), short_number(one.most));
}

double ratio_at(const PageCost& cost, int cpus) {
  for (const auto& one : cost.model)
    if (one.cpus == cpus) return one.ratio;
  return 0;
}

std::string pages(const PageCost& cost) {
  std::string out;
  if (cost.pages)
    out = fmt::format("{} per round ({:.0f} to {:.0f})", short_number(cost.pages->value),
                      cost.pages->least, cost.pages->most);
  if (cost.ipis_per_page)
    append_item(out, "; ",
                fmt::format("{:.3f} IPIs per page on each measured CPU", *cost.ipis_per_page));
  return out;
}

std::string model(const PageCost& cost) {
  const bool build = cost.of_rounds();
  const double per_remote = cost.cost_us.value / (cost.cpus - 1);
  const std::string scope =
      build ? "sys(N) = sys0 + pages x c x (N - 1)" : "t(N) = t0 + c x (N - 1)";
  return fmt::format(
      "{} with c = {} us per page and remote CPU, if all of the cost is that of IPIs. One machine "
      "has one N; any local share of the cost would make the line flatter. Extrapolated to {} "
      "CPUs, "
      "assuming the same cost per IPI: x{}, NOT measured",
      scope, short_number(per_remote), kFarCpus, short_number(ratio_at(cost, kFarCpus)));
}

std::string published() {
  std::string out = "XPFO (Aziz, RFC v8, 2019; one sample each, another kernel, other machines): ";
  for (const auto& one : kPublishedXpfo)
    out += fmt::format("{}{} CPUs x{} ({} per remote CPU)", &one == kPublishedXpfo ? "" : ", ",
                       one.cpus, short_number(one.ratio()), short_number(one.slope()));
  return out;
}

std::string block(const PageCost& cost) {
  const bool build = cost.of_rounds();
  const char* plural = cost.ratio.repeats == 1 ? "" : "s";
  std::string out = wrapped(
      "  ", 4,
      fmt::format(
          "{} against {}: {} on {} CPUs, {}", ascii(cost.arm), ascii(cost.control), cost.workload,
          cost.cpus,
          build ? fmt::format("{} rounds in {} repeat{}", cost.rounds, cost.ratio.repeats, plural)
                : fmt::format("{} repeat{}", cost.ratio.repeats, plural)));
  out += line(
      build ? "system time" : "time per page",
      fmt::format("{}: {} {} against {} {}{}", estimate(cost.ratio, "x"),
                  short_number(cost.arm_value), build ? "s" : "us",
                  short_number(cost.control_value), build ? "s" : "us", build ? " per round" : ""));
  if (cost.user_ratio) out += line("user time", estimate(*cost.user_ratio, "x"));
  if (cost.elapsed_ratio) out += line("elapsed", estimate(*cost.elapsed_ratio, "x"));
  if (const auto text = pages(cost); !text.empty()) out += line("pages", text);
  out += line("cost per page", estimate(cost.cost_us, "") + (build ? " us of system time" : " us"));
  if (cost.slope) {
    out += line("slope",
                fmt::format("the ratio grows by {} per remote CPU", short_number(*cost.slope)));
    out += line("model", model(cost));
  }
  return out;
}

}  // namespace

std::string page_cost_text(const Findings& findings) {
  std::string out;
  for (const auto& cost : findings.page_costs) out += block(cost);
  const bool builds = std::any_of(findings.page_costs.begin(), findings.page_costs.end(),
                                  [](const auto& cost) { return cost.of_rounds(); });
  if (builds) out += wrapped("  published: ", 4, published());
  return out;
}

std::string benchmarks_text(const Findings& findings) {
  TextTable table({"benchmark", "<case", "time", "95 % (us)", "n"}, 20);
  std::string reasons;
  for (const auto& metric : findings.metrics) {
    // Of an emulated guest every time is withheld, also of benchmarks that were not attached.
    if (metric.name != metrics::benchmark_time || !metric.labels.contains("benchmark")) continue;
    const auto& name = metric.labels.at("benchmark");
    const auto& parameters = metric.labels.at("case");
    if (!metric.value) {
      reasons += wrapped("  " + ascii(name + " " + parameters) + ": ", 4, metric.not_applicable);
      continue;
    }
    table.row({name, parameters, words_us(*metric.value / 1e3),
               metric.lower95 ? fmt::format("[{},{}]", short_us(*metric.lower95 / 1e3),
                                            short_us(*metric.upper95 / 1e3))
                              : "-",
               std::to_string(metric.n)});
  }
  return (table.empty() ? "" : table.text()) + reasons;
}

}  // namespace isolab
