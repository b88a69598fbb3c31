# SPDX-License-Identifier: Apache-2.0
"""Latency histogram in the manner of OSADL: linear us, logarithmic counts, the overflow drawn."""
import math

import matplotlib.pyplot as plt

import style

NAME = "latency-histogram"
DRAWS = "findings"
PLACE = 20
COLUMNS = 3


def draw(findings):
    arms = [arm for arm in findings["series"]["arms"] if any(arm["histogram"]) or arm["histogram_overflow"]]
    if not arms:
        return None
    bins = len(arms[0]["histogram"])
    most = max(max(arm["histogram"]) for arm in arms)
    columns = min(COLUMNS, len(arms))
    rows = math.ceil(len(arms) / columns)
    figure, grid = plt.subplots(rows, columns, sharex=True, sharey=True, squeeze=False,
                                figsize=(4.2 * columns + 1, 2.1 * rows + 1.1))
    idle = {arm["name"] for arm in findings["arms"] if arm["idle"]}
    places = [axes for line in grid for axes in line]
    for axes, arm in zip(places, arms):
        shade = "black" if arm["arm"] in idle else style.COLOURS[0]
        axes.bar(range(bins), arm["histogram"], width=1.0, align="edge", color=shade, linewidth=0)
        over = arm["histogram_overflow"]
        axes.bar([bins + 3], [over], width=4, align="center", color="white", edgecolor=shade, hatch="////")
        axes.text(bins + 3, max(over, 0.6) * 1.3, f"{over:,}".replace(",", " "), ha="center", va="bottom",
                  fontsize=7)
        axes.set_yscale("log")
        axes.set_ylim(0.5, most * 4)
        axes.set_xlim(0, bins + 6)
        axes.set_xticks([0, 20, 40, 60, 80, bins + 3], ["0", "20", "40", "60", "80", f"{bins}+"])
        style.log_axis(axes.yaxis)
        axes.set_title(arm["arm"], fontsize=9)
    style.label_lowest(grid, len(arms))
    sample = "wake-ups" if findings["run"]["probe_kind"] == "wakeup" else "rounds of the loop"
    figure.supylabel(f"{sample} (logarithmic)")
    style.finish(figure, "Latency histogram", findings,
                 "length (us), bins of 1 us; hatched: the overflow, all that is longer")
    return figure
