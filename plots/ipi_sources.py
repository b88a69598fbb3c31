# SPDX-License-Identifier: Apache-2.0
"""What other CPUs sent: stacked bars of IPIs per CPU-hour by class, a bar for each arm and CPU."""
import matplotlib.pyplot as plt

import classes_style
import style

NAME = "ipi-sources"


def rates_of(cpu):
    """Class -> IPIs per CPU-hour; callbacks that shared an IPI count with the first."""
    rates = {}
    for cause in cpu["causes"]:
        if cause["ipis"] and cpu["exposure_s"] > 0:
            rate = cause["ipis"] * 3600 / cpu["exposure_s"]
            rates[cause["class"]] = rates.get(cause["class"], 0) + rate
    return rates


def thousands(value, _=None):
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def draw(findings):
    cpus = classes_style.cpus_of(findings)
    bars = [(f"{cpu['arm']}, CPU {cpu['cpu']}", rates_of(cpu)) for cpu in cpus]
    classes = classes_style.in_order({klass for _, rates in bars for klass in rates})
    if not classes:
        return None
    figure, axes = plt.subplots(figsize=(8.6, 0.42 * len(bars) + 2.0))
    left = [0.0] * len(bars)
    for klass in classes:
        widths = [rates.get(klass, 0) for _, rates in bars]
        colour, hatch, _ = classes_style.look(klass)
        axes.barh(range(len(bars)), widths, left=left, color=colour, hatch=hatch, edgecolor="white",
                  linewidth=0.4, label=classes_style.words(klass))
        left = [start + width for start, width in zip(left, widths)]
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.invert_yaxis()
    axes.set_xlabel("IPIs received per CPU-hour")
    axes.xaxis.set_major_formatter(style.FuncFormatter(thousands))
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    style.title(axes, "Who sent IPIs to the measured CPUs", findings)
    return figure
