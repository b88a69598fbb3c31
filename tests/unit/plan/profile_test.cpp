// SPDX-License-Identifier: Apache-2.0
// Profiles: everything wrong is found at once, with its place; what is right resolves completely.
#include "plan/profile.h"
#include "plan/yaml_tree.h"
#include "tests/support/temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace isolab {
namespace {

using testing::HasSubstr;

constexpr const char* kGood = R"(name: small
question: does anything break in?
probe: {busy_loop: {threshold: 2us}}
arms:
  idle: {}
  pages:
    workloads: [direct_map: {rate: 20/s, pages: 16}]
    settings: {/proc/sys/vm/stat_interval: 10}
matrix:
  direct_map.pages: [1, 16]
design: {repeats: 2, warmup: 0.5s, measure: 3s, order: shuffled, seed: 7}
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto profile = read_profile_text("p.yaml", text);
  return profile ? "no error" : profile.error().what;
}

TEST(Profile, ResolvesEveryParameter) {
  const auto profile = read_profile_text("p.yaml", kGood);
  ASSERT_TRUE(profile) << profile.error().what;
  EXPECT_EQ(profile->name, "small");
  EXPECT_EQ(profile->measured, "auto");
  EXPECT_EQ(profile->probe.name, "busy_loop");
  EXPECT_EQ(profile->probe.params.at("threshold"), ParamValue{"2us"});
  EXPECT_GT(profile->probe.params.size(), 1u) << "defaults are spelled out";
  ASSERT_EQ(profile->arms.size(), 2u);
  EXPECT_EQ(profile->arms[1].workloads[0].params.at("rate"), ParamValue{"20/s"});
  EXPECT_EQ(profile->arms[1].settings[0], (PlannedSetting{"/proc/sys/vm/stat_interval", "10"}));
  EXPECT_EQ(profile->warmup, std::chrono::milliseconds(500));
  EXPECT_EQ(profile->matrix[0].values.size(), 2u);
  EXPECT_EQ(profile->seed, 7u);
}

TEST(Profile, NamesThePlaceAndTheNearestWord) {
  EXPECT_THAT(error_of(with("threshold", "treshold")),
              HasSubstr("p.yaml:3:21: unknown key \"treshold\"; expected one of "));
  EXPECT_THAT(error_of(with("threshold", "treshold")), HasSubstr("did you mean \"threshold\"?"));
  EXPECT_THAT(error_of(with("[direct_map: {rate", "[direct_mop: {rate")),
              HasSubstr("p.yaml:7:17: unknown workload \"direct_mop\""));
  EXPECT_THAT(error_of(with("[direct_map: {rate", "[direct_mop: {rate")),
              HasSubstr("did you mean \"direct_map\"?"));
}

TEST(Profile, ReportsAllErrorsAtOnce) {
  std::string text = with("2us", "2 parsecs");
  text.replace(text.find("repeats: 2"), 10, "repeats: 0");
  text.replace(text.find("shuffled"), 8, "suffled");
  const std::string errors = error_of(text);
  EXPECT_THAT(errors, HasSubstr("p.yaml:3:"));
  EXPECT_THAT(errors, HasSubstr("repeats: \"0\" is out of range; expected a whole number 1-10000"));
  EXPECT_THAT(errors, HasSubstr("did you mean \"shuffled\"?"));
}

TEST(Profile, RefusesWhatIsMissingOrTwice) {
  EXPECT_THAT(error_of(with("name: small\n", "")), HasSubstr("name: is missing"));
  EXPECT_THAT(error_of(with("probe: {busy_loop: {threshold: 2us}}\n", "")),
              HasSubstr("probe: is missing"));
  EXPECT_THAT(error_of(with("  idle: {}\n", "")), HasSubstr("the first arm must be idle"));
  EXPECT_THAT(error_of(with("name: small", "name: small\nname: twice")),
              HasSubstr("p.yaml:2:1: \"name\" appears twice"));
  EXPECT_THAT(error_of(with("measure: 3s", "measure: 3")),
              HasSubstr("measure: \"3\" is not a duration"));
  EXPECT_THAT(error_of(with("measure: 3s, ", "")), HasSubstr("measure: is missing"));
  EXPECT_THAT(error_of(with("/proc/sys/vm/stat_interval", "/etc/passwd")),
              HasSubstr("is not a kernel file"));
  EXPECT_THAT(error_of(with("/proc/sys/vm/stat_interval", "/sys/../etc/passwd")),
              HasSubstr("contains .."));
  EXPECT_THAT(error_of(with("direct_map.pages", "direct_map.page")),
              HasSubstr("did you mean \"pages\"?"));
  EXPECT_THAT(error_of("name: [unclosed"), HasSubstr("p.yaml:"));
  EXPECT_THAT(error_of(""), HasSubstr("a profile is a map"));
}

TEST(Profile, ArmsNameTheirBoot) {
  const auto profile = read_profile_text(
      "p.yaml", with("  idle: {}", "  idle: {kernel: 6.10, cmdline+: '  a=1   b=\"c  d\" '}"));
  ASSERT_TRUE(profile) << profile.error().what;
  ASSERT_TRUE(profile->arms[0].boot);
  EXPECT_EQ(profile->arms[0].boot->kernel, "6.10") << "no number";
  EXPECT_EQ(profile->arms[0].boot->cmdline, "a=1 b=\"c  d\"");
  EXPECT_FALSE(profile->arms[1].boot);
}

TEST(Profile, RefusesWhatIsNoKernelAndNoCommandLine) {
  const auto of = [](const std::string& arm) { return error_of(with("idle: {}", "idle: " + arm)); };
  EXPECT_THAT(of("{kernel: 6.1 rt}"),
              HasSubstr("p.yaml:5:18: kernel: \"6.1 rt\" is not a kernel name; expected a name of "
                        "`isolab vm kernels`"));
  EXPECT_THAT(of("{kernel: [6.1]}"), HasSubstr("kernel: is a list"));
  EXPECT_THAT(of("{kernel: ''}"), HasSubstr("kernel: is empty"));
  EXPECT_THAT(of("{kernel: -rt}"), HasSubstr("is not a kernel name"));
  EXPECT_THAT(of("{kernel: default}"), HasSubstr("is not a kernel name"));
  EXPECT_THAT(of("{cmdline: a}"), HasSubstr("did you mean \"cmdline+\"?"));
  EXPECT_THAT(of("{cmdline+: a -- b}"), HasSubstr("\"--\" ends the kernel's parameters"));
  EXPECT_THAT(of("{cmdline+: 'a=\"b c'}"), HasSubstr("open quote"));
  EXPECT_THAT(of("{cmdline+: \"a\\nb\"}"),
              HasSubstr("characters that a command line cannot contain"));
  EXPECT_THAT(of("{cmdline+: {a: 1}}"), HasSubstr("cmdline+: is a map"));
}

TEST(Profile, TheHashCoversTheBootOfAnArm) {
  const auto hash = [](const std::string& arm) {
    return profile_hash(read_profile_text("p.yaml", with("idle: {}", "idle: " + arm)).value());
  };
  const auto plain = hash("{}"), old = hash("{kernel: 6.1}"), now = hash("{kernel: 6.12}"),
             words = hash("{kernel: 6.12, cmdline+: a=1 b}");
  EXPECT_NE(plain, old);
  EXPECT_NE(old, now);
  EXPECT_NE(now, words);
  EXPECT_EQ(words, hash("{cmdline+: 'a=1  b', kernel: '6.12'}"));
}

TEST(Profile, HashIgnoresFormOnly) {
  const auto hash_text = [](const std::string& text) {
    const auto profile = read_profile_text("p.yaml", text);
    EXPECT_TRUE(profile) << (profile ? "" : profile.error().what);
    return canonical_text(*profile);
  };
  EXPECT_EQ(hash_text(kGood), hash_text(std::string("# a comment\n") + kGood));
  EXPECT_EQ(hash_text(kGood), hash_text(with("0.5s", "500ms")));
  EXPECT_NE(hash_text(kGood), hash_text(with("measure: 3s", "measure: 4s")));
  EXPECT_NE(hash_text(kGood), hash_text(with("pages: 16", "pages: 8")));
}

TEST(ProfileBounds, NothingExplodes) {
  const auto has = [](const std::string& text, const std::string& part) {
    const std::string error = error_of(text);
    EXPECT_THAT(error, HasSubstr(part));
    EXPECT_LT(error.size(), 100'000u);
  };
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i ? ", *" : "*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  has(bomb, "the profile is too large here, with includes and aliases");
  has("a: " + std::string(100'000, '['), "nested too deeply; expected at most 64 levels");
  has("a: &a [*a]", "an alias is inside the value that it names");
  std::string values = "name: [";
  for (int i = 0; i < 100'001; ++i) values += "x,";
  has(values + "]\n", "at most 100000 keys and values");
  std::string keys;
  for (int i = 0; i < 40'000; ++i) keys += "k" + std::to_string(i) + ":\n";
  has(keys, "and 39905 more errors");
  std::string arms;
  for (int i = 0; i < 1000; ++i) arms += "  a" + std::to_string(i) + ":\n";
  has(with("  idle: {}\n", "  idle: {}\n" + arms), "there are 1002 arms; expected at most 1000");
  std::string axis = "[1";
  for (int i = 2; i <= 40; ++i) axis += ", " + std::to_string(i);
  has(with("direct_map.pages: [1, 16]",
           "direct_map.pages: " + axis + "]\n  direct_map.busy: " + axis + "]"),
      "p.yaml:10:3: the profile has too many arms; expected at most 1000");
  has(with("[1, 16]", axis + "]"), "no error");
}

TEST(ProfileBounds, WindowsAndDaysAreCounted) {
  std::string text = with("[1, 16]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]");
  text.replace(text.find("repeats: 2"), 10, "repeats: 9999");
  EXPECT_THAT(error_of(text), HasSubstr("p.yaml:11:9: 12 arms x 9999 repeats are 119988 windows; "
                                        "expected at most 100000"));
  EXPECT_THAT(error_of(with("measure: 3s", "measure: 2562047h")),
              HasSubstr("measure: is too long; expected at most 720h"));
  EXPECT_THAT(error_of(with("repeats: 2, warmup: 0.5s, measure: 3s",
                            "repeats: 10, warmup: 0.5s, measure: 720h")),
              HasSubstr("last longer than a year"));
  EXPECT_THAT(error_of(with("[1, 16]", "[1, 16, 0x1, 01]")),
              testing::AllOf(HasSubstr("p.yaml:10:34: direct_map.pages: this value appears twice"),
                             HasSubstr("\"0x1\" is not a whole number")));
}

TEST(ProfileBounds, WhatThePlugInsCannotObeyHasItsPlace) {
  EXPECT_THAT(error_of(with("pages: 16", "pages: -1")),
              HasSubstr("p.yaml:7:49: pages: parameter \"pages\": -1 is out of range; expected a "
                        "whole number like 4, 1 to 65536"));
  EXPECT_THAT(error_of(with("{threshold: 2us}", "{log_capacity: -1}")),
              HasSubstr("p.yaml:3:35: log_capacity: "));
  EXPECT_THAT(error_of(with("{threshold: 2us}", "{priority: 1000}")), HasSubstr("p.yaml:3:31: "));
  EXPECT_THAT(error_of(with("{busy_loop: {threshold: 2us}}", "{cyclictest: {interval: 10500ns}}")),
              HasSubstr("p.yaml:3:32: cyclictest: interval: 10500ns is not a whole number"));
  EXPECT_THAT(error_of(with("[1, 16]", "[1, 70000]")), HasSubstr("p.yaml:10:25: "));
  const auto workload = [](const std::string& use) {
    return error_of(with("  pages:\n", "  b:\n    workloads: [" + use + "]\n  pages:\n"));
  };
  EXPECT_THAT(workload("command: {argv: []}"),
              HasSubstr("p.yaml:7:33: command: argv: no program named"));
  EXPECT_THAT(workload("command"), HasSubstr("p.yaml:7:17: command: argv: no program named"));
  EXPECT_THAT(workload("vmalloc_churn: {threads: 2147483647}"), HasSubstr("1 to 4096"));
  EXPECT_THAT(workload("hackbench: {groups: 0}"), HasSubstr("p.yaml:7:37: groups: "));
  EXPECT_THAT(workload("kernel_build: {jobs: 99999999999999}"), HasSubstr("p.yaml:7:38: jobs: "));
  EXPECT_THAT(workload("kernel_build: {target: modules_install install}"),
              HasSubstr("p.yaml:7:40: kernel_build: target: 'modules_install' is neither"));
  EXPECT_THAT(workload("kernel_build: {source: -v}"), HasSubstr("could be taken for an option"));
}

TEST(ProfileBounds, AMatrixGivesWhatAnArmLacks) {
  std::string text = with("  pages:\n", "  c: {workloads: [command]}\n  pages:\n");
  const std::string axis = "direct_map.pages: [1, 16]";
  text.replace(text.find(axis), axis.size(), "command.argv: [[true], [sleep, '1']]");
  EXPECT_EQ(error_of(text), "no error");
  text.replace(text.find("[true]"), 6, "[]");
  EXPECT_THAT(error_of(text), HasSubstr("p.yaml:11:3: arm c argv=: argv: no program named"));
  text.replace(text.find("[[], [sleep, '1']]"), 18, "[[sleep 1], [sleep, '1']]");
  EXPECT_THAT(error_of(text), HasSubstr("two arms are called \"c argv=sleep 1\""));
}

TEST(ProfileBounds, NamesAndTextsAreWhatTheyAreUsedFor) {
  for (const char* name : {"../../x", "/etc/x", ".x", "-x", "a b", "\"a\\0b\"", "\"a\\eb\""})
    EXPECT_THAT(error_of(with("name: small", "name: " + std::string(name))),
                HasSubstr("p.yaml:1:7: "))
        << name;
  EXPECT_THAT(error_of(with("name: small", "name: " + std::string(81, 'a'))),
              HasSubstr("at most 80"));
  EXPECT_THAT(error_of(with("does anything break in?", "\"\\e[2K\"")),
              HasSubstr("question: has control characters"));
  EXPECT_THAT(error_of(with("  pages:\n", "  " + std::string(81, 'a') + ":\n")),
              HasSubstr("is not a word; expected at most 80"));
  for (const char* none : {"' '", "''", "[]", "','"})
    EXPECT_THAT(error_of(with("probe:", "cpus: {measured: " + std::string(none) + "}\nprobe:")),
                HasSubstr("p.yaml:3:18: measured: "))
        << none;
  EXPECT_THAT(
      error_of(with("direct_map: {rate", "command: {argv: [\"a\\0b\"]}, direct_map: {rate")),
      HasSubstr("p.yaml:7:34: the value contains a NUL character"));
  EXPECT_THAT(error_of(std::string(kGood) + "---\nname: b\n"),
              HasSubstr("p.yaml:12:1: a second document begins here"));
  EXPECT_THAT(error_of(with("repeats: 2", "repeats: !!str 2")),
              HasSubstr("unexpected tag: tag:yaml.org,2002:str"));
  EXPECT_THAT(error_of("x\x1b[2J: 1\n"), HasSubstr("unknown key \"x\\x1b[2J\""));
}

TEST(ProfileSettings, OneWayAndCrookedPathsAreRefused) {
  const auto setting = [](const std::string& text) {
    return error_of(with("/proc/sys/vm/stat_interval: 10", text));
  };
  EXPECT_THAT(setting("/proc/sys/kernel/modules_disabled: 1"),
              HasSubstr("p.yaml:8:16: setting /proc/sys/kernel/modules_disabled cannot be "
                        "restored: the kernel refuses 0 until the next boot"));
  EXPECT_THAT(setting("/proc/sys//kernel/modules_disabled: 1"), HasSubstr("is not a plain path"));
  EXPECT_THAT(setting("/proc/sys/kernel/./core_pattern: x"), HasSubstr("is not a plain path"));
  EXPECT_THAT(setting("/sys/kernel/mm/..: 1"), HasSubstr("contains .."));
  EXPECT_THAT(setting("/proc/sys/vm/swappiness: \"1\\n2\""), HasSubstr("control characters"));
  const std::string server = "/sys/kernel/debug/sched/fair_server/cpu1/runtime: 0";
  EXPECT_EQ(setting(server), "no error");
  std::string text = with("/proc/sys/vm/stat_interval: 10", server);
  text += "isolation: {cpus: 1, via: partition}\n";
  EXPECT_THAT(error_of(text), HasSubstr("p.yaml:8:16: setting /sys/kernel/debug/sched"));
  EXPECT_EQ(error_of(text.replace(text.find("cpus: 1"), 7, "cpus: 2")), "no error");
}

class ProfileFiles : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_ / "common"); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }
  const test::TemporaryDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path();
};

TEST_F(ProfileFiles, IncludedMapsAreMergedAndTheIncluderWins) {
  write("common/base.yaml", kGood);
  const auto profile = read_profile(
      write("top.yaml", "include: common/base.yaml\nname: top\ndesign: {measure: 9s}\n"));
  ASSERT_TRUE(profile) << profile.error().what;
  EXPECT_EQ(profile->name, "top");
  EXPECT_EQ(profile->measure, std::chrono::seconds(9));
  EXPECT_EQ(profile->repeats, 2) << "the rest of design: comes from the included file";
  EXPECT_THAT(profile->source, HasSubstr("does anything break in?"));
}

TEST_F(ProfileFiles, ErrorsNameTheFileTheyAreIn) {
  write("common/base.yaml", with("2us", "2parsecs"));
  const auto profile = read_profile(write("top.yaml", "include: common/base.yaml\nnam: top\n"));
  ASSERT_FALSE(profile);
  EXPECT_THAT(profile.error().what, HasSubstr("base.yaml:3:"));
  EXPECT_THAT(profile.error().what, HasSubstr("top.yaml:2:1: unknown key \"nam\""));
}

TEST_F(ProfileFiles, MissingAndCircularIncludesAreErrors) {
  EXPECT_FALSE(read_profile((directory_ / "none.yaml").string()));
  const auto profile = read_profile(write("self.yaml", "include: self.yaml\nname: x\n"));
  ASSERT_FALSE(profile);
  EXPECT_THAT(profile.error().what, HasSubstr("form a cycle"));
}

TEST_F(ProfileFiles, AnIncludeCopiesNoFileThatIsNoProfile) {
  write("key.yaml", "-----BEGIN KEY-----\nc2VjcmV0\n-----END KEY-----\n");
  write("shadow.yaml", "root:$6$c2VjcmV0:19000:0\n*: [\n");
  write("list.yaml", "[c2VjcmV0]\n");
  write("values.yaml",
        "name: c2VjcmV0!\nquestion: q\nprobe: c2VjcmV0\n"
        "cpus: {measured: c2VjcmV0}\narms: {idle: {kernel: c2VjcmV0 c2VjcmV0},\n"
        " a: {workloads: [direct_map: {pages: c2VjcmV0}, c2VjcmV0]}}\n"
        "design: {measure: c2VjcmV0, order: c2VjcmV0, repeats: c2VjcmV0}\n");
  write("plain.txt", "name: x\n");
  std::filesystem::create_directory_symlink("/", directory_ / "root");
  std::filesystem::create_symlink("/etc/passwd", directory_ / "passwd.yaml");
  write("common/outside.yaml", "include: ../../outside.yaml\n");
  ASSERT_EQ(::mkfifo((directory_ / "fifo.yaml").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", directory_ / "zero.yaml");
  for (const char* name :
       {"key.yaml", "shadow.yaml", "list.yaml", "values.yaml", "plain.txt", "/etc/passwd",
        "passwd.yaml", "root/etc/passwd", "../x.yaml", "common/outside.yaml", "fifo.yaml",
        "zero.yaml", "common", "''", "[[a]]"}) {
    const auto profile =
        read_profile(write("top.yaml", std::string(kGood) + "include: " + name + "\n"));
    ASSERT_FALSE(profile) << name;
    EXPECT_EQ(profile.error().kind, ErrorKind::usage) << name;
    EXPECT_THAT(profile.error().what, testing::Not(HasSubstr("c2VjcmV0"))) << name;
    EXPECT_THAT(profile.error().what, testing::Not(HasSubstr("root:"))) << name;
  }
}

TEST_F(ProfileFiles, IncludesAreBounded) {
  for (int i = 0; i < 10; ++i)
    write("c" + std::to_string(i) + ".yaml", "include: c" + std::to_string(i + 1) + ".yaml\n");
  EXPECT_THAT(read_profile((directory_ / "c0.yaml").string()).error().what,
              HasSubstr("c8.yaml:1:10: includes are nested too deeply"));
  for (char c = 'a'; c < 'g'; ++c) {
    const std::string next = std::string(1, static_cast<char>(c + 1)) + ".yaml";
    write(std::string(1, c) + ".yaml", "include: [" + next + ", " + next + ", " + next + "]\n");
  }
  write("g.yaml", "{}\n");
  EXPECT_THAT(read_profile((directory_ / "a.yaml").string()).error().what,
              HasSubstr("too many includes; expected at most 64 in all"));
  write("big.yaml", "# " + std::string(600'000, 'x') + "\n{}\n");
  EXPECT_THAT(read_profile(write("two.yaml", "include: [big.yaml, big.yaml]\n")).error().what,
              HasSubstr("two.yaml:1:21: cannot read"));
  EXPECT_THAT(
      read_profile(write("self.yaml", "include: [common/../self.yaml, self.yaml]\n")).error().what,
      HasSubstr("self.yaml:1:11: includes form a cycle: self.yaml -> common/../self.yaml"));
}

/// Every profile that is shipped can be read.
TEST(Profile, ShippedProfilesAreRight) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ISOLAB_SOURCE_DIR "/profiles")) {
    if (entry.path().extension() != ".yaml") continue;
    ++seen;
    const auto profile = read_profile(entry.path().string());
    EXPECT_TRUE(profile) << profile.error().what;
  }
  EXPECT_GE(seen, 5);
}

TEST(NearestWord, KnowsTyposFromOtherWords) {
  EXPECT_EQ(nearest_word("hakbench", {"idle", "hackbench", "membarrier"}), "hackbench");
  EXPECT_EQ(nearest_word("zzzzzz", {"idle", "hackbench"}), "");
}

}  // namespace
}  // namespace isolab
