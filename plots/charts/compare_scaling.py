# SPDX-License-Identifier: Apache-2.0
"""How the change grows along a numeric axis of the matrix, such as the number of CPUs: ratio with interval."""
import compare_style
import style

NAME = "compare-scaling"
DRAWS = "comparison"
PLACE = 50
COLUMNS = 2
WIDE = 16  # an axis that spans more is logarithmic


def draw(comparison):
    panels = {}
    for line in comparison["scaling"]:
        panels.setdefault((line["metric"], line["axis"]), []).append(line)
    if not panels:
        return None
    figure, places = compare_style.grid_of(len(panels), COLUMNS, 5.6, 3.8)
    for axes, ((metric, axis), lines) in zip(places, panels.items()):
        for place, line in enumerate(lines):
            look = style.line_of(place)
            xs = [point["x"] for point in line["points"]]
            ys = [point["ratio"] for point in line["points"]]
            axes.plot(xs, ys, label=": ".join(filter(None, (line["prefix"], line["group"]))), **look)
            for point in line["points"]:
                low, high = point.get("interval95", (point["ratio"], point["ratio"]))
                if high != "inf":
                    axes.plot([point["x"]] * 2, [low, high], color=look["color"], linewidth=1)
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set_ylim(bottom=0)
        places_on_axis = sorted({point["x"] for line in lines for point in line["points"]})
        if places_on_axis[0] > 0 and places_on_axis[-1] >= WIDE * places_on_axis[0]:
            axes.set_xscale("log")
            axes.xaxis.set_minor_locator(style.NullLocator())
        axes.set_xticks(places_on_axis)
        axes.xaxis.set_major_formatter(style.FuncFormatter(style.plain_number))
        axes.set_xlabel(axis)
        axes.set_ylabel("times the base")
        axes.set_title(metric.replace("_", " "), fontsize=9)
        axes.legend(fontsize=7.5)
    compare_style.finish(figure, "The change along an axis of the matrix; bars: 95 % intervals", comparison)
    return figure
