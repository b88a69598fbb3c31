# SPDX-License-Identifier: Apache-2.0
"""Interrupts of the measured CPUs per CPU-hour: a panel for each row, a bar for each arm."""
import math

import matplotlib.pyplot as plt

import style

NAME = "interrupts"
DRAWS = "findings"
PLACE = 30
ROWS_DRAWN = 9
COLUMNS = 3


def rows_of(arms):
    """Rows that grew in some arm: the kinds first, then by their largest rate."""
    most = {}
    for arm in arms:
        for row, rate in arm["interrupts"].items():
            most[row] = max(rate, most.get(row, 0))
    grown = [row for row, rate in most.items() if rate > 0 and not row.startswith("softirq")]
    return sorted(grown, key=lambda row: (" " in row, -most[row]))


def draw(findings):
    arms = [arm for arm in findings["series"]["arms"] if arm["interrupts"]]
    rows = rows_of(arms)
    if not rows:
        return None
    left_out = len(rows) - ROWS_DRAWN
    rows = rows[:ROWS_DRAWN]
    idle = {arm["name"] for arm in findings["arms"] if arm["idle"]}
    columns = min(COLUMNS, len(rows))
    lines = math.ceil(len(rows) / columns)
    figure, grid = plt.subplots(lines, columns, sharey=True, squeeze=False,
                                figsize=(3.4 * columns + 1.6, lines * (0.7 + 0.24 * len(arms)) + 1.0))
    names = [arm["arm"] for arm in arms]
    places = [axes for line in grid for axes in line]
    for axes, row in zip(places, rows):
        rates = [arm["interrupts"].get(row, 0) for arm in arms]
        # A decade below the least and room for the numbers beside the longest.
        floor = 10 ** math.floor(math.log10(min(rate for rate in rates if rate > 0)) - 0.5)
        ceiling = max(rates) * (max(rates) / floor) ** 0.35
        axes.barh(range(len(arms)), rates, linewidth=0.8, edgecolor="black",
                  color=["black" if name in idle else "#b9d6ea" for name in names])
        for place, rate in enumerate(rates):
            axes.annotate(amount(rate), (max(rate, floor), place), xytext=(3, 0),
                          textcoords="offset points", va="center", fontsize=7)
        axes.set_xscale("log")
        axes.set_xlim(floor, ceiling)
        style.log_axis(axes.xaxis)
        axes.tick_params(axis="x", labelsize=7)
        axes.set_yticks(range(len(arms)), names)
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_title(row, fontsize=9)
    for axes in places[len(rows):]:
        axes.set_visible(False)
    note = f"; {left_out} rows more in the report" if left_out > 0 else ""
    style.finish(figure, "Interrupts of the measured CPUs by row and arm, idle in black", findings,
                 f"interrupts per CPU-hour (logarithmic, each panel its own scale{note})")
    return figure


def amount(rate):
    """0, 36, 1.2k, 3.6M: what fits beside a bar."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.3g}{letter}"
    return f"{rate:.3g}"
