# SPDX-License-Identifier: Apache-2.0
"""Looks of the classes of interruptions, the same in every chart: shade, hatch and marker."""
import style

ORDER = ["text_patch", "kernel_tlb", "user_tlb", "remote_read", "task_sync", "scheduler", "timer_kick",
         "tracing", "other", "irq_work", "ipi", "unknown", "tick", "device", "softirq", "nmi", "page_fault",
         "other_task", "machine_check", "vector", "outside_kernel", "unexplained", "not_logged"]
HATCHES = ["", "///", "...", "xxx", "\\\\\\", "ooo", "+++", "---"]


def look(klass):
    """(colour, hatch, marker) of a class; unknown names share the last place."""
    place = ORDER.index(klass) if klass in ORDER else len(ORDER)
    return (style.COLOURS[place % len(style.COLOURS)], HATCHES[place % len(HATCHES)],
            style.MARKERS[place % len(style.MARKERS)])


def in_order(classes):
    return sorted(classes, key=lambda klass: (ORDER.index(klass) if klass in ORDER else len(ORDER), klass))


def words(klass):
    return klass.replace("_", " ")


def cpus_of(findings):
    return findings.get("interruptions", {}).get("cpus", [])
