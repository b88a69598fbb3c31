#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# explain_trace.sh BUILD-DIRECTORY [IPIS | TRACE.DAT]: what `isolab explain` of a large trace.dat costs.
# Captures a real trace (root) and writes it as trace.dat with trace-cmd, or takes the file that is
# named. Prints events, processor seconds and peak memory beside the limits for 5 million events;
# exit code 1 where one is exceeded (scaled to the number of events). Leaves nothing behind.
set -euo pipefail
build=${1:?usage: explain_trace.sh BUILD-DIRECTORY [IPIS | TRACE.DAT]}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

file=${2:-350000}
if [ ! -f "$file" ]; then
  "$build/benchmarks/trace_capture" "$dir" "$file"
  mapfile -t pages < <(printf '%s\n' "$dir"/cpu*.raw | sort -V)
  trace-cmd restore -o "$dir/trace.dat" "${pages[@]}" > /dev/null
  file=$dir/trace.dat
fi

python3 - "$build/isolab" "$file" <<'PYTHON'
import re, resource, subprocess, sys
run = subprocess.run([sys.argv[1], "explain", sys.argv[2]], stdout=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
if run.returncode != 0:
    sys.exit(f"isolab explain ended with {run.returncode}")
events = int(re.search(r": (\d+) events on \d+ CPUs", run.stdout).group(1))
seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
most = 3 * max(1, events / 5e6), 300 * max(1, events / 5e6)
print(f"events             {events:10}")
print(f"processor seconds  {seconds:10.2f}  limit {most[0]:.2f}  ({used.ru_utime:.2f} user)")
print(f"peak memory, MiB   {peak:10.0f}  limit {most[1]:.0f}")
sys.exit(seconds > most[0] or peak > most[1])
PYTHON
