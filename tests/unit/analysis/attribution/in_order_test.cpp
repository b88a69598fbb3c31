// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/in_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

namespace isolab {
namespace {

TEST(InOrder, ResultsComeInOrderWhateverTheNumberOfThreads) {
  for (const std::size_t workers : {0u, 1u, 2u, 7u, 100u}) {
    std::vector<std::size_t> seen;
    in_order(
        50, workers, [](std::size_t i) { return std::make_unique<std::size_t>(i * i); },
        [&](std::size_t i, std::unique_ptr<std::size_t> result) {
          EXPECT_EQ(*result, i * i);
          seen.push_back(i);
        });
    ASSERT_EQ(seen.size(), 50U);
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST(InOrder, NoMoreResultsExistThanThereAreWorkers) {
  std::atomic<int> alive{0}, most{0};
  struct Counted {
    std::atomic<int>* alive;
    ~Counted() { --*alive; }
  };
  in_order(
      40, 3,
      [&](std::size_t) {
        const int now = ++alive;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        return std::unique_ptr<Counted>(new Counted{&alive});
      },
      [](std::size_t, const std::unique_ptr<Counted>&) {});
  EXPECT_LE(most, 3);
  EXPECT_EQ(alive, 0);
}

TEST(InOrder, AnExceptionReachesTheCaller) {
  EXPECT_THROW(in_order(
                   3, 2,
                   [](std::size_t i) {
                     if (i == 1) throw std::runtime_error("no");
                     return i;
                   },
                   [](std::size_t, std::size_t) {}),
               std::runtime_error);
}

}  // namespace
}  // namespace isolab
