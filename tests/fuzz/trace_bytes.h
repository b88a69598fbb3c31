// SPDX-License-Identifier: Apache-2.0
// What any bytes must survive: used by the fuzz target and, on damaged goldens, by the unit tests.
#pragma once

#include <string_view>
#include <vector>

#include "tests/fuzz/demand.h"
#include "trace/read/reader.h"

namespace isolab::fuzz {

/// Reads every field of every event; work is bounded by the bytes.
inline void read_pages(const TraceFormats& formats, const std::vector<std::byte>& bytes) {
  const auto stack = StackField::resolve(formats);
  CpuReader reader(bytes, 0, formats.layout);
  std::size_t events = 0;
  std::uint64_t sum = 0;
  for (TraceEvent event; reader.next(event);) {
    demand(++events <= bytes.size() / 12);  // an event has 12 bytes at least
    demand(event.payload >= bytes.data() &&
           event.payload + event.size <= bytes.data() + bytes.size());
    for (const std::byte byte : event.bytes()) sum += std::to_integer<unsigned>(byte);
    if (stack)
      for (std::size_t i = 0; i < stack->frames(event); ++i) sum += stack->frame(event, i);
    const auto* format = formats.find(event.id());
    if (format == nullptr) continue;
    for (const auto& field : format->fields) {
      sum += NumberField(field)(event);
      sum += BytesField(field).text(event).size();
      for (const std::byte byte : BytesField(field)(event)) sum += std::to_integer<unsigned>(byte);
      sum += BytesField(field).has_cpu(event, 63) ? 1 : 0;
    }
  }
  demand(reader.summary().pages <= bytes.size() / formats.layout.page_bytes() + 1);
  volatile std::uint64_t keep = sum;
  (void)keep;
}

inline void read_names(std::string_view text) {
  for (const auto& [address, name] : parse_symbols(text)) demand(name.size() <= 640);
  for (const auto& [task, name] : parse_comms(text)) demand(name.size() <= 64);
}

inline void read_format(std::string_view text) {
  (void)PageLayout::parse(text);
  auto format = EventFormat::parse("system", text);
  if (!format) return;
  TraceFormats formats;
  format->system = "ftrace", format->name = "kernel_stack";
  demand(formats.add(*format).has_value());
  // Such a format on bytes it does not fit.
  read_pages(formats, std::vector<std::byte>(4096, std::byte{0x21}));
}

}  // namespace isolab::fuzz
