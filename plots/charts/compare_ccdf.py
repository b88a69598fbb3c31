# SPDX-License-Identifier: Apache-2.0
"""How often gaps of at least some length come: a line per group, shaded from its least to its greatest session."""
import compare_style
import layout
import style
from charts import gap_ccdf

NAME = "compare-ccdf"
DRAWS = "comparison"
PLACE = 10


def draw(comparison):
    panels = [(title, groups) for title, groups in compare_style.arms_of(comparison)
              if any(one["ccdf"] for one in groups)]
    if not panels:
        return None
    looks = compare_style.looks(comparison)
    figure, places, inches = layout.panels(len(panels), layout.columns_for(len(panels), 1.5, 6), 1.7, 2.4,
                                           sharex=True, sharey=True)
    for axes, (title, groups) in zip(places, panels):
        for one in groups:
            look = looks[one["group"]]
            if not one["ccdf"]:
                axes.plot([], [], label=f"{one['group']} (none)", **look)
                continue
            xs, ys, low, high = zip(*one["ccdf"])
            # A session with nothing that long ends the band at the axis, not at minus infinity.
            floor = min(y for y in ys if y > 0) / 10
            axes.fill_between(xs, [max(y, floor) for y in low], high, step="pre", alpha=0.22,
                              color=look["color"], linewidth=0, label=f"{one['group']}, range of sessions")
            axes.step(xs, ys, where="pre", markevery=max(1, len(xs) // 8), label=one["group"], **look)
        if title:
            layout.name_panel(axes, title, inches)
    gap_ccdf.log_log(places[0], len(panels) == 1)  # and so all, which share its axes
    word, length = style.events(comparison["probe_kind"])
    compare_style.finish(figure, f"{word.capitalize()} of at least a given {length.split()[-1]}, per CPU-hour", comparison,
                         f"{length}, at least (logarithmic)", f"{word} per CPU-hour (logarithmic)",
                         "Line: all sessions of a group together; shade: from its least to its greatest session",
                         places[0].get_legend_handles_labels())
    return figure
