# SPDX-License-Identifier: Apache-2.0
"""Every session as a point, beside the group's centre with its 95 % interval: a panel per metric.

The metrics with the smallest corrected p come first; axes begin at zero unless all values stand far from it.
"""
import compare_style
import layout
import style

NAME = "compare-sessions"
DRAWS = "comparison"
PLACE = 40
PANELS = 12


def title_of(metric):
    labels = metric["labels"]
    words = [labels[key] for key in ("arm", "workload", "count", "row", "callback", "state") if key in labels]
    mark = {"better": " *", "worse": " *", "changed": " *", "same": " ~", "lost": " (events lost)"}.get(metric["changes"][0]["outcome"], "")
    return f"{metric['name']} ({metric['unit']}){mark}", " ".join(words)


def chosen(comparison):
    """Metrics that vary, by corrected p, then as listed."""
    def varies(metric):
        values = [value for group in metric["groups"] for value in group["sessions"]]
        return metric["statistic"] in ("value", "count") and len(set(values)) > 1
    metrics = [metric for metric in comparison["metrics"] if varies(metric)]
    metrics.sort(key=lambda metric: min(change.get("q", 2) for change in metric["changes"]))
    return metrics[:PANELS]


def draw(comparison):
    metrics = chosen(comparison)
    if not metrics:
        return None
    names = [group["name"] for group in comparison["groups"]]
    looks = compare_style.looks(comparison)
    figure, places, inches = layout.panels(len(metrics), layout.columns_for(len(metrics), 1.5, 4), 2.1)
    for axes, metric in zip(places, metrics):
        values = []
        for place, (name, group) in enumerate(zip(names, metric["groups"])):
            look = looks[name]
            points = group["sessions"]
            values += points
            # In the order of the sessions, side by side: equal values stay apart, and a drift shows.
            spread = [place + 0.4 * ((i + 0.5) / len(points) - 0.5) for i in range(len(points))]
            axes.plot(spread, points, linestyle="none", marker=look["marker"] or "o", color=look["color"],
                      markersize=4, markerfacecolor="none", label=name)
            low, high = group.get("interval95", (group["centre"], group["centre"]))
            values += [low, high]
            axes.plot([place + 0.32] * 2, [low, high], color=look["color"], linewidth=1.6)
            axes.plot([place + 0.32], [group["centre"]], marker="_", markersize=11, color=look["color"],
                      markeredgewidth=2)
        least, most = min(values), max(values)
        if least >= 0 and least < 0.6 * most:
            axes.set_ylim(0, most * 1.08 or 1)
        axes.set_xlim(-0.5, len(names) - 0.2)
        layout.name_places(axes.xaxis, range(len(names)), names, (inches - 0.3) / len(names) - 0.05, 8, 3)
        style.linear_axis(axes.yaxis)
        axes.grid(axis="x", visible=False)
        heading, labels = title_of(metric)
        axes.set_label(f"{heading} {labels}")
        unit = heading.replace("(1/(CPU h))", "(per CPU-hour)")
        lines = [layout.fitted(unit, inches, 8), layout.fitted(labels, inches, 8, 2)]
        axes.set_title("\n".join(lines), fontsize=8, pad=3)
    compare_style.finish(figure, "Every session, and the centre of each group", comparison, "", "",
                         "Circle or mark: a session, in their order. Cross: the group's centre with its 95 % interval, as in "
                         "the table of the comparison. * significant, ~ not. Of all metrics those with the smallest "
                         "corrected p; an axis begins at zero unless all values are far from it")
    return figure
