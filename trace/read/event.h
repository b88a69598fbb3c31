// SPDX-License-Identifier: Apache-2.0
// The format of the kernel's trace events: one event of the ring buffer, the text files that
// describe it (events/*/*/format, events/header_page) and fields resolved once to offset and size.
// Pure: bytes and text in, values out. Invalid text is a parse error, an invalid event reads as
// zero.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace isolab {

static_assert(std::endian::native == std::endian::little, "ring-buffer pages are read in place");

namespace trace_bytes {

template <class T>
inline T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace trace_bytes

/// One event, in place. `payload` points into the page and lives as long as the page is mapped; it
/// begins with the common fields (include/linux/trace_events.h, struct trace_entry), which readers
/// guarantee to be there: size >= 8. Offsets of format files count from its first byte.
struct TraceEvent {
  static constexpr std::uint32_t kCommonBytes = 8;

  std::uint64_t time = 0;  // in the unit of the trace clock
  const std::byte* payload = nullptr;
  std::uint32_t size = 0;  // bytes of payload, up to 3 of them padding
  int cpu = 0;             // whose buffer it was in

  std::uint16_t id() const { return trace_bytes::load<std::uint16_t>(payload); }
  std::uint8_t flags() const { return trace_bytes::load<std::uint8_t>(payload + 2); }
  std::uint8_t preempt_count() const { return trace_bytes::load<std::uint8_t>(payload + 3); }
  std::int32_t pid() const { return trace_bytes::load<std::int32_t>(payload + 4); }
  std::span<const std::byte> bytes() const { return {payload, size}; }
};

struct EventField {
  enum class Storage {
    fixed,     // the value or array is at `offset`
    data_loc,  // u32 at `offset`: low half the offset in the payload, high half the length
    rel_loc,   // the same, but the offset counts from the end of the u32
  };
  std::string type;  // "unsigned int", "void *", "char[]" without the storage word
  std::string name;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  bool is_signed = false;
  bool is_array = false;
  Storage storage = Storage::fixed;
  bool operator==(const EventField&) const = default;
};

struct EventFormat {
  std::string system;  // "csd"; the directory, not in the text
  std::string name;    // "csd_queue_cpu"
  std::uint16_t id = 0;
  std::vector<EventField> fields;  // common fields first

  const EventField* find(std::string_view field) const;

  /// Reads a format file. A text without name or ID, with common fields elsewhere than in struct
  /// trace_entry, or with numbers no kernel writes is a parse error.
  static Result<EventFormat> parse(std::string system, std::string_view text);
};

/// The geometry of one sub-buffer ("page") of the ring, from events/header_page.
struct PageLayout {
  static constexpr std::uint32_t kHeaderBytes = 16;
  std::uint32_t data_bytes = 4080;
  std::uint32_t page_bytes() const { return kHeaderBytes + data_bytes; }
  bool operator==(const PageLayout&) const = default;

  /// Refuses 32-bit kernels (commit of 4 bytes) as unsupported.
  static Result<PageLayout> parse(std::string_view text);
};

/// The formats of one trace.
class TraceFormats {
 public:
  /// A second format of the same id or name is a parse error.
  Result<void> add(EventFormat format);
  /// "csd:csd_queue_cpu"; nullptr if the trace does not have it.
  const EventFormat* find(std::string_view full_name) const;
  const EventFormat* find(std::uint16_t id) const {
    return id < by_id_.size() ? by_id_[id].get() : nullptr;
  }
  /// The id, or 0, which no event has: comparisons with an absent event simply never match.
  std::uint16_t id_of(std::string_view full_name) const;
  std::vector<const EventFormat*> all() const;  // by id

  PageLayout layout;

  /// Reads a directory like tracefs events/: header_page and SYSTEM/EVENT files (as a recording
  /// keeps them) or SYSTEM/EVENT/format.
  static Result<TraceFormats> load(const std::filesystem::path& directory);

 private:
  std::vector<std::shared_ptr<const EventFormat>> by_id_;
  std::map<std::string, std::uint16_t, std::less<>> by_name_;
};

/// A number of 1, 2, 4 or 8 bytes in an event, found once. Default: absent, reads as 0.
class NumberField {
 public:
  NumberField() = default;
  explicit NumberField(const EventField& field)
      : offset_(field.offset), size_(field.size), signed_(field.is_signed) {}

  /// unsupported if the trace has no such event or field; parse if the field is not a number.
  static Result<NumberField> resolve(const TraceFormats& formats, std::string_view event,
                                     std::string_view field);

  explicit operator bool() const { return size_ != 0; }
  /// Sign-extended if the field is signed. An event too short for the field reads as 0.
  std::uint64_t operator()(const TraceEvent& event) const {
    if (event.size < offset_ || event.size - offset_ < size_) return 0;
    const std::byte* at = event.payload + offset_;
    using namespace trace_bytes;
    switch (size_) {
      case 8: return load<std::uint64_t>(at);
      case 4: return signed_ ? widen(load<std::int32_t>(at)) : load<std::uint32_t>(at);
      case 2: return signed_ ? widen(load<std::int16_t>(at)) : load<std::uint16_t>(at);
      case 1: return signed_ ? widen(load<std::int8_t>(at)) : load<std::uint8_t>(at);
      default: return 0;
    }
  }
  std::int64_t as_signed(const TraceEvent& event) const {
    return static_cast<std::int64_t>((*this)(event));
  }

 private:
  template <class T>
  static std::uint64_t widen(T value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
  std::uint32_t offset_ = 0;
  std::uint32_t size_ = 0;
  bool signed_ = false;
};

/// An array in an event: fixed ("char prev_comm[16]"), __data_loc or __rel_loc.
class BytesField {
 public:
  BytesField() = default;
  explicit BytesField(const EventField& field)
      : offset_(field.offset), size_(field.size), storage_(field.storage) {}
  static Result<BytesField> resolve(const TraceFormats& formats, std::string_view event,
                                    std::string_view field);

  explicit operator bool() const { return size_ != 0; }
  /// Cut to the event; empty if the field lies outside it.
  std::span<const std::byte> operator()(const TraceEvent& event) const;
  /// Up to the first NUL.
  std::string_view text(const TraceEvent& event) const;
  /// The bytes as a bitmap of CPUs (ipi_send_cpumask): is `cpu` set?
  bool has_cpu(const TraceEvent& event, int cpu) const;

 private:
  std::uint32_t offset_ = 0;
  std::uint32_t size_ = 0;
  EventField::Storage storage_ = EventField::Storage::fixed;
};

/// The event "ftrace:kernel_stack": return addresses, innermost first. It directly follows the
/// event it belongs to in the buffer of the same CPU. `caller[8]` of its format is nominal: the
/// number of frames is the field `size` (kernel/trace/trace_entries.h).
class StackField {
 public:
  StackField() = default;
  static Result<StackField> resolve(const TraceFormats& formats);

  std::uint16_t id() const { return id_; }
  std::size_t frames(const TraceEvent& event) const;  // never more than the event holds
  /// i < frames(event).
  std::uint64_t frame(const TraceEvent& event, std::size_t i) const {
    return trace_bytes::load<std::uint64_t>(event.payload + callers_ + 8 * i);
  }

 private:
  std::uint16_t id_ = 0;
  NumberField size_;
  std::uint32_t callers_ = 0;
};

}  // namespace isolab
