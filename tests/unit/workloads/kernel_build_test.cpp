// SPDX-License-Identifier: Apache-2.0
// What the kernel build decides without building: units in make's output, stamps, and above all
// which files may be deleted.
#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>

#include "tests/support/temporary_directory.h"
#include "workloads/contract/workload.h"
#include "workloads/support/kernel_tree.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Directory = test::TemporaryDirectory;

std::set<std::string> files_in(const Directory& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(directory.path()))
    if (!entry.is_directory()) names.insert(fs::relative(entry.path(), directory.path()).string());
  return names;
}

TEST(MakeOutput, CountsCompiledUnitsAndNoHostTools) {
  MakeOutput output;
  EXPECT_EQ(output.feed("make[1]: Entering directory '/b'\n"
                        "  HOSTCC  scripts/basic/fixdep\n"
                        "  CC      lib/sort.o\n"
                        "  CC [M]  lib/test_sort.o\n"
                        "  AS      lib/memset.o\n"
                        "  AR      lib/built-in.a\n"
                        "  CHECK   CC      is no unit\n"),
            2u);
}

TEST(MakeOutput, CountsLinesThatArriveInPieces) {
  MakeOutput output;
  EXPECT_EQ(output.feed("  C"), 0u);
  EXPECT_EQ(output.feed("C      lib/a.o"), 0u);
  EXPECT_EQ(output.feed("\n  CC      lib/b.o\n  CC"), 2u);
  EXPECT_EQ(output.feed("      lib/c.o\n"), 1u);
}

TEST(KernelTargets, TakesFoldersObjectsAndWholeKernels) {
  EXPECT_THAT(*split_targets("lib/"), ElementsAre("lib/"));
  EXPECT_THAT(*split_targets(" kernel/  mm/ "), ElementsAre("kernel/", "mm/"));
  EXPECT_THAT(*split_targets("vmlinux"), ElementsAre("vmlinux"));
  EXPECT_THAT(*split_targets("arch/x86/kernel/cpu/ lib/sort.o"),
              ElementsAre("arch/x86/kernel/cpu/", "lib/sort.o"));
}

TEST(KernelTargets, RefusesWhatLeavesTheBuildDirectoryOrIsNoTarget) {
  for (const char* bad : {"",
                          "  ",
                          "/etc/",
                          "../lib/",
                          "lib/../../",
                          "-B",
                          "lib/ -k",
                          "CC=evil",
                          "lib/ O=/tmp",
                          "modules_install",
                          "modules_install install",
                          "lib/ install",
                          "kselftest",
                          "deb-pkg",
                          "clean",
                          "all",
                          "sort.o",
                          ".o",
                          "lib/.o",
                          "lib/sort.c",
                          "lib/./",
                          "lib//",
                          "lib/%.o",
                          "tools/",
                          "tools/perf.o",
                          "Documentation/",
                          "$(shell id)/",
                          "lib/sort.o;id"}) {
    const auto targets = split_targets(bad);
    ASSERT_FALSE(targets) << bad;
    EXPECT_EQ(targets.error().kind, ErrorKind::usage) << bad;
  }
}

class DeleteObjects : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {".config", "lib/sort.o", "lib/.sort.o.cmd", "lib/lib.a", "lib/.lib.a.cmd",
          "lib/modules.order", "lib/crc32table.h", "lib/.crc32table.h.cmd", "lib/math/div64.o",
          "mm/mmap.o", "kernel/bounds.s", "scripts/mod/modpost.o", "tools/objtool/objtool.o",
          "arch/x86/tools/relocs.o", "arch/x86/kernel/apic.o"})
      directory_.put(name);
  }
  Directory directory_;
};

TEST_F(DeleteObjects, OfAFolderOnlyItsObjects) {
  auto expected = files_in(directory_);
  for (const char* name :
       {"lib/sort.o", "lib/.sort.o.cmd", "lib/lib.a", "lib/.lib.a.cmd", "lib/math/div64.o"})
    expected.erase(name);
  EXPECT_EQ(delete_objects(directory_.path(), "lib/"), 5u);
  EXPECT_EQ(files_in(directory_), expected);
}

TEST_F(DeleteObjects, OfOneObjectItAndItsCommand) {
  auto expected = files_in(directory_);
  expected.erase("lib/sort.o");
  expected.erase("lib/.sort.o.cmd");
  EXPECT_EQ(delete_objects(directory_.path(), "lib/sort.o"), 2u);
  EXPECT_EQ(files_in(directory_), expected);
}

TEST_F(DeleteObjects, OfTheWholeKernelEverythingButHostPrograms) {
  EXPECT_EQ(delete_objects(directory_.path(), "vmlinux"), 7u);
  const auto left = files_in(directory_);
  for (const char* name :
       {"scripts/mod/modpost.o", "tools/objtool/objtool.o", "arch/x86/tools/relocs.o",
        "kernel/bounds.s", "lib/crc32table.h", ".config"})
    EXPECT_TRUE(left.contains(name)) << name;
  EXPECT_FALSE(left.contains("arch/x86/kernel/apic.o"));
}

TEST_F(DeleteObjects, NeverFollowsLinksOutOfTheBuildDirectory) {
  Directory source;
  source.put("lib/precious.o");
  fs::create_directory_symlink(source.path(), directory_.path() / "source");
  fs::create_directory_symlink(source.path(), directory_.path() / "lib/elsewhere");
  fs::create_symlink(source.path() / "lib/precious.o", directory_.path() / "lib/link.o");
  delete_objects(directory_.path(), "lib/");
  delete_objects(directory_.path(), "vmlinux");
  EXPECT_TRUE(fs::exists(source.path() / "lib/precious.o"));
}

TEST_F(DeleteObjects, OfAFolderThatIsNotThereNothing) {
  const auto before = files_in(directory_);
  EXPECT_EQ(delete_objects(directory_.path(), "net/"), 0u);
  EXPECT_EQ(files_in(directory_), before);
}

TEST(BuildStamp, MatchesOnlyWhatWasWritten) {
  Directory directory;
  EXPECT_FALSE(stamp_matches(directory.path(), "source a\n"));
  ASSERT_TRUE(write_stamp(directory.path(), "source a\n"));
  EXPECT_TRUE(stamp_matches(directory.path(), "source a\n"));
  EXPECT_FALSE(stamp_matches(directory.path(), "source b\n"));
  EXPECT_EQ(files_in(directory).size(), 1u);
}

TEST(KernelVersion, ReadsTheTopMakefile) {
  EXPECT_EQ(*kernel_version("# SPDX-License-Identifier: GPL-2.0\nVERSION = 6\nPATCHLEVEL = 12\n"
                            "SUBLEVEL = 117\nEXTRAVERSION =\n"),
            "6.12.117");
  EXPECT_EQ(kernel_version("all:\n\tcc x.c\n").error().kind, ErrorKind::parse);
}

TEST(TarballKey, ChangesWithTheFile) {
  Directory directory;
  directory.put("linux-source-6.12.tar.xz", "abc");
  const auto first = tarball_key(directory.path() / "linux-source-6.12.tar.xz");
  ASSERT_TRUE(first);
  EXPECT_THAT(*first, ::testing::StartsWith("linux-source-6.12-3-"));
  directory.put("linux-source-6.12.tar.xz", "abcd");
  EXPECT_NE(*tarball_key(directory.path() / "linux-source-6.12.tar.xz"), *first);
  EXPECT_FALSE(tarball_key(directory.path() / "none.tar.xz"));
}

TEST(GivenSource, MustBeACleanKernelTree) {
  Directory directory;
  EXPECT_EQ(given_source(directory.path()).error().kind, ErrorKind::usage);
  directory.put("Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n");
  const auto source = given_source(directory.path());
  ASSERT_TRUE(source);
  EXPECT_EQ(source->version, "6.1.0");
  EXPECT_EQ(source->key.find('/'), std::string::npos);
  directory.put(".config");
  EXPECT_THAT(given_source(directory.path()).error().hint, HasSubstr("mrproper"));
}

TEST(DirectoryLock, IsForOneAtATime) {
  Directory directory;
  {
    const auto first = lock_directory(directory.path() / "build");
    ASSERT_TRUE(first);
    const auto second = lock_directory(directory.path() / "build");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::busy);
  }
  EXPECT_TRUE(lock_directory(directory.path() / "build"));
}

// Its Makefile would be run.
TEST(CachedSource, OfSomebodyElseIsRefused) {
  Directory directory;
  directory.put("linux.tar.xz");
  const auto tarball = directory / "linux.tar.xz";
  const std::string key = *tarball_key(tarball);
  const fs::path tree = directory / "cache" / "source" / key / "tree";
  directory.put("cache/source/" + key + "/tree/Makefile",
                "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n");
  const std::atomic<std::uint32_t> never{0};
  const StopFlag stop(never);
  const auto log = directory / "log";
  ASSERT_TRUE(unpacked_source(tarball, directory / "cache", log, stop));
  for (const fs::path& place : {directory / "cache", directory / "cache" / "source",
                                tree.parent_path(), tree, tree / "Makefile"}) {
    fs::permissions(place, fs::perms::others_write, fs::perm_options::add);
    EXPECT_EQ(unpacked_source(tarball, directory / "cache", log, stop).error().kind,
              ErrorKind::denied)
        << place;
    fs::permissions(place, fs::perms::others_write, fs::perm_options::remove);
  }
}

}  // namespace
}  // namespace isolab
