# SPDX-License-Identifier: Apache-2.0
"""How often gaps of at least some length come: log-log, one line per arm, idle in black.

Up to seven arms share a panel; more get a panel each, with all the others in grey behind.
"""
import itertools
import math

import matplotlib.pyplot as plt

import layout
import style

NAME = "gap-ccdf"
DRAWS = "findings"
PLACE = 10
SHORTEST_US = 1.0  # below it the line is the loop's own iterations
ARMS_TOGETHER = 7


def line(axes, points, **look):
    """A step from each length to the next, from the shortest drawn to a tick at the longest."""
    xs, ys = zip((SHORTEST_US, points[0][1]), *points)
    axes.step(xs, ys, where="pre", markevery=max(1, len(points) // 8), **look)
    axes.plot(xs[-1], ys[-1], color=look["color"], marker="|", markersize=9, zorder=look.get("zorder", 2))


def together(axes, many, **look):
    """The same of several arms as one line with breaks, which is much faster to draw."""
    xs, ys, ends = [], [], []
    for points in many:
        xs += [SHORTEST_US, *(x for x, _ in points), points[-1][0], math.nan]
        ys += [points[0][1], *(y for _, y in points), points[-1][1], math.nan]
        ends.append(len(xs) - 2)
    axes.step(xs, ys, where="pre", marker="|", markersize=9, markevery=ends, **look)


def log_log(axes, fine=False):
    axes.set_xscale("log")
    axes.set_yscale("log")
    style.log_axis(axes.xaxis, style.duration, fine)
    style.log_axis(axes.yaxis, fine=fine)


def draw(findings):
    looks = style.looks(findings)
    lines = [(arm["arm"], [(x, y) for x, y in arm["ccdf"] if x >= SHORTEST_US])
             for arm in findings["series"]["arms"]]
    if not any(points for _, points in lines):
        return None
    if len(lines) > ARMS_TOGETHER:
        return draw_apart(findings, lines, looks)
    figure, axes = plt.subplots(figsize=(layout.WIDE, layout.SLIDE))
    for name, points in lines:
        if points:
            line(axes, points, label=name, **looks[name])
        else:
            axes.plot([], [], label=f"{name} (none over {SHORTEST_US:g} us)", **looks[name])
    log_log(axes, fine=True)
    finish(figure, findings, "A vertical tick ends a line: the longest of the arm. Idle: thick, black",
           axes.get_legend_handles_labels())
    return figure


def finish(figure, findings, note, legend=None):
    word, length = style.events(findings["run"]["probe_kind"])
    style.finish(figure, f"{word.capitalize()} of at least a given {length.split()[-1]}, per CPU-hour", findings,
                 f"{length}, at least (logarithmic)", f"{word} per CPU-hour (logarithmic)", note, legend)


def draw_apart(findings, lines, looks):
    idle = [name for name, look in looks.items() if look["color"] == "black"]
    figure, places, inches = layout.panels(len(lines), layout.columns_for(len(lines), 1.5, 6), 1.7, sharex=True, sharey=True)
    for axes, (name, points) in zip(places, lines):
        others = [(other in idle, points) for other, points in lines if points and other != name]
        for thick, neighbours in itertools.groupby(others, lambda other: other[0]):
            together(axes, [points for _, points in neighbours], color="black" if thick else "#c8c8c8",
                     linewidth=1.6 if thick else 0.6, zorder=3 if thick else 1)
        if points:
            look = {"color": "black" if name in idle else style.COLOURS[1], "linewidth": 2.0, "zorder": 5}
            line(axes, points, **look)
        layout.name_panel(axes, name if points else f"{name} (none over {SHORTEST_US:g} us)", inches)
    log_log(places[0])  # and so all, which share its axes
    finish(figure, findings, "Orange: the arm of the panel; black: idle; grey: the other arms. A vertical tick ends a "
                             "line: the longest of the arm")
    return figure
