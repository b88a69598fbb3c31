// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a file of --classes, to rules that look at names which repetitions are bad at.
#include "analysis/attribution/classes.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  auto rules = parse_class_rules("rules.csv", {reinterpret_cast<const char*>(data), size});
  if (!rules) {
    fuzz::demand(rules.error().what.starts_with("rules.csv:"));
    return 0;
  }
  const auto made = Classifier::create(*std::move(rules), "x86_64", "6.12.1");
  if (made) (void)made->classify(std::string(100, 'a') + 'b', {std::string(100, 'a') + "+0x1/0x2"});
  return 0;
}
