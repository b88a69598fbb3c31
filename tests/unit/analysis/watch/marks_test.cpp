// SPDX-License-Identifier: Apache-2.0
#include "analysis/watch/marks.h"

#include <gtest/gtest.h>

#include "tests/support/trace_builder.h"

namespace isolab::test {
namespace {

class MarkEvents : public testing::Test {
 protected:
  MarkEvents() {
    const MadeEvent print{
        "ftrace", "print", 5, {{"unsigned long", "ip", 8, 8, 0}, {"char", "buf[]", 16, 0, 0}}};
    auto format = EventFormat::parse("ftrace", print.text());
    EXPECT_TRUE(format);
    if (format) EXPECT_TRUE(formats_.add(*std::move(format)));
  }
  std::optional<Mark> write(MarkPairs& pairs, std::uint64_t time, std::int32_t pid,
                            const std::string& text) {
    std::vector<std::byte> bytes(16 + text.size() + 1);
    bytes[0] = std::byte{5};
    std::memcpy(bytes.data() + 4, &pid, sizeof pid);
    std::memcpy(bytes.data() + 16, text.data(), text.size());
    return pairs.add({time, bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0});
  }
  TraceFormats formats_;
};

TEST_F(MarkEvents, BeginAndEndBelongTogetherByNameAndTask) {
  MarkPairs pairs(formats_);
  EXPECT_FALSE(write(pairs, 100, 7, "isolab begin cycle\n"));
  EXPECT_FALSE(write(pairs, 110, 8, "isolab begin cycle\n"));
  EXPECT_FALSE(write(pairs, 120, 7, "isolab end other\n"));
  const auto mark = write(pairs, 150, 7, "isolab end cycle\n");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->name, "cycle");
  EXPECT_EQ(mark->tid, 7);
  EXPECT_EQ(mark->span, (Gap{100, 50}));
  EXPECT_FALSE(write(pairs, 160, 7, "isolab end cycle\n"));
}

TEST_F(MarkEvents, AStopIsItsMoment) {
  MarkPairs pairs(formats_);
  const auto mark = write(pairs, 100, 7, "isolab stop late");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->kind, Mark::Kind::stop);
  EXPECT_EQ(mark->span, (Gap{100, 0}));
}

TEST_F(MarkEvents, TextOfOthersIsIgnoredAndMemoryIsBounded) {
  MarkPairs pairs(formats_);
  EXPECT_FALSE(write(pairs, 100, 7, "stop"));
  EXPECT_FALSE(write(pairs, 100, 7, "isolab"));
  EXPECT_FALSE(write(pairs, 100, 7, ""));
  for (std::int32_t pid = 1; pid <= 5000; ++pid) write(pairs, 100, pid, "isolab begin a");
  EXPECT_TRUE(write(pairs, 200, 4096, "isolab end a"));
  EXPECT_FALSE(write(pairs, 200, 4097, "isolab end a"));
}

}  // namespace
}  // namespace isolab::test
