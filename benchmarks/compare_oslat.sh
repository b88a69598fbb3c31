#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Time a round of the busy loop beside the real oslat (rt-tests), in turns on the same CPU:
#   benchmarks/compare_oslat.sh [BUILD_DIR] [CPU] [ROUNDS] [SECONDS]
# Both run as SCHED_FIFO 1, so that other tasks on the machine count for neither; RT throttling or the
# fair server may take up to 5 % from both alike. oslat's clock is off by up to 0.2 %.
# Needs root and rt-tests. Changes nothing.
set -euo pipefail
build=${1:-build}
cpu=${2:-$(($(nproc) - 1))}
rounds=${3:-5}
seconds=${4:-2}
command -v oslat > /dev/null || { echo "there is no oslat: install rt-tests" >&2; exit 3; }
fifo=(policy=fifo priority=1 allow_throttling=true)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for _ in $(seq "$rounds"); do
  oslat -q -f 1 -D "$seconds" -c "$cpu" --json="$work/oslat.json" > "$work/oslat.txt"
  # Every bucket of the text holds whole iterations; their sum is the number of rounds.
  awk '/^ +[0-9]+ \(us\):/ { n += $3 } /Duration:/ { t = $2 } END { printf "%.3f\n", t * 1e9 / n }' \
    "$work/oslat.txt" | tee -a "$work/oslat" | sed 's/^/oslat      ns per round: /'
  "$build/benchmarks/busy_loop_once" "$cpu" "$seconds" "${fifo[@]}" |
    awk '{ print $3 }' | tee -a "$work/ours" | sed 's/^/busy_loop  ns per round: /'
  "$build/benchmarks/busy_loop_once" "$cpu" "$seconds" "${fifo[@]}" counter=unfenced |
    awk '{ print $3 }' | tee -a "$work/unfenced" | sed 's/^/unfenced   ns per round: /'
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
oslat_ns=$(median "$work/oslat")
ours_ns=$(median "$work/ours")
unfenced_ns=$(median "$work/unfenced")
awk -v o="$oslat_ns" -v b="$ours_ns" -v u="$unfenced_ns" -v n="$rounds" 'BEGIN {
  printf "medians of %d: oslat %.2f ns, busy_loop %.2f ns (%.2fx as fast), unfenced %.2f ns (%.2fx)\n",
         n, o, b, o / b, u, o / u }'
