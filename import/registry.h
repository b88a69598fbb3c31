// SPDX-License-Identifier: Apache-2.0
// All formats that can be imported, and which of them a file is.
#pragma once

#include <vector>

#include "import/importer.h"

namespace isolab {

/// In the order of import.def.
const std::vector<Importer>& all_importers();

/// The format of the file. parse: no format matches; the hint lists what is known.
Result<const Importer*> importer_of(const ImportFile& file);

}  // namespace isolab
