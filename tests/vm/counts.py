# SPDX-License-Identifier: Apache-2.0
"""What each workload of noisy.yaml sends to an isolated CPU, by the kernel's source, against the raw
counters of the recording: exact integers, because no operation lies across an edge of a window and
nothing else reaches the CPU."""
import dataclasses
import json
import sys

SKIP = 77

# Interrupts of one operation on every isolated CPU: (row, how many, class in the trace).
#   hugepage_resize: do_flush_tlb_all on the way up and down (mm/hugetlb_vmemmap.c since 6.7; 6.1: none).
#   direct_map: 4 pages, do_kernel_range_flush each; one more for a large page that is split on the way.
#   static_key_toggle: off and on, 3 do_sync_core each (smp_text_poke_batch_finish); arm64: 1 do_nothing.
#   ftrace_toggle: on and off of a tracepoint: its key, its static call and the call's trampoline are
#     patched, 9 do_sync_core each way; arm64 has no static calls: 1 each way.
#   mprotect_shootdown: read-only and writable again. collapse: tlb_remove_table_sync_one.
X86 = {"hugepage_resize": ("function_call", 2, "kernel_tlb"), "direct_map": ("function_call", 4, "kernel_tlb"),
       "static_key_toggle": ("function_call", 6, "text_patch"), "ftrace_toggle": ("function_call", 18, "text_patch"),
       "remote_read": ("function_call", 1, "remote_read"), "membarrier": ("function_call", 1, "task_sync"),
       "mprotect_shootdown": ("tlb", 2, "user_tlb"), "collapse": ("function_call", 1, "task_sync")}
# TLB flushes are broadcast instructions: the first two are the negative control.
ARM = {"direct_map": ("function_call", 0, ""), "mprotect_shootdown": ("function_call", 0, ""),
       "static_key_toggle": ("function_call", 2, "text_patch"), "ftrace_toggle": ("function_call", 2, "text_patch"),
       "remote_read": ("function_call", 1, "remote_read"), "membarrier": ("function_call", 1, "task_sync"),
       "collapse": ("function_call", 1, "task_sync")}
# A: ipi and csd events; B: ipi events alone; C: kprobes (no ipi events on x86 before 6.3).
LEVEL = {"x86_64 6.12": "A", "x86_64 6.12-rt": "A", "x86_64 6.1": "C", "arm64 6.12": "A", "arm64 6.12-rt": "A", "arm64 6.1": "B"}
KFENCE_KEY = "kernel.config.CONFIG_KFENCE_STATIC_KEYS"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


class Expectations:
    """Prints every check with what was seen; remembers those that failed."""

    def __init__(self):
        self.failed = []

    def __call__(self, what, seen, wanted):
        asked = callable(wanted)
        good = wanted(seen) if asked else seen == wanted
        print(f"{'ok  ' if good else 'FAIL'} {what}: {seen}" + ("" if good or asked else f", expected {wanted}"))
        if not good:
            self.failed.append(what)


@dataclasses.dataclass
class Guest:
    arch: str
    kernel: str
    cpus: list  # the isolated ones
    facts: dict

    @property
    def key(self):
        return f"{self.arch} {self.kernel}"


def version_of(kernel):
    return tuple(int(part) for part in kernel.split("-")[0].split("."))


def windows_of(recording):
    """Arm -> its one window, raw. Nothing of isolab's analysis is in it."""
    arms = [arm["name"] for arm in json.loads((recording / "plan.json").read_text())["arms"]]
    windows = [json.loads(path.read_text()) for path in recording.glob("windows/*/window.json")]
    return {arms[one["arm"]]: one for one in windows}


def each(cpus, count):
    return {cpu: count for cpu in cpus}


def row_counts(window, row, cpus):
    """CPU -> interrupts of that kind in the window."""
    rows = [one for one in window["interrupts"] if one["kind"] == row]
    return {cpu: sum(one["after"][str(cpu)] - one["before"][str(cpu)] for one in rows) for cpu in cpus} if rows else {}


def operations(work):
    name = work["op_count"]
    return work["at_end"][name] - work["at_start"][name]


def splits_of(window):
    """Large pages of the direct map that were split in the window: a full flush each."""
    return sum(int(window["notes"].get(f"direct_map.{level}_splits", 0)) for level in ("level2", "level3"))


def check_workload(expect, name, window, wanted, findings, guest):
    row, per_op, klass = wanted
    work = window["work"][0]
    ops = operations(work)
    expect(f"{name}: operations", ops, lambda n: n >= 1)
    expect(f"{name}: no operation was cut at an edge", work["notes"].get("operation_cut_at"), None)
    splits = splits_of(window)
    total = per_op * ops + (splits if name == "direct_map" and per_op else 0)
    expect(f"{name}: {row} interrupts of {ops} operations, {per_op} each" + (f", {splits} splits" if splits else ""),
           row_counts(window, row, guest.cpus), each(guest.cpus, total))
    reported = [one["value"] for one in findings["metrics"] if one["name"] == "ipis_per_op"
                and one["labels"]["arm"] == name and one.get("value") is not None]
    for value in reported:
        expect(f"{name}: the report's number per operation", value, lambda x: abs(x * ops - total) < 1e-6)
    if not klass:
        return
    if not (name == "hugepage_resize" and per_op == 0):
        expect(f"{name}: the report has a number per operation", len(reported), 1)
    cpus = [one for one in findings["interruptions"]["cpus"] if one["arm"] == name]
    expect(f"{name}: CPUs with causes", sorted(one["cpu"] for one in cpus), guest.cpus)
    for cpu in cpus:
        own = [cause for cause in cpu["causes"] if cause["class"] == klass]
        senders = [sender for cause in own for sender in cause.get("senders", [])]
        expect(f"{name}, CPU {cpu['cpu']}: class {klass} with its sender", bool(senders), True)
        expect(f"{name}, CPU {cpu['cpu']}: the sender's stack", any(one.get("stack") for one in senders), True)
        if LEVEL[guest.key] == "A":
            expect(f"{name}, CPU {cpu['cpu']}: callbacks of other classes",
                   sorted({cause["class"] for cause in cpu["causes"] if cause["callbacks"]} - {klass}), [])


def check_kfence(expect, window, guest):
    """Without KFENCE_STATIC_KEYS sampling patches nothing; with them the gate opens and closes at each
    sample, 6 do_sync_core (mm/kfence/core.c, toggle_allocation_gate)."""
    samples = operations(window["work"][0])
    seen = row_counts(window, "function_call", guest.cpus)
    expect("kfence_sampling: samples", samples, lambda n: n >= 2)
    if guest.facts.get(KFENCE_KEY) == "n":
        expect(f"kfence_sampling without static keys: interrupts of {samples} samples", seen, each(guest.cpus, 0))
    else:
        # The gate closes when an allocation comes, a moment after the sample was counted.
        expect(f"kfence_sampling with static keys: interrupts of {samples} samples", seen,
               lambda all: all_near(all, 6 * samples))


def all_near(seen, wanted):
    return bool(seen) and all(abs(one - wanted) <= 6 for one in seen.values())


def check(expect, findings, windows, guest):
    expect("trace level", sorted({one["level"] for one in findings["interruptions"]["windows"]}), [LEVEL[guest.key]])
    for row in ("function_call", "reschedule", "timer"):
        expect(f"idle: {row} interrupts while traced", row_counts(windows["idle"], row, guest.cpus), each(guest.cpus, 0))
    wanted = dict(X86 if guest.arch == "x86_64" else ARM)
    if guest.arch == "x86_64" and version_of(guest.kernel) < (6, 7):
        wanted["hugepage_resize"] = ("function_call", 0, "")
    if guest.facts.get("kernel.config.CONFIG_TRANSPARENT_HUGEPAGE") == "n":  # mm/Kconfig: not with PREEMPT_RT
        expect("collapse is not applicable", "collapse" in windows, False)
        wanted.pop("collapse")
    for name, what in wanted.items():
        expect(f"{name} ran", windows.get(name, {}).get("status"), "complete")
        if name in windows:
            check_workload(expect, name, windows[name], what, findings, guest)
    if guest.facts.get("kernel.config.CONFIG_KFENCE") == "y":
        check_kfence(expect, windows["kfence_sampling"], guest)
    else:  # Debian's 6.1
        expect("kfence_sampling is not applicable", "kfence_sampling" in windows, False)
    if guest.arch == "arm64":  # its huge pages have no vmemmap to optimise, so there is nothing to flush
        expect("hugepage_resize is not applicable", "hugepage_resize" in windows, False)
