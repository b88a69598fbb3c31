// SPDX-License-Identifier: Apache-2.0
#include "runner/charts.h"

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/environment.h"
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
  for (const auto& place : places)
    if (fs::exists(place / "render.py")) return place / "render.py";
  return Error{ErrorKind::unsupported, "the chart scripts (plots/render.py) are not installed",
               "set ISOLAB_PLOTS to their folder"};
}

}  // namespace

Result<std::vector<fs::path>> draw_charts(const fs::path& json, const fs::path& directory) {
  const fs::path script = TRY(plot_script());
  const std::string python = environment("ISOLAB_PYTHON").value_or("/usr/bin/python3");
  const std::string drawn =
      TRY(run_for_output({python, script.string(), json.string(), directory.string()}, kPlotLimit));
  std::vector<fs::path> out;
  std::istringstream lines(drawn);
  for (std::string line; std::getline(lines, line);) out.emplace_back(line);
  return out;
}

Result<void> write_text_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!(file << text) || !file.flush()) return errno_error("cannot write " + path.string(), errno);
  return {};
}

Result<std::string> read_text_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || (in.peek() != EOF && !(text << in.rdbuf())))
    return errno_error("cannot read " + path.string(), errno);
  return text.str();
}

}  // namespace isolab
