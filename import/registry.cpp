// SPDX-License-Identifier: Apache-2.0
#include "import/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace isolab {

const std::vector<Importer>& all_importers() {
  static const std::vector<Importer> all = {
#define IMPORT(name) import_##name(),
#include "import/import.def"
#undef IMPORT
  };
  return all;
}

Result<const Importer*> importer_of(const ImportFile& file) {
  for (const auto& importer : all_importers())
    if (importer.recognises(file.text)) return &importer;
  std::string known;
  for (const auto& importer : all_importers())
    append_item(known, "; ", fmt::format("{} ({})", importer.format, importer.made_by));
  return Error{ErrorKind::parse, "cannot explain " + file.name + ": no known format",
               "known are: " + known};
}

}  // namespace isolab
