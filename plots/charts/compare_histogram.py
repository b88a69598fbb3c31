# SPDX-License-Identifier: Apache-2.0
"""Latency histogram in the manner of OSADL, a panel per arm and group: linear us, logarithmic rate.

The observation times of groups differ, so the y axis is the count per CPU-hour; the overflow is drawn.
"""
import compare_style
import layout
import style
from charts import latency_histogram

NAME = "compare-histogram"
DRAWS = "comparison"
PLACE = 20
COLUMNS = (6, 9)  # at most, of few and of many panels; the groups of an arm stay side by side


def per_hour(count, one):
    return count * 3600 / one["exposure_s"] if one["exposure_s"] > 0 else 0


def draw(comparison):
    arms = [(title, groups) for title, groups in compare_style.arms_of(comparison)
            if any(any(one["histogram"]) or one["histogram_overflow"] for one in groups)]
    panels = [(title, one) for title, groups in arms for one in groups]
    if not panels:
        return None
    each = len(arms[0][1])
    most = COLUMNS[len(panels) > 48]
    columns = each * min(max(1, most // each), -(-layout.columns_for(len(panels), 1.5, most) // each))
    figure, places, inches = layout.panels(len(panels), columns, 1.7, sharex=True, sharey=True)
    looks = compare_style.looks(comparison)
    bins = len(panels[0][1]["histogram"])
    heights = [per_hour(count, one) for _, one in panels for count in one["histogram"] + [one["histogram_overflow"]] if count]
    for axes, (title, one) in zip(places, panels):
        over = per_hour(one["histogram_overflow"], one)
        latency_histogram.panel(axes, [per_hour(count, one) for count in one["histogram"]], over,
                                looks[one["group"]]["color"], one["histogram_overflow"], min(heights) * 0.6,
                                (one["group"], "overflow"))
        layout.name_panel(axes, f"{title}: {one['group']}" if title else one["group"], inches)
    latency_histogram.finish_axes(places[0], bins, min(heights) * 0.5, max(heights) * 8)
    word, length = style.events(comparison["probe_kind"])
    samples = style.samples(comparison["probe_kind"])
    compare_style.finish(figure, f"Latency histogram: {samples} by {length}", comparison,
                         f"{length} (us), bins of 1 us", f"{samples} per CPU-hour (logarithmic)",
                         f"All sessions of a group together. Hatched: the overflow, all {word} of {bins} us and more, "
                         "with their count")
    return figure
