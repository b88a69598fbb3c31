# SPDX-License-Identifier: Apache-2.0
"""Looks of the classes of interruptions, the same in every chart: shade, hatch and marker."""
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
    """Bars [(name, {class: value})] from above to below, each class in its look; their lengths."""
    left = [0.0] * len(bars)
    for klass in classes:
        widths = [values.get(klass, 0) for _, values in bars]
        colour, hatch, _ = look(klass)
        axes.barh(range(len(bars)), widths, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4,
                  label=words(klass))
        left = [start + width for start, width in zip(left, widths)]
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return left


def words(klass):
    return klass.replace("_", " ")


def cpus_of(findings):
    return findings.get("interruptions", {}).get("cpus", [])
