// SPDX-License-Identifier: Apache-2.0
// Independent pieces of work on the CPUs this process may use, their results taken in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <future>
#include <thread>

namespace isolab {

/// Calls `make(i)` for 0 <= i < count on up to `workers` threads at a time, and in the caller's
/// thread `use(i, make's result)` for i = 0, 1, 2 ...: the result does not depend on `workers`.
/// At most `workers` results exist at once. Exceptions of `make` are thrown here.
template <class Make, class Use>
void in_order(std::size_t count, std::size_t workers, const Make& make, const Use& use) {
  // async | deferred: without another thread, the caller does the work.
  const auto how = workers > 1 ? std::launch::async | std::launch::deferred : std::launch::deferred;
  std::deque<decltype(std::async(how, make, count))> ahead;
  for (std::size_t i = 0, next = 0; i < count; ++i) {
    for (; next < count && ahead.size() < std::max<std::size_t>(workers, 1); ++next)
      ahead.push_back(std::async(how, make, next));
    auto result = ahead.front().get();
    ahead.pop_front();
    use(i, std::move(result));
  }
}

/// As many as there are CPUs this process may run on (sched_getaffinity(2)).
inline std::size_t usual_workers() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace isolab
