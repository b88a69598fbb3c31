# SPDX-License-Identifier: Apache-2.0
"""When gaps came in one session of each group: a panel per CPU, arm and group on the same axes."""
import math

import compare_style
import layout
import style
from charts import gaps_over_time

NAME = "compare-timeline"
DRAWS = "comparison"
PLACE = 60
CPUS_DRAWN = 4
PANELS_DRAWN = 16


def panels_of(comparison):
    """[(title, group, tracks)]; of many CPUs those with the longest gaps in any group."""
    out = []
    for title, groups in compare_style.arms_of(comparison):
        longest = {}
        for one in groups:
            for track in one["tracks"]:
                most = max((y for _, y in track["points"]), default=0)
                longest[track["cpu"]] = max(most, longest.get(track["cpu"], 0))
        for cpu in sorted(sorted(longest, key=lambda cpu: -longest[cpu])[:CPUS_DRAWN]):
            for one in groups:
                tracks = sorted((track for track in one["tracks"] if track["cpu"] == cpu),
                                key=lambda track: track["repeat"])
                name = f"{title}: {one['group']}" if title else one["group"]
                out.append((f"{name}, CPU {cpu}", one["group"], tracks))
    return out[:PANELS_DRAWN]


def draw(comparison):
    panels = panels_of(comparison)
    lengths = [y for _, _, tracks in panels for track in tracks for _, y in track["points"]]
    if not lengths:
        return None
    looks = compare_style.looks(comparison)
    groups = len(comparison["groups"])
    figure, places, inches = layout.panels(len(panels), groups if groups <= 3 else 2, 1.0, sharex=True, sharey=True)
    word, length = style.events(comparison["probe_kind"])
    floor = 10 ** math.floor(math.log10(min(lengths) * 0.8))
    for axes, (title, group, tracks) in zip(places, panels):
        total = gaps_over_time.lines(axes, tracks, floor, looks[group]["color"])
        layout.name_panel(axes, f"{title}: " + f"{total:,} {word}".replace(",", " "), inches, 3)
    places[0].set_yscale("log")  # and so all, which share its axes
    places[0].set_ylim(floor, 10 ** math.ceil(math.log10(max(lengths) * 1.2)))
    style.log_axis(places[0].yaxis, style.duration)
    compare_style.finish(figure, f"{word.capitalize()} over time, in the first session of each group", comparison,
                         "observation time (s); a dotted line begins the next repeat", f"{length} (logarithmic)",
                         f"A dot is one of the {word}; of more than 400 in a window the longest in each 1/400 of it")
    return figure
