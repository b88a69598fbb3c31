// SPDX-License-Identifier: Apache-2.0
// Rooms that work for every plug-in know none by its name: what they need to know is in a
// descriptor (a role) or in the record.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "base/directory.h"
#include "base/text_file.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

/// Also words of metrics, tables and members of a record.
const std::set<std::string> kOtherMeanings{"idle", "interrupts", "cpu_time", "smi"};

std::set<std::string> plug_ins() {
  std::set<std::string> out;
  for (const auto* info : all_workloads()) out.insert(info->name);
  for (const auto* info : all_probes()) out.insert(info->name);
  for (const auto* info : all_observers()) out.insert(info->name);
  return out;
}

/// Literals of `line` that are the name of a plug-in, or a note of an observer: "NAME.word".
std::set<std::string> names_in(const std::string& line, const std::set<std::string>& plug_ins) {
  static const std::regex literal("\"([a-z0-9_]+)(\\.[a-z0-9_.]*)?");
  const std::string code = line.substr(0, line.find("//"));
  std::set<std::string> out;
  for (std::sregex_iterator at(code.begin(), code.end(), literal), end; at != end; ++at) {
    const std::string word = (*at)[1];
    const char after = at->suffix().length() == 0 ? '\0' : at->suffix().str().front();
    const bool whole = after == '"' && !(*at)[2].matched && !kOtherMeanings.contains(word);
    const bool note = (*at)[2].matched && find_observer(word) != nullptr;
    if (plug_ins.contains(word) && (whole || note)) out.insert(word);
  }
  return out;
}

TEST(PlugInNames, AreFoundInCode) {
  const auto all = plug_ins();
  using Names = std::set<std::string>;
  EXPECT_EQ(names_in(R"(if (use.name == "busy_loop") return "cyclictest"s;)", all),
            (Names{"busy_loop", "cyclictest"}));
  EXPECT_EQ(names_in(R"(notes.find("smi.cpu"))", all), Names{"smi"});
  EXPECT_EQ(names_in(R"(// "busy_loop")", all), Names{});
  EXPECT_EQ(names_in(R"(metric("cpu_time") + "busy_loop_more" + "direct_map.level2")", all),
            Names{});
}

TEST(PlugInNames, StandInNoRoomThatWorksForAll) {
  const auto all = plug_ins();
  for (const char* room : {"analysis", "plan", "report", "results", "runner"}) {
    const auto files = files_below(std::string(ISOLAB_SOURCE_DIR "/") + room);
    ASSERT_TRUE(files) << files.error().text();
    for (const auto& file : *files) {
      if (file.extension() != ".cpp" && file.extension() != ".h") continue;
      std::istringstream lines(read_text_file(file).value_or(""));
      int number = 0;
      for (std::string line; std::getline(lines, line);) {
        ++number;
        for (const auto& name : names_in(line, all))
          ADD_FAILURE() << file.string() << ":" << number << " knows the plug-in " << name;
      }
      EXPECT_GT(number, 0) << file;
    }
  }
}

}  // namespace
}  // namespace isolab
