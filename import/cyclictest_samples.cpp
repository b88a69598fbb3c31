// SPDX-License-Identifier: Apache-2.0
// `cyclictest -v` on stdout: a line "thread:cycle:latency" for each sample, read by the parser of
// isolab's probe. The file has neither unit nor interval: us unless --nsecs, and with --interval
// the samples have times, so what late ones hid is known.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "import/cyclictest_words.h"
#include "import/lines.h"
#include "probes/formats/cyclictest_parser.h"

namespace isolab {
namespace {

constexpr std::uint64_t kMostSampleThreads = 8192;
constexpr std::uint64_t kMostHidden = 100'000'000;  // wake-ups that late ones hid, in a file
constexpr std::uint64_t kLogFromUs = 50;            // as the probe's threshold
constexpr std::uint64_t kNoInterval = std::uint64_t{1} << 42;  // longer than any latency

struct SampleLine {
  std::uint64_t thread = 0, latency = 0;
};

std::optional<SampleLine> sample_line(std::string_view line) {
  std::optional<std::uint64_t> numbers[3];
  for (auto& number : numbers) {
    const auto colon = std::min(line.find(':'), line.size());
    auto field = line.substr(0, colon);
    number = import_count(take_import_word(field));
    if (!number || field.find_first_not_of(' ') != std::string_view::npos) return std::nullopt;
    line.remove_prefix(std::min(colon + 1, line.size()));
  }
  if (!line.empty()) return std::nullopt;
  return SampleLine{*numbers[0], *numbers[2]};
}

bool is_cyclictest_samples(std::string_view text) {
  const ImportFile beginning{"", text.substr(0, std::size_t{1} << 16), {}};
  ImportLines lines(beginning);
  int samples = 0;
  for (auto line = lines.next(); line && samples < 2; line = lines.next())
    samples += sample_line(*line) ? 1 : 0;
  return samples >= 2 || (samples == 1 && text.size() < 512);
}

/// How many threads there are, and that the wake-ups hidden by late ones can be listed at all. Each
/// must have a sample, before there is memory for it: a short file may name a high number.
Result<std::size_t> count_threads(const ImportFile& file, std::uint64_t interval) {
  ImportLines lines(file);
  std::vector<bool> sampled;
  std::uint64_t hidden = 0;
  while (const auto line = lines.next()) {
    const auto sample = sample_line(*line);
    if (!sample) continue;
    if (sample->thread >= kMostSampleThreads)
      return lines.error("no cyclictest has that many threads");
    if (sample->thread >= sampled.size()) sampled.resize(sample->thread + 1);
    sampled[sample->thread] = true;
    hidden += std::min(sample->latency / interval, kMostHidden);
    if (hidden >= kMostHidden)
      return lines.error("with this --interval late samples hid more than 10^8 others");
  }
  if (sampled.empty()) return lines.whole("it holds no sample");
  const auto without = std::find(sampled.begin(), sampled.end(), false) - sampled.begin();
  if (static_cast<std::size_t>(without) != sampled.size())
    return lines.whole(fmt::format("thread {} has no sample", without));
  return sampled.size();
}

ProbeCpu samples_of(const CyclictestThread& thread, int number, std::uint64_t interval, bool timed,
                    std::uint64_t threshold) {
  ProbeCpu out;
  out.cpu = thread.cpu >= 0 ? thread.cpu : number;
  out.histogram = thread.histogram;
  out.numbers["longest_ticks"] = static_cast<double>(thread.longest);
  out.numbers["samples"] = static_cast<double>(thread.samples);
  if (!timed) return out;
  out.corrected = thread.corrected;
  out.numbers["missed_periods"] = static_cast<double>(thread.missed);
  out.end = thread.periods * interval;
  out.threshold = threshold;
  out.gaps = GapList(thread.late);
  out.gaps_dropped = thread.late_dropped;
  return out;
}

Result<ImportedData> read_cyclictest_samples(std::span<const ImportFile> files,
                                             const ImportOptions& options) {
  const ImportFile& file = files.front();
  const std::uint64_t tick_ns = options.nanoseconds ? 1 : 1000;
  const bool timed = options.interval.has_value();
  const std::uint64_t interval =
      timed ? static_cast<std::uint64_t>(options.interval->count()) / tick_ns : kNoInterval;
  if (interval == 0)
    return Error{ErrorKind::usage, "cannot take an interval below 1 us: lengths are in us"};
  const std::size_t threads = TRY(count_threads(file, interval));
  const std::uint64_t threshold = kLogFromUs * 1000 / tick_ns;
  CyclictestParser parser({.threads = threads, .interval = interval, .threshold = threshold});
  parser.feed(file.text, 0);
  parser.finish();
  if (!parser.problem().empty())
    return Error{ErrorKind::parse, file.name + ": " + parser.problem()};
  if (!parser.all_heard()) return Error{ErrorKind::parse, file.name + ": a thread has no sample"};

  ImportedData out;
  std::vector<Distribution> columns;  // for what is said of all formats alike
  WindowRecord window = window_of({}, "cyclictest", "wakeup", options.nanoseconds);
  CpuSet cpus;
  std::uint64_t samples = 0;
  for (std::size_t i = 0; i < threads; ++i) {
    const auto& thread = parser.threads()[i];
    window.probe.cpus.push_back(
        samples_of(thread, static_cast<int>(i), interval, timed, threshold));
    cpus.add(window.probe.cpus.back().cpu);
    samples += thread.samples;
    columns.emplace_back(static_cast<int>(i), "");
    columns.back().seconds = timed ? static_cast<double>(window.probe.cpus.back().end) *
                                         static_cast<double>(tick_ns) / 1e9
                                   : 0;
    window.end_ns = std::max(window.end_ns, window.probe.cpus.back().end * tick_ns);
  }
  if (static_cast<std::size_t>(cpus.count()) != threads)
    return Error{ErrorKind::parse, file.name + ": two of its threads are on one CPU"};
  describe_cyclictest(columns, options.nanoseconds, window, out);
  if (timed) {
    window.probe.notes.erase(std::string(kLacksNote) + missing::kCorrected);
    std::erase_if(out.cannot_tell,
                  [](const auto& lack) { return lack.starts_with("which wake-ups a late one"); });
  }
  if (!options.nanoseconds)
    out.cannot_tell.emplace_back("its unit: us is assumed, --nsecs says ns");
  out.checked.push_back(
      fmt::format("{}: the cycles of each thread are numbered without a gap, {} "
                  "samples in all",
                  file.name, samples));
  const bool named = parser.threads().front().cpu >= 0;
  out.cpus_why = named ? "the CPUs of the file" : "threads of cyclictest; the file names no CPUs";
  out.windows.push_back({"", std::move(window)});
  return out;
}

}  // namespace

Importer import_cyclictest_samples() {
  return {"cyclictest samples", "cyclictest -v, its output", is_cyclictest_samples, false,
          read_cyclictest_samples};
}

}  // namespace isolab
