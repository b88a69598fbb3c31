// SPDX-License-Identifier: Apache-2.0
// Description of the member "page_costs" of findings.json: the comparisons, and the published
// figures beside them.
#pragma once

#include "analysis/model/page_cost.h"
#include "results/fields.h"

namespace isolab::codec {

void fields(auto& field, Is<Estimate> auto& estimate) {
  field("value", estimate.value);
  field("least", estimate.least);
  field("most", estimate.most);
  field("repeats", estimate.repeats);
  field("lower95", estimate.lower95);
  field("upper95", estimate.upper95);
}

void fields(auto& field, Is<PageCost::Modelled> auto& modelled) {
  field("cpus", modelled.cpus);
  field("ratio", modelled.ratio);
  field("extrapolated", modelled.extrapolated);
}

void fields(auto& field, Is<PageCost> auto& cost) {
  field("workload", cost.workload);
  field("arm", cost.arm);
  field("control", cost.control);
  field("measure", cost.measure);
  field("cpus", cost.cpus);
  field("rounds", cost.rounds);
  field("control_value", cost.control_value);
  field("arm_value", cost.arm_value);
  field("ratio", cost.ratio);
  field("user_ratio", cost.user_ratio);
  field("elapsed_ratio", cost.elapsed_ratio);
  field("pages", cost.pages);
  field("cost_us", cost.cost_us);
  field("ipis_per_page", cost.ipis_per_page);
  field("slope", cost.slope);
  field("model", cost.model);
}

void page_costs_fields(auto& field, const std::vector<PageCost>& costs) {
  field("compared", costs);
  field.each("published_xpfo", kPublishedXpfo, [](auto& inner, const Published& published) {
    inner("machine", published.machine);
    inner("cpus", published.cpus);
    inner("vanilla_s", published.vanilla_s);
    inner("xpfo_s", published.xpfo_s);
    inner("ratio", published.ratio());
    inner("slope", published.slope());
  });
}

}  // namespace isolab::codec
