// SPDX-License-Identifier: Apache-2.0
// Format files and the fields found through them, good and hostile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"
#include "trace/read/event.h"
#include "trace/read/meta.h"

namespace isolab {
namespace {

const std::string kCommon =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

std::string format_text(const std::string& name, int id, const std::string& fields) {
  return "name: " + name + "\nID: " + std::to_string(id) + "\nformat:\n" + kCommon + fields +
         "\nprint fmt: \"x\", REC->x\n";
}

EventFormat parse(const std::string& system, const std::string& text) {
  auto format = EventFormat::parse(system, text);
  EXPECT_TRUE(format) << format.error().text();
  return format ? *format : EventFormat{};
}

TEST(EventFormat, ReadsEveryFormOfDeclaration) {
  const auto format = parse(
      "ipi", format_text("ipi_send_cpumask", 353,
                         "\tfield:__data_loc cpumask_t cpumask;\toffset:8;\tsize:4;\tsigned:0;\n"
                         "\tfield:void * callsite;\toffset:16;\tsize:8;\tsigned:0;\n"
                         "\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;\n"
                         "\tfield:__rel_loc char[] name;\toffset:40;\tsize:4;\tsigned:0;\n"
                         "\tfield:long prev_state;\toffset:48;\tsize:8;\tsigned:1;\n"));
  EXPECT_EQ(format.id, 353);
  ASSERT_EQ(format.fields.size(), 9u);
  using Storage = EventField::Storage;
  EXPECT_EQ(*format.find("cpumask"),
            (EventField{"cpumask_t", "cpumask", 8, 4, false, true, Storage::data_loc}));
  EXPECT_EQ(*format.find("callsite"),
            (EventField{"void *", "callsite", 16, 8, false, false, Storage::fixed}));
  EXPECT_EQ(*format.find("comm"),
            (EventField{"char[16]", "comm", 24, 16, false, true, Storage::fixed}));
  EXPECT_EQ(*format.find("name"),
            (EventField{"char[]", "name", 40, 4, false, true, Storage::rel_loc}));
  EXPECT_TRUE(format.find("prev_state")->is_signed);
  EXPECT_EQ(format.find("absent"), nullptr);
}

TEST(EventFormat, RefusesWhatNoKernelWrites) {
  const auto refuses = [](const std::string& text) {
    const auto format = EventFormat::parse("x", text);
    return !format && format.error().kind == ErrorKind::parse;
  };
  EXPECT_TRUE(refuses(""));
  EXPECT_TRUE(refuses("name: x\n"));
  EXPECT_TRUE(refuses("name: x\nID: 5\nformat:\n"));  // no common fields
  EXPECT_TRUE(refuses(format_text("x", 0, "")));
  EXPECT_TRUE(refuses(format_text("x", 65536, "")));
  EXPECT_TRUE(refuses(format_text("x", -1, "")));
  EXPECT_TRUE(refuses(format_text("x", 1, "\tfield:int a;\toffset:-8;\tsize:4;\tsigned:1;\n")));
  EXPECT_TRUE(refuses(format_text("x", 1, "\tfield:int a;\toffset:8;\tsize:99999999999;\n")));
  EXPECT_TRUE(refuses(format_text("x", 1, "\tfield:int a;\toffset:8;\n")));
  EXPECT_TRUE(refuses(format_text("x", 1, "\tfield:;\toffset:8;\tsize:4;\tsigned:1;\n")));
  EXPECT_TRUE(refuses(format_text("x", 1, "\tfield:a];\toffset:8;\tsize:4;\tsigned:1;\n")));
  EXPECT_TRUE(refuses(std::string(2 << 20, 'x')));
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n";
  EXPECT_TRUE(refuses(format_text("x", 1, many)));
}

std::string header_page(const std::string& commit_size, const std::string& data_size) {
  return "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
         "\tfield: local_t commit;\toffset:8;\tsize:" +
         commit_size +
         ";\tsigned:1;\n"
         "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
         "\tfield: char data;\toffset:16;\tsize:" +
         data_size + ";\tsigned:0;\n";
}

TEST(PageLayout, IsThatOfHeaderPage) {
  EXPECT_EQ(PageLayout::parse(header_page("8", "4080"))->page_bytes(), 4096u);
  EXPECT_EQ(PageLayout::parse(header_page("8", "65520"))->page_bytes(), 65536u);
  EXPECT_EQ(PageLayout::parse(header_page("4", "4084")).error().kind, ErrorKind::unsupported);
  EXPECT_EQ(PageLayout::parse(header_page("8", "0")).error().kind, ErrorKind::parse);
  EXPECT_EQ(PageLayout::parse(header_page("8", "1048576")).error().kind, ErrorKind::parse);
  EXPECT_EQ(PageLayout::parse("").error().kind, ErrorKind::parse);
}

/// One event with a field of every kind, and its bytes.
struct Sample {
  TraceFormats formats;
  std::vector<std::byte> bytes;
  TraceEvent event() const {
    return {0, bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0};
  }
};

Sample sample() {
  Sample sample;
  EXPECT_TRUE(sample.formats.add(
      parse("s", format_text("e", 5,
                             "\tfield:signed char i8;\toffset:8;\tsize:1;\tsigned:1;\n"
                             "\tfield:unsigned short u16;\toffset:10;\tsize:2;\tsigned:0;\n"
                             "\tfield:int i32;\toffset:12;\tsize:4;\tsigned:1;\n"
                             "\tfield:void * u64;\toffset:16;\tsize:8;\tsigned:0;\n"
                             "\tfield:__data_loc char[] text;\toffset:24;\tsize:4;\tsigned:0;\n"
                             "\tfield:__rel_loc cpumask_t mask;\toffset:28;\tsize:4;\tsigned:0;\n"
                             "\tfield:char comm[8];\toffset:32;\tsize:8;\tsigned:0;\n"))));
  sample.bytes.resize(56);
  const auto put = [&](std::size_t at, auto value) {
    std::memcpy(sample.bytes.data() + at, &value, sizeof value);
  };
  put(0, std::uint16_t{5});
  put(4, std::int32_t{-77});
  put(8, std::int8_t{-2});
  put(10, std::uint16_t{0xfffe});
  put(12, std::int32_t{-3});
  put(16, std::uint64_t{0xffffffff81000000});
  put(24, std::uint32_t{4 << 16 | 40});  // 4 bytes at 40
  put(28, std::uint32_t{8 << 16 | 16});  // 8 bytes, 16 behind the end of the word: at 48
  std::memcpy(sample.bytes.data() + 32, "abcdefgh", 8);  // no NUL
  std::memcpy(sample.bytes.data() + 40, "IPI", 4);
  put(48, std::uint64_t{1} << 33 | 2);
  return sample;
}

TEST(Fields, ReadEveryKind) {
  const auto s = sample();
  const auto number = [&](const char* name) {
    return NumberField::resolve(s.formats, "s:e", name)->as_signed(s.event());
  };
  EXPECT_EQ(number("common_pid"), -77);
  EXPECT_EQ(number("i8"), -2);
  EXPECT_EQ(number("u16"), 0xfffe);
  EXPECT_EQ(number("i32"), -3);
  EXPECT_EQ((*NumberField::resolve(s.formats, "s:e", "u64"))(s.event()), 0xffffffff81000000u);
  EXPECT_EQ(BytesField::resolve(s.formats, "s:e", "text")->text(s.event()), "IPI");
  EXPECT_EQ(BytesField::resolve(s.formats, "s:e", "comm")->text(s.event()), "abcdefgh");
  const auto mask = BytesField::resolve(s.formats, "s:e", "mask");
  for (int cpu = -1; cpu < 100; ++cpu)
    EXPECT_EQ(mask->has_cpu(s.event(), cpu), cpu == 1 || cpu == 33) << cpu;
}

TEST(Fields, OfEventsThatAreTooShortReadAsNothing) {
  const auto s = sample();
  const auto u64 = *NumberField::resolve(s.formats, "s:e", "u64");
  const auto text = *BytesField::resolve(s.formats, "s:e", "text");
  const auto mask = *BytesField::resolve(s.formats, "s:e", "mask");
  for (std::uint32_t size = 8; size < 56; ++size) {
    auto event = s.event();
    event.size = size;
    EXPECT_EQ(u64(event), size < 24 ? 0 : 0xffffffff81000000u);
    EXPECT_LE(text(event).size(), size < 40 ? 0 : size - 40);
    EXPECT_LE(mask(event).size(), size < 48 ? 0 : size - 48);
  }
}

TEST(Fields, ThatAreAbsentSaySo) {
  const auto s = sample();
  EXPECT_EQ(NumberField::resolve(s.formats, "s:none", "u64").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(NumberField::resolve(s.formats, "s:e", "none").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(NumberField::resolve(s.formats, "s:e", "comm").error().kind, ErrorKind::parse);
  EXPECT_FALSE(NumberField{});
  EXPECT_EQ(NumberField{}(s.event()), 0u);
  EXPECT_TRUE(BytesField{}(s.event()).empty());
  EXPECT_EQ(s.formats.id_of("s:none"), 0);
  EXPECT_EQ(s.formats.id_of("s:e"), 5);
}

TEST(Formats, RefuseTwoOfTheSameIdOrName) {
  auto s = sample();
  EXPECT_FALSE(s.formats.add(parse("s", format_text("other", 5, ""))));
  EXPECT_FALSE(s.formats.add(parse("s", format_text("e", 6, ""))));
  EXPECT_TRUE(s.formats.add(parse("s", format_text("other", 6, ""))));
  EXPECT_EQ(s.formats.all().size(), 2u);
}

TEST(StackField, GivesNoMoreFramesThanThereAre) {
  TraceFormats formats;
  ASSERT_TRUE(formats.add(
      parse("ftrace", format_text("kernel_stack", 4,
                                  "\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n"
                                  "\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\t"
                                  "signed:0;\n"))));
  const auto stack = StackField::resolve(formats);
  ASSERT_TRUE(stack);
  EXPECT_EQ(stack->id(), 4);
  std::vector<std::byte> bytes(16 + 8 * 12);
  const TraceEvent event{0, bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0};
  const auto frames = [&](std::int32_t size) {
    std::memcpy(bytes.data() + 8, &size, 4);
    return stack->frames(event);
  };
  EXPECT_EQ(frames(12), 12u);  // more than caller[8]
  EXPECT_EQ(frames(0), 0u);
  EXPECT_EQ(frames(-1), 0u);
  EXPECT_EQ(frames(2000000000), 12u);
  const std::uint64_t address = 0xffffffff81234567;
  std::memcpy(bytes.data() + 16 + 8 * 11, &address, 8);
  EXPECT_EQ(stack->frame(event, 11), address);
}

TEST(TraceMeta, TimesThatRunBackwardsAreRefused) {
  TraceMeta meta;
  meta.level = "A";
  meta.begin = 5, meta.end = 10;
  meta.line = {.counter = "tsc", .ticks0 = 10, .ticks1 = 30, .ns0 = 5, .ns1 = 15};
  std::map<std::string, std::string> notes;
  meta.write(notes);
  ASSERT_TRUE(TraceMeta::read(notes));
  const auto refusal = [&](const char* key, const char* value) {
    auto changed = notes;
    changed.at(key) = value;
    const auto read = TraceMeta::read(changed);
    return read ? "" : read.error().what;
  };
  EXPECT_EQ(refusal("ipi_trace.window", "10 5"),
            "note ipi_trace.window: it ends at 5, before its begin at 10");
  EXPECT_EQ(refusal("ipi_trace.line", "tsc 30 5 10 15"),
            "note ipi_trace.line: it ends at 10, before its begin at 30");
  EXPECT_EQ(refusal("ipi_trace.line", "tsc 10 15 30 5"),
            "note ipi_trace.line: it ends at 5, before its begin at 15");
}

TEST(TraceMeta, SurvivesItsNotes) {
  TraceMeta meta;
  meta.level = "A";
  meta.reasons = {"one reason", "another: with words"};
  meta.clock = "mono_raw";
  meta.begin = 5, meta.end = 10;
  meta.line = {.counter = "cntvct", .ticks0 = 1000, .ticks1 = 3000, .ns0 = 500, .ns1 = 32500};
  meta.loss = {{0, {}}, {1, {1, 2, 3}}};
  meta.cut = {{2, {77, "cannot read cpu2/trace_pipe_raw: No such device"}}, {3, {5, ""}}};
  meta.buffer_bytes = 1 << 20;
  meta.other["quiet"] = "200ms";
  std::map<std::string, std::string> notes{{"probe.other", "x"}};
  meta.write(notes);
  const auto read = TraceMeta::read(notes);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->level, meta.level);
  EXPECT_EQ(read->reasons, meta.reasons);
  EXPECT_EQ(read->clock, meta.clock);
  EXPECT_EQ(read->begin, 5u);
  EXPECT_EQ(read->end, 10u);
  EXPECT_EQ(read->line.counter, "cntvct");
  EXPECT_EQ(read->line.ticks1, 3000u);
  EXPECT_EQ(read->line.ns1, 32500u);
  EXPECT_EQ(read->loss, meta.loss);
  EXPECT_EQ(read->lost(), 6u);
  EXPECT_EQ(read->cut, meta.cut);
  EXPECT_EQ(read->whole(CpuSet{1, 2, 3, 64}), (CpuSet{1, 64}));
  EXPECT_EQ(read->other, meta.other);
  // 16 ns a tick.
  EXPECT_EQ(read->ticks(500 + 160), 1010u);
  EXPECT_EQ(read->ticks(500 - 160), 990u);
}

TEST(TraceMeta, OfAnUntracedWindowIsUnsupported) {
  EXPECT_EQ(TraceMeta::read({}).error().kind, ErrorKind::unsupported);
  EXPECT_EQ(TraceMeta::read({{"ipi_trace.level", "A"}, {"ipi_trace.window", "1"}}).error().kind,
            ErrorKind::parse);
}

const char* const kHeaderPage =
    "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
    "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
    "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
    "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";

// A directory is listed in any order, so a directory without a format lies at every place of it.
TEST(TraceFormats, EventDirectoriesWithoutAFormatAreLeftOut) {
  const test::TemporaryDirectory directory;
  directory.put("header_page", kHeaderPage);
  for (const char* system : {"aaa", "irq", "zzz"}) {
    for (const char* empty : {"a_none", "m_none", "z_none"})
      std::filesystem::create_directories(directory / (std::string(system) + "/" + empty));
    directory.put(std::string(system) + "/enable", "0");
    directory.put(std::string(system) + "/filter", "none");
  }
  directory.put("irq/softirq_entry/format", format_text("softirq_entry", 7, ""));
  directory.put("irq/softirq_exit", format_text("softirq_exit", 8, ""));
  std::filesystem::create_symlink("nowhere", directory / "irq/dangling");
  const auto formats = TraceFormats::load(directory.path());
  ASSERT_TRUE(formats) << formats.error().text();
  EXPECT_EQ(formats->all().size(), 2U);
  EXPECT_NE(formats->find("irq:softirq_entry"), nullptr);
  EXPECT_NE(formats->find("irq:softirq_exit"), nullptr);
}

TEST(TraceFormats, ADirectoryThatIsMissingIsAnError) {
  const test::TemporaryDirectory directory;
  const auto formats = TraceFormats::load(directory / "none");
  ASSERT_FALSE(formats);
  EXPECT_THAT(formats.error().what, testing::HasSubstr((directory / "none").string()));
}

}  // namespace
}  // namespace isolab
