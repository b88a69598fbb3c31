// SPDX-License-Identifier: Apache-2.0
#include "results/blobs.h"

#include <gmock/gmock.h>

#include "tests/support/sample_recording.h"

namespace isolab {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(HistogramFile, IsReadableTextAndComesBack) {
  Histogram histogram;
  histogram.add(5, 2);
  histogram.add(1000);
  const auto text = print_histogram(histogram);
  EXPECT_EQ(text, "bucket,lowest,highest,count\n5,5,5,2\n317,1000,1007,1\ntotal,3\n");
  EXPECT_TRUE(test::same(*read_histogram("f", text), histogram));
  EXPECT_TRUE(read_histogram("f", print_histogram(Histogram{}))->empty());
}

TEST(HistogramFile, EveryTruncationIsSeen) {
  const auto text = print_histogram(test::sample_probe_cpu(1).histogram);
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(read_histogram("f", text.substr(0, length))) << length;
}

TEST(HistogramFile, NamesTheLine) {
  const std::string header = "bucket,lowest,highest,count\n";
  EXPECT_THAT(read_histogram("cpu1", "no\n").error().what,
              StartsWith("cpu1:1: expected the header"));
  EXPECT_THAT(read_histogram("cpu1", header + "5,5,5,2\n4,4,4,1\ntotal,3\n").error().what,
              StartsWith("cpu1:3: bucket 4 is out of order"));
  EXPECT_THAT(read_histogram("cpu1", header + "5,5,6,2\ntotal,2\n").error().what,
              HasSubstr("5..5, not 5..6"));
  EXPECT_THAT(read_histogram("cpu1", header + "5,5,5,-2\ntotal,2\n").error().what,
              HasSubstr("four numbers"));
  EXPECT_THAT(read_histogram("cpu1", header + "5,5,5,2\ntotal,3\n").error().what,
              StartsWith("cpu1:3: the total says 3"));
  EXPECT_FALSE(read_histogram("cpu1", header + "total,0\nmore\n"));
}

TEST(GapFile, ComesBackAndHasItsDocumentedSize) {
  const auto gaps = test::sample_probe_cpu(1).gaps;
  const auto bytes = pack_gaps(gaps);
  EXPECT_EQ(bytes.size(), 24 + 16 * gaps.size() + 8);
  EXPECT_EQ(*unpack_gaps("f", bytes), gaps);
  EXPECT_TRUE(unpack_gaps("f", pack_gaps({}))->empty());
}

TEST(GapFile, EveryTruncationAndEveryFlippedByteIsSeen) {
  const auto bytes = pack_gaps(test::sample_probe_cpu(1).gaps);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(unpack_gaps("f", bytes.substr(0, i))) << i;
    auto flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    EXPECT_FALSE(unpack_gaps("f", flipped)) << i;
  }
  EXPECT_FALSE(unpack_gaps("f", bytes + '\0'));
}

TEST(GapFile, NamesTheOffset) {
  auto bytes = pack_gaps({{1, 2}});
  EXPECT_THAT(unpack_gaps("cpu1.gaps", bytes.substr(0, 30)).error().what,
              StartsWith("cpu1.gaps:30: "));
  bytes[0] = 'x';
  EXPECT_THAT(unpack_gaps("cpu1.gaps", bytes).error().what,
              StartsWith("cpu1.gaps:0: this is not a gap log"));
}

TEST(GapFile, ACountThatOverflowsIsRefused) {
  auto bytes = pack_gaps({});
  bytes[23] = static_cast<char>(0xff);
  EXPECT_FALSE(unpack_gaps("f", bytes));
}

}  // namespace
}  // namespace isolab
