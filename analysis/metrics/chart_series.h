// SPDX-License-Identifier: Apache-2.0
// The lines and bars of the charts, thinned to what can be drawn.
#pragma once

#include "analysis/model/findings.h"
#include "analysis/model/windows.h"

namespace isolab {

Series make_series(const std::vector<ArmWindows>& arms, const CpuSet& measured,
                   const std::vector<Metric>& metrics);

}  // namespace isolab
