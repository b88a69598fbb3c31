// SPDX-License-Identifier: Apache-2.0
#include "trace/read/reader.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "base/directory.h"
#include "base/untrusted_file.h"

namespace isolab {

namespace {

// How much of a CPU's file stays in our memory behind the reader. Giving back costs a system call
// and new page faults, so not page by page.
constexpr std::size_t kKeepBehind = 2 << 20;
constexpr std::size_t kMemoryPage = 1 << 16;  // a multiple of every page size (4, 16, 64 KiB)
constexpr std::size_t kMostText = 64 << 20;   // of symbols and names of tasks

Result<std::string> read_optional(const std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::string();
  return read_untrusted(path.string(), {.most = kMostText});
}

/// Calls `use(first word, rest)` for every line that has both.
template <class Use>
void for_each_line(std::string_view text, Use&& use) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto space = line.find(' ');
    if (space == std::string_view::npos || space == 0) continue;
    use(line.substr(0, space), line.substr(space + 1));
  }
}

template <class T>
bool read_whole(std::string_view text, T& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

const char* to_string(PageFault fault) {
  switch (fault) {
    case PageFault::none: return "none";
    case PageFault::truncated: return "truncated page";
    case PageFault::commit: return "more bytes committed than a page holds";
    case PageFault::big_endian: return "big-endian page";
    case PageFault::event: return "event outside its page";
  }
  return "unknown";
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Closing open(TRY(open_untrusted(path.string(), {}, path.string())));
  struct stat status {};
  if (::fstat(open.get(), &status) != 0)
    return errno_error(fmt::format("cannot look at {}", path.string()), errno);
  MappedFile file;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return file;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, open.get(), 0);
  if (data == MAP_FAILED) return errno_error(fmt::format("cannot map {}", path.string()), errno);
  end_when_mapped_file_is_cut();
  ::madvise(data, size, MADV_SEQUENTIAL);  // only a hint
  file.data_ = static_cast<const std::byte*>(data);
  file.size_ = size;
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(released_, other.released_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release_below(std::size_t offset) {
  if (data_ == nullptr || offset < released_ + kKeepBehind || offset > size_) return;
  const std::size_t end = offset / kMemoryPage * kMemoryPage;
  if (end <= released_) return;
  // Read-only and private: nothing of ours is lost, a later access maps the file's page again.
  ::madvise(const_cast<std::byte*>(data_) + released_, end - released_, MADV_DONTNEED);
  released_ = end;
}

Result<CpuReader> CpuReader::open(const std::filesystem::path& path, int cpu,
                                  const PageLayout& layout) {
  MappedFile file = TRY(MappedFile::open(path));
  CpuReader reader(file.bytes(), cpu, layout);
  reader.file_ = std::move(file);
  return reader;
}

void CpuReader::note(PageFault fault) {
  if (fault == PageFault::none) return;
  if (summary_.faulty_pages++ != 0) return;
  summary_.first_fault = fault;
  summary_.first_fault_page = summary_.pages - 1;
}

bool CpuReader::next_page() {
  if (summary_.pages != 0) note(page_.fault());
  const std::uint64_t last_time = page_.time();
  // A page that cannot be opened has no events: the outer loop comes straight back here.
  if (offset_ >= bytes_.size()) {
    page_ = {};
    return false;
  }
  file_.release_below(offset_);
  const auto size = std::min<std::size_t>(layout_.page_bytes(), bytes_.size() - offset_);
  const auto fault = page_.open(bytes_.subspan(offset_, size), layout_, cpu_);
  offset_ += size;
  ++summary_.pages;
  if (fault == PageFault::none) {
    if (page_.page_time() < last_time) ++summary_.backward;
    if (page_.lost().some) ++summary_.lost_flags;
    summary_.lost_counted += page_.lost().count;
  }
  return true;
}

TraceMerger::TraceMerger(std::vector<CpuReader> readers)
    : readers_(std::move(readers)), heads_(readers_.size()) {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    heads_[i].reader = &readers_[i];
    if (readers_[i].next(heads_[i].event)) heap_.push_back(&heads_[i]);
  }
  for (std::size_t i = heap_.size(); i-- > 0;) sift_down(i);
}

namespace {

// "NAME+OFFSET/SIZE [MODULE]": a name has 511 bytes at most (KSYM_NAME_LEN,
// include/linux/kallsyms.h, 512 since 6.1, 128 before), a module's 55 (MODULE_NAME_LEN,
// include/linux/module.h). A longer name is damage, and each of its bytes would be copied and
// printed.
constexpr std::size_t kLongestSymbol = 640;
// A task's name has 15 bytes, a kernel worker's as /proc tells it up to 63 (proc_task_name(),
// fs/proc/array.c).
constexpr std::size_t kLongestComm = 64;
constexpr std::string_view kCut = "...(cut)";

std::string at_most(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  return std::string(text.substr(0, bytes - kCut.size())).append(kCut);
}

}  // namespace

std::map<std::uint64_t, std::string> parse_symbols(std::string_view text) {
  std::map<std::uint64_t, std::string> symbols;
  for_each_line(text, [&](std::string_view address, std::string_view name) {
    std::uint64_t value = 0;
    if (read_whole(address, value, 16)) symbols.emplace(value, at_most(name, kLongestSymbol));
  });
  return symbols;
}

std::map<std::int32_t, std::string> parse_comms(std::string_view text) {
  std::map<std::int32_t, std::string> comms;
  for_each_line(text, [&](std::string_view pid, std::string_view name) {
    std::int32_t value = 0;
    if (read_whole(pid, value, 10)) comms.emplace(value, at_most(name, kLongestComm));
  });
  return comms;
}

Result<TraceDirectory> TraceDirectory::load(const std::filesystem::path& directory) {
  TraceDirectory trace;
  trace.formats = TRY(TraceFormats::load(directory / "formats"));
  const auto symbols = TRY(read_optional(directory / "symbols"));
  const auto comms = TRY(read_optional(directory / "comms"));
  trace.symbols = parse_symbols(symbols);
  trace.comms = parse_comms(comms);
  for (const auto& path : TRY(entries_of(directory))) {
    const std::string name = path.filename().string();
    int cpu = 0;
    if (!name.starts_with("cpu") || !name.ends_with(".raw")) continue;
    if (read_whole(std::string_view(name).substr(3, name.size() - 7), cpu, 10) && cpu >= 0)
      trace.pages.emplace(cpu, path);
  }
  return trace;
}

Result<std::vector<CpuReader>> TraceDirectory::open_all() const {
  std::vector<CpuReader> readers;
  for (const auto& [cpu, path] : pages)
    readers.push_back(TRY(CpuReader::open(path, cpu, formats.layout)));
  return readers;
}

std::string TraceDirectory::symbol(std::uint64_t address) const {
  const auto found = symbols.find(address);
  return found == symbols.end() ? fmt::format("{:#x}", address) : found->second;
}

std::string TraceDirectory::function(std::uint64_t address) const {
  const auto name = symbol(address);
  return name.substr(0, name.find('+'));
}

}  // namespace isolab
