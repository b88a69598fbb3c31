// SPDX-License-Identifier: Apache-2.0
// The shared block: fixed-size, lock-free, one writer a field. Text is published by a release store
// of its length or of the state, so a reader never sees half a sentence.
#include "workloads/contract/workload_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

namespace isolab {
namespace {

constexpr Nanos kPoll = std::chrono::milliseconds(20);
constexpr Nanos kGoPoll = std::chrono::milliseconds(1);
constexpr Nanos kGatePoll = std::chrono::microseconds(100);

template <std::size_t N>
void store_text(std::array<char, N>& to, std::string_view text) {
  const std::size_t length = std::min(text.size(), N - 1);
  std::memcpy(to.data(), text.data(), length);
  to[length] = '\0';
}

}  // namespace

struct WorkloadBlock::Layout {
  std::atomic<std::uint32_t> stop{0};
  std::atomic<std::uint32_t> go{0};
  std::atomic<std::uint32_t> state{0};
  WorkCounters::Slots counters{};
  WorkGate gate;

  // Valid once state is `failed`.
  ErrorKind error_kind = ErrorKind::io;
  std::array<char, 2048> error_what{};
  std::array<char, 1024> error_hint{};

  // Records of key, NUL, value, NUL, one after the other; `notes_length` bytes are published.
  std::atomic<std::uint32_t> notes_length{0};
  std::atomic<std::uint32_t> notes_dropped{0};
  std::array<char, 16384> notes{};

  // Progress changes often, so it has a separate slot under a sequence count: odd while written.
  std::atomic<std::uint32_t> progress_sequence{0};
  std::array<std::atomic<char>, 256> progress{};

  std::atomic<double> user_seconds{0};
  std::atomic<double> system_seconds{0};
};

Result<WorkloadBlock> WorkloadBlock::create() {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  static_assert(std::atomic<double>::is_always_lock_free);
  SharedMemory memory = TRY(SharedMemory::create(sizeof(Layout)));
  new (memory.data()) Layout;
  return WorkloadBlock(std::move(memory));
}

void WorkloadBlock::let_go() { layout().go.store(1, std::memory_order_release); }
void WorkloadBlock::request_stop() { layout().stop.store(1, std::memory_order_release); }
bool WorkloadBlock::stop_requested() const {
  return layout().stop.load(std::memory_order_acquire) != 0;
}

bool WorkloadBlock::hold(Nanos limit) {
  layout().gate.hold();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (layout().gate.working()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    sleep_for(kGatePoll);
  }
  return true;
}
void WorkloadBlock::release() { layout().gate.release(); }

WorkloadState WorkloadBlock::state() const {
  return static_cast<WorkloadState>(layout().state.load(std::memory_order_acquire));
}

void WorkloadBlock::set_state(WorkloadState state) {
  layout().state.store(static_cast<std::uint32_t>(state), std::memory_order_release);
}

void WorkloadBlock::fail(const Error& error) {
  layout().error_kind = error.kind;
  store_text(layout().error_what, error.what);
  store_text(layout().error_hint, error.hint);
  set_state(WorkloadState::failed);
}

std::optional<Error> WorkloadBlock::error() const {
  if (state() != WorkloadState::failed) return std::nullopt;
  return Error{layout().error_kind, layout().error_what.data(), layout().error_hint.data()};
}

std::optional<Error> WorkloadBlock::failure(const std::string& name) const {
  auto own = error();
  if (own) own->what = fmt::format("workload {}: {}", name, own->what);
  return own;
}

std::map<std::string, std::uint64_t> WorkloadBlock::counts(const WorkloadInfo& info) const {
  std::map<std::string, std::uint64_t> counts;
  const WorkCounters counters(layout().counters);
  for (std::size_t i = 0; i < info.counts.size() && i < WorkCounters::kMax; ++i)
    if (counters.get(i) != WorkCounters::kNotCounted) counts[info.counts[i].name] = counters.get(i);
  return counts;
}

void WorkloadBlock::add_note(Layout& block, std::string_view key, std::string_view value) {
  if (key == "progress") {
    block.progress_sequence.fetch_add(1, std::memory_order_acq_rel);
    const std::size_t length = std::min(value.size(), block.progress.size() - 1);
    for (std::size_t i = 0; i < length; ++i)
      block.progress[i].store(value[i], std::memory_order_relaxed);
    block.progress[length].store('\0', std::memory_order_relaxed);
    block.progress_sequence.fetch_add(1, std::memory_order_release);
    return;
  }
  const std::uint32_t used = block.notes_length.load(std::memory_order_relaxed);
  if (key.size() + value.size() + 2 > block.notes.size() - used) {
    block.notes_dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  char* to = block.notes.data() + used;
  for (const std::string_view text : {key, value}) {
    // A NUL inside would shift every later record; text for people has none.
    to = std::replace_copy(text.begin(), text.end(), to, '\0', ' ');
    *to++ = '\0';
  }
  block.notes_length.store(static_cast<std::uint32_t>(to - block.notes.data()),
                           std::memory_order_release);
}

std::map<std::string, std::string> WorkloadBlock::notes() const {
  std::map<std::string, std::string> notes;
  const char* at = layout().notes.data();
  const char* const end = at + layout().notes_length.load(std::memory_order_acquire);
  while (at < end) {
    const std::string key = at;
    at += key.size() + 1;
    const std::string value = at;
    at += value.size() + 1;
    notes[key] = value;
  }
  if (const auto dropped = layout().notes_dropped.load(std::memory_order_relaxed))
    notes["notes_dropped"] = std::to_string(dropped);
  return notes;
}

std::string WorkloadBlock::progress() const {
  const Layout& block = layout();
  std::string text;
  for (int tries = 0; tries < 100; ++tries) {
    const auto before = block.progress_sequence.load(std::memory_order_acquire);
    text.clear();
    for (const auto& letter : block.progress) {
      const char c = letter.load(std::memory_order_relaxed);
      if (c == '\0') break;
      text += c;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && before == block.progress_sequence.load(std::memory_order_relaxed)) break;
  }
  return text;
}

Result<void> WorkloadBlock::wait_ready(const std::string& name, Nanos limit,
                                       const KeepWaiting& keep_waiting) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (state() == WorkloadState::starting) {
    if (std::chrono::steady_clock::now() >= deadline)
      return Error{
          ErrorKind::interrupted,
          fmt::format("workload {} hangs: it was not ready after {}", name, human_span(limit))};
    if (keep_waiting && !keep_waiting(progress()))
      return Error{ErrorKind::interrupted,
                   fmt::format("stopped waiting for workload {} to be ready", name)};
    sleep_for(kPoll);
  }
  if (auto problem = failure(name)) return *problem;
  return {};
}

WorkRecord WorkloadBlock::record(const WorkloadInfo& info, const ParamValues& values,
                                 const Host& host) const {
  WorkRecord record;
  record.workload = info.name;
  record.at_end = counts(info);
  record.user_seconds = layout().user_seconds.load();
  record.system_seconds = layout().system_seconds.load();
  record.notes = notes();
  record.op_count = info.counts.front().name;
  if (const auto expected = info.expected(values, host, kArch)) {
    record.expected_ipis_per_op = expected->per_op.value_or(-1);
    record.expected_row = expected->row;
    if (!expected->source.empty()) record.notes["expected_source"] = expected->source;
    if (!expected->count.empty()) record.op_count = expected->count;
    if (expected->per_split > 0)
      record.notes["expected_ipis_per_split"] = fmt::format("{:g}", expected->per_split);
  }
  if (const auto problem = failure(info.name)) record.error = problem->what;
  return record;
}

WorkloadContext WorkloadBlock::context(const WorkloadSetup& setup,
                                       const std::atomic<std::uint32_t>* peer_listening) {
  const auto writers = std::make_shared<std::mutex>();  // threads of one workload may note things
  return {.host = setup.host,
          .cpus = setup.cpus,
          .measured = setup.measured,
          .log = setup.log,
          .cache = setup.cache,
          .knobs = setup.knobs,
          .directories = setup.directories,
          .counters = WorkCounters(layout().counters),
          .stop = StopFlag(layout().stop),
          .note =
              [block = &layout(), writers](const std::string& key, const std::string& value) {
                const std::lock_guard lock(*writers);
                add_note(*block, key, value);
              },
          .peer_listening = peer_listening,
          .gate = &layout().gate};
}

bool WorkloadBlock::run_workload(const WorkloadInfo& info, const ParamValues& values,
                                 const WorkloadContext& context,
                                 const std::function<void()>& last) {
  auto made = info.make(values, context);
  if (!made) {
    fail(made.error());
    return false;
  }
  Workload& workload = **made;
  Result<void> outcome = workload.prepare();
  if (outcome) {
    set_state(WorkloadState::ready);
    while (layout().go.load(std::memory_order_acquire) == 0 && !stop_requested())
      sleep_for(kGoPoll);
    if (!stop_requested()) {
      set_state(WorkloadState::running);
      outcome = workload.run();
      if (outcome && !stop_requested())
        outcome = Error{ErrorKind::io, "it ended before it was told to stop"};
    }
  }
  workload.finish();
  if (last) last();
  if (outcome)
    set_state(WorkloadState::ended);
  else
    fail(outcome.error());
  return outcome.has_value();
}

bool WorkloadBlock::dry_run_workload(const WorkloadInfo& info, const ParamValues& values,
                                     const WorkloadContext& context) {
  auto made = info.make(values, context);
  const Result<void> outcome = made ? (*made)->dry_run() : Result<void>(made.error());
  if (outcome)
    set_state(WorkloadState::ended);
  else
    fail(outcome.error());
  return outcome.has_value();
}

void WorkloadBlock::report_cpu_time(double user_seconds, double system_seconds) {
  layout().user_seconds.store(user_seconds);
  layout().system_seconds.store(system_seconds);
}

}  // namespace isolab
