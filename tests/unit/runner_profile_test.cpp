// SPDX-License-Identifier: Apache-2.0
// Profiles: everything wrong is found at once, with its place; what is right resolves completely.
#include "runner/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
              HasSubstr("p.yaml:2:1: \"name\" stands here a second time"));
  EXPECT_THAT(error_of(with("measure: 3s", "measure: 3")),
              HasSubstr("measure: \"3\" is no duration"));
  EXPECT_THAT(error_of(with("measure: 3s, ", "")), HasSubstr("measure: is missing"));
  EXPECT_THAT(error_of(with("/proc/sys/vm/stat_interval", "/etc/passwd")),
              HasSubstr("is not a kernel file"));
  EXPECT_THAT(error_of(with("/proc/sys/vm/stat_interval", "/sys/../etc/passwd")),
              HasSubstr("goes up again"));
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
              HasSubstr("p.yaml:5:18: kernel: \"6.1 rt\" is no kernel's name; expected a name of "
                        "`isolab vm kernels`"));
  EXPECT_THAT(of("{kernel: [6.1]}"), HasSubstr("kernel: is a list"));
  EXPECT_THAT(of("{kernel: ''}"), HasSubstr("kernel: is empty"));
  EXPECT_THAT(of("{kernel: -rt}"), HasSubstr("is no kernel's name"));
  EXPECT_THAT(of("{kernel: default}"), HasSubstr("is no kernel's name"));
  EXPECT_THAT(of("{cmdline: a}"), HasSubstr("did you mean \"cmdline+\"?"));
  EXPECT_THAT(of("{cmdline+: a -- b}"), HasSubstr("\"--\" ends the kernel's own words"));
  EXPECT_THAT(of("{cmdline+: 'a=\"b c'}"), HasSubstr("open quote"));
  EXPECT_THAT(of("{cmdline+: \"a\\nb\"}"),
              HasSubstr("characters that a command line cannot carry"));
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

class ProfileFiles : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_ / "common"); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }
  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("isolab-profile-" + std::to_string(::getpid()));
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
  EXPECT_THAT(profile.error().what, HasSubstr("in a circle"));
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
