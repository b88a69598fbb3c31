#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the set in .clang-tidy over every unit of the program.
#   scripts/tidy.sh [PRESET]     a preset that builds with clang (default tsan, whose units are large)
# Prints every finding and ends with exit code 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build-${1:-tsan}
cmake --preset "${1:-tsan}" >/dev/null
cmake --build "$build" --target isolab_pch_rooms >/dev/null
units() {
  /usr/bin/python3 -c '
import json, re, sys
for unit in json.load(open(sys.argv[1] + "/compile_commands.json")):
    made = re.search(r" -o (\S+)", unit["command"])[1]
    if not made.startswith("tests/") and "isolab_pch_" not in made and unit["file"].endswith((".cpp", ".cxx")):
        print(unit["file"])' "$build"
}
found=0
units | xargs -P "$(nproc)" -n 1 clang-tidy -quiet -p "$build" 2> >(grep -v ' warnings\? generated' >&2) || found=1
exit "$found"
