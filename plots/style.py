# SPDX-License-Identifier: Apache-2.0
"""How every chart looks: readable in greyscale, the same bytes for the same findings.

Arms differ by line style, marker and shade, never by colour alone; the idle arm is the thick black
line everywhere. Nothing here computes a statistic: charts draw what findings.json holds.
"""
import csv

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
from matplotlib.ticker import FixedFormatter, FuncFormatter, NullFormatter  # noqa: E402

# Colours with distinct luminance (after Okabe and Ito), dark to light.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5d5d5d"]
LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*", "h"]
IDLE = {"color": "black", "linestyle": "-", "linewidth": 2.4, "marker": None, "zorder": 10}


def set_up():
    plt.rcdefaults()
    plt.rcParams.update({
        "figure.dpi": 100, "savefig.dpi": 130, "font.family": "DejaVu Sans", "font.size": 9,
        "axes.titlesize": 10, "figure.labelsize": 9, "axes.titlelocation": "left", "axes.grid": True,
        "grid.color": "#d0d0d0", "grid.linewidth": 0.5, "axes.axisbelow": True, "axes.spines.top": False,
        "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 8,
        "svg.hashsalt": "isolab", "svg.fonttype": "none",
        "text.parse_math": False})  # a name may hold dollars: it is no formula


def line_of(index):
    """The look of the arm at this place among those that are not idle."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": LINES[index % len(LINES)],
            "marker": MARKERS[index % len(MARKERS)], "linewidth": 1.3, "markersize": 4}


def looks(findings):
    """Arm name -> keywords for plot(), in the order of the profile."""
    out = {}
    others = 0
    for arm in findings["arms"]:
        if arm["idle"]:
            out[arm["name"]] = dict(IDLE)
        else:
            out[arm["name"]] = line_of(others)
            others += 1
    return out


def span(seconds):
    """Exposure in words: 45 s, 7 min 30 s, 2 h 5 min; whole seconds below two hours, whole minutes above."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return parts(round(seconds), "min", "s")
    return parts(round(seconds / 60), "h", "min")


def parts(amount, large, small):
    left = f" {amount % 60} {small}" if amount % 60 else ""
    return f"{amount // 60} {large}{left}"


def exposure(findings):
    """The CPU time of the arm heard least and most."""
    heard = [arm["exposure_s"] for arm in findings["arms"] if arm["exposure_s"] > 0]
    if not heard:
        return "no probe"
    least, most = span(min(heard)), span(max(heard))
    return f"{least} heard per arm" if least == most else f"{least} to {most} heard per arm"


def where(findings):
    """Second line of every title: profile, kernel, CPUs, exposure."""
    run = findings["run"]
    release = run["facts"].get("kernel.release", "unknown kernel")
    isolated = "isolated" if run["measured_isolated"] else "not isolated"
    return (f"{run['profile']}, Linux {release}, CPU {run['measured']} ({isolated}), "
            f"{exposure(findings)}")


def title(axes, what, findings):
    axes.set_title(f"{what}\n{where(findings)}")


def event_word(findings):
    return "wake-ups late by" if findings["run"]["probe_kind"] == "wakeup" else "gaps"


def plain_number(value, _=None):
    """Axis labels: 0.1, 10, 1 000, 100 000, 1M, 10M; powers of ten below 0.01 and from 10^12 on."""
    if value <= 0:
        return "0"
    if 0.01 <= value < 1e6:
        return f"{value:,.10g}".replace(",", " ")
    if 1e6 <= value < 1e12:
        return short_number(value)
    return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def three_digits(value):
    """2.10, 26.4, 105: a ratio as the report prints it."""
    return f"{value:#.3g}".rstrip(".")


def short_number(value, _=None):
    """For linear axes and beside bars: 0, 36, 1.2k, 3.6M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def finish(figure, heading, findings, xlabel=""):
    arrange(figure, f"{heading}\n{where(findings)}", xlabel)


def arrange(figure, heading, xlabel):
    """Small multiples under a common title, set to the left, and above a common label of x, if any. Both keep
    their distance in inches, since figures differ in height."""
    inch = 1 / figure.get_figheight()
    figure.suptitle(heading, x=0.02, y=1 - 0.08 * inch, ha="left", va="top", fontsize=10)
    if xlabel:
        figure.supxlabel(xlabel, y=0.05 * inch)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.12 * inch))


def log_axis(axis):
    """Plain numbers at the decades, none between them."""
    axis.set_major_formatter(FuncFormatter(plain_number))
    axis.set_minor_formatter(NullFormatter())


def label_lowest(grid, used):
    """Small multiples that share x: tick labels under the lowest used panel of each column too."""
    columns = len(grid[0])
    for place, axes in enumerate(axes for line in grid for axes in line):
        if place >= used:
            axes.set_visible(False)
        elif place + columns >= used:
            axes.tick_params(axis="x", labelbottom=True)


def drawn(figure):
    """(panel, series, kind, x, y): every point, bar and band that carries data, read from the picture itself."""
    for place, axes in enumerate(axes for axes in figure.axes if axes.get_visible()):
        panel = " ".join((axes.get_title(loc="left") or axes.get_title() or str(place)).split())
        for way, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
            names = axis.get_major_formatter()
            if isinstance(names, FixedFormatter):  # places that have names: which is which
                for name, at in zip(names.seq, axis.get_ticklocs()):
                    yield panel, str(name), f"name on {way}", *((at, "") if way == "x" else ("", at))
        for line in axes.lines:
            if line.get_transform() == axes.transData and line.get_xydata().size:
                for x, y in line.get_xydata():
                    yield panel, series_of(line), "point", x, y
        for container in axes.containers:
            for bar in getattr(container, "patches", ()):  # error bars are lines and a band
                x, y = bar.get_xy()
                wide = bar.get_width()
                flat = getattr(container, "orientation", "vertical") == "horizontal"
                yield (panel, series_of(container), "bar", wide if flat else x + wide / 2,
                       y + bar.get_height() / 2 if flat else bar.get_height())
        for collection in axes.collections:
            for path in collection.get_paths():
                for x, y in path.vertices:
                    yield panel, series_of(collection), "band", x, y


def series_of(artist):
    label = str(artist.get_label())
    return "" if label.startswith("_") else label


def write_csv(figure, path):
    """Numbers with nine digits."""
    rows = list(drawn(figure))
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["panel", "series", "kind", "x", "y"])
        for panel, series, kind, x, y in rows:
            out.writerow([panel, series, kind] + ["" if at == "" else f"{float(at):.9g}" for at in (x, y)])
    return path


def save(figure, directory, name):
    """NAME.png and NAME.svg, without date or version inside, and NAME.csv with what they show."""
    paths = [write_csv(figure, directory / f"{name}.csv")]
    for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        path = directory / f"{name}.{kind}"
        figure.savefig(path, metadata=metadata, bbox_inches="tight")
        paths.append(path)
    plt.close(figure)
    return paths
