// SPDX-License-Identifier: Apache-2.0
// The gaps of one CPU in time order, in memory or in a mapped file. A day at 1000 gaps per second
// is 1.4 GB, so a reader that goes from the first to the last releases the pages behind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace isolab {

/// One gap in the probe's time: it started at `start` (absolute ticks) and lasted `length` ticks.
struct Gap {
  std::uint64_t start = 0;
  std::uint64_t length = 0;
  bool operator==(const Gap&) const = default;
};

/// Where gaps are that are not in memory (results/blobs.h).
class GapStore {
 public:
  GapStore() = default;
  GapStore(const GapStore&) = delete;
  GapStore& operator=(const GapStore&) = delete;
  virtual ~GapStore() = default;
  virtual std::span<const Gap> gaps() const = 0;
  /// The memory of the gaps before `index` is not needed now; they are read again when used.
  virtual void release_below(std::size_t index) const = 0;
};

class GapList {
 public:
  using value_type = Gap;
  using const_iterator = const Gap*;
  static constexpr std::size_t kBlock = 1 << 16;  // gaps between two releases: 1 MiB

  GapList() = default;
  GapList(std::initializer_list<Gap> gaps) : own_(gaps) {}
  GapList(std::vector<Gap> gaps) : own_(std::move(gaps)) {}
  explicit GapList(std::shared_ptr<const GapStore> store) : store_(std::move(store)) {}

  std::span<const Gap> view() const { return store_ ? store_->gaps() : std::span(own_); }
  std::size_t size() const { return view().size(); }
  bool empty() const { return view().empty(); }
  const_iterator begin() const { return view().data(); }
  const_iterator end() const { return begin() + size(); }
  const Gap& operator[](std::size_t index) const { return view()[index]; }
  const Gap& back() const { return view().back(); }

  /// To be changed; a mapped list is copied into memory.
  std::vector<Gap>& own() {
    if (store_) {
      own_.assign(begin(), end());
      store_.reset();
    }
    return own_;
  }
  void push_back(const Gap& gap) { own().push_back(gap); }

  void release_below(std::size_t index) const {
    if (store_) store_->release_below(index);
  }
  /// Calls `use(const Gap&)` for all, in bounded memory.
  template <class Use>
  void for_each(Use&& use) const {
    const auto all = view();
    for (std::size_t i = 0; i < all.size(); ++i) {
      use(all[i]);
      if ((i + 1) % kBlock == 0) release_below(i + 1);
    }
    release_below(all.size());
  }

  bool operator==(const GapList& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  std::vector<Gap> own_;
  std::shared_ptr<const GapStore> store_;
};

}  // namespace isolab
