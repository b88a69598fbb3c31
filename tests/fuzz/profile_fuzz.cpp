// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a YAML profile, from text to plan on a machine of eight CPUs, and to the text its
// hash is taken of. Files are separated by lines "# file: NAME"; includes name them.
#include <filesystem>
#include <map>

#include "base/output.h"
#include "plan/allowed_commands.h"
#include "plan/compile.h"
#include "plan/profile.h"
#include "tests/fuzz/demand.h"

namespace {

using namespace isolab;

class MemoryYaml final : public YamlFiles {
 public:
  explicit MemoryYaml(std::string_view text) {
    constexpr std::string_view kMark = "# file: ";
    std::string name = "p";
    while (!text.empty()) {
      const auto line = text.substr(0, text.find('\n'));
      if (line.starts_with(kMark))
        name = line.substr(kMark.size());
      else
        files_[name] += std::string(line) + "\n";
      text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
  }
  Result<YamlFile> read(const std::string& name, std::size_t most, bool) override {
    const std::string path = std::filesystem::path(name).lexically_normal().string();
    const auto found = files_.find(path);
    if (found == files_.end()) return Error{ErrorKind::io, "cannot open " + name};
    if (found->second.size() > most) return Error{ErrorKind::parse, "cannot read " + name};
    return YamlFile{found->second, path};
  }

 private:
  std::map<std::string, std::string> files_{{"p", ""}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const HostFacts facts = [] {
    HostFacts made;
    made.online = *CpuSet::parse("0-7");
    made.isolated = *CpuSet::parse("4-7");
    return made;
  }();
  MemoryYaml files({reinterpret_cast<const char*>(data), size});
  const auto profile = read_profile(files, "p");
  if (!profile) {
    fuzz::demand(!profile.error().what.empty());
    fuzz::demand(visible(profile.error().what) == profile.error().what);
    fuzz::demand(profile.error().what.size() < 200'000);
    return 0;
  }
  (void)canonical_text(*profile);
  const auto plan = compile_plan(*profile, facts);
  if (!plan) return 0;
  fuzz::demand(plan->arms.size() <= kMostArms && plan->windows.size() <= kMostWindows);
  fuzz::demand(plan->duration >= Nanos{0});
  for (const auto& phrase : foreign_code(*plan)) fuzz::demand(visible_line(phrase) == phrase);
  return 0;
}
