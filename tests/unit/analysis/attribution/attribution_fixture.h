// SPDX-License-Identifier: Apache-2.0
// Attribution of hand-made event streams that go through real pages and the real reader. CPU 1 is
// measured, CPU 0 sends. Times are ticks.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/model/sender_words.h"
#include "tests/support/trace_builder.h"

namespace isolab::test {

inline constexpr std::uint64_t kSync = 0x1000, kFlush = 0x2000, kMembarrier = 0x3000,
                               kWakeup = 0x4000, kStrange = 0x5000, kCpuid = 0x6000, kKick = 0x7000,
                               kNmi = 0x8000, kGeneric = 0x9000;
inline constexpr std::uint64_t kJumpLabel = 0xa000, kSecretmem = 0xb000, kResched = 0xc000,
                               kCallsite = 0xd000;

struct Story {
  std::vector<std::string> causes;
  std::vector<std::string> senders, who;  // the latter as reports print it
  std::uint64_t before = 0, traced = 0, after = 0, away = 0, late = 0, more = 0;
  std::vector<std::pair<std::string, std::uint64_t>> parts;
  std::string trigger, main, woken;
  std::vector<std::uint32_t> times;
  std::vector<bool> same_ipi;
};

class AttributionTest : public testing::Test {
 protected:
  AttributionTest() {
    trace_.symbols = {{kSync, "do_sync_core+0x0/0x10"},
                      {kFlush, "do_kernel_range_flush+0x0/0x40"},
                      {kMembarrier, "ipi_mb+0x0/0x10"},
                      {kWakeup, "sched_ttwu_pending+0x0/0x100"},
                      {kStrange, "vendor_thing+0x0/0x10"},
                      {kCpuid, "cpuid_smp_cpuid+0x0/0x50"},
                      {kKick, "nohz_full_kick_func+0x0/0x10"},
                      {kNmi, "perf_event_nmi_handler+0x0/0x50"},
                      {kGeneric, "generic_smp_call_function_single_interrupt+0x0/0x20"},
                      {kJumpLabel, "arch_jump_label_transform_apply+0x20/0x40"},
                      {kSecretmem, "secretmem_fault+0x123/0x300"},
                      {kResched, "wakeup_preempt+0x60/0xb0"},
                      {kCallsite, "on_each_cpu_cond_mask+0x20/0x40"}};
    trace_.comms = {{100, "generator"}, {7, "probe"}};
    meta_.level = "A";
    meta_.clock = "x86-tsc";
    meta_.begin = 0;
    meta_.end = 1'000'000;
    trace_.formats = made_formats();
  }

  /// A call queued on CPU 0 for CPU 1 with a stack, and its IPI.
  void call(std::uint64_t sent, std::uint64_t func, std::uint64_t csd,
            const std::vector<std::uint64_t>& frames = {kCallsite}) {
    make_.queue(0, sent, 1, kCallsite, func, csd);
    make_.stack(0, sent + 1, frames);
    make_.send(0, sent + 2, 1, kCallsite, kGeneric);
  }
  /// It arrives and runs on CPU 1.
  void run(std::uint64_t time, std::uint64_t func, std::uint64_t csd) {
    make_.call_ipi(1, time);
    make_.callback(1, time + 5, func, csd);
    make_.call_ipi_end(1, time + 20);
  }

  Attribution& attribute(std::vector<Gap> gaps) {
    gaps_ = std::move(gaps);
    auto rules = Classifier::create(builtin_class_rules(), "x86_64", "6.18.0");
    EXPECT_TRUE(rules);
    rules_.emplace(*std::move(rules));
    const std::uint64_t end = has_gaps_ ? 1'000'000 : 0;
    done_.emplace(trace_, meta_, *rules_,
                  std::vector<CpuGaps>{{1, 0, end, microsecond_, gaps_, probe_}});
    done_->on_gap([this](const GapStory& story) { keep(story); });
    pages_ = make_.take();
    std::vector<CpuReader> readers;
    for (const auto& [cpu, bytes] : pages_) readers.emplace_back(bytes, cpu, trace_.formats.layout);
    for (const auto& summary :
         merge_cpus(std::move(readers), [&](const TraceEvent& event) { done_->add(event); }))
      EXPECT_EQ(summary.faulty_pages, 0u);
    done_->finish();
    return *done_;
  }
  void keep(const GapStory& story) {
    Story out;
    for (const auto& cause : story.causes) {
      const auto& name = done_->names()[cause.id];
      out.causes.push_back(name.klass + "/" + name.subclass + "/" + name.what);
      out.senders.push_back(cause.sender.known() ? done_->comms().name(cause.sender.comm) : "");
      out.who.push_back(cause.sender.known() ? who_text(sender_row(cause.sender, *done_), true)
                                             : "");
      out.times.push_back(cause.times);
      out.same_ipi.push_back(cause.same_ipi);
    }
    out.before = story.before(), out.traced = story.traced(), out.after = story.after();
    out.away = story.away, out.more = story.more_causes, out.late = story.late;
    std::uint64_t sum = 0;
    for (const auto& slice : story.slices) {
      out.parts.emplace_back(done_->names()[slice.id].what, slice.length);
      sum += slice.length;
    }
    EXPECT_EQ(story.events == 0, story.main == kNoCause && story.trigger == kNoCause);
    if (story.events != 0) {
      EXPECT_EQ(sum, story.gap.length);
      out.trigger = done_->names()[story.trigger].what, out.main = done_->names()[story.main].what;
    }
    for (const auto& cause : story.causes)
      if (cause.woken_pid >= 0) out.woken = done_->comms().name(cause.woken);
    stories_.push_back(std::move(out));
  }
  const CpuAttribution& cpu() const { return done_->cpus().front(); }
  const CauseTally& tally(const std::string& what) const {
    static const CauseTally none;
    for (CauseId id = 0; id < cpu().causes.size() && id < done_->names().size(); ++id)
      if (done_->names()[id].what == what) return cpu().causes[id];
    ADD_FAILURE() << "no cause " << what;
    return none;
  }

  TraceDirectory trace_;
  TraceMeta meta_;
  TraceBuilder make_;
  std::vector<Gap> gaps_;
  std::string probe_;  // name of its thread
  std::uint64_t microsecond_ = 1000;
  bool has_gaps_ = true;  // it is a gap probe
  std::map<int, std::vector<std::byte>> pages_;
  std::optional<Classifier> rules_;
  std::optional<Attribution> done_;
  std::vector<Story> stories_;
};

}  // namespace isolab::test
