// SPDX-License-Identifier: Apache-2.0
#include "results/blobs.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <limits>
#include <memory>
#include <string_view>

#include "base/untrusted_file.h"

namespace isolab {
namespace {

constexpr std::string_view kHistogramHeader = "bucket,lowest,highest,count";
constexpr std::string_view kGapsMagic = "ISOLGAPS";
constexpr std::uint64_t kGapsVersion = 1;
constexpr std::size_t kGapsHeader = 24;
constexpr std::size_t kGapsTrailer = 8;
constexpr std::size_t kGapBytes = 16;
constexpr std::size_t kHashBlock = 1 << 20;
constexpr std::size_t kLeastMapped = 1 << 16;  // a process has some 65,000 mappings at most

Error bad(const std::string& file, std::size_t place, const std::string& why) {
  return Error{ErrorKind::parse, fmt::format("{}:{}: {}", file, place, why)};
}

/// Splits off the next line; false when the text is used up or its last line has no newline.
bool next_line(std::string_view& rest, std::string_view& line) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

/// Reads exactly four numbers with commas between them.
bool read_fields(std::string_view line, std::uint64_t (&out)[4]) {
  const char* at = line.data();
  const char* const end = at + line.size();
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == end || *at++ != ',')) return false;
    const auto [stop, error] = std::from_chars(at, end, out[i]);
    if (error != std::errc{}) return false;
    at = stop;
  }
  return at == end;
}

void put(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Fowler, Noll and Vo, variant 1a of 64 bits (RFC 9923): guards against accidents, not attackers.
/// `hash`: of the bytes before these.
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 14695981039346656037U) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return hash;
}

/// A whole gap log in a private mapping. The format's pairs are what a little-endian CPU has in
/// memory.
class MappedGaps final : public GapStore {
 public:
  static_assert(std::endian::native == std::endian::little && sizeof(Gap) == kGapBytes &&
                kGapsHeader % alignof(Gap) == 0);
  MappedGaps(char* data, std::size_t size) : data_(data), size_(size) {
    ::madvise(data_, size_, MADV_SEQUENTIAL);  // only a hint
  }
  ~MappedGaps() override { ::munmap(data_, size_); }
  std::string_view bytes() const { return {data_, size_}; }
  std::span<const Gap> gaps() const override {
    return {reinterpret_cast<const Gap*>(data_ + kGapsHeader),
            (size_ - kGapsHeader - kGapsTrailer) / kGapBytes};
  }
  void release_below(std::size_t index) const override {
    release_bytes(kGapsHeader + index * kGapBytes);
  }
  /// The last pages before `end`: a pass calls this for each MiB.
  void release_bytes(std::size_t end) const {
    const auto last = std::min(end, size_) / kMemoryPage * kMemoryPage;
    const auto first = last - std::min(last, kMostReleased);
    if (first != last) ::madvise(data_ + first, last - first, MADV_DONTNEED);
  }

 private:
  static constexpr std::size_t kMemoryPage =
      1 << 16;  // a multiple of every page size (4, 16, 64 KiB)
  static constexpr std::size_t kMostReleased = 4 << 20;
  char* data_;
  std::size_t size_;
};

}  // namespace

std::string print_histogram(const Histogram& histogram) {
  std::string out(kHistogramHeader);
  out += '\n';
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i)
    if (const auto count = histogram.count_at(i); count > 0)
      out += fmt::format("{},{},{},{}\n", i, Histogram::lowest(i), Histogram::highest(i), count);
  return out + fmt::format("total,{}\n", histogram.total());
}

Result<Histogram> read_histogram(const std::string& file, const std::string& text) {
  std::string_view rest = text;
  std::string_view line;
  if (!next_line(rest, line) || line != kHistogramHeader)
    return bad(file, 1, fmt::format("expected the header \"{}\"", kHistogramHeader));
  Histogram out;
  std::uint64_t next_bucket = 0;
  for (std::size_t number = 2;; ++number) {
    if (!next_line(rest, line)) return bad(file, number, "the file ends before its total line");
    if (line.starts_with("total,")) {
      std::uint64_t total = 0;
      const char* const end = line.data() + line.size();
      const auto read = std::from_chars(line.data() + 6, end, total);
      if (read.ec != std::errc{} || read.ptr != end)
        return bad(file, number, "the total is not a number");
      if (total != out.total())
        return bad(file, number,
                   fmt::format("the total is {} samples, the lines have {}", total, out.total()));
      if (!rest.empty()) return bad(file, number + 1, "text after the total line");
      return out;
    }
    std::uint64_t fields[4] = {};
    if (!read_fields(line, fields)) return bad(file, number, "expected four numbers");
    const auto [bucket, lowest, highest, count] = fields;
    if (bucket < next_bucket || bucket >= Histogram::kBuckets)
      return bad(file, number, fmt::format("bucket {} is out of order or range", bucket));
    if (lowest != Histogram::lowest(bucket) || highest != Histogram::highest(bucket))
      return bad(
          file, number,
          fmt::format("bucket {} covers {}..{}, not {}..{}", bucket, Histogram::lowest(bucket),
                      Histogram::highest(bucket), lowest, highest));
    out.add(lowest, count);
    next_bucket = bucket + 1;
  }
}

std::string pack_gaps(std::span<const Gap> gaps) {
  std::string out;
  out.reserve(kGapsHeader + gaps.size() * kGapBytes + kGapsTrailer);
  out += kGapsMagic;
  put(out, kGapsVersion, 4);
  put(out, 0, 4);
  put(out, gaps.size(), 8);
  for (const auto& gap : gaps) {
    put(out, gap.start, 8);
    put(out, gap.length, 8);
  }
  put(out, fnv1a(out), 8);
  return out;
}

namespace {

/// The number of gaps that the first bytes of a log of `size` bytes promise, if it has that many.
Result<std::size_t> check_gaps_header(const std::string& file, std::string_view head,
                                      std::size_t size) {
  if (size < kGapsHeader)
    return bad(file, size, fmt::format("the file ends within its {} byte header", kGapsHeader));
  if (!head.starts_with(kGapsMagic)) return bad(file, 0, "this is not a gap log");
  if (const auto version = get(head, 8, 4); version != kGapsVersion)
    return bad(file, 8,
               fmt::format("gap log version {} is not {}, which this isolab reads", version,
                           kGapsVersion));
  const std::uint64_t count = get(head, 16, 8);
  const std::size_t body = size - kGapsHeader;
  if (body < kGapsTrailer || (body - kGapsTrailer) % kGapBytes != 0 ||
      (body - kGapsTrailer) / kGapBytes != count)
    return bad(
        file, size,
        fmt::format("the header says {} gaps, the file's {} bytes are not that many", count, size));
  return count;
}

/// The number of gaps in a log that is whole. `passed(offset)` is called now and then: what lies
/// before it was hashed.
template <class Passed>
Result<std::size_t> check_gaps(const std::string& file, std::string_view bytes, Passed&& passed) {
  const auto count = TRY(check_gaps_header(file, bytes.substr(0, kGapsHeader), bytes.size()));
  const std::size_t hash_at = bytes.size() - kGapsTrailer;
  std::uint64_t hash = fnv1a({});
  for (std::size_t at = 0; at < hash_at; at += kHashBlock) {
    hash = fnv1a(bytes.substr(at, std::min(kHashBlock, hash_at - at)), hash);
    passed(at + kHashBlock);
  }
  if (hash != get(bytes, hash_at, 8))
    return bad(file, hash_at, "the hash does not fit the bytes before it");
  return count;
}

}  // namespace

Result<std::vector<Gap>> unpack_gaps(const std::string& file, const std::string& bytes) {
  std::vector<Gap> out(TRY(check_gaps(file, bytes, [](std::size_t) {})));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].start = get(bytes, kGapsHeader + i * kGapBytes, 8);
    out[i].length = get(bytes, kGapsHeader + i * kGapBytes + 8, 8);
  }
  return out;
}

Result<GapList> load_gaps(const std::filesystem::path& file, const std::string& shown) {
  const Closing open(TRY(open_untrusted(file.string(), {}, file.string())));
  struct stat status {};
  if (::fstat(open.get(), &status) != 0)
    return errno_error("cannot look at " + file.string(), errno);
  const auto size = static_cast<std::size_t>(status.st_size);
  // Before a file of any size is read or mapped: is it as long as it says?
  char head[kGapsHeader] = {};
  const auto got = ::pread(open.get(), head, sizeof head, 0);
  if (got < 0) return errno_error("cannot read " + file.string(), errno);
  const bool has_header = got == static_cast<ssize_t>(sizeof head);
  TRY(check_gaps_header(shown, {head, sizeof head},
                        has_header ? size : static_cast<std::size_t>(got)));
  void* const data = size < kLeastMapped
                         ? MAP_FAILED
                         : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, open.get(), 0);
  if (data == MAP_FAILED) {  // small, or no mapping is left
    const std::string bytes =
        TRY(read_untrusted(open.get(), std::max(size, kLeastMapped), file.string()));
    return GapList(TRY(unpack_gaps(shown, bytes)));
  }
  end_when_mapped_file_is_cut();
  auto mapped = std::make_shared<const MappedGaps>(static_cast<char*>(data), size);
  TRY(check_gaps(shown, mapped->bytes(), [&](std::size_t at) { mapped->release_bytes(at); }));
  return GapList(std::move(mapped));
}

}  // namespace isolab
