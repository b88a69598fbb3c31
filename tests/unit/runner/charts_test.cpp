// SPDX-License-Identifier: Apache-2.0
// Charts of a recording that a stranger has prepared: what Python drew gets there, and nowhere
// else.
#include "runner/charts.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/scratch.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Charts : public testing::Test {
 protected:
  Charts() {
    scratch_.put("plots/render.py", "mkdir \"$2\"; cp \"$1\" \"$2/a.png\"; echo \"$2/a.png\"\n");
    scratch_.put("victim", "precious");
    fs::create_directory(recording_);
    ::setenv("ISOLAB_PYTHON", "/bin/sh", 1);
    ::setenv("ISOLAB_PLOTS", (scratch_ / "plots").c_str(), 1);
  }
  ~Charts() override {
    ::unsetenv("ISOLAB_PYTHON");
    ::unsetenv("ISOLAB_PLOTS");
  }
  test::TemporaryDirectory scratch_;
  fs::path recording_ = scratch_ / "recording";
};

TEST_F(Charts, AreWrittenThroughNoLink) {
  const auto place = OpenDirectory::open(recording_);
  ASSERT_TRUE(place);
  fs::create_directory(recording_ / "charts");
  for (const char* name : {"findings.json", "a.png", ".a.png.new"})
    fs::create_symlink(scratch_ / "victim", recording_ / "charts" / name);
  const auto drawn =
      draw_charts("{}", "findings.json", *place->folder("charts"), recording_ / "charts");
  ASSERT_TRUE(drawn) << drawn.error().text();
  EXPECT_THAT(*drawn, ElementsAre(recording_ / "charts" / "a.png"));
  EXPECT_EQ(test::text_of(recording_ / "charts" / "a.png"), "{}");
  EXPECT_EQ(test::text_of(recording_ / "charts" / "findings.json"), "{}");
  EXPECT_EQ(test::text_of(scratch_ / "victim"), "precious");
  fs::remove_all(recording_ / "charts");
  fs::create_directory(scratch_ / "elsewhere");
  fs::create_directory_symlink(scratch_ / "elsewhere", recording_ / "charts");
  EXPECT_EQ(place->folder("charts").error().kind, ErrorKind::denied);
}

TEST_F(Charts, ADirectoryThatTheUserNamesMayBeALink) {
  fs::create_directory(scratch_ / "elsewhere");
  fs::create_directory_symlink(scratch_ / "elsewhere", scratch_ / "link");
  ASSERT_TRUE(draw_charts("{}", "findings.json", scratch_ / "link"));
  EXPECT_TRUE(fs::exists(scratch_ / "elsewhere" / "a.png"));
  EXPECT_FALSE(draw_charts("{}", "findings.json", scratch_ / std::string(300, 'x')));
}

TEST_F(Charts, WithoutATemporaryDirectoryThereIsAnErrorAndNoException) {
  ::setenv("TMPDIR", (scratch_ / "none").c_str(), 1);
  const auto drawn = draw_charts("{}", "findings.json", recording_);
  ::unsetenv("TMPDIR");
  ASSERT_FALSE(drawn);
  EXPECT_THAT(drawn.error().text(), testing::HasSubstr("$TMPDIR"));
}

}  // namespace
}  // namespace isolab
