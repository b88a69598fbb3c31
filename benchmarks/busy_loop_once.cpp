// SPDX-License-Identifier: Apache-2.0
// Runs the probe busy_loop on one CPU for some seconds and prints what a round took:
//   busy_loop_once CPU SECONDS [name=value ...]   ->  "iterations seconds ns_per_iteration
//   longest_us"
// Compared with oslat in compare_oslat.sh. Needs root, like the probe.
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "host/os.h"
#include "probes/contract/probe.h"

namespace isolab {
namespace {

Result<void> run(int cpu, double seconds, const ParamValues& params) {
  SystemFiles files;
  HostFacts facts;
  facts.online = this_thread_cpus();
  const CpuSet measured{cpu};
  const ProbeContext context{Host{files, facts}, measured, facts.online - measured, "/tmp",
                             Nanos(0)};
  TRY(find_probe("busy_loop")->preflight(params, context));
  TRY(pin_this_thread(context.housekeeping));
  const auto probe = TRY(find_probe("busy_loop")->make(params, context));
  TRY(probe->prepare());
  ProbeSignals signals;
  std::thread timer([&] {
    while (signals.listening.load() == 0 && signals.stop.load() == 0)
      sleep_for(std::chrono::milliseconds(1));
    sleep_for(Nanos(static_cast<Nanos::rep>(seconds * 1e9)));
    signals.stop.store(1);
  });
  const Result<void> heard = probe->window(signals);
  signals.stop.store(1);
  timer.join();
  if (!heard) return heard;
  const ProbeRecord record = probe->collect();
  const ProbeCpu& result = record.cpus.at(0);
  if (!result.error.empty()) return Error{ErrorKind::io, result.error};
  const auto spent = static_cast<double>(record.line.nanoseconds(result.end - result.start));
  const double iterations = result.numbers.at("iterations");
  fmt::print(
      "{:.0f} {:.3f} {:.3f} {:.1f} {:.4f} {:.4f} {:.4f}\n", iterations, spent / 1e9,
      spent / iterations, result.numbers.at("longest_ticks") * result.numbers.at("tick_ns") / 1e3,
      result.numbers.at("wall_error_ppm"), record.line.uncertainty_ppm, record.line.drift_ppm);
  return {};
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: {} CPU SECONDS [name=value ...]\n", argv[0]);
    return 1;
  }
  isolab::ParamValues params;
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    params[word.substr(0, equals)] = {equals == std::string::npos ? "" : word.substr(equals + 1)};
  }
  const auto done = isolab::run(std::atoi(argv[1]), std::atof(argv[2]), params);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().text());
  return 1;
}
