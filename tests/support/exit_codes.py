# SPDX-License-Identifier: Apache-2.0
"""The table of exit codes in docs/command-line.md, which the tests walk through."""
import pathlib

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
LIVE = {"run", "run --sessions", "plan --dry-run", "spikes", "watch"}  # these need root or a trace: tests/hostile


def documented(live):
    """(verb, column, exit code) of every cell that is not empty; "signal" is minus SIGINT."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in DOCUMENT.read_text().splitlines()
            if line.startswith("|")]
    begin = next(i for i, row in enumerate(rows) if row[:2] == ["verb", "all is well"])
    columns = rows[begin][1:]
    cells = []
    for row in rows[begin + 2:]:
        if len(row) != len(columns) + 1:
            break
        verb = row[0].strip("`")
        cells += [(verb, column, -2 if cell == "signal" else int(cell)) for column, cell in zip(columns, row[1:])
                  if cell and (verb in LIVE) == live]
    return cells
