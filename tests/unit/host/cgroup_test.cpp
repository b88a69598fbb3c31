// SPDX-License-Identifier: Apache-2.0
// A cgroup goes with all that was made below it, and counts as gone with the one it was in.
#include "host/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/guard.h"
#include "host/restore.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOwn = "/proc/self/cgroup";

/// A mount with one run's cgroup, in which a command made two more. The kernel's files of a cgroup
/// go with its directory.
class Cgroups final : public Files {
 public:
  Result<std::string> read(const std::string& path) const override { return files_.read(path); }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    return files_.list(path);
  }
  bool exists(const std::string& path) const override { return files_.exists(path); }
  Result<void> write(const std::string& path, std::string_view text) override {
    return files_.write(path, text);
  }
  Result<void> make_dir(const std::string& path) override { return files_.make_dir(path); }
  Result<void> remove_dir(const std::string& path) override {
    removed.push_back(path);
    auto left = files_.contents();
    left.erase(path + "/cgroup.procs");
    left.erase(path + "/");
    for (const auto& [name, text] : left)
      if (name.starts_with(path + "/")) return Error{ErrorKind::busy, path + " is not empty"};
    files_ = MemoryFiles(left);
    return {};
  }
  std::vector<std::string> removed;

 private:
  MemoryFiles files_{{{"/cg/cgroup.procs", "1\n"},
                      {"/cg/run/cgroup.procs", ""},
                      {"/cg/run/window/cgroup.procs", ""},
                      {"/cg/run/window/of_command/cgroup.procs", ""}}};
};

TEST(Cgroup, GoesWithWhatWasMadeBelowIt) {
  Cgroups files;
  ASSERT_TRUE(remove_cgroup(files, "/cg/run"));
  EXPECT_THAT(files.removed, ElementsAre("/cg/run/window/of_command", "/cg/run/window", "/cg/run"));
  EXPECT_FALSE(files.exists("/cg/run/cgroup.procs"));
}

TEST(Cgroup, OwnPathIsOfTheControllersHierarchy) {
  MemoryFiles files(std::map<std::string, std::string>{{kOwn, ""}});
  ASSERT_TRUE(files.write(kOwn, "9:cpu,cpuacct:/batch\n4:cpuset:/\n0::/user/a\n"));
  EXPECT_EQ(own_cgroup_path(files, ""), "/user/a");
  EXPECT_EQ(own_cgroup_path(files, "cpu"), "/batch");
  EXPECT_EQ(own_cgroup_path(files, "cpuset"), "/");
  EXPECT_EQ(own_cgroup_path(files, "acct"), std::nullopt);
  for (const std::string path : {"", "relative", "/../outside", "/gone (deleted)"}) {
    ASSERT_TRUE(files.write(kOwn, "0::" + path));
    EXPECT_EQ(own_cgroup_path(files, ""), std::nullopt) << path;
  }
}

TEST(Cgroup, UpToTheRoot) {
  EXPECT_THAT(up_to_root("/a/b"), ElementsAre("/a/b", "/a", ""));
  EXPECT_THAT(up_to_root("/"), ElementsAre(""));
  EXPECT_THAT(up_to_root(""), ElementsAre(""));
  EXPECT_THAT(up_to_root("relative"), ElementsAre(""));
}

TEST(Cgroup, ProcessesAreThoseBelowItToo) {
  MemoryFiles files({{"/cg/run/cgroup.procs", "10\n11\n"}, {"/cg/run/a/cgroup.procs", "12\n"}});
  EXPECT_THAT(*processes_of(files, "/cg/run"), ElementsAre(10, 11, 12));
  EXPECT_FALSE(processes_of(files, "/cg"));  // no cgroup
}

// All three processes of a run were killed: the journal of the keeper comes first.
TEST(Cgroup, OfAWindowIsGoneWithTheRuns) {
  Cgroups files;
  const StateGuard::Entry run{.claim = {Claim::Kind::cgroup, "/cg/run"}};
  const StateGuard::Entry window{.claim = {Claim::Kind::cgroup, "/cg/run/window"}};
  EXPECT_THAT(undo_as_shell(files, run), HasSubstr("find '/cg/run' -depth -type d"));
  EXPECT_TRUE(undo(files, run).done);
  const auto undone = undo(files, window);
  EXPECT_TRUE(undone.done);
  EXPECT_FALSE(undone.problem);
  EXPECT_THAT(undo_as_shell(files, window), HasSubstr("gone already"));
  // Nothing of the mount is to be seen: then nobody knows.
  const StateGuard::Entry hidden{.claim = {Claim::Kind::cgroup, "/elsewhere/run/window"}};
  EXPECT_FALSE(undo(files, hidden).done);
}

}  // namespace
}  // namespace isolab
