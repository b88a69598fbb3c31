// SPDX-License-Identifier: Apache-2.0
// Which event of a trace plays which role.
#include "analysis/attribution/event_table.h"

#include <gtest/gtest.h>

#include "tests/support/trace_builder.h"

namespace isolab {
namespace {

using test::MadeEvent;

TraceFormats formats_of(const std::vector<MadeEvent>& events) {
  TraceFormats formats;
  for (const auto& event : events) {
    auto format = EventFormat::parse(event.system, event.text());
    EXPECT_TRUE(format && formats.add(std::move(*format)));
  }
  return formats;
}

// Each run's kprobes have a group of their own (trace/live/kprobes.h); they were in "isolab" once.
TEST(EventTable, KnowsTheKprobesOfWhateverRun) {
  for (const char* group : {"isolab_110", "isolab"}) {
    const EventTable table(
        formats_of({{group, "many", 1341, {{"u64", "m0", 16, 8, 0}, {"u64", "func", 24, 8, 0}}},
                    {group, "csq", 1343, {{"s32", "cpu", 16, 4, 1}, {"u64", "func", 24, 8, 0}}},
                    {"isolation", "many", 1350, {{"u64", "m0", 16, 8, 0}}}}));
    ASSERT_GT(table.roles.size(), 1343U) << group;
    EXPECT_EQ(table.roles[1341], EventRole::probe_many) << group;
    EXPECT_EQ(table.roles[1343], EventRole::probe_one) << group;
    EXPECT_EQ(table.roles.size(), 1344U) << "another's probe was taken for ours";
    EXPECT_TRUE(table.has_queue_events) << group;
  }
}

TEST(EventTable, ReadsEveryWordOfAMask) {
  std::vector<test::MadeField> fields{{"u64", "func", 8, 8, 0}};
  const std::vector<std::string> names{"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"};
  for (int word = 0; word < 8; ++word)
    fields.push_back({"u64", names[static_cast<std::size_t>(word)].c_str(), 16 + 8 * word, 8, 0});
  const EventTable table(formats_of({{"isolab_1", "many", 1341, fields}}));
  for (const int target : {0, 63, 64, 65, 300, 511}) {
    std::vector<std::byte> payload(80);
    payload[static_cast<std::size_t>(16 + target / 8)] = std::byte(1U << (target % 8));
    const TraceEvent event{.payload = payload.data(), .size = 80};
    for (int cpu = 0; cpu < 1024; ++cpu)
      EXPECT_EQ(table.many_has(event, cpu), cpu == target) << target << " " << cpu;
  }
}

}  // namespace
}  // namespace isolab
