// SPDX-License-Identifier: Apache-2.0
// The cost of removing pages from the kernel's direct map: arms whose memory is memfd_secret
// against their controls, in system time of a kernel build (per round) or time of a touched page,
// as a ratio with interval, as cost per page, and as the model it would scale by.
//
// The model is that of XPFO's flush on every CPU: sys(N) = sys0 + pages x (c_local + c_ipi x
// (N-1)). One machine has one N, so the two costs cannot be separated; the line drawn attributes
// everything to c_ipi (c_local = 0), the steepest that fits the measurement. It is a model, never a
// measurement.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/statistics/median.h"

namespace isolab {

struct PageCost {
  std::string workload;
  std::string arm, control;
  std::string measure;                      // "system time per round" (s) or "time per page" (us)
  int cpus = 0;                             // online: every other one is flushed
  double control_value = 0, arm_value = 0;  // medians of `measure`
  Estimate ratio;                           // of `measure`, arm to control of the same repeat
  std::optional<Estimate> user_ratio, elapsed_ratio;  // of rounds
  std::optional<Estimate> pages;                      // per round
  Estimate cost_us;                                   // extra time per page
  std::optional<double> ipis_per_page;                // on each measured CPU
  std::optional<double> slope;  // growth of the ratio per remote CPU; absent with one CPU
  struct Modelled {
    int cpus = 0;
    double ratio = 0;
    bool extrapolated = false;  // every number of CPUs but the one measured with
  };
  std::vector<Modelled> model;
  int rounds = 0;  // of the arm; 0: `measure` is that of a page
  bool of_rounds() const { return rounds > 0; }
};

/// XPFO as published: Khalid Aziz, "[RFC PATCH v8 14/14] xpfo, mm: Optimize XPFO TLB flushes by
/// batching them together", linux-kernel, February 2019: system time of "make -jN all", Linux 4.20,
/// one sample each.
struct Published {
  const char* machine;
  int cpus;
  double vanilla_s, xpfo_s;
  double ratio() const { return xpfo_s / vanilla_s; }
  double slope() const { return (ratio() - 1) / (cpus - 1); }
};
inline constexpr Published kPublishedXpfo[] = {
    {"4-core i5-3550, make -j4", 4, 607.671, 1588.646},
    {"96-core Xeon Platinum 8160, make -j60", 96, 950.966, 25073.169}};

}  // namespace isolab
