# SPDX-License-Identifier: Apache-2.0
"""What other CPUs sent: stacked bars of IPIs per CPU-hour by class, a bar for each arm and CPU."""
import matplotlib.pyplot as plt

import classes_style
import style

NAME = "ipi-sources"
DRAWS = "findings"
PLACE = 50


def rates_of(cpu):
    """Class -> IPIs per CPU-hour; callbacks that shared an IPI count with the first."""
    rates = {}
    for cause in cpu["causes"]:
        if cause["ipis"] and cpu["exposure_s"] > 0:
            rate = cause["ipis"] * 3600 / cpu["exposure_s"]
            rates[cause["class"]] = rates.get(cause["class"], 0) + rate
    return rates


def draw(findings):
    cpus = classes_style.cpus_of(findings)
    bars = [(f"{cpu['arm']}, CPU {cpu['cpu']}", rates_of(cpu)) for cpu in cpus]
    classes = classes_style.in_order({klass for _, rates in bars for klass in rates})
    if not classes:
        return None
    figure, axes = plt.subplots(figsize=(8.6, 0.42 * len(bars) + 2.0))
    classes_style.stacked_bars(axes, bars, classes)
    axes.set_xlabel("IPIs received per CPU-hour")
    axes.xaxis.set_major_formatter(style.FuncFormatter(style.short_number))
    style.title(axes, "Who sent IPIs to the measured CPUs", findings)
    return figure
