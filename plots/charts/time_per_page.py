# SPDX-License-Identifier: Apache-2.0
"""Time to touch a fresh page in each arm of direct_map: the median of the repeats with its interval,
or their span where there are too few for one. A single arm has nothing to stand beside: no chart."""
import layout
import style

NAME = "time-per-page"
DRAWS = "findings"
PLACE = 90
METRIC = "time_per_page"


def draw(findings):
    metrics = [one for one in findings["metrics"] if one["name"] == METRIC and one["value"] is not None]
    if len(metrics) < 2:
        return None
    figure, (axes,), _ = layout.rows([one["labels"]["arm"] for one in metrics])
    for place, one in enumerate(metrics):
        below = one.get("lower95", one["repeat_min"])
        above = one.get("upper95", one["repeat_max"])
        axes.errorbar([one["value"]], [place], xerr=[[one["value"] - below], [above - one["value"]]],
                      color="black", marker="o", markersize=5, capsize=3, linestyle="none")
        axes.annotate(style.three_digits(one["value"]), (above, place), xytext=(6, 0), textcoords="offset points",
                      va="center", fontsize=8)
    interval = "95 % interval of that median (order statistics)" if all("lower95" in one for one in metrics) \
        else "least and greatest repeat (too few repeats for a 95 % interval)"
    axes.set_xscale("log")
    axes.margins(x=0.12)
    style.log_axis(axes.xaxis, fine=True)
    style.finish(figure, "Time to touch a fresh page", findings, "time per page (us, logarithmic)", "",
                 f"Dot: median of the repeats; line: {interval}")
    return figure
