// SPDX-License-Identifier: Apache-2.0
// Fuzz target: files of other tools. Every importer gets every input, whether it knows it or not:
// it gives an error or data that the recording's own writer and reader agree on.
#include "import/recording.h"
#include "import/registry.h"
#include "results/window_json.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file =
      isolab::ImportFile::of("input", std::string(reinterpret_cast<const char*>(data), size));
  for (const auto& importer : isolab::all_importers()) {
    const auto read = importer.read({&file, 1}, {});
    isolab::fuzz::demand(read || !read.error().what.empty());
    if (!read) continue;
    isolab::fuzz::demand(!read->windows.empty() && !read->cannot_tell.empty());
    for (const auto& imported : read->windows) {
      const auto json = isolab::window_to_json(imported.window);
      const auto again = isolab::window_from_json("window.json", json);
      isolab::fuzz::demand(again && isolab::window_to_json(*again) == json);
    }
  }
  isolab::ImportRequest request;
  request.files = {file};
  const auto recording = isolab::import_recording(request);
  isolab::fuzz::demand(!recording || recording->recording.manifest.imported.has_value());
  return 0;
}
