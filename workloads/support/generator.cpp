// SPDX-License-Identifier: Apache-2.0
// The loop of every generator: wait for the measuring peers if there are any, wait until the
// operation is due, do it, count it. Needs nothing, leaves nothing behind.
#include "workloads/support/generator.h"

#include <time.h>

#include <algorithm>
#include <cmath>

#include "workloads/support/flush_calibration.h"

namespace isolab {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kSlice = 50'000'000;  // a stop request waits no longer than this

std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // not RAW: clock_nanosleep does not know it
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

void sleep_until(std::uint64_t when) {
  const timespec due{static_cast<time_t>(when / kSecond), static_cast<long>(when % kSecond)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
}

}  // namespace

Pacer::Pacer(Rate rate)
    : period_ns_(rate.unlimited || rate.per_second <= 0
                     ? 0
                     : static_cast<std::uint64_t>(std::max(
                           1.0, std::round(static_cast<double>(kSecond) / rate.per_second)))) {}

void Pacer::wait(const StopFlag& stop) {
  if (period_ns_ == 0) return;
  std::uint64_t now = monotonic_ns();
  if (next_ns_ == 0) next_ns_ = now;
  while (now < next_ns_ && !stop.requested()) {
    sleep_until(std::min(next_ns_, now + kSlice));
    now = monotonic_ns();
  }
  next_ns_ += period_ns_;
  if (next_ns_ <= now) next_ns_ += ((now - next_ns_) / period_ns_ + 1) * period_ns_;
}

Result<void> Generator::dry_run() {
  Result<void> outcome = prepare();
  if (outcome)
    outcome = run_and_calibrate(context_, kernel_flushes_per_op(), [this] { return op(); });
  finish();
  return outcome;
}

Result<void> Generator::run() {
  Pacer pacer(rate_);
  while (!context_.stop.requested()) {
    if (context_.peer_listening && context_.peer_listening->load(std::memory_order_acquire) == 0) {
      sleep_until(monotonic_ns() + 1'000'000);
      continue;
    }
    pacer.wait(context_.stop);
    if (context_.stop.requested()) break;
    if (!enter_gate()) break;
    const auto outcome = op();
    if (outcome) context_.counters.add(0);
    if (context_.gate) context_.gate->leave();
    if (!outcome) return outcome;
  }
  return {};
}

bool Generator::enter_gate() {
  if (!context_.gate) return true;
  while (!context_.gate->enter()) {
    if (context_.stop.requested()) return false;
    sleep_until(monotonic_ns() + 200'000);
  }
  return true;
}

}  // namespace isolab
