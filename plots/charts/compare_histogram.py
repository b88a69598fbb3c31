# SPDX-License-Identifier: Apache-2.0
"""Latency histogram in the manner of OSADL, a row per arm and a column per group: linear us, logarithmic share.

Groups are heard for different times, so the y axis is the count per CPU-hour; the overflow is drawn.
"""
import matplotlib.pyplot as plt

import compare_style
import style

NAME = "compare-histogram"
DRAWS = "comparison"
PLACE = 20


def draw(comparison):
    panels = [(title, groups) for title, groups in compare_style.arms_of(comparison)
              if any(any(one["histogram"]) or one["histogram_overflow"] for one in groups)]
    if not panels:
        return None
    columns = max(len(groups) for _, groups in panels)
    figure, grid = plt.subplots(len(panels), columns, sharex=True, sharey=True, squeeze=False,
                                figsize=(4.4 * columns + 1, max(1.9 * len(panels), 2.6) + 1.2))
    looks = compare_style.looks(comparison)
    bins = len(panels[0][1][0]["histogram"])

    def per_hour(count, one):
        return count * 3600 / one["exposure_s"] if one["exposure_s"] > 0 else 0

    heights = [per_hour(count, one) for _, groups in panels for one in groups
               for count in one["histogram"] + [one["histogram_overflow"]] if count]
    for line, (title, groups) in zip(grid, panels):
        for axes, one in zip(line, groups):
            colour = looks[one["group"]]["color"]
            axes.bar(range(bins), [per_hour(count, one) for count in one["histogram"]], width=1.0, align="edge",
                     color=colour, linewidth=0, label=one["group"])
            over = per_hour(one["histogram_overflow"], one)
            axes.bar([bins + 3], [over], width=4, align="center", color="white", edgecolor=colour, hatch="////",
                     label="overflow")
            axes.text(bins + 3, max(over, min(heights) * 0.6) * 1.3,
                      f"{one['histogram_overflow']:,}".replace(",", " "), ha="center", va="bottom", fontsize=7)
            axes.set_yscale("log")
            axes.set_ylim(min(heights) * 0.5, max(heights) * 6)
            axes.set_xlim(0, bins + 7)
            axes.set_xticks([0, 20, 40, 60, 80, bins + 3], ["0", "20", "40", "60", "80", f"{bins}+"])
            style.log_axis(axes.yaxis)
            axes.set_title(f"{title}: {one['group']}" if title else one["group"], fontsize=9)
    sample = "wake-ups" if comparison["probe_kind"] == "wakeup" else "rounds of the loop"
    figure.supylabel(f"{sample} per CPU-hour")
    compare_style.finish(figure, "Latency histogram", comparison,
                         "length (us), bins of 1 us; hatched: the overflow, all that is longer, with its count")
    return figure
