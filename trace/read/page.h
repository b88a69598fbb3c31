// SPDX-License-Identifier: Apache-2.0
// Walks one sub-buffer ("page") of the kernel's ring buffer in place. Header-only: this is the hot
// path of every analysis.
//
// Format: kernel/trace/ring_buffer.c (struct buffer_data_page) and include/linux/ring_buffer.h
// (struct ring_buffer_event), unchanged from 5.14 to 6.18. A page is a u64 timestamp, a 64-bit word
// `commit` and the events. An event is a u32 (type_len: low 5 bits, time_delta: high 27 bits), then
//   type_len 1..28  payload of 4 * type_len bytes
//            0      u32 length (itself included), then the payload
//            29     padding: delta 0 = nothing more on this page, else u32 length to skip
//            30     time extend: u32, the delta's bits from 27 upwards
//            31     time stamp: u32, the same, but the time's low 59 bits themselves
#pragma once

#include <algorithm>

#include "trace/read/event.h"

namespace isolab {

/// Why a page could not be read to its end. What came before the fault is valid.
enum class PageFault : std::uint8_t {
  none,
  truncated,   // fewer bytes than the header or its commit count says
  commit,      // more bytes committed than a page holds
  big_endian,  // the commit word makes sense only with its bytes swapped
  event,       // an event reaches beyond the committed bytes, or is too short to be one
};
const char* to_string(PageFault fault);

/// Events the ring dropped before this page, as the page's header tells.
struct LostEvents {
  bool some = false;
  std::uint64_t count = 0;  // 0: the kernel had no room to store the number
};

class PageCursor {
 public:
  // Bits of `commit`: RB_MISSED_EVENTS and RB_MISSED_STORED (ring_buffer.c); the rest is the
  // length. The kernel adds the first as the int 1 << 31, so the upper 32 bits are all ones with
  // it.
  static constexpr std::uint64_t kMissedEvents = std::uint64_t{1} << 31;
  static constexpr std::uint64_t kMissedStored = std::uint64_t{1} << 30;
  static constexpr std::uint64_t kLengthMask = kMissedStored - 1;

  PageCursor() = default;

  /// `page` may be shorter than the layout says if all committed bytes are there: a page read
  /// before it was full. Fails without events to walk.
  PageFault open(std::span<const std::byte> page, const PageLayout& layout, int cpu = 0) {
    at_ = end_ = nullptr;
    cpu_ = cpu;
    lost_ = {};
    fault_ = header(page, layout);
    return fault_;
  }

  /// False at the end of the page; then fault() tells whether it was the proper end.
  bool next(TraceEvent& event) {
    using trace_bytes::load;
    while (end_ - at_ >= 4) {
      const auto head = load<std::uint32_t>(at_);
      const std::uint32_t type = head & 31;
      const std::uint64_t delta = head >> 5;
      const auto left = static_cast<std::size_t>(end_ - at_) - 4;  // after the head
      if (type - 1 < kPadding - 1) {
        const std::uint32_t length = 4 * type;
        if (length > left || length < TraceEvent::kCommonBytes) break;
        time_ += delta;
        event = {time_, at_ + 4, length, cpu_};
        at_ += 4 + length;
        return true;
      }
      if (type == kPadding && delta == 0) {
        at_ = end_;
        return false;
      }
      if (left < 4) break;
      const auto word = load<std::uint32_t>(at_ + 4);
      if (type == kTimeExtend) {
        time_ += delta + (std::uint64_t{word} << kDeltaBits);
        at_ += 8;
      } else if (type == kTimeStamp) {
        time_ = absolute(delta + (std::uint64_t{word} << kDeltaBits));
        at_ += 8;
      } else if (type == kPadding) {
        if (word > left) break;
        // A discarded event keeps its delta; the kernel writes 1 where it was 0, and reads 1 as
        // 0 (rb_event_discard and check_buffer in ring_buffer.c, 5.10 and later).
        if (delta != 1) time_ += delta;
        at_ += 4 + std::size_t{word};
      } else {  // type 0: a long payload
        if (word < 4 + TraceEvent::kCommonBytes || word > left) break;
        const std::size_t rounded = (std::size_t{word} + 3) & ~std::size_t{3};
        time_ += delta;
        event = {time_, at_ + 8, word - 4, cpu_};
        at_ += 4 + std::min(rounded, left);
        return true;
      }
    }
    if (at_ != end_) {
      fault_ = PageFault::event;
      at_ = end_;
    }
    return false;
  }

  PageFault fault() const { return fault_; }
  const LostEvents& lost() const { return lost_; }
  std::uint64_t page_time() const { return page_time_; }  // of the header
  std::uint64_t time() const { return time_; }            // of the last event

 private:
  static constexpr std::uint32_t kPadding = 29, kTimeExtend = 30, kTimeStamp = 31;
  static constexpr int kDeltaBits = 27;

  PageFault header(std::span<const std::byte> page, const PageLayout& layout);

  /// The high five bits are not stored: they are those of the time so far, one higher after a wrap
  /// (rb_fix_abs_ts in ring_buffer.c).
  std::uint64_t absolute(std::uint64_t low) const {
    constexpr std::uint64_t kHigh = ~std::uint64_t{0} << 59;
    low |= time_ & kHigh;
    if ((time_ & kHigh) != 0 && low < time_) low += std::uint64_t{1} << 59;
    return low;
  }

  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
  std::uint64_t time_ = 0;
  std::uint64_t page_time_ = 0;
  LostEvents lost_;
  int cpu_ = 0;
  PageFault fault_ = PageFault::none;
};

inline PageFault PageCursor::header(std::span<const std::byte> page, const PageLayout& layout) {
  using trace_bytes::load;
  if (page.size() < PageLayout::kHeaderBytes) return PageFault::truncated;
  page_time_ = time_ = load<std::uint64_t>(page.data());
  const auto commit = load<std::uint64_t>(page.data() + 8);
  const auto sensible = [&](std::uint64_t word) {
    const auto upper = static_cast<std::uint32_t>(word >> 32);
    const bool sign_extended = upper == ~std::uint32_t{0} && (word & kMissedEvents) != 0;
    return (upper == 0 || sign_extended) && (word & kLengthMask) <= layout.data_bytes;
  };
  if (!sensible(commit))
    return sensible(__builtin_bswap64(commit)) ? PageFault::big_endian : PageFault::commit;
  const std::uint64_t length = commit & kLengthMask;
  const std::byte* data = page.data() + PageLayout::kHeaderBytes;
  const std::size_t present = page.size() - PageLayout::kHeaderBytes;
  if (length > present) return PageFault::truncated;
  if ((commit & kMissedEvents) != 0) {
    lost_.some = true;
    // 8 bytes after the events, `length` not including them.
    if ((commit & kMissedStored) != 0 && present - length >= 8)
      lost_.count = load<std::uint64_t>(data + length);
  }
  at_ = data;
  end_ = data + length;
  return PageFault::none;
}

/// Calls `visit(const TraceEvent&)` for every event of the page.
template <class Visitor>
PageFault walk_page(std::span<const std::byte> page, const PageLayout& layout, int cpu,
                    Visitor&& visit) {
  PageCursor cursor;
  if (const auto fault = cursor.open(page, layout, cpu); fault != PageFault::none) return fault;
  for (TraceEvent event; cursor.next(event);) visit(event);
  return cursor.fault();
}

}  // namespace isolab
