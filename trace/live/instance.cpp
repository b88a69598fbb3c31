// SPDX-License-Identifier: Apache-2.0
#include "trace/live/instance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>

#include "base/text.h"
#include "host/arch/cycles.h"
#include "host/clock.h"
#include "host/os.h"

namespace isolab {

namespace {

using Role = TracedEvent::Role;

// Longer lists of comparisons than this cost more than they filter.
constexpr int kMostComparisons = 32;

Result<void> save(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) return Error{ErrorKind::io, fmt::format("cannot write {}", path.string())};
  return {};
}

std::vector<std::string> target_filters(const TracedEvent& event, const CpuSet& measured) {
  // "CPU" is the CPU of the buffer; a field named cpu would hide the lower-case spelling.
  if (event.role == Role::receiver) return cpu_filters("CPU", measured, CpuFieldKind::number);
  if (event.target == "cpu" || event.target == "target_cpu")
    return cpu_filters(event.target, measured, CpuFieldKind::number);
  if (event.mask_words > 0) return mask_word_filters(measured, event.mask_words);
  return cpu_filters(event.target, measured, CpuFieldKind::mask);
}

/// Every filter with a further condition.
std::vector<std::string> with_condition(std::vector<std::string> filters,
                                        const std::string& condition) {
  if (!condition.empty())
    for (auto& filter : filters) filter = fmt::format("({}) && {}", filter, condition);
  return filters;
}

/// A list of CPUs the kernel keeps: "online", "present".
Result<CpuSet> cpus_in(const Files& files, const std::string& list) {
  const auto text = TRY(files.read("/sys/devices/system/cpu/" + list));
  return CpuSet::parse(trimmed(text));
}

/// Writes the first text that the kernel accepts; false if it accepts none.
bool first_accepted(Files& files, const std::string& path, const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const auto& text) { return files.write(path, text).has_value(); });
}

Result<void> check_memory(const HostFacts& facts, const TraceSetup& setup) {
  const auto measured = static_cast<std::uint64_t>((facts.online & setup.measured).count());
  const auto others = static_cast<std::uint64_t>((facts.online - setup.measured).count());
  const std::uint64_t need =
      measured * setup.measured_buffer.count + others * setup.other_buffer.count;
  if (facts.memory_bytes == 0 || need <= facts.memory_bytes / 2) return {};
  constexpr double kMiB = 1 << 20;
  return Error{ErrorKind::usage,
               fmt::format("trace buffers of {} CPUs need {:.0f} MiB, more than half of the "
                           "{:.0f} MiB that are available",
                           measured + others, static_cast<double>(need) / kMiB,
                           static_cast<double>(facts.memory_bytes) / kMiB),
               "lower ipi_trace.buffer, or shorten the window"};
}

}  // namespace

std::vector<std::string> cpu_filters(const std::string& field, const CpuSet& cpus,
                                     CpuFieldKind kind) {
  if (cpus.empty()) return {};
  std::vector<std::string> filters{fmt::format("{} & CPUS{{{}}}", field, cpus.list())};
  if (kind == CpuFieldKind::mask || cpus.count() > kMostComparisons) return filters;
  std::vector<std::string> comparisons;
  for (const int cpu : cpus) comparisons.push_back(fmt::format("{} == {}", field, cpu));
  filters.push_back(join(comparisons, " || "));
  return filters;
}

std::vector<std::string> mask_word_filters(const CpuSet& cpus, int words) {
  std::map<int, std::uint64_t> bits;
  for (const int cpu : cpus)
    if (cpu / 64 < words) bits[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
  std::vector<std::string> parts;
  for (const auto& [word, mask] : bits) parts.push_back(fmt::format("m{} & {:#x}", word, mask));
  if (parts.empty()) return {};
  return {join(parts, " || ")};
}

std::string own_instance(const std::string& tracefs) {
  return fmt::format("{}/instances/isolab_{}", tracefs, getpid());
}

Result<TraceInstance> TraceInstance::create(Files& files, const HostFacts& facts, StateGuard& guard,
                                            const TraceCapability& capability,
                                            const TraceSetup& setup) {
  TRY(check_memory(facts, setup));
  TraceInstance instance(files, own_instance(capability.tracefs));
  TRY(guard.make_dir(instance.path()));
  TRY(instance.directory_.write("tracing_on", "0"));
  TRY(instance.directory_.write("trace_clock", capability.clock));
  instance.clock_ = capability.clock;
  // A setting of the arm may have changed it since the facts were read.
  instance.online_ = cpus_in(files, "online").value_or(facts.online);
  instance.cpus_ = cpus_in(files, "present").value_or(facts.online) | instance.online_;
  TRY(instance.size_buffers(setup));
  // Full buffers drop what is new: the window's beginning is kept whole, the loss is counted.
  TRY(instance.directory_.write("options/overwrite", "0"));
  for (const auto& event : capability.events) TRY(instance.switch_on(event, setup));
  return instance;
}

Result<void> TraceInstance::size_buffers(const TraceSetup& setup) {
  for (const int cpu : online_) {
    const auto size = setup.measured.contains(cpu) ? setup.measured_buffer : setup.other_buffer;
    TRY(directory_.write(fmt::format("per_cpu/cpu{}/buffer_size_kb", cpu),
                         fmt::format("{}", std::max<std::uint64_t>(size.count / 1024, 8))));
  }
  return {};
}

/// An event of all CPUs.
void TraceInstance::filter_by_condition(const TracedEvent& event) {
  if (event.condition.empty()) return;
  const auto path = directory_.event_file(event.full_name(), "filter");
  if (!first_accepted(*files_, path, {event.condition}))
    remarks_.push_back(
        fmt::format("{} is recorded without the condition {}: the kernel refuses it.",
                    event.full_name(), event.condition));
}

void TraceInstance::filter(const TracedEvent& event, const TraceSetup& setup) {
  if (event.role == Role::tasks || event.role == Role::deferral ||
      (event.everywhere && setup.deferrals))
    return filter_by_condition(event);
  const auto path = directory_.event_file(event.full_name(), "filter");
  const auto filters = target_filters(event, setup.measured);
  if (first_accepted(*files_, path, with_condition(filters, event.condition))) return;
  if (!event.condition.empty() && first_accepted(*files_, path, filters)) return;
  remarks_.push_back(fmt::format(
      "{} is recorded for all CPUs: the kernel accepts no filter by CPU.", event.full_name()));
}

void TraceInstance::stack_trigger(const TracedEvent& event, const TraceSetup& setup) {
  std::vector<std::string> texts;
  for (const auto& condition :
       with_condition(target_filters(event, setup.measured), event.stack_if))
    texts.push_back("stacktrace if " + condition);
  if (event.stack_if.empty()) texts.emplace_back("stacktrace");
  const auto path = directory_.event_file(event.full_name(), "trigger");
  if (!first_accepted(*files_, path, texts))
    remarks_.push_back(fmt::format("No stacks of senders: the kernel refuses the trigger of {}.",
                                   event.full_name()));
}

Result<void> TraceInstance::switch_on(const TracedEvent& event, const TraceSetup& setup) {
  if (!setup.exits && event.role == Role::receiver && event.name.ends_with("_exit")) return {};
  if (!setup.deferrals && event.role == Role::deferral) return {};
  filter(event, setup);
  if (event.stack && setup.stacks) stack_trigger(event, setup);
  const auto on = directory_.set_event(event.full_name(), true);
  if (on) {
    events_.push_back(event);
    return {};
  }
  // Levels A to C depend on their sender events; the rest only adds to the story.
  if (event.role == Role::sender) return on.error();
  remarks_.push_back(
      fmt::format("{} cannot be switched on: {}.", event.full_name(), on.error().what));
  return {};
}

Result<double> TraceInstance::event_cost_ns() const {
  constexpr std::size_t kTimes = 1000;
  const std::string file = path() + "/trace_marker";
  const Fd marker(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!marker) return errno_error("cannot open " + file, errno);
  const auto begin = read_clock_pair();
  const auto median = [&] {
    std::vector<std::uint64_t> times;
    for (std::size_t i = 0; i < kTimes; ++i) {
      const auto start = read_cycles();
      // EBADF while nothing is recorded (tracing_mark_write(), kernel/trace/trace.c).
      [[maybe_unused]] const auto ignored = ::write(marker.get(), "isolab", 6);
      times.push_back(read_cycles() - start);
    }
    std::nth_element(times.begin(), times.begin() + kTimes / 2, times.end());
    return times[kTimes / 2];
  };
  const auto off = median();
  TRY(start());
  const auto on = median();
  TRY(stop());
  TRY(directory_.write("trace", ""));
  const auto line = make_line(begin, read_clock_pair());
  return on <= off ? 0 : static_cast<double>(on - off) * 1e9 / line.ticks_per_second();
}

Result<void> TraceInstance::switch_off() const {
  Result<void> first;
  for (const auto& event : events_) {
    // A trigger alone keeps its kprobe busy (6.12).
    if (event.stack)
      (void)files_->write(directory_.event_file(event.full_name(), "trigger"), "!stacktrace");
    auto off = directory_.set_event(event.full_name(), false);
    if (!off && first) first = std::move(off);
  }
  return first;
}

Result<std::map<int, TraceLoss>> TraceInstance::loss() const {
  std::map<int, TraceLoss> loss;
  for (const int cpu : cpus_) {
    const auto stats = directory_.ring_stats(cpu);
    if (!stats && online_.contains(cpu)) return stats.error();
    if (stats)
      loss[cpu] = {.overrun = stats->overrun,
                   .dropped = stats->dropped,
                   .commit_overrun = stats->commit_overrun};
  }
  return loss;
}

Result<void> TraceInstance::save_formats(const std::filesystem::path& directory) const {
  for (const char* name : {"header_page", "header_event"}) {
    const auto text = TRY(files_->read(fmt::format("{}/events/{}", path(), name)));
    TRY(save(directory / name, text));
  }
  // Events of the tracer itself have formats at the top only, and never a directory in an instance.
  const auto top = std::filesystem::path(path()).parent_path().parent_path().string();
  std::vector<std::string> names{"ftrace/kernel_stack", "ftrace/print"};
  for (const auto& event : events_) names.push_back(event.system + "/" + event.name);
  for (const auto& name : names) {
    const auto text = TRY(files_->read(fmt::format("{}/events/{}/format", top, name)));
    TRY(save(directory / name, text));
  }
  return {};
}

}  // namespace isolab
