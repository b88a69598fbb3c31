// SPDX-License-Identifier: Apache-2.0
#include "results/blobs.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/sample_recording.h"
#include "tests/support/temporary_directory.h"

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
              StartsWith("cpu1:3: the total is 3"));
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
  auto bytes = pack_gaps(std::vector<Gap>{{1, 2}});
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

/// Pages of the file that this process has in memory, in KiB.
std::size_t resident_kib(const std::filesystem::path& file) {
  std::ifstream maps("/proc/self/smaps");
  bool here = false;
  std::size_t sum = 0;
  for (std::string line; std::getline(maps, line);) {
    if (const auto dash = line.find('-'); dash < line.find(' '))
      here = line.ends_with(file.string());
    if (here && line.starts_with("Rss:")) sum += std::stoul(line.substr(4));
  }
  return sum;
}

std::vector<Gap> many_gaps(std::size_t count) {
  std::vector<Gap> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = {1000 * i, i % 777};
  return out;
}

TEST(GapFile, ALargeOneStaysOnDiskAndIsReadInBoundedMemory) {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "cpu1.gaps";
  const auto gaps = many_gaps(2'000'000);  // 32 MB
  std::ofstream(file, std::ios::binary) << pack_gaps(gaps);
  const auto list = load_gaps(file, "cpu1.gaps");
  ASSERT_TRUE(list) << list.error().what;
  ASSERT_EQ(list->size(), gaps.size());
  std::size_t next = 0, wrong = 0, most = 0;
  list->for_each([&](const Gap& gap) {
    if (gap != gaps[next]) ++wrong;
    if (++next % 300'000 == 0) most = std::max(most, resident_kib(file));
  });
  EXPECT_EQ(next, gaps.size());
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(most, 0u);  // it is mapped, and smaps lists it
  EXPECT_LT(most, 4096u);
  EXPECT_EQ((*list)[5], gaps[5]);  // given back, read again
  auto copy = *list;
  copy.own().pop_back();
  EXPECT_EQ(copy.size() + 1, list->size());
}

TEST(GapFile, ALargeOneThatIsDamagedIsRefusedWithTheSameWords) {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "cpu1.gaps";
  const auto bytes = pack_gaps(many_gaps(100'000));
  for (const std::size_t place : {0u, 8u, 16u, 24u, 1'600'023u, 1'600'031u}) {
    auto flipped = bytes;
    flipped[place] = static_cast<char>(flipped[place] ^ 4);
    std::ofstream(file, std::ios::binary) << flipped;
    const auto mapped = load_gaps(file, "cpu1.gaps");
    ASSERT_FALSE(mapped) << place;
    EXPECT_EQ(mapped.error().what, unpack_gaps("cpu1.gaps", flipped).error().what);
  }
  for (const std::size_t length : {bytes.size() - 1, bytes.size() - 16, std::size_t{70'000}}) {
    std::ofstream(file, std::ios::binary) << bytes.substr(0, length);
    EXPECT_FALSE(load_gaps(file, "cpu1.gaps")) << length;
  }
}

TEST(GapFile, ASmallOneIsReadAndAMissingOneIsNamed) {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "cpu1.gaps";
  std::ofstream(file, std::ios::binary) << pack_gaps(std::vector<Gap>{{5, 6}});
  EXPECT_EQ(*load_gaps(file, "cpu1.gaps"), (GapList{{5, 6}}));
  EXPECT_THAT(load_gaps(directory.path() / "none", "none").error().what,
              HasSubstr((directory.path() / "none").string()));
}

// Its owner may cut it at any time; the kernel answers a read behind the end with SIGBUS.
TEST(GapFileDeathTest, OneThatIsCutWhileItIsReadIsAnErrorAndNoSignal) {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "cpu1.gaps";
  std::ofstream(file, std::ios::binary) << pack_gaps(many_gaps(1'000'000));
  EXPECT_EXIT(
      {
        const auto list = load_gaps(file, "cpu1.gaps");
        std::filesystem::resize_file(file, 4096);
        std::uint64_t sum = 0;
        list->for_each([&](const Gap& gap) { sum += gap.length; });
        std::exit(sum == 0 ? 3 : 4);
      },
      testing::ExitedWithCode(1), "truncated while it was read");
}

TEST(GapFile, ALinkOrAFifoIsNotRead) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory / "real", std::ios::binary) << pack_gaps(std::vector<Gap>{{5, 6}});
  std::filesystem::create_symlink("real", directory / "link");
  EXPECT_EQ(load_gaps(directory / "link", "link").error().kind, ErrorKind::denied);
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(load_gaps(directory / "fifo", "fifo").error().kind, ErrorKind::denied);
}

}  // namespace
}  // namespace isolab
