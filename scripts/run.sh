#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds Release into build/ and runs a profile:
#   scripts/run.sh profiles/quick.yaml [options of `isolab run`]
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/scripts/setup.sh" run
cmake --build "$top/build" --target isolab >&2
exec "$top/build/isolab" run "$@"
