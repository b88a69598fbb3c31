# SPDX-License-Identifier: Apache-2.0
"""Second guard of the layer rule (docs/design.md). Three things are refused: a link of CMake to a target of the same
or a higher rank, an include of a header whose target is not linked, and every way of printing but base/output.h.

Usage: check_layers.py SOURCE"""
import pathlib
import re
import sys

# A room, or a shelf of one, by its directory; the target isolab_ROOM_SHELF holds it. In order of rank: what stands in
# a line sees lines above only.
RANKS = [
    ["base", "workloads/preload"],
    ["host"],
    ["host/facts", "trace/read", "probes/formats"],
    ["host/captured", "trace/live", "vm"],
    ["host/readiness", "workloads/contract", "probes/contract", "results"],
    ["workloads/support", "probes/observers", "analysis/statistics", "import"],
    ["workloads", "probes", "analysis/model"],
    ["analysis/attribution", "analysis/metrics"],
    ["analysis/checks", "analysis/compare", "analysis/watch"],
    ["analysis"],
    ["plan", "report/json", "report/text", "report/export"],
    ["report/compare", "report"],
    ["report/html", "runner", "vm/sessions"],
    ["cli"],
]
RANK = {place: number for number, line in enumerate(RANKS) for place in line}
# What a rank alone would allow, but the house does not, directly or through others.
REFUSED = [("results", "host"), ("results", "trace"), ("import", "host"), ("analysis", "host"), ("analysis", "trace/live"),
           ("analysis", "workloads"), ("analysis", "probes"), ("report", "host"), ("report", "plan"),
           ("workloads", "trace"), ("workloads", "vm"), ("probes", "vm"), ("plan", "report"), ("runner", "report"),
           ("runner", "vm")]

PRINTS = re.compile(r"fmt::print\(|std::(cout|cerr|clog)|\b(printf|fprintf|puts|fputs|fwrite|putchar|perror)\(")
ROOM = re.compile(r"^isolab_room\((\w+)\s+(.*?)\)", re.M | re.S)
NOT_LINKED = {"workloads/preload": "workloads/support"}  # a header shared with a library of another process


def place_of(path):
    """The longest place that `path` is in; None: of no room."""
    parts = pathlib.PurePosixPath(path).parts[:-1]
    places = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((place for place in places if place in RANK), None)


def links_of(root):
    """By place: the places that its target links, by CMakeLists.txt."""
    targets = {place.replace("/", "_"): place for place in RANK}
    links = {}
    for room in sorted({place.split("/")[0] for place in RANK}):
        for path in sorted((root / room).rglob("CMakeLists.txt")):
            for name, rest in ROOM.findall(path.read_text()):
                words = re.search(r"\bLINKS\b(.*)", rest, re.S)[1].split()
                links[targets[name]] = [targets[word[len("isolab_"):]] for word in words
                                        if word[len("isolab_"):] in targets and word.startswith("isolab_")]
    for place, other in NOT_LINKED.items():
        links[other].append(place)
        links[place] = []
    return links


def reached(place, links, seen=None):
    seen = {place} if seen is None else seen
    for other in links[place]:
        if other not in seen:
            seen.add(other)
            reached(other, links, seen)
    return seen


def wrong_links(links):
    for place, others in links.items():
        for other in others:
            if RANK[other] >= RANK[place]:
                yield f"isolab_{place.replace('/', '_')} must not link isolab_{other.replace('/', '_')}: its rank is not lower"
        for room, refused in REFUSED:
            bad = [other for other in reached(place, links) if (other + "/").startswith(refused + "/")]
            if (place + "/").startswith(room + "/") and bad:
                yield f"{place} must not see {refused}, and reaches {', '.join(sorted(bad))}"


def plug_in(path):
    """The probe that a file belongs to: a probe does not know another."""
    return pathlib.PurePosixPath(path).parts[1:-1]


def wrong_lines(root, path, seen):
    place = place_of(path)
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        if PRINTS.search(line.split("//")[0]) and pathlib.PurePosixPath(path).name != "output.cpp":
            yield f"{path}:{number}: prints past base/output.h"
        found = re.match(r'#include "([^"]+\.h)"', line)
        other = place_of(found[1]) if found else None
        if other and other not in seen[place] or other == "probes" and plug_in(path) != plug_in(found[1]):
            yield f"{path}:{number}: {place} must not include {found[1]}"


def problems(root):
    links = links_of(root)
    missing = sorted(set(RANK) - set(links))
    if missing:
        yield from (f"no isolab_room() for {place}" for place in missing)
        return
    yield from wrong_links(links)
    seen = {place: reached(place, links) for place in RANK}
    for room in sorted({place.split("/")[0] for place in RANK}):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield from wrong_lines(root, str(path.relative_to(root)), seen)


if __name__ == "__main__":
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "every link and include goes downward, every text through base/output.h")
    sys.exit(1 if found else 0)
