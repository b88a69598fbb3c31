// SPDX-License-Identifier: Apache-2.0
#include "base/warnings.h"

#include <utility>

namespace isolab {
namespace {

constexpr WarningText kWarnings[] = {
#define WARNING(id, matters, advice) {#id, matters, advice},
#include "base/warnings.def"
#undef WARNING
};

}  // namespace

std::span<const WarningText> all_warnings() { return kWarnings; }

const char* warning_word(WarningId id) { return kWarnings[static_cast<std::size_t>(id)].id; }

Warning make_warning(WarningId id, std::string seen, std::string here) {
  const WarningText& text = kWarnings[static_cast<std::size_t>(id)];
  Warning out;
  out.id = text.id;
  out.seen = std::move(seen);
  out.matters = text.matters;
  out.advice = here.empty() ? text.advice : std::move(here);
  return out;
}

}  // namespace isolab
