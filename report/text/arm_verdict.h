// SPDX-License-Identifier: Apache-2.0
// What the first screen of a report says of one arm: its numbers as cells, its causes as a
// sentence.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/findings.h"

namespace isolab {

/// The columns after the arm's name.
struct VerdictCells {
  std::string lost;         // per second, of wall time
  std::string unexplained;  // share of the lost time
  std::string outside;      // share of the lost time that was outside the kernel
  std::string rate;         // over the threshold, per hour
  std::string interval;     // of the rate, 95 %
  std::string longest;
  std::string per_operation;  // IPIs, with the verdict
};

struct ArmVerdict {
  VerdictCells cells;
  std::string causes;    // one line where it can be; "": nothing to say
  bool quiet = false;    // every table was compared with the idle arm's, none shows a change
  double clearness = 0;  // of the arm's clearest effect; larger is clearer
};

/// The highest threshold in us that is exceeded in as many arms as any; 1 where none was.
int telling_threshold(const Findings& findings);

/// `width`: columns of a line of causes.
ArmVerdict verdict_of(const Findings& findings, const ArmSummary& arm, int threshold_us,
                      std::size_t width);

}  // namespace isolab
