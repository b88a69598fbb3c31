// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/interruptions.h"

#include <algorithm>

namespace isolab {
namespace {

double percent(double value, double base) { return base == 0 ? 0 : 100 * (value - base) / base; }

}  // namespace

void SilentRow::add(const SilentRow& window) {
  lengths = window.lengths;
  gaps += window.gaps, in_phase += window.in_phase;
  lost_us += window.lost_us, in_phase_us += window.in_phase_us;
  if (window.gaps <= most_gaps) return;
  most_gaps = window.gaps;
  periods = window.periods;
}

double CpuInterruptions::trace_share() const {
  if (lost_us <= 0) return 0;
  return std::min(1.0,
                  static_cast<double>(events - events_outside) * event_cost_ns / 1e3 / lost_us);
}

double ObserverEffect::p50_percent() const { return percent(traced_p50_us, untraced_p50_us); }
double ObserverEffect::rate_percent() const { return percent(traced_per_s, untraced_per_s); }

}  // namespace isolab
