// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what cyclictest prints. The first byte says in how large pieces it arrives: wherever
// the text is cut, the result is the same.
#include "probes/formats/cyclictest_parser.h"
#include "tests/fuzz/demand.h"

namespace {

isolab::CyclictestParser parsed(std::string_view text, std::size_t piece) {
  isolab::CyclictestParser parser({.threads = 2, .log_capacity = 64});
  for (std::size_t at = 0; at < text.size(); at += piece)
    parser.feed(text.substr(at, piece), 1'000'000);
  parser.finish();
  return parser;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto whole = parsed(text, text.size() + 1);
  const auto pieces = parsed(text, data[0] % 31 + 1U);
  isolab::fuzz::demand(whole.problem() == pieces.problem());
  isolab::fuzz::demand(whole.threads().size() == pieces.threads().size());
  isolab::fuzz::demand(whole.all_heard() == pieces.all_heard());
  return 0;
}
