# SPDX-License-Identifier: Apache-2.0
"""When gaps came: small multiples, a panel per arm and CPU, the repeats one after the other."""
import layout
import style

NAME = "gaps-over-time"
DRAWS = "findings"
PLACE = 40
CPUS_DRAWN = 4
PANELS_DRAWN = 60


def panels_of(findings):
    """[(arm, cpu, tracks)]: of many CPUs those with the longest gaps of the arm, fewer of many arms."""
    arms = {track["arm"] for track in findings["series"]["tracks"]}
    most = max(1, min(CPUS_DRAWN, PANELS_DRAWN // max(1, len(arms))))
    out = []
    for arm in findings["arms"]:
        by_cpu = {}
        for track in findings["series"]["tracks"]:
            if track["arm"] == arm["name"]:
                by_cpu.setdefault(track["cpu"], []).append(track)
        longest = {cpu: max((y for track in tracks for _, y in track["points"]), default=0)
                   for cpu, tracks in by_cpu.items()}
        chosen = sorted(sorted(by_cpu, key=lambda cpu: -longest[cpu])[:most])
        out += [(arm["name"], cpu, by_cpu[cpu]) for cpu in chosen]
    return out


def draw(findings):
    panels = panels_of(findings)
    lengths = [y for _, _, tracks in panels for track in tracks for _, y in track["points"]]
    if not lengths:
        return None
    figure, places, inches = layout.panels(len(panels), layout.columns_for(len(panels), 0.5, 5), 1.15, sharex=True, sharey=True)
    word, length = style.events(findings["run"]["probe_kind"])
    idle = {arm["name"] for arm in findings["arms"] if arm["idle"]}
    for axes, (arm, cpu, tracks) in zip(places, panels):
        total = lines(axes, sorted(tracks, key=lambda track: track["repeat"]), min(lengths) * 0.8,
                      "black" if arm in idle else style.COLOURS[0])
        layout.name_panel(axes, f"{arm}, CPU {cpu}: " + f"{total:,} {word}".replace(",", " "), inches, 3)
    places[0].set_yscale("log")  # and so all, which share its axes
    places[0].set_ylim(min(lengths) * 0.8, max(lengths) * 1.6)
    style.log_axis(places[0].yaxis, style.duration)
    measured = len({track["cpu"] for track in findings["series"]["tracks"]})
    drawn = max(sum(arm == other for other, _, _ in panels) for arm, _, _ in panels)
    style.finish(figure, f"{word.capitalize()} over time", findings,
                 "observation time (s); a dotted line begins the next repeat",
                 f"{length} (logarithmic)",
                 f"A dot is one of the {word}; of more than 400 in a window the longest in each 1/400 of it. Idle in black"
                 + (f"; of {measured} CPUs the {drawn} with the longest" if measured > drawn else ""))
    return figure


def lines(axes, tracks, floor, colour):
    """The gaps of one CPU, window after window; how many there were."""
    start, total = 0.0, 0
    for number, track in enumerate(tracks):
        if number:
            axes.axvline(start, color="#808080", linestyle=":", linewidth=1)
        if track["points"]:
            xs, ys = zip(*track["points"])
            axes.vlines([start + x for x in xs], floor, ys, color=colour, linewidth=0.5, alpha=0.5)
            axes.plot([start + x for x in xs], ys, ".", color=colour, markersize=3)
        start += track["seconds"]
        total += track["gaps"]
    return total
