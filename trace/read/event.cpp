// SPDX-License-Identifier: Apache-2.0
#include "trace/read/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/directory.h"
#include "base/untrusted_file.h"

namespace isolab {

namespace {

// No kernel comes near these; they keep hostile text from making us work or allocate.
constexpr std::size_t kMaxFormatText = 1 << 20;
constexpr std::size_t kMaxFields = 512;
constexpr std::uint32_t kMaxFieldEnd = 1 << 20;
constexpr std::size_t kMaxEvents = 1 << 16;

std::string_view strip(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<std::uint32_t> number(std::string_view text) {
  text = strip(text);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// "__data_loc char[] name" or "char prev_comm[16]" -> storage, type and name.
bool read_declaration(std::string_view text, EventField& field) {
  text = strip(text);
  if (take_prefix(text, "__data_loc ")) field.storage = EventField::Storage::data_loc;
  if (take_prefix(text, "__rel_loc ")) field.storage = EventField::Storage::rel_loc;
  std::string_view extent;
  if (text.ends_with(']')) {
    const auto open = text.rfind('[');
    if (open == std::string_view::npos) return false;
    extent = text.substr(open);
    text = strip(text.substr(0, open));
  }
  const auto split = text.find_last_of(" *");
  if (split == std::string_view::npos || split + 1 == text.size()) return false;
  field.name = text.substr(split + 1);
  field.type = std::string(strip(text.substr(0, split + 1))) + std::string(extent);
  field.is_array = !extent.empty() || field.storage != EventField::Storage::fixed;
  return true;
}

/// "field:TYPE NAME; offset:N; size:N; signed:N;" with any white space between the parts.
std::optional<EventField> read_field(std::string_view line) {
  EventField field;
  bool has_declaration = false, has_offset = false, has_size = false;
  while (!line.empty()) {
    const auto end = line.find(';');
    auto part = strip(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    if (take_prefix(part, "field:")) {
      if (!read_declaration(part, field)) return std::nullopt;
      has_declaration = true;
      continue;
    }
    std::uint32_t* target = nullptr;
    std::uint32_t is_signed = 0;
    if (take_prefix(part, "offset:"))
      target = &field.offset, has_offset = true;
    else if (take_prefix(part, "size:"))
      target = &field.size, has_size = true;
    else if (take_prefix(part, "signed:"))
      target = &is_signed;
    else
      continue;
    const auto value = number(part);
    if (!value) return std::nullopt;
    *target = *value;
    if (target == &is_signed) field.is_signed = is_signed != 0;
  }
  if (!has_declaration || !has_offset || !has_size) return std::nullopt;
  if (field.offset > kMaxFieldEnd || field.size > kMaxFieldEnd) return std::nullopt;
  return field;
}

Error parse_error(std::string what) { return {ErrorKind::parse, std::move(what)}; }

Result<std::vector<EventField>> read_fields(const std::string& of, std::string_view text) {
  std::vector<EventField> fields;
  while (!text.empty()) {
    const auto line = strip(next_line(text));
    if (!line.starts_with("field:")) continue;
    auto field = read_field(line);
    if (!field || fields.size() == kMaxFields)
      return parse_error(fmt::format("format of {}: cannot read \"{}\"", of, line.substr(0, 120)));
    fields.push_back(*std::move(field));
  }
  return fields;
}

bool stands_at(const EventFormat& format, std::string_view name, std::uint32_t offset,
               std::uint32_t size) {
  const auto* field = format.find(name);
  return field != nullptr && field->offset == offset && field->size == size;
}

/// Not by file size: tracefs files say 0.
Result<std::string> read_format_text(const std::filesystem::path& path) {
  return read_untrusted(path.string(), {.most = kMaxFormatText});
}

Result<const EventField*> find_field(const TraceFormats& formats, std::string_view event,
                                     std::string_view field) {
  const auto* format = formats.find(event);
  if (format == nullptr)
    return Error{ErrorKind::unsupported, fmt::format("the trace has no event {}", event)};
  const auto* found = format->find(field);
  if (found == nullptr)
    return Error{ErrorKind::unsupported, fmt::format("event {} has no field {}", event, field)};
  return found;
}

}  // namespace

const EventField* EventFormat::find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& one) { return one.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

Result<EventFormat> EventFormat::parse(std::string system, std::string_view text) {
  EventFormat format{.system = std::move(system)};
  if (text.size() > kMaxFormatText) return parse_error("format file longer than 1 MiB");
  bool has_id = false;
  for (auto rest = text; !rest.empty();) {
    auto line = strip(next_line(rest));
    if (take_prefix(line, "name:")) format.name = strip(line);
    if (take_prefix(line, "ID:")) {
      const auto id = number(line);
      if (!id || *id == 0 || *id > 0xffff)
        return parse_error(fmt::format("format of {}: bad ID \"{}\"", format.name, line));
      format.id = static_cast<std::uint16_t>(*id);
      has_id = true;
    }
  }
  const std::string full = format.system + ":" + format.name;
  if (format.name.empty() || !has_id)
    return parse_error(fmt::format("format of {}: no name or no ID", full));
  format.fields = TRY(read_fields(full, text));
  if (!stands_at(format, "common_type", 0, 2) || !stands_at(format, "common_pid", 4, 4))
    return parse_error(fmt::format("format of {}: common fields are at unexpected offsets", full));
  return format;
}

Result<PageLayout> PageLayout::parse(std::string_view text) {
  if (text.size() > kMaxFormatText) return parse_error("header_page longer than 1 MiB");
  EventFormat format{.fields = TRY(read_fields("header_page", text))};
  const auto* data = format.find("data");
  if (stands_at(format, "commit", 8, 4))
    return Error{ErrorKind::unsupported, "trace of a 32-bit kernel"};
  if (!stands_at(format, "timestamp", 0, 8) || !stands_at(format, "commit", 8, 8) ||
      data == nullptr || data->offset != kHeaderBytes)
    return parse_error("header_page: timestamp, commit and data are at unexpected offsets");
  // Sub-buffers are whole pages; ring_buffer.c stores their length in 20 bits (RB_WRITE_MASK).
  if (data->size < 64 || data->size > (1 << 20) - kHeaderBytes)
    return parse_error(fmt::format("header_page: {} bytes of data", data->size));
  return PageLayout{data->size};
}

Result<void> TraceFormats::add(EventFormat format) {
  const auto full = format.system + ":" + format.name;
  if (find(format.id) != nullptr || by_name_.contains(full))
    return parse_error(fmt::format("two formats for {} or ID {}", full, format.id));
  const auto id = format.id;
  if (by_id_.size() <= id) by_id_.resize(std::size_t{id} + 1);
  by_id_[id] = std::make_shared<const EventFormat>(std::move(format));
  by_name_.emplace(full, id);
  return {};
}

const EventFormat* TraceFormats::find(std::string_view full_name) const {
  return find(id_of(full_name));
}

std::uint16_t TraceFormats::id_of(std::string_view full_name) const {
  const auto found = by_name_.find(full_name);
  return found == by_name_.end() ? std::uint16_t{0} : found->second;
}

std::vector<const EventFormat*> TraceFormats::all() const {
  std::vector<const EventFormat*> formats;
  for (const auto& format : by_id_)
    if (format) formats.push_back(format.get());
  return formats;
}

/// An error of a file's text names the file.
template <class T>
Result<T> in_file(const std::string& file, Result<T> parsed) {
  if (!parsed) parsed.error().what = file + ": " + parsed.error().what;
  return parsed;
}

Result<TraceFormats> TraceFormats::load(const std::filesystem::path& directory) {
  TraceFormats formats;
  const auto header = TRY(read_format_text(directory / "header_page"));
  formats.layout = TRY(in_file("formats/header_page", PageLayout::parse(header)));
  std::size_t seen = 0;
  std::error_code ignored;  // of tests: a file that is not there has no format
  for (const auto& system : TRY(entries_of(directory))) {
    if (!std::filesystem::is_directory(system, ignored)) continue;
    for (auto path : TRY(entries_of(system))) {
      if (++seen > kMaxEvents) return parse_error("more event formats than a kernel can have");
      const auto name = path.filename().string();
      if (name == "enable" || name == "filter") continue;  // tracefs itself
      if (std::filesystem::is_directory(path, ignored)) path /= "format";
      if (!std::filesystem::is_regular_file(path, ignored)) continue;
      const auto text = TRY(read_format_text(path));
      const auto place = fmt::format("formats/{}/{}", system.filename().string(), name);
      auto format = TRY(in_file(place, EventFormat::parse(system.filename().string(), text)));
      TRY(formats.add(std::move(format)));
    }
  }
  return formats;
}

Result<NumberField> NumberField::resolve(const TraceFormats& formats, std::string_view event,
                                         std::string_view field) {
  const EventField* found = TRY(find_field(formats, event, field));
  const bool is_number = !found->is_array && std::has_single_bit(found->size) && found->size <= 8;
  if (!is_number)
    return parse_error(fmt::format("field {} of {} is not a number: {} of {} bytes", field, event,
                                   found->type, found->size));
  return NumberField(*found);
}

Result<BytesField> BytesField::resolve(const TraceFormats& formats, std::string_view event,
                                       std::string_view field) {
  const EventField* found = TRY(find_field(formats, event, field));
  if (found->storage != EventField::Storage::fixed && found->size != 4)
    return parse_error(
        fmt::format("field {} of {}: a location word of {} bytes", field, event, found->size));
  return BytesField(*found);
}

std::span<const std::byte> BytesField::operator()(const TraceEvent& event) const {
  const auto all = event.bytes();
  std::size_t offset = offset_, length = size_;
  if (size_ == 0 || offset > all.size()) return {};
  if (storage_ != EventField::Storage::fixed) {
    if (all.size() - offset < 4) return {};
    const auto word = trace_bytes::load<std::uint32_t>(event.payload + offset);
    offset = (storage_ == EventField::Storage::rel_loc ? offset + 4 : 0) + (word & 0xffff);
    length = word >> 16;
    if (offset > all.size()) return {};
  }
  return all.subspan(offset, std::min(length, all.size() - offset));
}

std::string_view BytesField::text(const TraceEvent& event) const {
  const auto bytes = (*this)(event);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

bool BytesField::has_cpu(const TraceEvent& event, int cpu) const {
  const auto mask = (*this)(event);
  const auto byte = static_cast<std::size_t>(cpu) / 8;
  if (cpu < 0 || byte >= mask.size()) return false;
  return ((std::to_integer<unsigned>(mask[byte]) >> (cpu % 8)) & 1) != 0;
}

Result<StackField> StackField::resolve(const TraceFormats& formats) {
  StackField stack;
  stack.size_ = TRY(NumberField::resolve(formats, "ftrace:kernel_stack", "size"));
  const EventField* callers = TRY(find_field(formats, "ftrace:kernel_stack", "caller"));
  stack.callers_ = callers->offset;
  stack.id_ = formats.id_of("ftrace:kernel_stack");
  return stack;
}

std::size_t StackField::frames(const TraceEvent& event) const {
  if (id_ == 0 || event.size < callers_) return 0;
  const auto said = size_.as_signed(event);
  const std::size_t room = (event.size - callers_) / 8;
  return said <= 0 ? 0 : std::min(static_cast<std::size_t>(said), room);
}

}  // namespace isolab
