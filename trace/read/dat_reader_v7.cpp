// SPDX-License-Identifier: Apache-2.0
// Version 7 of trace.dat: options that name sections, which may be compressed. As real files of
// trace-cmd 3.1.6 are: the size of a CPU's compressed data is without the 4 bytes of its number of
// chunks, contrary to the manual page trace-cmd.dat.v7(5).
#include <algorithm>
#include <optional>
#include <set>

#include "trace/read/dat_cursor.h"
#include "trace/read/decompress.h"

namespace isolab {

namespace {

constexpr std::uint64_t kMostUnpackedPiece = std::uint64_t{64} << 20;  // a section or chunk
constexpr std::uint64_t kMostUnpacked = std::uint64_t{8} << 30;        // all of a file
/// What a file of any size may unpack to, and how much more for each of its bytes: pages of events
/// shrink to a fifth, formats to a tenth.
constexpr std::uint64_t kUnpackedAnyway = std::uint64_t{4} << 20;
constexpr std::uint64_t kUnpackedPerByte = 64;
constexpr std::uint32_t kMostBuffers = 1024;
constexpr std::uint16_t kSectionCompressed = 1;

struct DatCpuPlace {
  std::uint32_t cpu = 0;
  std::uint64_t offset = 0, size = 0;  // in the file; size is of the compressed bytes
};

/// A BUFFER option: the pages of one trace instance.
struct DatBuffer {
  std::uint64_t section = 0;  // where its header is
  std::string name;           // of the instance; empty: the top one
  std::string clock;
  std::uint32_t page_bytes = 0;
  std::vector<DatCpuPlace> cpus;

  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& cpu : cpus) sum += cpu.size;
    return sum;
  }
};

class DatSections {
 public:
  DatSections(std::string_view bytes, Compression how, DatFile& out)
      : bytes_(bytes),
        how_(how),
        left_(std::min(kMostUnpacked, kUnpackedAnyway + kUnpackedPerByte * bytes.size())),
        out_(out) {}

  Result<void> read_options(std::uint64_t at);
  Result<void> read_pages();

 private:
  struct Header {
    std::uint16_t id = 0, flags = 0;
    std::string_view body;
  };
  struct Chunks {
    std::vector<std::string_view> packed;
    std::vector<std::uint32_t> sizes;  // unpacked
    std::uint64_t total = 0;
  };

  Result<Header> header(std::uint64_t at) const;
  Result<std::string_view> section(DatOption which, std::uint64_t at);
  Result<std::span<char>> room_for(std::uint64_t size);
  Result<void> option(DatOption which, std::string_view value);
  Result<void> named_section(DatOption which, std::uint64_t at);
  Result<void> buffer(std::string_view value);
  Result<Chunks> chunks(const DatCpuPlace& place) const;
  Result<std::string_view> unpacked(const DatCpuPlace& place);
  Result<std::string_view> as_they_are(const DatCpuPlace& place) const;

  std::string_view bytes_;  // of the file
  Compression how_;
  std::uint64_t left_;  // bytes that may still be unpacked
  DatFile& out_;
  std::vector<DatBuffer> buffers_;
  std::set<DatOption> sections_read_;
  bool latency_ = false;
};

Result<DatSections::Header> DatSections::header(std::uint64_t at) const {
  DatCursor in(bytes_, at);
  Header out;
  out.id = in.number<std::uint16_t>();
  out.flags = in.number<std::uint16_t>();
  in.number<std::uint32_t>();  // its description
  out.body = in.sized<std::uint64_t>();
  if (in.fault()) return in.error("a section is cut off");
  return out;
}

/// Memory that lives as long as the file's views.
Result<std::span<char>> DatSections::room_for(std::uint64_t size) {
  if (size > left_)
    return Error{
        ErrorKind::parse,
        fmt::format("it announces more bytes than a file of {} unpacks to", bytes_.size())};
  left_ -= size;
  out_.unpacked.push_back(std::make_unique_for_overwrite<char[]>(size));
  return std::span<char>{out_.unpacked.back().get(), size};
}

Result<std::string_view> DatSections::section(DatOption which, std::uint64_t at) {
  const Header found = TRY(header(at));
  if (found.id != static_cast<std::uint16_t>(which))
    return Error{ErrorKind::parse, fmt::format("at byte {}: a section {} where {} is named", at,
                                               found.id, static_cast<int>(which))};
  if ((found.flags & kSectionCompressed) == 0) return found.body;
  if (how_ == Compression::none)
    return Error{ErrorKind::parse,
                 fmt::format("at byte {}: a compressed section, but no algorithm", at)};
  DatCursor in(found.body);
  const auto packed = in.number<std::uint32_t>();
  const auto size = in.number<std::uint32_t>();
  const auto data = in.take(packed);
  if (in.fault() || size > kMostUnpackedPiece)
    return Error{ErrorKind::parse,
                 fmt::format("at byte {}: a section of {} bytes, {} unpacked", at, packed, size)};
  const auto room = TRY(room_for(size));
  TRY(decompress(how_, data, room));
  return std::string_view(room.data(), room.size());
}

Result<void> DatSections::named_section(DatOption which, std::uint64_t at) {
  if (!sections_read_.insert(which).second)
    return Error{ErrorKind::parse,
                 fmt::format("section {} is named twice", static_cast<int>(which))};
  const auto text = TRY(section(which, at));
  DatCursor in(text);
  if (which == DatOption::header_info) return read_dat_header_info(in, out_);
  if (which == DatOption::ftrace_events) return read_dat_ftrace_events(in, out_);
  if (which == DatOption::event_formats) return read_dat_event_formats(in, out_);
  if (which == DatOption::kallsyms)
    out_.kallsyms = in.sized<std::uint32_t>();
  else
    out_.comms = in.sized<std::uint64_t>();
  if (in.fault()) return in.error(fmt::format("section {} is cut off", static_cast<int>(which)));
  return {};
}

Result<void> DatSections::buffer(std::string_view value) {
  DatCursor in(value);
  DatBuffer made;
  made.section = in.number<std::uint64_t>();
  made.name = in.word();
  made.clock = in.word();
  made.page_bytes = in.number<std::uint32_t>();
  const auto cpus = in.number<std::uint32_t>();
  if (cpus > kMostDatCpus) return in.error(fmt::format("a buffer of {} CPUs", cpus));
  for (std::uint32_t i = 0; i < cpus && !in.fault(); ++i) {
    DatCpuPlace place;
    place.cpu = in.number<std::uint32_t>();
    place.offset = in.number<std::uint64_t>();
    place.size = in.number<std::uint64_t>();
    if (in.fault()) break;
    if (place.cpu >= kMostDatCpus) return in.error(fmt::format("a CPU {}", place.cpu));
    if (place.size != 0 &&
        (place.offset > bytes_.size() || place.size > bytes_.size() - place.offset))
      return in.error(fmt::format("CPU {} has {} bytes at {}, the file has {}", place.cpu,
                                  place.size, place.offset, bytes_.size()));
    made.cpus.push_back(place);
  }
  if (in.fault()) return in.error("a buffer's option is cut off");
  if (buffers_.size() == kMostBuffers)
    return in.error(fmt::format("over {} buffers", kMostBuffers));
  buffers_.push_back(std::move(made));
  return {};
}

Result<void> DatSections::option(DatOption which, std::string_view value) {
  switch (which) {
    case DatOption::buffer: return buffer(value);
    case DatOption::buffer_text: latency_ = true; return {};
    case DatOption::header_info:
    case DatOption::ftrace_events:
    case DatOption::event_formats:
    case DatOption::kallsyms:
    case DatOption::cmdlines: {
      DatCursor in(value);
      const auto at = in.number<std::uint64_t>();
      if (in.fault()) return in.error("an option names no section");
      return named_section(which, at);
    }
    default: read_dat_option(which, value, out_); return {};
  }
}

/// All sections of options: the last option of each says where the next one is.
Result<void> DatSections::read_options(std::uint64_t at) {
  std::set<std::uint64_t> seen;
  while (at != 0) {
    if (!seen.insert(at).second)
      return Error{ErrorKind::parse, fmt::format("the options at byte {} come twice", at)};
    const auto text = TRY(section(DatOption::done, at));
    DatCursor in(text);
    for (;;) {
      const auto which = DatOption{in.number<std::uint16_t>()};
      const auto value = in.sized<std::uint32_t>();
      if (in.fault()) return in.error(fmt::format("the options at byte {} are cut off", at));
      if (which == DatOption::done) {
        DatCursor next(value);
        at = next.number<std::uint64_t>();
        break;
      }
      TRY(option(which, value));
    }
  }
  return {};
}

/// Sizes are checked before memory is taken.
Result<DatSections::Chunks> DatSections::chunks(const DatCpuPlace& place) const {
  DatCursor in(bytes_, place.offset);
  const auto count = in.number<std::uint32_t>();
  Chunks out;
  std::uint64_t packed = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto size = in.number<std::uint32_t>();
    out.sizes.push_back(in.number<std::uint32_t>());
    out.packed.push_back(in.take(size));
    packed += size + std::uint64_t{8};
    if (in.fault() || packed > place.size || out.sizes.back() > kMostUnpackedPiece)
      return in.error(fmt::format("chunk {} of CPU {} has {} bytes, {} unpacked", i, place.cpu,
                                  size, out.sizes.back()));
    out.total += out.sizes.back();
  }
  if (in.fault()) return in.error("a CPU's chunks are cut off");
  return out;
}

Result<std::string_view> DatSections::unpacked(const DatCpuPlace& place) {
  const auto pieces = TRY(chunks(place));
  const auto room = TRY(room_for(pieces.total));
  std::size_t at = 0;
  for (std::size_t i = 0; i < pieces.sizes.size(); ++i) {
    TRY(decompress(how_, pieces.packed[i], room.subspan(at, pieces.sizes[i])));
    at += pieces.sizes[i];
  }
  return std::string_view(room.data(), room.size());
}

Result<std::string_view> DatSections::as_they_are(const DatCpuPlace& place) const {
  return bytes_.substr(place.offset, place.size);
}

/// Of the buffer with the most bytes; the first of two alike.
Result<void> DatSections::read_pages() {
  const auto most =
      std::max_element(buffers_.begin(), buffers_.end(),
                       [](const auto& a, const auto& b) { return a.bytes() < b.bytes(); });
  if (most == buffers_.end())
    return Error{latency_ ? ErrorKind::unsupported : ErrorKind::parse,
                 latency_ ? "it holds the text of a latency tracer, no pages of events"
                          : "it names no buffer with pages of CPUs"};
  for (auto other = buffers_.begin(); other != buffers_.end(); ++other)
    if (other != most && other->bytes() != 0) out_.not_read.push_back(other->name);
  if (!most->clock.empty()) out_.clock = most->clock;
  if (most->page_bytes != 0) out_.page_bytes = most->page_bytes;
  const Header found = TRY(header(most->section));
  if (found.id != static_cast<std::uint16_t>(DatOption::buffer))
    return Error{ErrorKind::parse, fmt::format("at byte {}: no pages of CPUs", most->section)};
  const bool compressed = (found.flags & kSectionCompressed) != 0;
  if (compressed && how_ == Compression::none)
    return Error{ErrorKind::parse, "its pages are compressed, but with no algorithm"};
  for (const auto& place : most->cpus) {
    if (place.size == 0) continue;
    if (place.cpu >= out_.pages.size()) out_.pages.resize(place.cpu + 1);
    const auto pages = TRY(compressed ? unpacked(place) : as_they_are(place));
    out_.pages[place.cpu] = std::as_bytes(std::span(pages.data(), pages.size()));
  }
  return {};
}

}  // namespace

Result<DatFile> read_dat_v7(DatCursor& in, std::string_view bytes, DatFile out) {
  const auto algorithm = in.word();
  in.word();  // its version
  const auto options = in.number<std::uint64_t>();
  if (in.fault()) return in.error("the header is cut off");
  const auto how = TRY(compression_named(algorithm));
  DatSections sections(bytes, how, out);
  TRY(sections.read_options(options));
  if (out.header_page.empty()) return Error{ErrorKind::parse, "it has no header_page"};
  TRY(sections.read_pages());
  return out;
}

}  // namespace isolab
