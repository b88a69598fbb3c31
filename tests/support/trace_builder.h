// SPDX-License-Identifier: Apache-2.0
// Makes traces by hand, for tests and benchmarks: formats as x86 6.18 has them and ring-buffer
// pages of any number of CPUs. The pages go through the real reader.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "trace/read/reader.h"

namespace isolab::test {

struct MadeField {
  const char* type;
  const char* name;
  int offset;
  int size;
  int is_signed;
};

struct MadeEvent {
  const char* system;
  const char* name;
  int id;
  std::vector<MadeField> fields;

  std::string text() const {
    std::string out = fmt::format(
        "name: {}\nID: {}\nformat:\n"
        "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
        "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
        "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
        "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n",
        name, id);
    for (const auto& field : fields)
      out += fmt::format("\tfield:{} {};\toffset:{};\tsize:{};\tsigned:{};\n", field.type,
                         field.name, field.offset, field.size, field.is_signed);
    return out + "\nprint fmt: \"\"\n";
  }
};

inline const std::vector<MadeEvent>& made_events() {
  static const std::vector<MadeField> vector{{"int", "vector", 8, 4, 1}};
  static const std::vector<MadeField> wake{{"char", "comm[16]", 8, 16, 0},
                                           {"pid_t", "pid", 24, 4, 1},
                                           {"int", "prio", 28, 4, 1},
                                           {"int", "target_cpu", 32, 4, 1}};
  static const std::vector<MadeEvent> events{
      {"ftrace",
       "kernel_stack",
       4,
       {{"int", "size", 8, 4, 1}, {"unsigned long", "caller[8]", 16, 64, 0}}},
      {"csd",
       "csd_queue_cpu",
       529,
       {{"unsigned int", "cpu", 8, 4, 0},
        {"void *", "callsite", 16, 8, 0},
        {"void *", "func", 24, 8, 0},
        {"void *", "csd", 32, 8, 0}}},
      {"csd",
       "csd_function_entry",
       528,
       {{"void *", "func", 8, 8, 0}, {"void *", "csd", 16, 8, 0}}},
      {"csd", "csd_function_exit", 527, {{"void *", "func", 8, 8, 0}, {"void *", "csd", 16, 8, 0}}},
      {"ipi",
       "ipi_send_cpu",
       354,
       {{"unsigned int", "cpu", 8, 4, 0},
        {"void *", "callsite", 16, 8, 0},
        {"void *", "callback", 24, 8, 0}}},
      {"irq_vectors", "call_function_single_entry", 151, vector},
      {"irq_vectors", "call_function_single_exit", 152, vector},
      {"irq_vectors", "reschedule_entry", 155, vector},
      {"irq_vectors", "reschedule_exit", 156, vector},
      {"irq_vectors", "local_timer_entry", 163, vector},
      {"irq_vectors", "local_timer_exit", 164, vector},
      {"irq_vectors", "irq_work_entry", 157, vector},
      {"irq_vectors", "thermal_apic_entry", 147, vector},
      {"irq", "softirq_exit", 222, {{"unsigned int", "vec", 8, 4, 0}}},
      {"timer",
       "hrtimer_expire_entry",
       230,
       {{"void *", "hrtimer", 8, 8, 0},
        {"s64", "now", 16, 8, 1},
        {"void *", "function", 24, 8, 0}}},
      {"timer",
       "hrtimer_start",
       231,
       {{"void *", "hrtimer", 8, 8, 0},
        {"void *", "function", 16, 8, 0},
        {"s64", "expires", 24, 8, 1},
        {"s64", "softexpires", 32, 8, 1},
        {"enum hrtimer_mode", "mode", 40, 4, 0},
        {"bool", "was_armed", 44, 1, 0}}},
      {"workqueue",
       "workqueue_execute_start",
       240,
       {{"void *", "work", 8, 8, 0}, {"void *", "function", 16, 8, 0}}},
      {"workqueue",
       "workqueue_execute_end",
       241,
       {{"void *", "work", 8, 8, 0}, {"void *", "function", 16, 8, 0}}},
      {"workqueue",
       "workqueue_queue_work",
       242,
       {{"void *", "work", 8, 8, 0},
        {"void *", "function", 16, 8, 0},
        {"__data_loc char[]", "workqueue", 24, 4, 0},
        {"int", "req_cpu", 28, 4, 1},
        {"int", "cpu", 32, 4, 1}}},
      {"timer",
       "timer_start",
       243,
       {{"void *", "timer", 8, 8, 0},
        {"void *", "function", 16, 8, 0},
        {"unsigned long", "expires", 24, 8, 0},
        {"unsigned long", "bucket_expiry", 32, 8, 0},
        {"unsigned long", "now", 40, 8, 0},
        {"unsigned int", "flags", 48, 4, 0}}},
      {"timer",
       "timer_expire_entry",
       244,
       {{"void *", "timer", 8, 8, 0},
        {"unsigned long", "now", 16, 8, 0},
        {"void *", "function", 24, 8, 0},
        {"unsigned long", "baseclk", 32, 8, 0}}},
      {"timer", "timer_expire_exit", 245, {{"void *", "timer", 8, 8, 0}}},
      {"irq", "softirq_raise", 226, {{"unsigned int", "vec", 8, 4, 0}}},
      {"sched", "sched_waking", 373, wake},
      {"sched", "sched_wakeup", 374, wake},
      {"irq", "softirq_entry", 223, {{"unsigned int", "vec", 8, 4, 0}}},
      {"irq",
       "irq_handler_entry",
       225,
       {{"int", "irq", 8, 4, 1}, {"__data_loc char[]", "name", 12, 4, 0}}},
      {"irq", "irq_handler_exit", 224, {{"int", "irq", 8, 4, 1}, {"int", "ret", 12, 4, 1}}},
      {"exceptions",
       "page_fault_user",
       190,
       {{"unsigned long", "address", 8, 8, 0},
        {"unsigned long", "ip", 16, 8, 0},
        {"unsigned long", "error_code", 24, 8, 0}}},
      {"nmi",
       "nmi_handler",
       170,
       {{"void *", "handler", 8, 8, 0},
        {"s64", "delta_ns", 16, 8, 1},
        {"int", "handled", 24, 4, 1}}},
      {"sched",
       "sched_switch",
       372,
       {{"char", "prev_comm[16]", 8, 16, 0},
        {"pid_t", "prev_pid", 24, 4, 1},
        {"int", "prev_prio", 28, 4, 1},
        {"long", "prev_state", 32, 8, 1},
        {"char", "next_comm[16]", 40, 16, 0},
        {"pid_t", "next_pid", 56, 4, 1},
        {"int", "next_prio", 60, 4, 1}}},
      {"task",
       "task_rename",
       380,
       {{"pid_t", "pid", 8, 4, 1},
        {"char", "oldcomm[16]", 12, 16, 0},
        {"char", "newcomm[16]", 28, 16, 0}}},
  };
  return events;
}

/// The kprobe on smp_call_function_many_cond as a machine of 512 CPUs has it
/// (trace/live/capability.cpp).
inline const MadeEvent& made_many() {
  static const MadeEvent event{"isolab_110",
                               "many",
                               1341,
                               {{"unsigned long", "__probe_ip", 8, 8, 0},
                                {"u64", "m0", 16, 8, 0},
                                {"u64", "m1", 24, 8, 0},
                                {"u64", "m2", 32, 8, 0},
                                {"u64", "m3", 40, 8, 0},
                                {"u64", "m4", 48, 8, 0},
                                {"u64", "m5", 56, 8, 0},
                                {"u64", "m6", 64, 8, 0},
                                {"u64", "m7", 72, 8, 0},
                                {"u64", "func", 80, 8, 0},
                                {"u32", "wait", 88, 4, 0}}};
  return event;
}

/// Not among made_events(): only a watch traces it.
inline const MadeEvent& made_migration() {
  static const MadeEvent event{"sched",
                               "sched_migrate_task",
                               377,
                               {{"char", "comm[16]", 8, 16, 0},
                                {"pid_t", "pid", 24, 4, 1},
                                {"int", "prio", 28, 4, 1},
                                {"int", "orig_cpu", 32, 4, 1},
                                {"int", "dest_cpu", 36, 4, 1}}};
  return event;
}

/// `without`: events a kernel lacks ("csd:csd_function_entry").
inline TraceFormats made_formats(const std::vector<std::string>& without = {}) {
  TraceFormats formats;
  for (const auto& event : made_events()) {
    const auto full = std::string(event.system) + ":" + event.name;
    if (std::find(without.begin(), without.end(), full) != without.end()) continue;
    auto format = EventFormat::parse(event.system, event.text());
    if (format) (void)formats.add(*std::move(format));
  }
  return formats;
}

/// The ring buffer of one CPU being written.
class PageWriter {
 public:
  void event(std::uint64_t time, const std::vector<std::byte>& payload) {
    const std::size_t rounded = (payload.size() + 3) / 4 * 4;
    const bool is_long = rounded > 112;
    std::size_t need = rounded + (is_long ? 8 : 4) + 8;
    if (page_.empty() || page_.size() + need > 4096) new_page(time);
    std::uint64_t delta = time - last_;
    last_ = time;
    if (delta >> 27 != 0) {
      put(static_cast<std::uint32_t>(30 | (delta & 0x7ffffff) << 5));
      put(static_cast<std::uint32_t>(delta >> 27));
      delta = 0;
    }
    put(static_cast<std::uint32_t>((is_long ? 0 : rounded / 4) | delta << 5));
    if (is_long) put(static_cast<std::uint32_t>(rounded + 4));
    const auto at = page_.size();
    page_.resize(at + rounded);
    std::memcpy(page_.data() + at, payload.data(), payload.size());
  }
  std::vector<std::byte> take() {
    flush();
    return std::move(bytes_);
  }

 private:
  void put(std::uint32_t word) {
    const auto at = page_.size();
    page_.resize(at + 4);
    std::memcpy(page_.data() + at, &word, 4);
  }
  void new_page(std::uint64_t time) {
    flush();
    page_.resize(16);
    std::memcpy(page_.data(), &time, 8);
    last_ = time;
  }
  void flush() {
    if (page_.empty()) return;
    const std::uint64_t commit = page_.size() - 16;
    std::memcpy(page_.data() + 8, &commit, 8);
    page_.resize(4096);
    bytes_.insert(bytes_.end(), page_.begin(), page_.end());
    page_.clear();
  }
  std::vector<std::byte> page_, bytes_;
  std::uint64_t last_ = 0;
};

/// A trace in the making. Events may come in any order of CPUs, but in order on each.
class TraceBuilder {
 public:
  std::int32_t pid = 100;  // of the events that follow
  std::uint8_t flags = 0;  // likewise: 0x08 in an interrupt, 0x10 in a softirq, 0x40 in an NMI

  void call_ipi(int cpu, std::uint64_t time) { vector(cpu, time, 151, 251); }
  void call_ipi_end(int cpu, std::uint64_t time) { vector(cpu, time, 152, 251); }
  void reschedule(int cpu, std::uint64_t time) { vector(cpu, time, 155, 253); }
  void tick(int cpu, std::uint64_t time) { vector(cpu, time, 163, 236); }
  void tick_end(int cpu, std::uint64_t time) { vector(cpu, time, 164, 236); }
  void irq_work(int cpu, std::uint64_t time) { vector(cpu, time, 157, 246); }
  void thermal(int cpu, std::uint64_t time) { vector(cpu, time, 147, 250); }
  void queue(int cpu, std::uint64_t time, int target, std::uint64_t callsite, std::uint64_t func,
             std::uint64_t csd) {
    auto bytes = start(529, 40);
    put(bytes, 8, target), put(bytes, 16, callsite), put(bytes, 24, func), put(bytes, 32, csd);
    write(cpu, time, bytes);
  }
  /// made_many(): a function called on several CPUs, all below 512.
  void queue_many(int cpu, std::uint64_t time, const std::vector<int>& targets,
                  std::uint64_t func) {
    auto bytes = start(1341, 92);
    for (const int target : targets)
      bytes[static_cast<std::size_t>(16 + target / 8)] |= std::byte(1U << (target % 8));
    put(bytes, 80, func);
    write(cpu, time, bytes);
  }
  void stack(int cpu, std::uint64_t time, const std::vector<std::uint64_t>& frames) {
    auto bytes = start(4, 16 + 8 * frames.size());
    put(bytes, 8, static_cast<int>(frames.size()));
    for (std::size_t i = 0; i < frames.size(); ++i) put(bytes, 16 + 8 * i, frames[i]);
    write(cpu, time, bytes);
  }
  void send(int cpu, std::uint64_t time, int target, std::uint64_t callsite,
            std::uint64_t callback) {
    auto bytes = start(354, 32);
    put(bytes, 8, target), put(bytes, 16, callsite), put(bytes, 24, callback);
    write(cpu, time, bytes);
  }
  void callback(int cpu, std::uint64_t time, std::uint64_t func, std::uint64_t csd) {
    auto bytes = start(528, 24);
    put(bytes, 8, func), put(bytes, 16, csd);
    write(cpu, time, bytes);
    bytes = start(527, 24);
    put(bytes, 8, func), put(bytes, 16, csd);
    write(cpu, time + 10, bytes);
  }
  void softirq(int cpu, std::uint64_t time, int vec) {
    auto bytes = start(223, 12);
    put(bytes, 8, vec);
    write(cpu, time, bytes);
  }
  void handler(int cpu, std::uint64_t time, int irq, const std::string& name) {
    auto bytes = start(225, 16 + name.size() + 1);
    put(bytes, 8, irq);
    put(bytes, 12, static_cast<std::uint32_t>(16 | (name.size() + 1) << 16));
    std::memcpy(bytes.data() + 16, name.data(), name.size());
    write(cpu, time, bytes);
  }
  void handler_end(int cpu, std::uint64_t time, int irq) {
    auto bytes = start(224, 16);
    put(bytes, 8, irq);
    write(cpu, time, bytes);
  }
  void page_fault(int cpu, std::uint64_t time) { write(cpu, time, start(190, 32)); }
  void nmi(int cpu, std::uint64_t time, std::uint64_t handler_address) {
    auto bytes = start(170, 28);
    put(bytes, 8, handler_address);
    write(cpu, time, bytes);
  }
  /// `state`: of the previous task; 0: it was preempted. `prio`: of the next, as the kernel counts.
  void task_switch(int cpu, std::uint64_t time, const std::string& prev_comm, std::int32_t prev,
                   const std::string& next_comm, std::int32_t next, std::int64_t state = 0,
                   int prio = 120) {
    auto bytes = start(372, 64);
    put(bytes, 32, state), put(bytes, 60, prio);
    std::memcpy(bytes.data() + 8, prev_comm.data(), prev_comm.size());
    put(bytes, 24, prev);
    std::memcpy(bytes.data() + 40, next_comm.data(), next_comm.size());
    put(bytes, 56, next);
    write(cpu, time, bytes);
  }
  void waking(int cpu, std::uint64_t time, const std::string& comm, std::int32_t who, int target) {
    wake(373, cpu, time, comm, who, target);
  }
  void wakeup(int cpu, std::uint64_t time, const std::string& comm, std::int32_t who, int target) {
    wake(374, cpu, time, comm, who, target);
  }
  /// made_migration()
  void migrate(int cpu, std::uint64_t time, std::int32_t who, int from, int to) {
    auto bytes = start(377, 40);
    put(bytes, 24, who), put(bytes, 32, from), put(bytes, 36, to);
    write(cpu, time, bytes);
  }
  void timer_expires(int cpu, std::uint64_t time, std::uint64_t timer, std::uint64_t function) {
    auto bytes = start(230, 32);
    put(bytes, 8, timer), put(bytes, 24, function);
    write(cpu, time, bytes);
  }
  void timer_starts(int cpu, std::uint64_t time, std::uint64_t timer, std::uint64_t function) {
    auto bytes = start(231, 45);
    put(bytes, 8, timer), put(bytes, 16, function);
    write(cpu, time, bytes);
  }
  void work_queued(int cpu, std::uint64_t time, std::uint64_t work, std::uint64_t function,
                   int target) {
    auto bytes = start(242, 36);
    put(bytes, 8, work), put(bytes, 16, function), put(bytes, 32, target);
    write(cpu, time, bytes);
  }
  void jiffy_timer_starts(int cpu, std::uint64_t time, std::uint64_t timer,
                          std::uint64_t function) {
    auto bytes = start(243, 52);
    put(bytes, 8, timer), put(bytes, 16, function);
    write(cpu, time, bytes);
  }
  void jiffy_timer_expires(int cpu, std::uint64_t time, std::uint64_t timer,
                           std::uint64_t function) {
    auto bytes = start(244, 40);
    put(bytes, 8, timer), put(bytes, 24, function);
    write(cpu, time, bytes);
  }
  void jiffy_timer_ends(int cpu, std::uint64_t time, std::uint64_t timer) {
    auto bytes = start(245, 16);
    put(bytes, 8, timer);
    write(cpu, time, bytes);
  }
  void softirq_raised(int cpu, std::uint64_t time, int vec) {
    auto bytes = start(226, 12);
    put(bytes, 8, vec);
    write(cpu, time, bytes);
  }
  void work_begins(int cpu, std::uint64_t time, std::uint64_t function, std::uint64_t work = 0) {
    auto bytes = start(240, 24);
    put(bytes, 8, work), put(bytes, 16, function);
    write(cpu, time, bytes);
  }
  void work_ends(int cpu, std::uint64_t time, std::uint64_t function) {
    auto bytes = start(241, 24);
    put(bytes, 16, function);
    write(cpu, time, bytes);
  }
  void reschedule_end(int cpu, std::uint64_t time) { vector(cpu, time, 156, 253); }
  void softirq_end(int cpu, std::uint64_t time, int vec) {
    auto bytes = start(222, 12);
    put(bytes, 8, vec);
    write(cpu, time, bytes);
  }
  void rename(int cpu, std::uint64_t time, std::int32_t who, const std::string& comm) {
    auto bytes = start(380, 44);
    put(bytes, 8, who);
    std::memcpy(bytes.data() + 28, comm.data(), comm.size());
    write(cpu, time, bytes);
  }

  /// The pages of each CPU so far; ends the writing.
  std::map<int, std::vector<std::byte>> take() {
    std::map<int, std::vector<std::byte>> out;
    for (auto& [cpu, writer] : writers_) out[cpu] = writer.take();
    return out;
  }

 private:
  std::vector<std::byte> start(int id, std::size_t size) const {
    std::vector<std::byte> bytes(size);
    put(bytes, 0, static_cast<std::uint16_t>(id));
    put(bytes, 2, flags);
    put(bytes, 4, pid);
    return bytes;
  }
  void wake(int id, int cpu, std::uint64_t time, const std::string& comm, std::int32_t who,
            int target) {
    auto bytes = start(id, 36);
    std::memcpy(bytes.data() + 8, comm.data(), comm.size());
    put(bytes, 24, who), put(bytes, 28, 120), put(bytes, 32, target);
    write(cpu, time, bytes);
  }
  template <class T>
  static void put(std::vector<std::byte>& bytes, std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  }
  void vector(int cpu, std::uint64_t time, int id, int number) {
    auto bytes = start(id, 12);
    put(bytes, 8, number);
    write(cpu, time, bytes);
  }
  void write(int cpu, std::uint64_t time, const std::vector<std::byte>& bytes) {
    writers_[cpu].event(time, bytes);
  }
  std::map<int, PageWriter> writers_;
};

/// Formats, pages, symbols and comms as the observer leaves them.
inline void write_trace_directory(const std::filesystem::path& directory,
                                  const std::map<int, std::vector<std::byte>>& pages,
                                  const std::map<std::uint64_t, std::string>& symbols,
                                  const std::map<std::int32_t, std::string>& comms) {
  std::filesystem::create_directories(directory / "formats");
  std::ofstream(directory / "formats" / "header_page")
      << "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
         "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
         "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
         "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
  for (const auto& event : made_events()) {
    const auto folder = directory / "formats" / event.system;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / event.name) << event.text();
  }
  for (const auto& [cpu, bytes] : pages)
    std::ofstream(directory / fmt::format("cpu{}.raw", cpu), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  std::ofstream symbol_file(directory / "symbols");
  for (const auto& [address, name] : symbols)
    symbol_file << fmt::format("{:x} {}\n", address, name);
  std::ofstream comm_file(directory / "comms");
  for (const auto& [task, name] : comms) comm_file << fmt::format("{} {}\n", task, name);
}

}  // namespace isolab::test
