// SPDX-License-Identifier: Apache-2.0
// The page walker on pages made by hand: every kind of record, every kind of damage.
#include "trace/read/page.h"

#include <gtest/gtest.h>

#include "trace/read/reader.h"

namespace isolab {
namespace {

/// Builds a page word by word.
class Page {
 public:
  explicit Page(std::uint64_t time) : time_(time) {}
  Page& word(std::uint32_t value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    data_.insert(data_.end(), bytes, bytes + 4);
    return *this;
  }
  Page& head(std::uint32_t type, std::uint32_t delta) { return word(delta << 5 | type); }
  /// A short event of `words` payload words, 2 or more: id, pid, then zeroes.
  Page& event(std::uint32_t delta, std::uint16_t id, std::int32_t pid, std::uint32_t words = 2) {
    head(words, delta).word(id).word(static_cast<std::uint32_t>(pid));
    for (std::uint32_t i = 2; i < words; ++i) word(0);
    return *this;
  }
  std::vector<std::byte> bytes(std::uint64_t flags = 0, std::size_t total = 4096) const {
    std::vector<std::byte> page(total);
    const std::uint64_t commit = data_.size() + flags;
    std::memcpy(page.data(), &time_, 8);
    std::memcpy(page.data() + 8, &commit, 8);
    std::copy_n(data_.begin(), std::min(data_.size(), total - 16), page.begin() + 16);
    return page;
  }
  std::size_t size() const { return data_.size(); }

 private:
  std::uint64_t time_;
  std::vector<std::byte> data_;
};

struct Seen {
  std::uint64_t time;
  std::uint16_t id;
  std::int32_t pid;
  std::uint32_t size;
  bool operator==(const Seen&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << "{" << seen.time << ", id " << seen.id << ", pid " << seen.pid << ", " << seen.size
             << " bytes}";
}

std::vector<Seen> walk(const std::vector<std::byte>& page, PageFault expected = PageFault::none,
                       const PageLayout& layout = {}) {
  std::vector<Seen> seen;
  const auto fault = walk_page(page, layout, 3, [&](const TraceEvent& event) {
    EXPECT_EQ(event.cpu, 3);
    seen.push_back({event.time, event.id(), event.pid(), event.size});
  });
  EXPECT_EQ(fault, expected) << to_string(fault);
  return seen;
}

TEST(PageCursor, AddsDeltasToTheTimeOfThePage) {
  const auto page = Page(1000).event(0, 7, 42).event(5, 8, -1, 5).event(1, 9, 0).bytes();
  EXPECT_EQ(walk(page), (std::vector<Seen>{{1000, 7, 42, 8}, {1005, 8, -1, 20}, {1006, 9, 0, 8}}));
}

TEST(PageCursor, ReadsLongPayloads) {
  // 30 words of payload do not fit type_len; the length word counts itself.
  Page page(0);
  page.head(0, 2).word(4 + 120).word(11).word(5);
  for (int i = 2; i < 30; ++i) page.word(0);
  page.event(1, 12, 6);
  EXPECT_EQ(walk(page.bytes()), (std::vector<Seen>{{2, 11, 5, 120}, {3, 12, 6, 8}}));
}

TEST(PageCursor, ExtendsTheDelta) {
  const auto page = Page(100).head(30, 3).word(2).event(4, 1, 1).bytes();
  EXPECT_EQ(walk(page), (std::vector<Seen>{{100 + 3 + (2ull << 27) + 4, 1, 1, 8}}));
}

TEST(PageCursor, TakesAbsoluteTimes) {
  const std::uint64_t time = 0x123456789abcdef;  // 57 bits
  const auto page = Page(100)
                        .head(31, time & 0x7ffffff)
                        .word(static_cast<std::uint32_t>(time >> 27))
                        .event(1, 1, 1)
                        .bytes();
  EXPECT_EQ(walk(page), (std::vector<Seen>{{time + 1, 1, 1, 8}}));
}

TEST(PageCursor, CompletesAbsoluteTimesWithTheHighBitsOfThePage) {
  const std::uint64_t high = 3ull << 59;
  // 59 bits: 5 in the delta, the page is at 10 -> the low bits wrapped.
  const auto wrapped = Page(high + 10).head(31, 5).word(0).event(0, 1, 1).bytes();
  EXPECT_EQ(walk(wrapped), (std::vector<Seen>{{high + (1ull << 59) + 5, 1, 1, 8}}));
  const auto straight = Page(high + 10).head(31, 12).word(0).event(0, 1, 1).bytes();
  EXPECT_EQ(walk(straight), (std::vector<Seen>{{high + 12, 1, 1, 8}}));
}

TEST(PageCursor, SkipsDiscardedEventsButKeepsTheirTime) {
  const auto page = Page(0).head(29, 9).word(8).word(0xdead).event(1, 1, 1).bytes();
  EXPECT_EQ(walk(page), (std::vector<Seen>{{10, 1, 1, 8}}));
  const auto delta_zero = Page(0).head(29, 1).word(8).word(0xdead).event(1, 1, 1).bytes();
  EXPECT_EQ(walk(delta_zero), (std::vector<Seen>{{1, 1, 1, 8}}));
}

TEST(PageCursor, StopsAtPaddingToTheEnd) {
  const auto page = Page(0).event(0, 1, 1).head(29, 0).event(1, 2, 2).bytes();
  EXPECT_EQ(walk(page), (std::vector<Seen>{{0, 1, 1, 8}}));
}

TEST(PageCursor, WalksEmptyAndPartialPages) {
  EXPECT_TRUE(walk(Page(5).bytes()).empty());
  const Page page = Page(5).event(1, 1, 1).event(1, 2, 2);
  EXPECT_EQ(walk(page.bytes(0, 16 + page.size())).size(), 2u);
}

TEST(PageCursor, WalksPagesOf64KiB) {
  Page page(0);
  for (int i = 0; i < 5000; ++i) page.event(1, 1, i);
  const auto seen = walk(page.bytes(0, 65536), PageFault::none, PageLayout{65520});
  ASSERT_EQ(seen.size(), 5000u);
  EXPECT_EQ(seen.back(), (Seen{5000, 1, 4999, 8}));
}

TEST(PageCursor, TellsOfLostEvents) {
  auto page = Page(0).event(0, 1, 1).bytes(PageCursor::kMissedEvents);
  PageCursor cursor;
  ASSERT_EQ(cursor.open(page, PageLayout{}), PageFault::none);
  EXPECT_TRUE(cursor.lost().some);
  EXPECT_EQ(cursor.lost().count, 0u);

  // The count stands behind the events, and the kernel's 1 << 31 is a negative int.
  page = Page(0).event(0, 1, 1).bytes(~std::uint64_t{0} << 31 | PageCursor::kMissedStored);
  const std::uint64_t count = 41788;
  std::memcpy(page.data() + 16 + 12, &count, 8);
  ASSERT_EQ(cursor.open(page, PageLayout{}), PageFault::none);
  EXPECT_EQ(cursor.lost().count, count);
  EXPECT_EQ(walk(page).size(), 1u);
}

TEST(PageCursor, KeepsWhatCameBeforeAFault) {
  const std::vector<Seen> first{{1, 1, 1, 8}};
  // An event reaching over the end, with and without a length word.
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(5, 1).word(0).bytes(), PageFault::event), first);
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(0, 1).word(4000).bytes(), PageFault::event), first);
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(0, 1).word(~0u).bytes(), PageFault::event), first);
  // A payload too short for the common fields, with and without a length word.
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(1, 1).word(0).bytes(), PageFault::event), first);
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(0, 1).word(4).bytes(), PageFault::event), first);
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(0, 1).word(0).bytes(), PageFault::event), first);
  // Padding over the end; time records without their second word.
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(29, 1).word(~0u).bytes(), PageFault::event), first);
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(30, 1).bytes(), PageFault::event), first);
  EXPECT_EQ(walk(Page(0).event(1, 1, 1).head(31, 1).bytes(), PageFault::event), first);
}

TEST(PageCursor, RefusesPagesThatAreNone) {
  const auto good = Page(0).event(1, 1, 1).bytes();
  for (std::size_t size : {0u, 1u, 15u, 16u, 27u})
    walk({good.begin(), good.begin() + static_cast<long>(size)}, PageFault::truncated);
  auto page = good;
  const auto set_commit = [&](std::uint64_t commit) { std::memcpy(page.data() + 8, &commit, 8); };
  set_commit(4081);
  walk(page, PageFault::commit);
  set_commit(std::uint64_t{1} << 40);
  walk(page, PageFault::commit);
  set_commit(__builtin_bswap64(12));
  walk(page, PageFault::big_endian);
}

TEST(CpuReader, GoesOnBehindAFaultyPage) {
  const auto good = Page(10).event(1, 1, 1).bytes();
  auto bad = Page(20).event(1, 2, 2).head(5, 1).bytes();
  auto bytes = good;
  bytes.insert(bytes.end(), bad.begin(), bad.end());
  bytes.insert(bytes.end(), good.begin(), good.end());  // time goes back here
  bytes.insert(bytes.end(), good.begin(), good.begin() + 20);
  CpuReader reader(bytes, 0, PageLayout{});
  std::vector<std::uint16_t> ids;
  for (TraceEvent event; reader.next(event);) ids.push_back(event.id());
  EXPECT_EQ(ids, (std::vector<std::uint16_t>{1, 2, 1}));
  TraceEvent event;
  EXPECT_FALSE(reader.next(event));  // and again
  EXPECT_EQ(reader.summary().pages, 4u);
  EXPECT_EQ(reader.summary().faulty_pages, 2u);
  EXPECT_EQ(reader.summary().first_fault, PageFault::event);
  EXPECT_EQ(reader.summary().first_fault_page, 1u);
  EXPECT_EQ(reader.summary().backward, 1u);
}

TEST(TraceMerger, DeliversAllCpusInTimeOrder) {
  std::vector<std::vector<std::byte>> buffers;
  std::size_t total = 0;
  for (std::uint32_t cpu = 0; cpu < 7; ++cpu) {
    std::vector<std::byte> bytes;
    for (std::uint32_t p = 0; p < cpu; ++p) {  // CPU 0 has no page at all
      Page page(100 * p);
      for (std::uint32_t i = 0; i < 10; ++i, ++total) page.event((i * 7 + cpu) % 5, 1, 0);
      const auto one = page.bytes();
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    buffers.push_back(std::move(bytes));
  }
  std::vector<CpuReader> readers;
  for (int cpu = 0; cpu < 7; ++cpu)
    readers.emplace_back(buffers[static_cast<std::size_t>(cpu)], cpu, PageLayout{});
  std::vector<std::pair<std::uint64_t, int>> order;
  const auto summaries = merge_cpus(std::move(readers), [&](const TraceEvent& event) {
    order.emplace_back(event.time, event.cpu);
  });
  EXPECT_EQ(order.size(), total);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  ASSERT_EQ(summaries.size(), 7u);
  EXPECT_EQ(summaries[6].pages, 6u);
}

TEST(TraceMerger, OfNothingIsEmpty) {
  TraceMerger merger({});
  EXPECT_EQ(merger.next(), nullptr);
  EXPECT_EQ(merger.next(), nullptr);
}

}  // namespace
}  // namespace isolab
