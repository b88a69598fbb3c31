// SPDX-License-Identifier: Apache-2.0
// trace_capture DIR [IPIS]: a real trace to read in benchmarks. Fires membarrier IPIs from the
// first CPU at a thread on the last one (default 350,000, six events each) into a separate tracefs
// instance, and leaves its pages and formats in DIR. Needs root and two CPUs.
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "host/os.h"
#include "host/state_directory.h"
#include "trace/live/drain.h"
#include "trace/live/instance.h"

namespace isolab {
namespace {

long membarrier(int command) { return ::syscall(SYS_membarrier, command, 0, 0); }

int fire(int target, long ipis) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> turns{0};
  if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0) return 1;
  std::thread peer([&] {
    if (!pin_this_thread(CpuSet{target})) std::_Exit(1);
    while (!stop.load(std::memory_order_relaxed)) turns.fetch_add(1, std::memory_order_relaxed);
  });
  for (long i = 0; i < ipis; ++i) {
    // A peer that is scheduled out gets no IPI: wait until it runs.
    for (const auto seen = turns.load(); turns.load() == seen;) {
    }
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  }
  stop = true;
  peer.join();
  return 0;
}

Result<void> capture(const std::filesystem::path& directory, long ipis) {
  SystemFiles files;
  const auto facts = read_host_facts(files);
  const auto capability = find_trace_capability(files, facts);
  if (!capability.can_trace()) return Error{ErrorKind::unsupported, capability.reasons.front()};
  const CpuSet measured{facts.online.last().value()};
  const CpuSet others = facts.online - measured;
  std::error_code error;
  std::filesystem::create_directories(directory, error);

  StateGuard guard(files, default_journal_dir());
  const auto instance = TRY(TraceInstance::create(
      files, facts, guard, capability,
      {.measured = measured, .measured_buffer = Bytes{256 << 20}, .stacks = false}));
  TRY(instance.save_formats(directory / "formats"));
  const auto formats = TRY(TraceFormats::load(directory / "formats"));
  DrainPlan plan{.instance = instance.path(),
                 .directory = directory,
                 .cpus = others,
                 .runs_on = others,
                 .layout = formats.layout};
  auto drain = TRY(TraceDrain::start(plan));
  TRY(instance.start());
  auto storm =
      TRY(Child::fork_into("storm", others, [&] { return fire(measured.first().value(), ipis); }));
  const auto exit = storm.wait_for(std::chrono::minutes{5});
  TRY(instance.stop());
  TRY(drain.stop());
  plan.cpus = facts.online;
  TRY(drain_rest(plan));
  for (const auto& [cpu, loss] : TRY(instance.loss()))
    if (loss.total() != 0) fmt::print(stderr, "CPU {} lost {} events\n", cpu, loss.total());
  if (!exit || !exit->ok()) return Error{ErrorKind::io, "the IPIs could not be sent"};
  return {};
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: trace_capture DIR [IPIS]\n");
    return 1;
  }
  const auto done = isolab::capture(argv[1], argc > 2 ? std::atol(argv[2]) : 350'000);
  if (!done) fmt::print(stderr, "trace_capture: {}\n", done.error().text());
  return done ? 0 : 1;
}
