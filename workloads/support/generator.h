// SPDX-License-Identifier: Apache-2.0
// A workload that repeats one operation at a set rate: prepare(), op() again and again, finish().
#pragma once

#include "workloads/contract/workload.h"

namespace isolab {

/// Keeps a rate on an absolute schedule; an operation that comes late is not made up for by a
/// burst.
class Pacer {
 public:
  explicit Pacer(Rate rate);
  /// Sleeps until the next operation is due, in slices short enough to see the stop request.
  void wait(const StopFlag& stop);

 private:
  std::uint64_t period_ns_;  // 0: as fast as it goes
  std::uint64_t next_ns_ = 0;
};

class Generator : public Workload {
 public:
  Generator(Rate rate, const WorkloadContext& context) : context_(context), rate_(rate) {}
  /// prepare(), one op() (more where run_and_calibrate() measures), and finish() whatever happened.
  Result<void> dry_run() override;
  /// op() at the rate until stop; count 0 += 1 each; while peers are expected but do not measure,
  /// none. An error of op() ends the run.
  Result<void> run() override;
  Result<void> prepare() override { return {}; }

 protected:
  virtual Result<void> op() = 0;
  /// How often op() makes the kernel flush its mappings on all CPUs; 0: never, or it is not known.
  virtual double kernel_flushes_per_op() const { return 0; }
  WorkloadContext context_;

 private:
  bool enter_gate();  // false: a stop was requested in the meantime

  Rate rate_;
};

}  // namespace isolab
