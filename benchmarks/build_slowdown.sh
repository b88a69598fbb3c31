#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much slower a kernel build is while isolab records; the goal is below 0.5 % of system time.
#   benchmarks/build_slowdown.sh [ROUNDS] [TARGET]     (default: 12 rounds of lib/)
# A round is three builds of TARGET (directories of the kernel tree, "lib/ mm/") on all CPUs but the last,
# in an order that turns: alone; with the probe on the last CPU; with the probe and ipi_trace. They are
# compared within the round: Hodges-Lehmann estimate of the change of system and user time with the
# exact interval of the signed-rank test, and the number of rounds that would tell 0.5 % from nothing.
# Environment: ISOLAB (default build/isolab), TARBALL (default: the newest linux-source in /usr/src).
# Needs root, two CPUs, what kernel_build needs, 2 GB in TMPDIR. Leaves nothing. A round of lib/ takes about a minute.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
isolab=$(realpath "${ISOLAB:-$here/../build/isolab}")
tarball=${TARBALL:-$(ls /usr/src/linux-source-*.tar.xz 2>/dev/null | sort -V | tail -1)}
if [ ! -x "$isolab" ]; then echo "there is no $isolab: build isolab, or set ISOLAB" >&2; exit 3; fi
if [ ! -f "$tarball" ]; then echo "there is no kernel source: apt-get install linux-source" >&2; exit 3; fi
if [ "$(id -u)" -ne 0 ] || [ "$(nproc)" -lt 2 ]; then echo "it needs root and two CPUs" >&2; exit 3; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/isolab-slowdown-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/out"
tar -C "$work/tree" --strip-components=1 -xf "$tarball"
make -s -C "$work/tree" O="$work/out" tinyconfig >/dev/null
make -s -C "$work/tree" O="$work/out" prepare >/dev/null
python3 "$here/build_slowdown.py" "$isolab" "$work" "${1:-12}" "${2:-lib/}"
