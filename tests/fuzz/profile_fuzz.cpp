// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a YAML profile, from text to plan on a machine of eight CPUs, and to the text its
// hash is taken of.
#include "runner/profile.h"

#include "runner/compile.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  static const HostFacts facts = [] {
    HostFacts made;
    made.online = *CpuSet::parse("0-7");
    made.isolated = *CpuSet::parse("4-7");
    return made;
  }();
  const auto profile = read_profile_text("p", {reinterpret_cast<const char*>(data), size});
  if (!profile) {
    fuzz::demand(!profile.error().what.empty());
    return 0;
  }
  (void)canonical_text(*profile);
  // A matrix or many repeats may make millions of windows, which is no mistake of the reader.
  std::size_t windows = profile->arms.size() * static_cast<std::size_t>(profile->repeats);
  for (const auto& axis : profile->matrix) windows *= axis.values.size() + 1;
  if (windows < 10000) (void)compile_plan(*profile, facts);
  return 0;
}
