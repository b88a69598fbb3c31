// SPDX-License-Identifier: Apache-2.0
#include "report/text/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/text.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr std::size_t kMostCauses = 10, kMostTasks = 8;
constexpr std::size_t kNameWidth = 26;

double us_of(const TickLine& line, std::uint64_t ticks) {
  return static_cast<double>(line.nanoseconds(ticks)) / 1e3;
}

/// The sum and the parts in milliseconds with three decimals, such that the printed parts sum to
/// the printed sum: each is the difference of two rounded running sums. Stolen time comes first, so
/// that the same ticks are the same digits in every table.
std::vector<std::string> parts_in_ms(const TickLine& line, std::span<const std::uint64_t> parts) {
  std::vector<std::string> out;
  std::uint64_t ticks = 0, before = 0;
  for (const auto part : parts) {
    ticks += part;
    const auto until = (line.nanoseconds(ticks) + 500) / 1000;
    out.push_back(fmt::format("{}.{:03}", (until - before) / 1000, (until - before) % 1000));
    before = until;
  }
  out.insert(out.begin(), fmt::format("{}.{:03}", before / 1000, before % 1000));
  return out;
}

std::string per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? short_number(static_cast<double>(count) / seconds) : "-";
}

std::string kind_word(const CauseName& name) {
  switch (name.kind) {
    case CauseKind::remote_call: return "IPI callback";
    case CauseKind::reschedule: return "reschedule IPI";
    case CauseKind::silent_ipi:
    case CauseKind::ipi: return "IPI";
    case CauseKind::tick: return "tick";
    case CauseKind::timer: return "timer";
    case CauseKind::device: return "device IRQ";
    case CauseKind::softirq: return "softirq";
    case CauseKind::other_task: return "other task";
    case CauseKind::nmi: return "NMI";
    default: return "other IRQ";
  }
}

std::string who_text(const WatchCause& cause) {
  const auto& sender = cause.sender;
  if (sender.cpu >= 0) {
    std::string text = fmt::format("{}/{} on CPU {}", ascii(sender.comm), sender.pid, sender.cpu);
    if (!sender.callsite.empty()) text += ", " + sender.callsite;
    if (sender.others != 0)
      text += fmt::format(" ({} sends; {} other senders)", sender.sends, sender.others);
    return text;
  }
  if (cause.pids.empty()) return "";
  std::vector<std::string> pids;
  for (const auto pid : cause.pids) pids.push_back(std::to_string(pid));
  return (pids.size() == 1 ? "pid " : "pids ") + join(pids, ", ");
}

std::string task_table(const WatchFindings& found) {
  TextTable table({"task/pid", "observed ms", "ran", "interrupted", "preempted", "waited", "asleep",
                   "elsewhere"},
                  kNameWidth);
  for (std::size_t i = 0; i < std::min(found.tasks.size(), kMostTasks); ++i) {
    const auto& [time, tgid, comm] = found.tasks[i];
    const std::uint64_t parts[] = {time.interrupted, time.preempted, time.ran,
                                   time.waited,      time.slept,     time.elsewhere};
    auto cells = parts_in_ms(found.line, parts);
    std::rotate(cells.begin() + 1, cells.begin() + 3, cells.begin() + 4);  // what it ran is first
    cells.insert(cells.begin(), fmt::format("{}/{}", ascii(comm), time.tid));
    table.row(std::move(cells));
  }
  return table.text();
}

std::string own_doing(const WatchFindings& found) {
  TextTable table(
      {"own doing", "waits", "worst us", "preempted", "sleeps", "migrations", "page faults"},
      kNameWidth);
  for (std::size_t i = 0; i < std::min(found.tasks.size(), kMostTasks); ++i) {
    const auto& [time, tgid, comm] = found.tasks[i];
    table.row({fmt::format("{}/{}", ascii(comm), time.tid), fmt::format("{}", time.waits),
               short_us(us_of(found.line, time.longest_wait)), fmt::format("{}", time.preemptions),
               fmt::format("{}", time.sleeps), fmt::format("{}", time.migrations),
               fmt::format("{}", time.faults)});
  }
  std::string text = table.text();
  if (found.tasks.size() > kMostTasks)
    text += fmt::format("and {} more tasks (--json has all)\n", found.tasks.size() - kMostTasks);
  return text;
}

std::string cpu_table(const WatchFindings& found) {
  TextTable table(
      {"CPU", "observed ms", "ran", "stolen", "not wanted", "events/s", "switches to isolab"}, 6);
  for (const auto& use : found.use) {
    const std::uint64_t parts[] = {use.stolen, use.ran, use.not_wanted};
    auto cells = parts_in_ms(found.line, parts);
    std::swap(cells[1], cells[2]);
    cells.insert(cells.begin(), fmt::format("{}", use.cpu));
    cells.push_back(per_second(use.events, found.seconds));
    cells.push_back(fmt::format("{}", use.own_switches));
    table.row(std::move(cells));
  }
  return table.text();
}

std::string cause_table(const WatchFindings& found) {
  if (found.causes.empty()) return "nothing was stolen\n";
  TextTable table({"stolen by", "<kind", "<class", "times", "/s", "ms", "worst us", "at s"},
                  kNameWidth);
  std::vector<std::uint64_t> parts;
  for (const auto& cause : found.causes) parts.push_back(cause.ticks);
  const auto ms = parts_in_ms(found.line, parts);
  for (std::size_t i = 0; i < std::min(found.causes.size(), kMostCauses); ++i) {
    const auto& cause = found.causes[i];
    table.row({ascii(cause.name.what), kind_word(cause.name), cause.name.klass,
               fmt::format("{}", cause.slices), per_second(cause.slices, found.seconds), ms[i + 1],
               short_us(us_of(found.line, cause.longest)),
               fmt::format("{:.3f}", cause.longest_at_s)});
  }
  std::string text = table.text();
  if (found.causes.size() > kMostCauses)
    text += fmt::format("and {} more causes (--json has all)\n", found.causes.size() - kMostCauses);
  text += fmt::format("all causes: {} ms\n", ms.front());
  std::string senders;
  for (std::size_t i = 0; i < std::min(found.causes.size(), kMostCauses); ++i)
    if (const auto who = who_text(found.causes[i]); !who.empty())
      senders += wrapped("  " + ascii(found.causes[i].name.what) + ": ", 6, ascii(who));
  return text + (senders.empty() ? "" : "by whom:\n" + senders);
}

std::string notes(const WatchFindings& found) {
  std::string text = fmt::format("isolab sent {} calls and {} reschedule IPIs to the watched CPUs",
                                 found.own_calls, found.own_reschedules);
  if (found.event_cost_ns != 0) {
    std::uint64_t events = 0;
    for (const auto& use : found.use) events += use.events;
    text += fmt::format("; the trace itself took at least {} of them ({} events of {} ns)",
                        words_us(static_cast<double>(events * found.event_cost_ns) / 1e3), events,
                        found.event_cost_ns);
  }
  text += ".\n";
  text += fmt::format(
      "Not in the trace: the way into and out of the kernel around each handler, which counts as "
      "ran; time that firmware (SMI) or a hypervisor took, which counts for what ran then "
      "(/proc/stat: {:.2f} s of steal on these CPUs; not every hypervisor reports it).\n",
      found.steal_seconds);
  for (const auto& line : found.cannot_tell) text += line + "\n";
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = text.find('\n', at);
    out += wrapped("", 2, text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string render_watch(const WatchFindings& found, const std::string& command_end) {
  std::string text =
      fmt::format("watched {} on CPU {} for {} (trace level {})\n", ascii(found.target),
                  found.cpus.list(), short_span(found.seconds), found.level);
  if (!command_end.empty()) text += "the command ended: " + command_end + "\n";
  text += '\n';
  if (found.tasks.empty())
    text += "no task of a user ran on these CPUs: there was nothing to steal time from\n";
  else
    text += task_table(found) + '\n' + own_doing(found);
  return text + '\n' + cpu_table(found) + '\n' + cause_table(found) + '\n' + notes(found);
}

namespace {

std::string stop_words(const StopHeading& heading) {
  if (heading.what == "request") return "as requested";
  if (heading.what == "stolen") return words_us(heading.us) + " stolen";
  if (heading.what == "wait") return words_us(heading.us) + " from wake-up to running";
  return heading.us > 0 ? heading.what + " took " + words_us(heading.us) : heading.what;
}

std::string story_line(const StoryLine& line) {
  std::string text = fmt::format("  {:>+12.1f} us  {:>9}  {} ({})", line.at_us, words_us(line.us),
                                 ascii(line.name.what), kind_word(line.name));
  if (line.pid > 0) text += fmt::format(", pid {}", line.pid);
  if (!line.sender.empty()) text += ", by " + ascii(line.sender);
  text += '\n';
  if (!line.callsite.empty()) text += std::string(30, ' ') + "from " + ascii(line.callsite) + "\n";
  return text;
}

}  // namespace

std::string render_stop(const StopHeading& heading, const std::vector<StoryLine>& story) {
  constexpr std::size_t kMostLines = 10;
  std::string text = fmt::format("stop {} at {:.3f} s, CPU {}: {}{}\n", heading.number,
                                 heading.at_s, heading.cpu, ascii(stop_words(heading)),
                                 heading.task.empty() ? "" : " (" + ascii(heading.task) + ")");
  std::vector<double> lengths;
  for (const auto& line : story) lengths.push_back(line.us);
  std::sort(lengths.rbegin(), lengths.rend());
  const double least = lengths.size() > kMostLines ? lengths[kMostLines - 1] : 0;
  std::size_t printed = 0;
  for (const auto& line : story) {
    if (line.us < least || printed == kMostLines) continue;
    text += story_line(line);
    ++printed;
  }
  if (story.empty()) text += "  nothing traced ran in its place: the time is its own\n";
  if (printed < story.size())
    text += fmt::format("  and {} shorter ones\n", story.size() - printed);
  if (!heading.kept.empty()) text += "  the trace: " + heading.kept + "\n";
  return text;
}

}  // namespace isolab
