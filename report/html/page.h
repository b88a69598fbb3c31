// SPDX-License-Identifier: Apache-2.0
// A comparison as one HTML file: text, tables and charts inside it, nothing from a network. With
// script its tables can be sorted and copied; without, they are tables. Opens the same in ten
// years.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/comparison.h"
#include "report/compare/tables.h"

namespace isolab {

struct InlineChart {
  std::string name;  // "compare-ccdf"
  std::string svg;   // the file's text
};

/// `no_charts`: why there are none; empty if there are.
std::string render_html(const Comparison& comparison, const CompareContext& context,
                        const std::vector<InlineChart>& charts, const std::string& no_charts);

}  // namespace isolab
