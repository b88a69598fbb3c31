# SPDX-License-Identifier: Apache-2.0
"""Looks and words that all charts of a comparison share: the base is black, the others as arms are."""
import layout
import style


def looks(comparison):
    """Group name -> keywords for plot(); the base is the thick black line."""
    names = [group["name"] for group in comparison["groups"]]
    return {name: dict(style.IDLE) if place == 0 else style.line_of(place - 1)
            for place, name in enumerate(names)}


def hatch(place):
    return ["", "///", "...", "xxx", "\\\\\\"][place % 5]


def where(comparison):
    """Second line of every title: profile, kernels, CPUs, sessions."""
    groups = comparison["groups"]
    kernels = []
    for group in groups:
        release = group["facts"].get("kernel.release", "unknown kernel")
        if release not in kernels:
            kernels.append(release)
    sessions = " + ".join(str(group["sessions"]) for group in groups)
    cpus = style.of_cpus(groups[0]["measured"], groups[0]["measured_isolated"], groups[0]["facts"])
    return f"{comparison['profile']}, Linux {' / '.join(kernels)}, {cpus}, {sessions} sessions"


def arms_of(comparison):
    """[(title, [series of each group])]: a panel per arm, or one where the arms are the groups."""
    series = comparison["series"]
    if comparison["groups"][0]["arm"]:
        return [("", series)]
    panels = {}
    for one in series:
        panels.setdefault(one["arm"], []).append(one)
    return list(panels.items())


def finish(figure, heading, comparison, x="", y="", note="", legend=None):
    layout.arrange(figure, heading, where(comparison), x, y, note, legend)
