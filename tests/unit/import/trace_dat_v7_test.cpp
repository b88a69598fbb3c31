// SPDX-License-Identifier: Apache-2.0
// trace.dat of version 7: the same contents as a version 6, put into sections by hand, plain and
// compressed; damaged ones are errors.
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "import/importer.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"
#include "trace/read/dat_file.h"
#include "trace/read/dat_reader.h"

namespace isolab {
namespace {

template <class T>
std::string raw7(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string raw7(const std::string& text) { return text + '\0'; }

std::string packed7(const std::string& how, std::string_view plain) {
  std::string out;
  if (how == "zlib") {
    uLongf size = compressBound(plain.size());
    out.resize(size);
    EXPECT_EQ(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                       reinterpret_cast<const Bytef*>(plain.data()), plain.size()),
              Z_OK);
    out.resize(size);
  } else {
    out.resize(ZSTD_compressBound(plain.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  }
  return out;
}

/// Writes what a version 6 holds as a version 7 with chunks of one page.
class DatMaker7 {
 public:
  DatMaker7(const DatFile& from, std::string how) : from_(from), how_(std::move(how)) {
    out_ = std::string("\x17\x08\x44tracing", 10) + raw7(std::string("7")) + raw7<char>(0) +
           raw7<char>(8) + raw7(from.page_bytes) + raw7(how_) + raw7(std::string("1.0"));
    out_ += raw7<std::uint64_t>(out_.size() + 8);  // the first options follow at once
    const auto first = out_.size();
    options_ = option(4, raw7(std::string("[mono] local\n"))) +
               option(14, raw7(from.tsc_mult) + raw7(from.tsc_shift) + raw7<std::uint64_t>(0));
    out_ += section(0, options_ + option(0, raw7<std::uint64_t>(0)), false);
    next_ = first + 16 + options_.size() + 6;
    formats();
  }

  /// How much more than there is each chunk announces.
  std::uint32_t announced_more = 0;

  void add_buffer(const std::string& name, std::size_t cpus) {
    std::string places;
    const auto at = out_.size();
    const bool pack = how_ != "none";
    std::string body;
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      const auto& span = from_.pages.at(cpu);
      const std::string_view pages(reinterpret_cast<const char*>(span.data()), span.size());
      const std::string data = pack ? chunks(pages) : std::string(pages);
      places += raw7(static_cast<std::uint32_t>(cpu)) + raw7<std::uint64_t>(at + 16 + body.size()) +
                raw7<std::uint64_t>(pages.empty() ? 0 : data.size() - (pack ? 4 : 0));
      body += data;
    }
    out_ += header(3, body.size(), pack) + body;
    buffers_ +=
        option(3, raw7<std::uint64_t>(at) + raw7(name) + raw7(from_.clock) +
                      raw7(from_.page_bytes) + raw7(static_cast<std::uint32_t>(cpus)) + places);
  }

  std::string finish() {
    const auto at = out_.size();
    out_ +=
        section(0, option(999, "ignored") + buffers_ + option(0, raw7<std::uint64_t>(0)), false);
    std::memcpy(out_.data() + next_, &at, sizeof at);
    return out_;
  }

 private:
  static std::string option(std::uint16_t id, const std::string& value) {
    return raw7(id) + raw7(static_cast<std::uint32_t>(value.size())) + value;
  }
  static std::string header(std::uint16_t id, std::uint64_t size, bool pack) {
    return raw7(id) + raw7<std::uint16_t>(pack ? 1 : 0) + raw7<std::uint32_t>(0) + raw7(size);
  }
  std::string piece(std::string_view plain) const {
    const auto packed = packed7(how_, plain);
    return raw7(static_cast<std::uint32_t>(packed.size())) +
           raw7(static_cast<std::uint32_t>(plain.size()) + announced_more) + packed;
  }
  std::string chunks(std::string_view pages) const {
    std::string out = raw7(static_cast<std::uint32_t>(pages.size() / from_.page_bytes));
    for (std::size_t at = 0; at < pages.size(); at += from_.page_bytes)
      out += piece(pages.substr(at, from_.page_bytes));
    return out;
  }
  std::string section(std::uint16_t id, const std::string& plain, bool pack) const {
    const std::string body = pack ? piece(plain) : plain;
    return header(id, body.size(), pack) + body;
  }
  void put(std::uint16_t id, const std::string& plain) {
    buffers_ += option(id, raw7<std::uint64_t>(out_.size()));
    out_ += section(id, plain, how_ != "none");
  }
  void formats() {
    const auto sized = [](std::string_view text) {
      return raw7<std::uint64_t>(text.size()) + std::string(text);
    };
    put(16, raw7(std::string("header_page")) + sized(from_.header_page) +
                raw7(std::string("header_event")) + sized(from_.header_event));
    std::string events = raw7<std::uint32_t>(static_cast<std::uint32_t>(from_.formats.size()));
    for (const auto& format : from_.formats)
      events += raw7(format.system) + raw7<std::uint32_t>(1) + sized(format.text);
    put(17, raw7<std::uint32_t>(0));
    put(18, events);
    put(19, raw7(static_cast<std::uint32_t>(from_.kallsyms.size())) + std::string(from_.kallsyms));
    put(21, sized(from_.comms));
  }

  const DatFile& from_;
  std::string how_, out_, options_, buffers_;
  std::size_t next_ = 0;  // where the place of the second options is written
};

class TraceDat7 : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    test::TracedRecording traced(place_.path());
    traced.add_toggle();
    const auto recording = traced.recording();
    const auto trace = recording.directory / recording.window_directories.front() / "trace";
    std::filesystem::copy_file(ISOLAB_SOURCE_DIR "/tests/traces/x86-6.12/formats/header_event",
                               trace / "formats/header_event");
    const auto meta = TraceMeta::read(recording.windows.front().notes);
    ASSERT_TRUE(meta);
    ASSERT_TRUE(write_dat(trace, *meta, "Linux host 6.12.3 x86_64", [&](auto bytes) {
      bytes6_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return Result<void>{};
    }));
    auto read = read_dat(bytes6_);
    ASSERT_TRUE(read) << read.error().text();
    six_ = *std::move(read);
  }
  std::string whole() const {
    DatMaker7 make(six_, GetParam());
    make.add_buffer("", six_.pages.size());
    return make.finish();
  }
  std::string bytes6_;
  DatFile six_;

 private:
  const test::TemporaryDirectory place_;
};

TEST_P(TraceDat7, HasThePagesOfTheSameVersion6) {
  const auto bytes = whole();
  const auto seven = read_dat(bytes);
  ASSERT_TRUE(seven) << seven.error().text();
  EXPECT_EQ(seven->page_bytes, six_.page_bytes);
  EXPECT_EQ(seven->header_page, six_.header_page);
  EXPECT_EQ(seven->kallsyms, six_.kallsyms);
  EXPECT_EQ(seven->comms, six_.comms);
  EXPECT_EQ(seven->clock, six_.clock);  // the buffer's, not "mono"
  EXPECT_EQ(seven->formats.size(), six_.formats.size());
  ASSERT_EQ(seven->pages.size(), six_.pages.size());
  std::size_t bytes_of_pages = 0;
  for (std::size_t cpu = 0; cpu < six_.pages.size(); ++cpu) {
    EXPECT_TRUE(std::equal(seven->pages[cpu].begin(), seven->pages[cpu].end(),
                           six_.pages[cpu].begin(), six_.pages[cpu].end()))
        << cpu;
    bytes_of_pages += seven->pages[cpu].size();
  }
  EXPECT_GT(bytes_of_pages, 0U);
  EXPECT_EQ(seven->unpacked.empty(), std::string(GetParam()) == "none");
  EXPECT_TRUE(seven->not_read.empty());
}

TEST_P(TraceDat7, CutAnywhereItIsAnError) {
  const auto bytes = whole();
  for (std::size_t size = 0; size < bytes.size(); size += 100)
    EXPECT_FALSE(read_dat(std::string_view(bytes).substr(0, size))) << size;
}

TEST_P(TraceDat7, OfTwoBuffersTheLargerIsReadAndTheOtherNamed) {
  const auto full = std::find_if(six_.pages.begin(), six_.pages.end(),
                                 [](const auto& pages) { return !pages.empty(); });
  ASSERT_NE(full, six_.pages.end());
  six_.pages.push_back(std::as_const(*full));  // the larger has one CPU more
  DatMaker7 make(six_, GetParam());
  make.add_buffer("small", six_.pages.size() - 1);
  make.add_buffer("large", six_.pages.size());
  const auto bytes = make.finish();
  const auto read = read_dat(bytes);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->not_read, std::vector<std::string>{"small"});
  EXPECT_EQ(read->pages.size(), six_.pages.size());
  const auto file = ImportFile::of("two.dat", bytes);
  const auto imported = import_trace_dat().read({&file, 1}, {});
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_TRUE(std::any_of(
      imported->cannot_tell.begin(), imported->cannot_tell.end(),
      [](const auto& text) { return text.find("instance small") != std::string::npos; }));
}

INSTANTIATE_TEST_SUITE_P(Each, TraceDat7, ::testing::Values("none", "zlib", "zstd"),
                         [](const auto& info) { return std::string(info.param); });

using TraceDat7Packed = TraceDat7;

TEST_P(TraceDat7Packed, AChunkOfAnotherSizeThanItAnnouncesIsAnError) {
  for (const std::uint32_t more : {1U, 0xffffffffU}) {  // one more, one less
    DatMaker7 make(six_, GetParam());
    make.announced_more = more;
    make.add_buffer("", six_.pages.size());
    const auto bytes = make.finish();
    const auto read = read_dat(bytes);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().what.find("announces"), std::string::npos) << read.error().what;
  }
}

TEST_P(TraceDat7Packed, ABombIsRefusedBeforeItIsUnpacked) {
  const std::string zeros(std::size_t{32} << 20, '\0');
  six_.page_bytes = static_cast<std::uint32_t>(zeros.size());
  six_.pages = {std::as_bytes(std::span(zeros))};
  DatMaker7 make(six_, GetParam());
  make.add_buffer("", 1);
  auto bytes = make.finish();
  const std::uint32_t page = 4096;  // the header's, which is checked first
  std::memcpy(bytes.data() + 14, &page, sizeof page);
  const auto read = read_dat(bytes);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("unpacks to"), std::string::npos) << read.error().what;
}

INSTANTIATE_TEST_SUITE_P(Each, TraceDat7Packed, ::testing::Values("zlib", "zstd"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(TraceDat7, AnotherCompressionIsNamed) {
  auto bytes = whole();
  bytes.replace(18, 4, "lzma");
  const auto read = read_dat(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::unsupported);
  EXPECT_NE(read.error().what.find("\"lzma\""), std::string::npos);
}

}  // namespace
}  // namespace isolab
