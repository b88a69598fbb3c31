#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compare_trace_cmd.sh BUILD-DIRECTORY [IPIS]: captures a real trace (root), then reads the same pages
# with `trace-cmd report` and with our reader, and prints both speeds and their ratio. Needs trace-cmd.
# Leaves nothing behind.
set -euo pipefail
build=${1:?usage: compare_trace_cmd.sh BUILD-DIRECTORY [IPIS]}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$build/benchmarks/trace_capture" "$dir" "${2:-350000}"
# trace-cmd wants its own file around the pages: a header of this kernel's formats, then the CPUs.
mapfile -t pages < <(printf '%s\n' "$dir"/cpu*.raw | sort -V)
trace-cmd restore -o "$dir/trace.dat" "${pages[@]}" > /dev/null

# Processor time, as Google Benchmark counts it: other work on the machine does not matter.
TIMEFORMAT='%U %S'
lines=$({ { time trace-cmd report -i "$dir/trace.dat" 2> /dev/null; } 2> "$dir/seconds"; } | wc -l)

ISOLAB_TRACE=$dir "$build/benchmarks/trace_reader_benchmark" --benchmark_format=json \
  --benchmark_out="$dir/ours.json" --benchmark_out_format=json > /dev/null
python3 - "$dir/ours.json" "$lines" "$dir/seconds" <<'PYTHON'
import json, sys
lines, seconds = int(sys.argv[2]), sum(map(float, open(sys.argv[3]).read().split()))
theirs = lines / seconds
print(f"{'trace-cmd report':24} {theirs / 1e6:8.2f} M events/s  ({lines} lines in {seconds:.2f} s)")
for one in json.load(open(sys.argv[1]))["benchmarks"]:
    rate = one.get("items_per_second", 0)
    print(f"{one['name']:24} {rate / 1e6:8.2f} M events/s  {rate / theirs:7.1f} x trace-cmd report")
PYTHON
