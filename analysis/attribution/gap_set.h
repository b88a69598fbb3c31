// SPDX-License-Identifier: Apache-2.0
// Some gaps of a CPU's list, by index: one bit each, since a quiet day has 100 million.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace isolab {

class GapSet {
 public:
  /// The members in ascending order.
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::size_t*;
    using reference = std::size_t;

    const_iterator() = default;
    std::size_t operator*() const {
      return 64 * word_ + static_cast<std::size_t>(std::countr_zero(rest_));
    }
    const_iterator& operator++() {
      rest_ &= rest_ - 1;
      skip();
      return *this;
    }
    const_iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const {
      return word_ == other.word_ && rest_ == other.rest_;
    }

   private:
    friend class GapSet;
    const_iterator(const std::vector<std::uint64_t>& words, std::size_t word)
        : words_(&words), word_(word), rest_(word < words.size() ? words[word] : 0) {
      skip();
    }
    void skip() {
      while (rest_ == 0 && word_ < words_->size())
        if (++word_ < words_->size()) rest_ = (*words_)[word_];
    }
    const std::vector<std::uint64_t>* words_ = nullptr;
    std::size_t word_ = 0;
    std::uint64_t rest_ = 0;
  };
  using value_type = std::size_t;

  /// Once for each member.
  void push_back(std::size_t index) {
    if (index / 64 >= words_.size()) words_.resize(index / 64 + 1);
    words_[index / 64] |= std::uint64_t{1} << index % 64;
    ++size_;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return {words_, 0}; }
  const_iterator end() const { return {words_, words_.size()}; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

}  // namespace isolab
