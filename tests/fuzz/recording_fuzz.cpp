// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the files of a recording. The first byte chooses which; what is accepted must
// survive being written and read again.
#include "results/recording.h"

#include "results/blobs.h"
#include "results/json.h"
#include "results/manifest_json.h"
#include "results/window_json.h"
#include "tests/fuzz/scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto same = [](const auto& value, auto print, auto read) {
    if (!value) return;
    const std::string once = print(*value);
    const auto again = read(once);
    fuzz::demand(again && print(*again) == once);
  };
  switch (data[0] % 7) {
    case 0:
      same(plan_from_json(text), plan_to_json, [](const auto& it) { return plan_from_json(it); });
      break;
    case 1:
      same(window_from_json("w", text), window_to_json,
           [](const auto& it) { return window_from_json("w", it); });
      break;
    case 2:
      same(manifest_from_json("m", text), manifest_to_json,
           [](const auto& it) { return manifest_from_json("m", it); });
      break;
    case 3:
      same(facts_from_json("f", text), facts_to_json,
           [](const auto& it) { return facts_from_json("f", it); });
      break;
    case 4:
      same(read_histogram("h", text), print_histogram,
           [](const auto& it) { return read_histogram("h", it); });
      break;
    case 5: {
      static const fuzz::Scratch scratch;
      const auto read = unpack_gaps("g", text);
      const auto mapped = load_gaps(scratch.put("g.gaps", text), "g");
      fuzz::demand(read.has_value() == mapped.has_value());
      if (!read) break;
      std::vector<Gap> gaps;
      mapped->for_each([&](const Gap& gap) { gaps.push_back(gap); });
      fuzz::demand(gaps == *read);
      break;
    }
    default:
      same(unpack_gaps("g", text), pack_gaps, [](const auto& it) { return unpack_gaps("g", it); });
  }
  return 0;
}
