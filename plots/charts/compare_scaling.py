# SPDX-License-Identifier: Apache-2.0
"""How the change grows along a numeric axis of the matrix, such as the number of CPUs: ratio with interval."""
import compare_style
import layout
import style

NAME = "compare-scaling"
DRAWS = "comparison"
PLACE = 50
WIDE = 16  # an axis that spans more is logarithmic


def draw(comparison):
    panels = {}
    for line in comparison["scaling"]:
        panels.setdefault((line["metric"], line["axis"]), []).append(line)
    if not panels:
        return None
    names = list(dict.fromkeys(name_of(line) for lines in panels.values() for line in lines))
    figure, places, inches = layout.panels(len(panels), layout.columns_for(len(panels), 1.5, 4), 2.0, 2.4)
    legend = {}
    for axes, ((metric, axis), lines) in zip(places, panels.items()):
        for line in lines:
            place = names.index(name_of(line))
            look = style.line_of(place)
            xs = [point["x"] for point in line["points"]]
            ys = [point["ratio"] for point in line["points"]]
            legend[names[place]], = axes.plot(xs, ys, label=names[place], **look)
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
        axes.set_xlabel(layout.fitted(axis, inches, layout.PANEL), fontsize=layout.PANEL)
        layout.name_panel(axes, metric.replace("_", " "), inches)
    compare_style.finish(figure, "Change along an axis of the matrix", comparison, "", "ratio to the base",
                         "Vertical line: 95 % interval of the ratio, as in the table of the comparison; "
                         "black line at 1: no change", (legend.values(), legend.keys()))
    return figure


def name_of(line):
    return ": ".join(filter(None, (line["prefix"], line["group"])))
