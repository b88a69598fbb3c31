# SPDX-License-Identifier: Apache-2.0
"""Where the parts of a chart stand: 1,200 pixels wide, as tall as a slide (16:9) or as its rows need.

The title is on top, the label of x and a note below, the legend beside the panels. Texts are broken or
shortened to the room they have, measured with the font itself.
"""
import functools
import math

import matplotlib.pyplot as plt
from matplotlib import font_manager, ft2font

WIDE = 12.0   # inches, at 100 pixels an inch: what a mail attachment has
SLIDE = 6.75  # inches: with WIDE the shape of a slide
ROWS_MOST = 60  # rows of bars that stay readable in one chart
HEADING, CONTEXT, LABEL, PANEL, NOTE = 12, 9, 9, 8.5, 8  # sizes of text in points


@functools.lru_cache(maxsize=None)
def font():
    return ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))


@functools.lru_cache(maxsize=65536)
def text_inches(text, points):
    """Width of one line."""
    font().set_size(points, 72)
    font().set_text(text, 0, flags=ft2font.LOAD_NO_HINTING)
    return font().get_width_height()[0] / 64 / 72


def fitted(text, inches, points, lines=1):
    """`text` on at most `lines` lines of `inches`, broken after a space or a sign where one is near; of a text
    that is too long even so, the middle of the last line is left out."""
    out = []
    while text_inches(text, points) > inches and len(out) + 1 < lines:
        end = next(end for end in range(len(text), 0, -1) if end == 1 or text_inches(text[:end], points) <= inches)
        near = [at for at in range(end, end // 2, -1) if text[at - 1] in " =/_,:;-"]
        end = near[0] if near else end
        out.append(text[:end].rstrip())
        text = text[end:].lstrip()
    left_out = 0
    whole = text
    while len(text) > 3 and text_inches(text, points) > inches:
        left_out += 1
        kept = len(whole) - left_out
        text = whole[:kept - kept // 2] + "…" + whole[len(whole) - kept // 2:]
    return "\n".join(out + [text])


def columns_for(count, shape, most):
    """Columns of a grid of `count` panels on a slide; `shape`: 1.5 for panels as wide as high, less for wider ones."""
    rows = -(-count // max(1, min(most, math.ceil(math.sqrt(count * shape)))))
    return -(-count // rows)


def panels(count, columns, least, beside=0.0, **shared):
    """A figure of `count` panels, `least` inches high each (of many panels less), with room for a legend of `beside` inches.
    Returns it with its panels and the width that a panel's title has."""
    rows = -(-count // columns)
    least = max(1.0, min(least, 14.5 / rows))
    figure, grid = plt.subplots(rows, columns, squeeze=False, figsize=(WIDE, max(SLIDE, 1.3 + least * rows)), **shared)
    places = [axes for line in grid for axes in line]
    for place, axes in enumerate(places):
        axes.set_visible(place < count)
        if place < count <= place + columns and shared.get("sharex"):
            axes.tick_params(axis="x", labelbottom=True)  # the lowest of its column
    return figure, places[:count], (WIDE - 1.0 - beside) / columns - 0.2


def rows(names, columns=1, beside=0.0, **more):
    """A figure with a row for each name, from above to below, in `columns` panels side by side. Returns it with
    its panels and the width of a panel."""
    row = min(0.3, max(0.17, 13.2 / len(names)))
    figure, grid = plt.subplots(1, columns, sharey=True, squeeze=False, figsize=(WIDE, max(3.0, 1.6 + row * len(names))),
                                **more)
    shown = [fitted(name, 2.4, PANEL, 2 if row > 0.25 else 1) for name in names]
    for axes in grid[0]:
        axes.yaxis.names = names
        axes.set_ylim(max(len(names), 3) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
    grid[0][0].set_yticks(range(len(names)), shown, fontsize=PANEL)
    widest = max(text_inches(line, PANEL) for name in shown for line in name.split("\n"))
    return figure, list(grid[0]), (WIDE - 0.6 - widest - beside) / columns - 0.1


def name_panel(axes, name, inches, lines=2):
    """The title of a panel; the CSV has it whole."""
    axes.set_label(name)
    axes.set_title(fitted(name, inches, PANEL, lines), fontsize=PANEL, pad=3)


def name_places(axis, places, names, inches, points=PANEL, lines=2):
    """Names instead of numbers at places of an axis; the CSV has them whole."""
    axis.names = names
    axis.set_ticks(places, [fitted(name, inches, points, lines) for name in names], fontsize=points)


def arrange(figure, heading, context, x="", y="", note="", legend=None):
    """Title, labels, note and legend ([handle], [label]) around the panels, which get what is left."""
    wide, tall = figure.get_size_inches()
    top = above(figure, heading, context)
    bottom = below(figure, note) if note else 0.1
    right = beside(figure, *legend, top) if legend else 0.1
    x_at = bottom
    bottom += 0.26 if x else 0.0
    left = 0.36 if y else 0.1
    figure.tight_layout(pad=0.2, h_pad=0.9, w_pad=0.9,
                        rect=(left / wide, bottom / tall, 1 - right / wide, 1 - top / tall))
    boxes = [axes.get_position() for axes in figure.axes if axes.get_visible()]
    if x:
        middle = (min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2
        figure.text(middle, x_at / tall, x, ha="center", va="bottom", fontsize=LABEL)
    if y:
        middle = (min(box.y0 for box in boxes) + max(box.y1 for box in boxes)) / 2
        figure.text(0.1 / wide, middle, y, ha="left", va="center", rotation=90, fontsize=LABEL)


def above(figure, heading, context):
    """Title and where the numbers are from; the inches they take."""
    wide, tall = figure.get_size_inches()
    used = 0.12
    for text, points, lines, look in ((heading, HEADING, 2, {"weight": "bold"}), (context, CONTEXT, 3, {"color": "#404040"})):
        # Bold letters are up to a sixth wider.
        text = fitted(text, (wide - 0.3) / (1.17 if "weight" in look else 1), points, lines)
        figure.text(0.12 / wide, 1 - used / tall, text, ha="left", va="top", fontsize=points, linespacing=1.2, **look)
        used += points * 1.35 / 72 * (1 + text.count("\n")) + 0.03
    return used + 0.1


def below(figure, note):
    wide, tall = figure.get_size_inches()
    text = fitted(note, wide - 0.3, NOTE, 3)
    figure.text(0.12 / wide, 0.1 / tall, text, ha="left", va="bottom", fontsize=NOTE, color="#404040", linespacing=1.2)
    return 0.18 + NOTE * 1.3 / 72 * (1 + text.count("\n"))


def beside(figure, handles, labels, top):
    """The legend right of the panels; the inches it takes."""
    wide, tall = figure.get_size_inches()
    legend = figure.legend(handles, [fitted(label, 2.4, NOTE, 3) for label in labels], loc="upper right", fontsize=NOTE,
                           bbox_to_anchor=(1 - 0.05 / wide, 1 - top / tall), handlelength=2.6, borderaxespad=0)
    return legend.get_window_extent(figure.canvas.get_renderer()).width / figure.dpi + 0.2
