// SPDX-License-Identifier: Apache-2.0
// Listeners of several CPUs together, on the real machine: they start and leave as one. Needs root
// and two CPUs; changes nothing.
#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "host/os.h"
#include "probes/busy_loop/listener.h"

namespace isolab {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Listeners : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root to lock memory";
    if (this_thread_cpus().count() < 2) GTEST_SKIP() << "needs two CPUs";
    settings_.log_capacity = 10'000;
    const CpuSet cpus = this_thread_cpus();
    for (const int cpu : {cpus.first().value(), cpus.last().value()}) {
      auto listener = Listener::create(cpu, settings_);
      ASSERT_TRUE(listener) << listener.error().text();
      listeners_.push_back(*listener);
    }
  }
  void TearDown() override {
    stop_.store(1);
    for (const auto& listener : listeners_) Listener::retire(listener);
  }

  static bool within(Nanos limit, const std::function<bool()>& met) {
    for (Nanos spent{0}; spent < limit; spent += 1ms) {
      if (met()) return true;
      sleep_for(1ms);
    }
    return met();
  }
  bool all(bool (Listener::*state)() const) const {
    return std::all_of(listeners_.begin(), listeners_.end(),
                       [&](const auto& listener) { return ((*listener).*state)(); });
  }

  ListenerSettings settings_;
  std::atomic<std::uint32_t> stop_{0};
  std::vector<std::shared_ptr<Listener>> listeners_;
};

TEST_F(Listeners, StartAndLeaveTogetherWindowAfterWindow) {
  for (int window = 0; window < 3; ++window) {
    stop_.store(0);
    const auto round = std::make_shared<ListenerRound>(2);
    round->stop = &stop_;
    for (const auto& listener : listeners_) listener->listen_in(round, 1'000'000);
    ASSERT_TRUE(within(10s, [&] { return all(&Listener::started); }));
    sleep_for(50ms);
    stop_.store(1);
    ASSERT_TRUE(within(10s, [&] { return all(&Listener::finished); }));
    const LoopTotals& one = listeners_[0]->heard().totals;
    const LoopTotals& other = listeners_[1]->heard().totals;
    EXPECT_LT(std::max(one.start, other.start), std::min(one.end, other.end));
    for (const auto& listener : listeners_) {
      EXPECT_EQ(listener->heard().ended_on_cpu, listener->cpu());
      EXPECT_EQ(listener->histogram().total(), listener->heard().totals.iterations);
      EXPECT_GT(listener->floor_ticks(), 0);
      EXPECT_GE(static_cast<double>(listener->floor_limit()), 2 * listener->floor_ticks());
    }
  }
}

TEST_F(Listeners, DoNotListenWhenAPeerNeverArrives) {
  const auto round = std::make_shared<ListenerRound>(2);
  round->stop = &stop_;
  listeners_[0]->listen_in(round, 1'000'000);
  EXPECT_FALSE(within(50ms, [&] { return listeners_[0]->started(); }));
  round->given_up.store(1);
  ASSERT_TRUE(within(10s, [&] { return listeners_[0]->finished(); }));
  EXPECT_EQ(listeners_[0]->heard().totals.iterations, 0u);
}

TEST_F(Listeners, SayWhyTheyCannotBeMade) {
  const auto nowhere = Listener::create(4000, settings_);
  ASSERT_FALSE(nowhere);
  EXPECT_FALSE(nowhere.error().what.empty());

  settings_.log_capacity = std::size_t{1} << 50;
  const auto huge = Listener::create(listeners_[0]->cpu(), settings_);
  ASSERT_FALSE(huge);
  EXPECT_THAT(huge.error().text(), HasSubstr("log_capacity"));
}

}  // namespace
}  // namespace isolab
