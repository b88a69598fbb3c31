// SPDX-License-Identifier: Apache-2.0
// Golden numbers of tests/golden: a header line, then rows of numbers of any length.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace isolab::test {

inline std::vector<std::vector<double>> golden_numbers(const std::string& name) {
  std::ifstream file(std::string(ISOLAB_SOURCE_DIR) + "/tests/golden/" + name);
  std::vector<std::vector<double>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(std::stod(cell));
  }
  return rows;
}

}  // namespace isolab::test
