# SPDX-License-Identifier: Apache-2.0
"""Looks of the classes of interruptions, the same in every chart: shade, hatch and marker."""
from matplotlib.patches import Patch

import style

ORDER = ["text_patch", "kernel_tlb", "user_tlb", "remote_read", "task_sync", "scheduler", "timer_kick",
         "tracing", "other", "irq_work", "ipi", "unknown", "tick", "device", "softirq", "nmi", "page_fault",
         "other_task", "machine_check", "vector", "outside_kernel", "unexplained", "not_logged", "timer", "late_delivery",
         "probe_stopped"]
# One colour for each of seven classes, then the same seven a shade lighter and a shade darker: with hatches
# and markers in steps that do not divide seven, no two classes look alike.
SHADES = [0.0, 0.45, -0.4, 0.7]
HATCHES = ["", "///", "...", "xxx", "\\\\\\", "ooo", "+++", "---"]


def look(klass):
    """(colour, hatch, marker) of a class; unknown names share the last place."""
    place = ORDER.index(klass) if klass in ORDER else len(ORDER)
    colour = shaded(style.COLOURS[place % len(style.COLOURS)], SHADES[place // len(style.COLOURS)])
    return colour, HATCHES[place % len(HATCHES)], style.MARKERS[place % len(style.MARKERS)]


def shaded(colour, amount):
    """Towards white where `amount` > 0, towards black where < 0."""
    target = 255 if amount > 0 else 0
    parts = [int(colour[at:at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (target - part) * abs(amount)):02x}" for part in parts)


def in_order(classes):
    return sorted(classes, key=lambda klass: (ORDER.index(klass) if klass in ORDER else len(ORDER), klass))


def stacked_bars(axes, bars, classes):
    """Bars [{class: value}] from above to below, each class in its look; their lengths."""
    left = [0.0] * len(bars)
    for klass in classes:
        widths = [values.get(klass, 0) for values in bars]
        colour, hatch, _ = look(klass)
        axes.barh(range(len(bars)), widths, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4,
                  label=words(klass))
        left = [start + width for start, width in zip(left, widths)]
    return left


def legend(classes):
    """A patch in the look of each class, named as in the report."""
    patches = [Patch(facecolor=look(klass)[0], hatch=look(klass)[1], edgecolor="white", linewidth=0.4) for klass in classes]
    return patches, classes


def words(klass):
    return klass.replace("_", " ")


def cpus_of(findings):
    return findings.get("interruptions", {}).get("cpus", [])


def name_of(cpu):
    return f"{cpu['arm']}, CPU {cpu['cpu']}"


def row_names(cpus):
    """Names of rows: the arm, and the CPU where there are several."""
    several = len({cpu["cpu"] for cpu in cpus}) > 1
    return [name_of(cpu) if several else cpu["arm"] for cpu in cpus]


def foremost(cpus, weight, most, in_all=None):
    """Of each arm the `most` CPUs with the largest weight, fewer where the chart would have more than `in_all`
    of them; and how many of an arm that are."""
    by_arm = {}
    for cpu in cpus:
        by_arm.setdefault(cpu["arm"], []).append(cpu)
    if in_all:
        most = max(1, min(most, in_all // max(1, len(by_arm))))
    return [cpu for group in by_arm.values() for cpu in sorted(group, key=lambda cpu: -weight(cpu))[:most]], most


def left_out(cpus, most, which):
    """What a note says where an arm has more CPUs than are drawn."""
    of_arm = max((sum(other["arm"] == cpu["arm"] for other in cpus) for cpu in cpus), default=0)
    return f"; of {of_arm} CPUs the {most} {which}" if of_arm > most else ""
