# SPDX-License-Identifier: Apache-2.0
"""Every row of the table in docs/security.md names tests, and each of them exists."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])


def known_tests():
    names = set()
    for path in (ROOT / "tests").rglob("*_test.cpp"):
        for suite, name in re.findall(r"^(?:TEST|TEST_F|TEST_P)\((\w+),\s*(\w+)\)", path.read_text(), re.M):
            names.add(f"{suite}.{name}")
    for path in (ROOT / "tests").rglob("*.py"):
        names.update(f"{path.name}: {name}" for name in re.findall(r"^\s*def (\w+)\(", path.read_text(), re.M))
    names.update(path.stem.removesuffix("_fuzz") for path in (ROOT / "tests/fuzz").glob("*_fuzz.cpp"))
    return names


def problems():
    tests = known_tests()
    lines = (ROOT / "docs/security.md").read_text().splitlines()
    rows = 0
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 5 or cells[0] == "input" or set(cells[0]) <= set("-: "):
            continue
        rows += 1
        named = re.findall(r"`([^`]+)`", cells[4])
        if not named:
            yield f"docs/security.md:{number}: no test"
        for name in named:
            if name not in tests:
                yield f"docs/security.md:{number}: there is no test {name}"
    if rows < 10:
        yield f"docs/security.md: {rows} rows found, the table is gone"


found = list(problems())
print("\n".join(found) if found else "every row of docs/security.md has its tests")
sys.exit(1 if found else 0)
