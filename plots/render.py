#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""render.py FILE.json OUTDIR: draws every chart that findings or a comparison have data for: PNG, SVG, CSV.

Prints the files it made, one a line; exit code 1 with a message where the findings are not readable.
Needs Debian's python3-matplotlib. A chart is one module here with NAME and draw(findings).
"""
import json
import pathlib
import sys

import compare_ccdf
import compare_histogram
import compare_ipis
import compare_scaling
import compare_sessions
import compare_timeline
import gap_ccdf
import gap_classes
import gaps_over_time
import interrupts
import ipi_sources
import latency_histogram
import noise_budget
import page_cost
import style
import time_per_page
import words

CHARTS = [gap_ccdf, latency_histogram, interrupts, gaps_over_time, ipi_sources, gap_classes, noise_budget,
          page_cost, time_per_page]
COMPARISON_CHARTS = [compare_ccdf, compare_histogram, compare_ipis, compare_sessions, compare_scaling,
                     compare_timeline]
SCHEMA = 1


def render(findings, directory):
    """Draws into `directory`, which is made; returns the paths of the files."""
    directory.mkdir(parents=True, exist_ok=True)
    findings = words.Words().drawable(findings)
    paths = []
    for chart in COMPARISON_CHARTS if findings.get("kind") == "comparison" else CHARTS:
        style.set_up()
        figure = chart.draw(findings)
        if figure is not None:
            paths += style.save(figure, directory, chart.NAME)
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
