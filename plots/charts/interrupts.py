# SPDX-License-Identifier: Apache-2.0
"""Interrupts of the measured CPUs per CPU-hour: a row for each arm, a column for each row of /proc/interrupts."""
import math

import layout
import style

NAME = "interrupts"
DRAWS = "findings"
PLACE = 30
ROWS_DRAWN = 9


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
    names = [arm["arm"] for arm in arms]
    figure, places, inches = layout.rows(names, len(rows))
    for axes, row in zip(places, rows):
        rates = [arm["interrupts"].get(row, 0) for arm in arms]
        axes.barh(range(len(arms)), rates, linewidth=0.6, edgecolor="black",
                  color=["black" if name in idle else "#b9d6ea" for name in names])
        for place, rate in enumerate(rates):
            axes.annotate(style.short_number(float(f"{rate:.3g}")), (rate, place), xytext=(3, 0),
                          textcoords="offset points", va="center", fontsize=7.5)
        # A round number at the axis, and room for the numbers beside the bars.
        axes.set_xlim(0, max(rates) * inches / max(0.3, inches - 0.6))
        axes.set_xticks([0, round_below(max(rates))] if inches > 1 else [round_below(max(rates))])
        axes.xaxis.set_major_formatter(style.FuncFormatter(style.short_number))
        layout.name_panel(axes, row, inches, 3)
    note = f"; {left_out} rows more are in the report" if left_out > 0 else ""
    style.finish(figure, "Interrupts of the measured CPUs", findings,
                 "interrupts per CPU-hour (linear, each column has a scale of its own)", "",
                 "By row of /proc/interrupts, over the whole observation time of an arm, all measured CPUs together; "
                 "idle in black" + note)
    return figure


def round_below(value):
    """The largest of 1, 2, 5, 10, 20 ... that is not above `value`."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (5, 2, 1) if step * decade <= value * 1.0000001)
