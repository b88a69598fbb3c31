# SPDX-License-Identifier: Apache-2.0
"""Second guard of the layer rule (docs/design.md): reads every include and refuses upward ones, and every way
of printing but the one of base/output.h."""
import pathlib
import re
import sys

RANK = {"base": 0, "host": 1, "trace": 2, "vm": 2, "workloads": 3, "probes": 3, "results": 3, "analysis": 4, "runner": 5}
# What a rank alone would allow, but the house does not: results and analysis never see the machine.
FORBIDDEN = {("results", "host"), ("results", "trace"), ("analysis", "host"), ("analysis", "workloads"),
             ("analysis", "probes"), ("workloads", "trace"), ("workloads", "vm"),
             ("probes", "vm"), ("results", "vm"), ("analysis", "vm")}

PRINTS = re.compile(r"fmt::print\(|std::(cout|cerr|clog)|\b(printf|fprintf|puts|fputs|fwrite|putchar|perror)\(")


def problems(root):
    for room, rank in RANK.items():
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if PRINTS.search(line.split("//")[0]) and path.name != "output.cpp":
                    yield f"{path.relative_to(root)}:{number}: prints past base/output.h"
                found = re.match(r'#include "(([a-z]+)/[^"]+)"', line)
                if not found or found.group(2) == room or found.group(2) not in RANK:
                    continue
                other = found.group(2)
                if RANK[other] >= rank or (room, other) in FORBIDDEN:
                    yield f"{path.relative_to(root)}:{number}: {room} must not include {found.group(1)}"


if __name__ == "__main__":
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "every include goes downward, every text through base/output.h")
    sys.exit(1 if found else 0)
