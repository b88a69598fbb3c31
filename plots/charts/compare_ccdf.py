# SPDX-License-Identifier: Apache-2.0
"""How often gaps of at least some length come: a line per group, shaded from its least to its greatest session."""
import compare_style
import style

NAME = "compare-ccdf"
DRAWS = "comparison"
PLACE = 10
COLUMNS = 3


def draw(comparison):
    panels = [(title, groups) for title, groups in compare_style.arms_of(comparison)
              if any(one["ccdf"] for one in groups)]
    if not panels:
        return None
    looks = compare_style.looks(comparison)
    figure, places = compare_style.grid_of(len(panels), COLUMNS, 4.6 if len(panels) > 1 else 7.5,
                                           3.0 if len(panels) > 1 else 4.6, sharex=True, sharey=True)
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
        axes.set_xscale("log")
        axes.set_yscale("log")
        style.log_axis(axes.xaxis)
        style.log_axis(axes.yaxis)
        axes.set_title(title, fontsize=9)
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.5)
    word = "wake-ups late by" if comparison["probe_kind"] == "wakeup" else "gaps"
    figure.supylabel(f"{word} per CPU-hour")
    compare_style.finish(figure, f"How often {word} of at least a length come", comparison,
                         "length at least (us)")
    return figure
