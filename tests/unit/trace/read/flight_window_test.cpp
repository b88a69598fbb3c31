// SPDX-License-Identifier: Apache-2.0
#include "trace/read/flight_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/environment.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/trace_builder.h"

namespace isolab::test {
namespace {

std::vector<std::vector<std::byte>> pages_of(std::vector<std::byte> bytes) {
  std::vector<std::vector<std::byte>> out;
  for (std::size_t at = 0; at < bytes.size(); at += 4096)
    out.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + 4096));
  return out;
}

class FlightWindowTest : public testing::Test {
 protected:
  std::vector<std::uint64_t> advance(FlightWindow& window, std::uint64_t until) {
    std::vector<std::uint64_t> times;
    window.advance(until, [&](const TraceEvent& event) { times.push_back(event.time); });
    return times;
  }
  const PageLayout layout_ = made_formats().layout;
};

TEST_F(FlightWindowTest, EventsComeOnceAndInOrderAlsoFromPagesThatAreNotReadToTheirEnd) {
  TraceBuilder make;
  for (const std::uint64_t time : {10U, 30U, 50U}) make.tick(0, time);
  for (const std::uint64_t time : {20U, 40U, 60U}) make.tick(1, time);
  const auto pages = make.take();
  FlightWindow window(layout_, {.keep = 1000});
  window.add(0, pages.at(0));
  window.add(1, pages.at(1));
  EXPECT_THAT(advance(window, 35), testing::ElementsAre(10, 20, 30));
  EXPECT_THAT(advance(window, 35), testing::IsEmpty());
  EXPECT_THAT(advance(window, 55), testing::ElementsAre(40, 50));
  EXPECT_THAT(advance(window, 100), testing::ElementsAre(60));
  EXPECT_EQ(window.events(), 6u);
}

TEST_F(FlightWindowTest, WritesWhatIsNotOlderThanAskedFor) {
  FlightWindow window(layout_, {.keep = 1'000'000});
  for (const std::uint64_t time : {1000U, 2000U, 3000U}) {
    TraceBuilder make;
    make.tick(2, time);
    window.add(2, make.take().at(2));
  }
  advance(window, 5000);
  const TemporaryDirectory directory;
  ASSERT_TRUE(window.write(directory.path(), 2000));
  auto reader = CpuReader::open(directory.path() / "cpu2.raw", 2, layout_);
  ASSERT_TRUE(reader);
  std::vector<std::uint64_t> times;
  for (TraceEvent event; reader->next(event);) times.push_back(event.time);
  EXPECT_THAT(times, testing::ElementsAre(2000, 3000));
}

TEST_F(FlightWindowTest, TheOldestPageGoesWhereMemoryIsFull) {
  FlightWindow window(layout_, {.keep = ~std::uint64_t{0}, .most_bytes = 3 * 4096});
  for (std::uint64_t time = 1; time <= 10; ++time) {
    TraceBuilder make;
    make.tick(0, time);
    window.add(0, make.take().at(0));
  }
  EXPECT_EQ(advance(window, 100).size(), 10u);
  EXPECT_EQ(window.bytes(), 3u * 4096);
  EXPECT_EQ(window.forgotten(), 7u);
}

/// A page of CPU 0 and one of CPU 1, with their times moved on each round: as many events as are
/// asked for, and memory that does not grow. ISOLAB_FLIGHT_EVENTS=1000000000 is a day at 11,574/s.
TEST_F(FlightWindowTest, MemoryIsFlatHoweverManyEventsPass) {
  const std::uint64_t wanted =
      std::stoull(environment("ISOLAB_FLIGHT_EVENTS").value_or("10000000"));
  TraceBuilder make;
  for (std::uint64_t i = 0; i < 250; ++i) make.tick(0, 10 * i), make.tick(1, 10 * i + 5);
  const auto made = make.take();
  std::map<int, std::vector<std::vector<std::byte>>> pages;
  for (const auto& [cpu, bytes] : made) pages[cpu] = pages_of(bytes);
  constexpr std::uint64_t kRound = 2500, kKeep = 50 * kRound;
  FlightWindow window(layout_, {.keep = kKeep});
  std::uint64_t seen = 0, last = 0, round = 0, backwards = 0;
  std::size_t most = 0;
  for (; seen < wanted; ++round) {
    for (auto& [cpu, of_cpu] : pages)
      for (auto& page : of_cpu) {
        window.add(cpu, page);
        std::uint64_t time = 0;
        std::memcpy(&time, page.data(), sizeof time);
        time += kRound;
        std::memcpy(page.data(), &time, sizeof time);
      }
    if (round % 20 != 19) continue;
    window.advance((round + 1) * kRound - 1, [&](const TraceEvent& event) {
      ++seen;
      backwards += event.time < last ? 1 : 0;
      last = event.time;
    });
    most = std::max(most, window.bytes());
  }
  // The event at time 0 does not come after the time 0 that was read until.
  EXPECT_EQ(seen + 1, round * 500);
  EXPECT_EQ(backwards, 0u);
  EXPECT_EQ(window.forgotten(), 0u);
  EXPECT_LE(most, (kKeep / kRound + 22) * 2 * 4096);
}

}  // namespace
}  // namespace isolab::test
