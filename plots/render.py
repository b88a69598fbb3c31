#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""render.py FILE.json OUTDIR: draws every chart that findings or a comparison have data for: PNG, SVG, CSV.

Prints the files it made, one a line; exit code 1 with a message where the findings are not readable.
Needs Debian's python3-matplotlib. A chart is one file in charts/ (docs/adding-a-chart.md); nothing lists them.
"""
import importlib
import json
import pathlib
import sys

import style
import words

CHARTS = pathlib.Path(__file__).resolve().parent / "charts"
SCHEMA = 1


def charts(draws):
    """The modules of charts/ that draw "findings" or a "comparison", in the order of their places."""
    modules = [importlib.import_module(f"charts.{file.stem}") for file in sorted(CHARTS.glob("*.py"))]
    return sorted((module for module in modules if module.DRAWS == draws), key=lambda module: module.PLACE)


def render(findings, directory):
    """Draws into `directory`, which is made; returns the paths of the files."""
    directory.mkdir(parents=True, exist_ok=True)
    findings = words.Words().drawable(findings)
    paths = []
    for chart in charts("comparison" if findings.get("kind") == "comparison" else "findings"):
        style.set_up()
        figure = chart.draw(findings)
        if figure is not None:
            table = getattr(chart, "table", None)
            paths += style.save(figure, directory, chart.NAME, table(findings) if table else None)
    return paths


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 1
    try:
        findings = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"render.py: {arguments[0]}: {error}", file=sys.stderr)
        return 1
    if findings.get("schema") != SCHEMA:
        print(f"render.py: {arguments[0]}: schema {findings.get('schema')} is not {SCHEMA}", file=sys.stderr)
        return 1
    for path in render(findings, pathlib.Path(arguments[1])):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
