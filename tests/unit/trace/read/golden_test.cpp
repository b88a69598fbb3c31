// SPDX-License-Identifier: Apache-2.0
// Pages of real kernels: read to the last event, compared with libtraceevent's reading event for
// event and field for field, cut at every length, and damaged at random.
#include <event-parse.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

extern "C" {
#include <kbuffer.h>  // 1.7 does not know C++
}

#include <random>

#include "tests/fuzz/trace_bytes.h"
#include "tests/traces/golden.h"

namespace isolab {
namespace {

class Goldens : public testing::Test {
 protected:
  const std::vector<golden::Trace> traces_ = golden::load_all();
};

TEST_F(Goldens, AreReadWithoutFaultAndInTimeOrder) {
  std::vector<std::string> machines;
  for (const auto& trace : traces_) {
    SCOPED_TRACE(trace.machine);
    machines.push_back(trace.machine);
    for (const auto& [cpu, bytes] : trace.cpus) {
      CpuReader reader(bytes, cpu, trace.formats.layout);
      std::uint64_t events = 0, last = 0;
      for (TraceEvent event; reader.next(event); ++events) {
        EXPECT_GE(event.time, last);
        last = event.time;
        EXPECT_NE(trace.formats.find(event.id()), nullptr) << "id " << event.id();
      }
      EXPECT_GT(events, 20u) << "CPU " << cpu;
      EXPECT_EQ(reader.summary().faulty_pages, 0u);
      EXPECT_EQ(reader.summary().backward, 0u);
    }
  }
  EXPECT_THAT(machines, testing::IsSupersetOf({"arm64-6.12", "x86-6.12", "x86-6.18"}));
}

TEST_F(Goldens, HoldRemoteCallsWithSenderFunctionAndStack) {
  for (const auto& trace : traces_) {
    SCOPED_TRACE(trace.machine);
    const auto& formats = trace.formats;
    const auto queue_func = NumberField::resolve(formats, "csd:csd_queue_cpu", "func");
    const auto entry_func = NumberField::resolve(formats, "csd:csd_function_entry", "func");
    const auto queue_csd = NumberField::resolve(formats, "csd:csd_queue_cpu", "csd");
    const auto entry_csd = NumberField::resolve(formats, "csd:csd_function_entry", "csd");
    const auto stack = StackField::resolve(formats);
    ASSERT_TRUE(queue_func && entry_func && queue_csd && entry_csd && stack);
    std::map<std::pair<std::uint64_t, std::uint64_t>, int> waiting;
    int joined = 0, frames = 0;
    std::vector<CpuReader> readers;
    for (const auto& [cpu, bytes] : trace.cpus) readers.emplace_back(bytes, cpu, formats.layout);
    merge_cpus(std::move(readers), [&](const TraceEvent& event) {
      if (event.id() == formats.id_of("csd:csd_queue_cpu"))
        ++waiting[{(*queue_csd)(event), (*queue_func)(event)}];
      if (event.id() == formats.id_of("csd:csd_function_entry") &&
          waiting[{(*entry_csd)(event), (*entry_func)(event)}]-- > 0)
        ++joined;
      if (event.id() == stack->id())
        for (std::size_t i = 0; i < stack->frames(event); ++i)
          frames += stack->frame(event, i) >> 48 == 0xffff ? 1 : 0;  // kernel half
    });
    EXPECT_GT(joined, 0);
    EXPECT_GT(frames, 5);
  }
}

/// libtraceevent's knowledge of one machine.
class Oracle {
 public:
  explicit Oracle(const golden::Trace& trace) : tep_(tep_alloc()) {
    tep_set_long_size(tep_, 8);
    tep_set_file_bigendian(tep_, TEP_LITTLE_ENDIAN);
    for (const auto* format : trace.formats.all()) {
      std::ifstream in(trace.directory / "formats" / format->system / format->name);
      const std::string text(std::istreambuf_iterator<char>(in), {});
      tep_parse_event(tep_, text.data(), text.size(), format->system.c_str());
    }
  }
  ~Oracle() { tep_free(tep_); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  tep_handle* tep() const { return tep_; }

 private:
  tep_handle* tep_;
};

/// All of one event that a reader can get wrong, as text.
std::string ours(const TraceFormats& formats, const TraceEvent& event) {
  std::string text = fmt::format("{} id {} pid {}", event.time, event.id(), event.pid());
  const auto* format = formats.find(event.id());
  if (format == nullptr) return text + " unknown";
  for (const auto& field : format->fields) {
    const bool number = !field.is_array && field.size <= 8;
    if (number)
      text += fmt::format(" {}={:#x}", field.name, NumberField(field)(event));
    else if (field.storage == EventField::Storage::fixed && field.type.starts_with("char"))
      text += fmt::format(" {}={}", field.name, BytesField(field).text(event));
  }
  return text;
}

std::string theirs(tep_handle* tep, void* data, int size, std::uint64_t time) {
  tep_record record{};
  record.ts = time;
  record.data = data;
  record.size = size;
  std::string text =
      fmt::format("{} id {} pid {}", time, tep_data_type(tep, &record), tep_data_pid(tep, &record));
  tep_event* event = tep_find_event_by_record(tep, &record);
  if (event == nullptr) return text + " unknown";
  const auto add = [&](tep_format_field* field) {
    const bool array = (field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_DYNAMIC)) != 0;
    unsigned long long value = 0;
    if (!array && tep_read_number_field(field, data, &value) == 0) {
      // libtraceevent leaves negative numbers of fewer than 8 bytes unextended.
      const int bits = 64 - 8 * field->size;
      if ((field->flags & TEP_FIELD_IS_SIGNED) != 0)
        value = static_cast<unsigned long long>(static_cast<long long>(value << bits) >> bits);
      text += fmt::format(" {}={:#x}", field->name, value);
    } else if ((field->flags & TEP_FIELD_IS_DYNAMIC) == 0 &&
               std::string_view(field->type).starts_with("char")) {
      const auto* chars = static_cast<const char*>(data) + field->offset;
      text +=
          fmt::format(" {}={}", field->name,
                      std::string(chars, ::strnlen(chars, static_cast<std::size_t>(field->size))));
    }
  };
  for (auto* field = event->format.common_fields; field != nullptr; field = field->next) add(field);
  for (auto* field = event->format.fields; field != nullptr; field = field->next) add(field);
  return text;
}

TEST_F(Goldens, AreReadAsLibtraceeventReadsThem) {
  for (const auto& trace : traces_) {
    SCOPED_TRACE(trace.machine);
    const Oracle oracle(trace);
    kbuffer* const buffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
    std::size_t compared = 0;
    for (const auto& [cpu, bytes] : trace.cpus) {
      const std::size_t page_bytes = trace.formats.layout.page_bytes();
      for (std::size_t at = 0; at + page_bytes <= bytes.size(); at += page_bytes) {
        PageCursor cursor;
        ASSERT_EQ(cursor.open(std::span(bytes).subspan(at, page_bytes), trace.formats.layout, cpu),
                  PageFault::none);
        std::vector<std::byte> copy(bytes.begin() + static_cast<long>(at),
                                    bytes.begin() + static_cast<long>(at + page_bytes));
        ASSERT_EQ(kbuffer_load_subbuffer(buffer, copy.data()), 0);
        unsigned long long time = 0;
        void* data = kbuffer_read_event(buffer, &time);
        for (TraceEvent event; cursor.next(event); ++compared) {
          ASSERT_NE(data, nullptr) << "CPU " << cpu << ", page at " << at;
          ASSERT_EQ(ours(trace.formats, event),
                    theirs(oracle.tep(), data, kbuffer_event_size(buffer), time));
          data = kbuffer_next_event(buffer, &time);
        }
        EXPECT_EQ(data, nullptr) << "libtraceevent sees more events: CPU " << cpu << " at " << at;
      }
    }
    kbuffer_free(buffer);
    EXPECT_GT(compared, 100u);
  }
}

TEST_F(Goldens, CutAnywhereAreTruncatedNeverMore) {
  for (const auto& trace : traces_) {
    const auto& layout = trace.formats.layout;
    for (const auto& [cpu, bytes] : trace.cpus) {
      const std::span page = std::span(bytes).first(layout.page_bytes());
      std::size_t whole = 0;
      EXPECT_EQ(walk_page(page, layout, cpu, [&](const TraceEvent&) { ++whole; }), PageFault::none);
      for (std::size_t size = 0; size < page.size(); ++size) {
        std::size_t events = 0;
        const auto fault =
            walk_page(page.first(size), layout, cpu, [&](const TraceEvent&) { ++events; });
        if (fault == PageFault::none)
          EXPECT_EQ(events, whole);  // only padding was cut
        else
          EXPECT_EQ(fault, PageFault::truncated);
      }
    }
  }
}

// The fuzz target's checks on damaged goldens, for builds without libFuzzer. Fixed seed, fixed
// work.
TEST_F(Goldens, DamagedAtRandomDoNoHarm) {
  std::mt19937 random(20261120);
  for (const auto& trace : traces_)
    for (const auto& [cpu, bytes] : trace.cpus)
      for (int round = 0; round < 300; ++round) {
        auto damaged = bytes;
        for (auto flips = 1 + random() % 20; flips > 0; --flips) {
          const auto at = random() % damaged.size();
          damaged[at] = static_cast<std::byte>(random());
        }
        if (round % 3 == 0) damaged.resize(random() % damaged.size());
        // Reading beyond the end is an error under ASan: exact allocation.
        fuzz::read_pages(trace.formats, std::vector<std::byte>(damaged.begin(), damaged.end()));
      }
}

TEST_F(Goldens, DamagedFormatsDoNoHarm) {
  std::mt19937 random(1);
  for (const auto& trace : traces_)
    for (const auto* format : trace.formats.all()) {
      std::ifstream in(trace.directory / "formats" / format->system / format->name);
      const std::string text(std::istreambuf_iterator<char>(in), {});
      for (int round = 0; round < 50; ++round) {
        auto damaged = text;
        for (auto flips = 1 + random() % 8; flips > 0; --flips)
          damaged[random() % damaged.size()] = static_cast<char>(random());
        fuzz::read_format(damaged);
      }
    }
}

}  // namespace
}  // namespace isolab
