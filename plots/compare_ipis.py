# SPDX-License-Identifier: Apache-2.0
"""What other CPUs sent: stacked bars of IPIs per CPU-hour by class, a bar per arm and group."""
import matplotlib.pyplot as plt

import classes_style
import compare_style
import style

NAME = "compare-ipis"


def draw(comparison):
    bars = [(f"{title}: {one['group']}" if title else one["group"], one["ipi_classes"])
            for title, groups in compare_style.arms_of(comparison) for one in groups]
    classes = classes_style.in_order({klass for _, rates in bars for klass, rate in rates.items() if rate > 0})
    if not classes:
        return None
    figure, axes = plt.subplots(figsize=(8.6, 0.42 * len(bars) + 1.9))
    left = [0.0] * len(bars)
    for klass in classes:
        widths = [rates.get(klass, 0) for _, rates in bars]
        colour, hatch, _ = classes_style.look(klass)
        axes.barh(range(len(bars)), widths, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4,
                  label=classes_style.words(klass))
        left = [start + width for start, width in zip(left, widths)]
    for place, total in enumerate(left):
        axes.text(total, place, f" {style.short_number(float(f'{total:.3g}'))}", va="center", fontsize=7.5)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.invert_yaxis()
    axes.set_xlim(0, max(left) * 1.12)
    axes.xaxis.set_major_formatter(style.FuncFormatter(style.short_number))
    axes.set_xlabel("IPIs received per CPU-hour, all sessions")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    compare_style.finish(figure, "IPIs received by the measured CPUs, by class", comparison)
    return figure
