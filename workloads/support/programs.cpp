// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/programs.h"

#include <fmt/format.h>

#include <fstream>

#include "base/text.h"

namespace isolab {
namespace {
constexpr Nanos kLookEvery = std::chrono::milliseconds(50);
constexpr std::streamoff kTailBytes = 4096;
}  // namespace

Result<Exit> run_until_done(const CommandSpec& spec, const StopFlag& stop) {
  Child child = TRY(Child::spawn(spec));
  while (true) {
    if (const auto exit = child.wait_for(kLookEvery)) return *exit;
    if (!stop.requested()) continue;
    child.stop(kStopGrace);
    return Error{ErrorKind::interrupted, fmt::format("{} was stopped", spec.argv.front())};
  }
}

Result<void> run_and_succeed(const CommandSpec& spec, const StopFlag& stop) {
  const Exit exit = TRY(run_until_done(spec, stop));
  if (exit.ok()) return {};
  return command_error(join(spec.argv, " "), exit, spec.output);
}

Error command_error(const std::string& what, const Exit& exit, const std::filesystem::path& log) {
  const std::string tail = last_lines(log, 5);
  return {ErrorKind::io, fmt::format("{} failed: {}", what, exit.text()),
          tail.empty() ? "" : fmt::format("the end of its output, in {}:\n{}", log.string(), tail)};
}

std::string last_lines(const std::filesystem::path& file, int lines) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  std::string text(std::istreambuf_iterator<char>(in), {});
  while (text.ends_with('\n')) text.pop_back();
  std::size_t from = text.size();
  for (int i = 0; i < lines && from != std::string::npos && from > 0; ++i)
    from = text.rfind('\n', from - 1);
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

}  // namespace isolab
