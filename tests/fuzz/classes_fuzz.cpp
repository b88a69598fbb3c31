// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a file of --classes, to compiled rules. What they match is not asked: an expression
// may take any time on the right name (docs/attribution.md).
#include "analysis/attribution/classes.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  auto rules = parse_class_rules("rules.csv", {reinterpret_cast<const char*>(data), size});
  if (!rules) {
    fuzz::demand(rules.error().what.starts_with("rules.csv:"));
    return 0;
  }
  (void)Classifier::create(*std::move(rules), "x86_64", "6.12.1");
  return 0;
}
