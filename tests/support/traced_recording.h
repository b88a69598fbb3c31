// SPDX-License-Identifier: Apache-2.0
// A traced recording made by hand, with its trace directory: a toggle whose IPIs, senders and
// stacks are known, a host's tick without any kernel event, a callback no rule knows, a task that
// took the CPU, and a counter that contradicts the trace.
#pragma once

#include "tests/support/recording_builder.h"
#include "tests/support/trace_builder.h"
#include "trace/read/meta.h"

namespace isolab::test {

class TracedRecording {
 public:
  /// Files go below `directory`, which must exist.
  explicit TracedRecording(const std::filesystem::path& directory) {
    auto& recording = builder_.recording();
    recording.facts["kernel.arch"] = "x86_64";
    recording.directory = directory;
  }

  /// Arm "toggle", traced for 10 s, and "toggle untraced" beside it.
  void add_toggle() {
    auto& window = traced_window("toggle");
    auto& gaps = window.probe.cpus[0].gaps.own();
    TraceBuilder make;
    for (std::uint64_t i = 0; i < 1000; ++i) gaps.push_back({at_ms(10 * i + 3), 50'000});
    for (const std::uint64_t ms : {101u, 1207u, 2311u, 4455u, 7777u})
      gaps.push_back({at_ms(ms), 3'000});
    for (std::uint64_t i = 0; i < 40; ++i) {
      const auto time = at_ms(250 * i + 5);
      gaps.push_back({time, 20'000 + 100 * i});
      toggle(make, time, 0xff00 + i);
    }
    gaps.push_back({at_ms(9'990), 40'000'000});
    unknown(make, at_ms(9'990));
    make.task_switch(1, at_ms(9'990) + 8'000, "isolab", 50, "kworker/1:2", 77);
    make.task_switch(1, at_ms(9'990) + 30'008'000, "kworker/1:2", 77, "isolab", 50);
    std::sort(gaps.begin(), gaps.end(),
              [](const Gap& a, const Gap& b) { return a.start < b.start; });
    window.interrupts = {calls(41), grown_row("RES", "Rescheduling interrupts", "reschedule", 9)};
    window.notes["smi.cpu1"] =
        "not applicable: the counter of a guest does not show SMIs of the host (KVM)";
    write(make);
    builder_.window(builder_.arm("toggle untraced"), std::vector<double>(30, 9.5));
    builder_.recording().window_directories.push_back("windows/untraced");
  }

  /// An arm with one IPI, for reports of many arms.
  void add_small(const std::string& arm) {
    auto& window = traced_window(arm);
    window.probe.cpus[0].gaps = {{at_ms(5), 20'000}};
    window.interrupts = {calls(1)};
    TraceBuilder make;
    toggle(make, at_ms(5), 0xff00);
    write(make);
  }

  /// An arm in which the tasks took the CPU for 200 us each, one after the other, `times` times in
  /// all, each after a reschedule IPI; and one tick.
  WindowRecord& add_visits(const std::string& arm, const std::vector<std::string>& tasks,
                           std::uint64_t times) {
    auto& window = traced_window(arm);
    TraceBuilder make;
    for (std::uint64_t i = 0; i < times; ++i) {
      const auto at = at_ms(9'000 / times * i + 5);
      const auto& task = tasks[i % tasks.size()];
      window.probe.cpus[0].gaps.push_back({at, 400'000});
      make.reschedule(1, at + 2'000);
      make.task_switch(1, at + 4'000, "isolab", 50, task, 77);
      make.task_switch(1, at + 390'000, task, 77, "isolab", 50);
    }
    window.probe.cpus[0].gaps.push_back({at_ms(9'900), 8'000});
    make.tick(1, at_ms(9'900) + 2'000);
    window.interrupts = {grown_row("RES", "Rescheduling interrupts", "reschedule", times),
                         grown_row("LOC", "Local timer interrupts", "timer", 1)};
    write(make);
    return window;
  }

  /// An arm in which a task queues work whose worker sends an IPI, and work to the measured CPU;
  /// and a block device interrupts it.
  void add_deferred(const std::string& arm) {
    auto& window = traced_window(arm);
    window.probe.cpus[0].gaps = {{at_ms(5), 20'000}, {at_ms(15), 60'000}, {at_ms(25), 20'000}};
    TraceBuilder make;
    make.pid = 300;
    make.work_queued(0, at_ms(4), 0xaa00, kStampWork, 0);
    make.pid = 45;
    make.work_begins(0, at_ms(5) - 4'000, kStampWork, 0xaa00);
    toggle(make, at_ms(5), 0xff00);
    make.work_ends(0, at_ms(5) + 1'000, kStampWork);
    make.pid = 300;
    make.work_queued(0, at_ms(14), 0xaa80, kRefresh, 1);
    make.pid = 7;
    make.task_switch(1, at_ms(15) + 2'000, "isolab", 50, "kworker/1:2", 77);
    make.pid = 77;
    make.work_begins(1, at_ms(15) + 4'000, kRefresh, 0xaa80);
    make.work_ends(1, at_ms(15) + 50'000, kRefresh);
    make.task_switch(1, at_ms(15) + 54'000, "kworker/1:2", 77, "isolab", 50);
    make.pid = 50, make.flags = 0x08;
    make.handler(1, at_ms(25) + 2'000, 36, "virtio1");
    make.softirq_raised(1, at_ms(25) + 3'000, 4);
    make.handler_end(1, at_ms(25) + 4'000, 36);
    make.flags = 0x10;
    make.softirq(1, at_ms(25) + 5'000, 4);
    make.softirq_end(1, at_ms(25) + 9'000, 4);
    write(make);
  }

  Recording& recording() { return builder_.recording(); }

 private:
  static constexpr std::uint64_t kSync = 0x1000, kUnknown = 0x2000, kCallsite = 0xd000,
                                 kPatch = 0xa000, kKey = 0xb000, kDriver = 0xc000,
                                 kStampWork = 0xe200, kRefresh = 0xe300;

  static std::uint64_t at_ms(std::uint64_t ms) { return kStart + ms * 2'000'000; }

  static void toggle(TraceBuilder& make, std::uint64_t gap, std::uint64_t csd) {
    make.queue(0, gap - 2'000, 1, kCallsite, kSync, csd);
    make.stack(0, gap - 1'999, {kCallsite, kPatch, kKey});
    make.send(0, gap - 1'998, 1, kCallsite, 0x9000);
    make.call_ipi(1, gap + 4'000);
    make.callback(1, gap + 5'000, kSync, csd);
    make.call_ipi_end(1, gap + 6'000);
  }
  static void unknown(TraceBuilder& make, std::uint64_t gap) {
    make.queue(0, gap - 2'000, 1, kCallsite, kUnknown, 0xee00);
    make.stack(0, gap - 1'999, {kCallsite, kDriver});
    make.send(0, gap - 1'998, 1, kCallsite, 0x9000);
    make.call_ipi(1, gap + 1'000);
    make.callback(1, gap + 2'000, kUnknown, 0xee00);
    make.call_ipi_end(1, gap + 3'000);
  }

  WindowRecord& traced_window(const std::string& arm) {
    auto& window = builder_.window(builder_.arm(arm), {});
    TraceMeta meta;
    meta.level = "A";
    meta.clock = "x86-tsc";
    meta.begin = kStart;
    meta.end = kStart + 20'000'000'000;
    meta.line = two_gigahertz();
    meta.write(window.notes);
    builder_.recording().window_directories.push_back("windows/" + std::to_string(window.index));
    return window;
  }
  void write(TraceBuilder& make) {
    auto& recording = builder_.recording();
    write_trace_directory(recording.directory / recording.window_directories.back() / "trace",
                          make.take(),
                          {{kSync, "do_sync_core+0x0/0x10"},
                           {kUnknown, "vendor_poll+0x0/0x80"},
                           {kCallsite, "on_each_cpu_cond_mask+0x20/0x40"},
                           {kPatch, "arch_jump_label_transform_apply+0x20/0x40"},
                           {kKey, "static_key_enable+0x1a/0x30"},
                           {kDriver, "vendor_watchdog+0x44/0x90"},
                           {kStampWork, "netstamp_clear+0x0/0x40"},
                           {kRefresh, "refresh_vm_stats+0x0/0x40"}},
                          {{100, "generator"}, {45, "kworker/0:1"}, {300, "opener"}});
  }

  RecordingBuilder builder_;
};

}  // namespace isolab::test
