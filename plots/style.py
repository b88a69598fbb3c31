# SPDX-License-Identifier: Apache-2.0
"""How every chart looks: readable in greyscale, the same bytes for the same findings.

Arms differ by line style, marker and shade, never by colour alone; the idle arm is the thick black
line everywhere. Nothing here computes a statistic: charts draw what findings.json holds.
"""
import csv
import math

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator  # noqa: E402

import layout  # noqa: E402

# Colours with distinct luminance (after Okabe and Ito), dark to light.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5d5d5d"]
LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*", "h"]
IDLE = {"color": "black", "linestyle": "-", "linewidth": 2.4, "marker": None, "zorder": 10}


def set_up():
    plt.rcdefaults()
    plt.rcParams.update({
        "figure.dpi": 100, "savefig.dpi": 100, "font.family": "DejaVu Sans", "font.size": 9,
        "axes.titlelocation": "left", "axes.grid": True, "xtick.labelsize": 8, "ytick.labelsize": 8,
        "hatch.linewidth": 0.6,
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
    """The observation time of the arm that has least and of the one that has most, all measured CPUs together."""
    observed = [arm["exposure_s"] for arm in findings["arms"] if arm["exposure_s"] > 0]
    if not observed:
        return "no probe"
    least, most = span(min(observed)), span(max(observed))
    return f"observation time {least} per arm" if least == most else f"observation time {least} to {most} per arm"


def of_cpus(measured, isolated, facts):
    """Which CPUs were measured, and what keeps their numbers from being those of an isolated, real one."""
    cpus = f"{'CPUs' if set(measured) & set(',-') else 'CPU'} {measured} ({'isolated' if isolated else 'not isolated'})"
    return cpus + (", emulated: times withheld, hours by the emulator's clock" if emulated(facts) else "")


def emulated(facts):
    return facts.get("cpu.emulated", "").startswith("yes")


def where(findings):
    """Second line of every title: profile, kernel, CPUs, observation time."""
    run = findings["run"]
    release = run["facts"].get("kernel.release", "unknown kernel")
    where_from = f"{run['profile']}, Linux {release}, {of_cpus(run['measured'], run['measured_isolated'], run['facts'])}"
    return where_from if emulated(run["facts"]) else f"{where_from}, {exposure(findings)}"


def events(probe_kind):
    """What the probe counts, and what of it is long: ("gaps", "gap length")."""
    return ("wake-ups", "latency") if probe_kind == "wakeup" else ("gaps", "gap length")


def samples(probe_kind):
    """What a bin of the histogram counts."""
    return "wake-ups" if probe_kind == "wakeup" else "loop iterations"


def plain_number(value, _=None):
    """Axis labels: 0.1, 10, 1k, 100k, 1M; powers of ten below 0.01 and from 10^12 on."""
    if value <= 0:
        return "0"
    if 0.01 <= value < 1e12:
        return short_number(value)
    return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def duration(us, _=None):
    """Axis labels of lengths given in us: 10 us, 1 ms, 10 s."""
    for size, unit in ((1e6, "s"), (1e3, "ms"), (1, "us")):
        if us >= size * 0.9999:
            return f"{us / size:.4g} {unit}"
    return "0" if us <= 0 else f"{us * 1e3:.4g} ns"


def three_digits(value):
    """2.10, 26.4, 105: a ratio as the report prints it."""
    return f"{value:#.3g}".rstrip(".")


def short_number(value, _=None):
    """For linear axes and beside bars: 0, 36, 1.2k, 3.6M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def finish(figure, heading, findings, x="", y="", note="", legend=None):
    layout.arrange(figure, heading, where(findings), x, y, note, legend)


def log_axis(axis, words=plain_number, fine=False):
    """After the data: numbers at the decades, also at 2 and 5 times them where fewer than two decades can be seen;
    `fine`: small ticks between."""
    low, high = (math.log10(end) for end in sorted(axis.get_view_interval()))
    if math.floor(high) - math.ceil(low) < 1:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(words))
    axis.set_minor_formatter(NullFormatter())
    if not fine:
        axis.set_minor_locator(NullLocator())


def linear_axis(axis, most=5):
    axis.set_major_locator(MaxNLocator(most))
    axis.set_major_formatter(FuncFormatter(short_number))


def drawn(figure):
    """(panel, series, kind, x, y, name): every point, bar and band that carries data, read from the picture itself.
    `name` is what an axis calls the place of a bar."""
    for place, axes in enumerate(axes for axes in figure.axes if axes.get_visible()):
        panel = " ".join((axes.get_label() or str(place)).split())
        for line in axes.lines:
            if line.get_transform() == axes.transData and line.get_xydata().size:
                for x, y in line.get_xydata():
                    if x == x:  # a break in the line is no point
                        yield panel, series_of(line), "point", x, y, ""
        for container in axes.containers:
            flat = getattr(container, "orientation", "vertical") == "horizontal"
            for bar in getattr(container, "patches", ()):  # error bars are lines and a band
                x, y = bar.get_xy()
                wide = bar.get_width()
                yield (panel, series_of(container), "bar", wide if flat else x + wide / 2,
                       y + bar.get_height() / 2 if flat else bar.get_height(),
                       name_at(axes.yaxis, y + bar.get_height() / 2) if flat else name_at(axes.xaxis, x + wide / 2))
        for collection in axes.collections:
            for path in collection.get_paths():
                for x, y in path.vertices:
                    yield panel, series_of(collection), "band", x, y, ""


def name_at(axis, place):
    """What layout.rows() or layout.name_places() wrote there."""
    names = getattr(axis, "names", [])
    return names[round(place)] if names and abs(place - round(place)) < 1e-6 else ""


def series_of(artist):
    label = str(artist.get_label())
    return "" if label.startswith("_") else label


def write_csv(rows, path):
    """Numbers with nine digits; the column of names where there are any."""
    columns = 6 if any(row[5] for row in rows) else 5
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["panel", "series", "kind", "x", "y", "name"][:columns])
        for panel, series, kind, x, y, name in rows:
            out.writerow([panel, series, kind, f"{float(x):.9g}", f"{float(y):.9g}", name][:columns])
    return path


def save(figure, directory, name, rows=None):
    """NAME.png and NAME.svg, without date or version inside, and NAME.csv with `rows`, or with what they show."""
    paths = [write_csv(list(drawn(figure) if rows is None else rows), directory / f"{name}.csv")]
    for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        path = directory / f"{name}.{kind}"
        figure.savefig(path, metadata=metadata)
        paths.append(path)
    plt.close(figure)
    return paths
