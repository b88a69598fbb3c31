// SPDX-License-Identifier: Apache-2.0
#include "runner/charts.h"

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/environment.h"
#include "base/scratch.h"
#include "base/text_file.h"
#include "base/untrusted_file.h"
#include "host/process.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr Nanos kPlotLimit = std::chrono::minutes(5);

/// plots/ beside the sources this was built from, or where it was installed.
Result<fs::path> plot_script() {
  std::vector<fs::path> places{fs::path(ISOLAB_SOURCE_DIR) / "plots",
                               fs::path(ISOLAB_SHARE_DIR) / "plots"};
  if (const auto named = environment("ISOLAB_PLOTS")) places = {*named};
  std::error_code ignored;
  for (const auto& place : places)
    if (fs::exists(place / "render.py", ignored)) return place / "render.py";
  return Error{ErrorKind::unsupported, "the chart scripts (plots/render.py) are not installed",
               "set ISOLAB_PLOTS to their directory"};
}

}  // namespace

Result<std::vector<fs::path>> draw_charts(const std::string& json, const std::string& name,
                                          const OpenDirectory& into, const fs::path& shown) {
  TRY(into.replace(name, json));
  const fs::path script = TRY(plot_script());
  const std::string python = environment("ISOLAB_PYTHON").value_or("/usr/bin/python3");
  const Scratch scratch = TRY(Scratch::make());
  const fs::path source = scratch.path() / name, drawings = scratch.path() / "charts";
  TRY(write_text_file(source, json));
  const std::string drawn = TRY(
      run_for_output({python, script.string(), source.string(), drawings.string()}, kPlotLimit));
  std::vector<fs::path> out;
  std::istringstream lines(drawn);
  for (std::string line; std::getline(lines, line);) {
    const std::string file = fs::path(line).filename().string();
    const std::string drawing = TRY(read_text_file(drawings / file, kMostText));
    TRY(into.replace(file, drawing));
    out.push_back(shown / file);
  }
  return out;
}

Result<std::vector<fs::path>> draw_charts(const std::string& json, const std::string& name,
                                          const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return errno_error("cannot make " + directory.string(), error.value());
  return draw_charts(json, name, TRY(OpenDirectory::open(directory)), directory);
}

}  // namespace isolab
