# SPDX-License-Identifier: Apache-2.0
"""Latency histogram in the manner of OSADL: linear us, logarithmic counts, the overflow drawn; a panel per arm."""
import layout
import style

NAME = "latency-histogram"
DRAWS = "findings"
PLACE = 20


def draw(findings):
    arms = [arm for arm in findings["series"]["arms"] if any(arm["histogram"]) or arm["histogram_overflow"]]
    if not arms:
        return None
    bins = len(arms[0]["histogram"])
    most = max(max(arm["histogram"] + [arm["histogram_overflow"]]) for arm in arms)
    figure, places, inches = layout.panels(len(arms), layout.columns_for(len(arms), 1.5, 6), 1.7, sharex=True, sharey=True)
    idle = {arm["name"] for arm in findings["arms"] if arm["idle"]}
    for axes, arm in zip(places, arms):
        shade = "black" if arm["arm"] in idle else style.COLOURS[0]
        panel(axes, arm["histogram"], arm["histogram_overflow"], shade, arm["histogram_overflow"], 0.6)
        layout.name_panel(axes, arm["arm"], inches)
    finish_axes(places[0], bins, 0.5, most * 8)
    kind = findings["run"]["probe_kind"]
    word, length = style.events(kind)
    style.finish(figure, f"Latency histogram: {style.samples(kind)} by {length}", findings,
                 f"{length} (us), bins of 1 us", f"{style.samples(kind)} (logarithmic)",
                 f"Counts over the whole observation time of an arm. Hatched, with its number: the overflow, all {word} "
                 f"of {bins} us and more. Idle in black")
    return figure


def panel(axes, histogram, over, colour, count, least, words=("", "")):
    """A histogram and its overflow, with the count above, at `least` so high."""
    bins = len(histogram)
    axes.bar(range(bins), histogram, width=1.0, align="edge", color=colour, linewidth=0, label=words[0])
    axes.bar([bins + 3], [over], width=4, align="center", color="white", edgecolor=colour, hatch="////", label=words[1])
    axes.annotate(f"{count:,}".replace(",", " "), (bins + 3, max(over, least)), xytext=(0, 1),
                  textcoords="offset points", ha="center", va="bottom", fontsize=7.5)


def finish_axes(axes, bins, low, high):
    """Scales and ticks, of one panel for all that share its axes."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(0, bins + 7)
    quarters = [bins * quarter // 4 for quarter in range(4)]
    axes.set_xticks(quarters + [bins + 3], [*map(str, quarters), f"{bins}+"])
    style.log_axis(axes.yaxis)
