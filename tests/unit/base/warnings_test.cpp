// SPDX-License-Identifier: Apache-2.0
// The table of warnings is whole, each row is raised somewhere, and nothing warns beside it.
// docs/warnings.md is the table: after a wanted change ISOLAB_UPDATE_GOLDEN=1, then read the diff.
#include "base/warnings.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <type_traits>

#include "base/directory.h"
#include "base/text_file.h"
#include "tests/support/golden_file.h"

namespace isolab {
namespace {

// Four texts in braces are no warning: whoever warns names a row.
static_assert(!std::is_aggregate_v<Warning>);

bool is_fragment(const std::string& text) {
  return !text.empty() && std::isupper(static_cast<unsigned char>(text.front())) == 0 &&
         text.back() != '.';
}

TEST(WarningTable, EveryRowSaysWhyItMattersAndWhatToDo) {
  std::set<std::string> ids;
  for (const auto& row : all_warnings()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id << " stands there twice";
    EXPECT_TRUE(is_fragment(row.matters)) << row.id << ": " << row.matters;
    EXPECT_TRUE(is_fragment(row.advice)) << row.id << ": " << row.advice;
  }
}

TEST(WarningTable, WhatHelpsHereTakesThePlaceOfTheAdvice) {
  const auto usual = make_warning(WarningId::not_restored, "seen");
  EXPECT_EQ(usual.id, "not_restored");
  EXPECT_EQ(usual.id, warning_word(WarningId::not_restored));
  EXPECT_EQ(usual.seen, "seen");
  const auto here = make_warning(WarningId::not_restored, "seen", "set /x manually");
  EXPECT_EQ(here.advice, "set /x manually");
  EXPECT_NE(usual.advice, here.advice);
  EXPECT_EQ(usual.matters, here.matters);
}

TEST(WarningTable, EachRowIsRaisedSomewhere) {
  std::string sources;
  for (const char* room : {"analysis", "import", "cli", "probes", "runner"}) {
    const auto files = files_below(std::string(ISOLAB_SOURCE_DIR "/") + room);
    ASSERT_TRUE(files) << files.error().text();
    for (const auto& file : *files)
      if (file.extension() == ".cpp") sources += read_text_file(file).value_or("");
  }
  std::erase_if(sources, [](char c) { return c == ' ' || c == '\n'; });
  for (const auto& row : all_warnings())
    EXPECT_NE(sources.find(std::string("make_warning(WarningId::") + row.id + ","),
              std::string::npos)
        << row.id;
}

TEST(WarningTable, IsPrintedInTheDocs) {
  std::string page =
      "# Warnings\n\n"
      "The warnings of a run and its analysis, in the report and as `warnings` in JSON. "
      "`unit_base` "
      "makes\n"
      "this page from `base/warnings.def`. The third column is replaced where there is a more "
      "exact "
      "advice:\n"
      "the hint of an error, a file to write.\n\n"
      "| warning | why it matters | what to do |\n|---|---|---|\n";
  for (const auto& row : all_warnings())
    page += std::string("| `") + row.id + "` | " + row.matters + " | " + row.advice + " |\n";
  test::expect_golden("../../docs/warnings.md", page);
}

}  // namespace
}  // namespace isolab
