# SPDX-License-Identifier: Apache-2.0
"""Follows a page of docs/: writes the files that its code blocks are, below OUT. A block follows a line that ends with
`PATH`: and is a new file, or, where PATH is a file of the tree, lines added to a copy of it. Prints the sources.

Usage: page_files.py PAGE SOURCE OUT"""
import pathlib
import re
import sys

BLOCK = re.compile(r"`([\w/.]+)`:\n\n```\w*\n(.*?)```\n", re.S)


def main(page, source, out):
    blocks = BLOCK.findall(pathlib.Path(page).read_text())
    if not blocks:
        sys.exit(f"{page} names no file")
    written = set()
    for path, text in blocks:
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path not in written:
            target.write_text((source / path).read_text() if (source / path).exists() else "")
        written.add(path)
        with target.open("a") as file:
            file.write(text)
        if path.endswith(".cpp"):
            print(target, end=";")


main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
