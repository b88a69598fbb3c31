#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a captured trace directory (cpuN.raw, formats/) into a golden: dump.py SOURCE TARGET PAGES.

The first PAGES pages of each CPU become cpuN.hex: a line "bytes N", then lines "OFFSET: HEX" of 32
bytes; lines of zeroes are left out. Only the formats of events on those pages are kept.
"""
import pathlib
import shutil
import struct
import sys


def ids_on(page):
    """Ids of all words that could begin an event's payload: more than needed, never too few."""
    return {struct.unpack_from("<H", page, at)[0] for at in range(16, len(page) - 2, 4)}


def hex_lines(data):
    yield f"bytes {len(data)}"
    for at in range(0, len(data), 32):
        line = data[at:at + 32]
        if any(line):
            yield f"{at:06x}: {line.hex()}"


def page_bytes(header):
    data = next(line for line in header.splitlines() if " data;" in line)
    return 16 + int(data.split("size:")[1].split(";")[0])


def main(source, target, pages):
    source, target = pathlib.Path(source), pathlib.Path(target)
    size = page_bytes((source / "formats/header_page").read_text())
    seen = set()
    target.mkdir(parents=True, exist_ok=True)
    for raw in sorted(source.glob("cpu*.raw")):
        data = raw.read_bytes()[:size * int(pages)]
        seen |= ids_on(data)
        (target / (raw.stem + ".hex")).write_text("\n".join(hex_lines(data)) + "\n")
    for path in sorted((source / "formats").rglob("*")):
        if not path.is_file():
            continue
        lines = path.read_text().splitlines()
        number = next((int(line[4:]) for line in lines if line.startswith("ID: ")), None)
        if number is None or number in seen:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


if __name__ == "__main__":
    main(*sys.argv[1:])
