// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any JSON, as it is and inside so many arrays that a reader without a bound would use
// up its stack; and results of Google Benchmark.
#include "results/benchmarks.h"
#include "results/json.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto json = parse_json(text);
  if (json) {
    const auto once = print_json(*json);
    const auto again = parse_json(once);
    fuzz::demand(again && print_json(*again) == once);
  } else {
    fuzz::demand(!json.error().what.empty());
  }
  const auto runs = read_benchmarks("b.json", text);
  fuzz::demand(runs || runs.error().what.starts_with("b.json"));
  return 0;
}
