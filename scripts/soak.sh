#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rounds of a profile for a given time; after each, everything that could leak is counted and must be flat:
#   scripts/soak.sh [--minutes N] [--isolab FILE] [--profile FILE]     (60 minutes, build/isolab, quick.yaml)
# Counted on the machine: tracefs instances, kprobe events, cgroups and journals of ours; in the run itself,
# sampled twice a second: the largest resident size, descriptors and threads of any of its processes.
# Exit code 1 if a round leaves more behind than the first did, or if the median of the last third of the
# rounds is over the largest of the first third by more than 5 % and 1 MiB, 2 descriptors or 1 thread.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=60 isolab=build/isolab profile=profiles/quick.yaml
while [ $# -gt 1 ]; do
  case $1 in
    --minutes) minutes=$2 ;;
    --isolab) isolab=$2 ;;
    --profile) profile=$2 ;;
    *) echo "soak.sh: unknown option $1" >&2; exit 1 ;;
  esac
  shift 2
done

work=$(mktemp -d "${TMPDIR:-/tmp}/isolab-soak-XXXXXX")
trap 'rm -rf "$work"' EXIT
export ISOLAB_STATE_DIR=$work/state
mkdir -m 700 "$ISOLAB_STATE_DIR"

family() {  # process numbers of the run, all generations
  local all=$1 next=$1
  while [ -n "$next" ]; do
    next=$(pgrep -d, -P "$next" 2>/dev/null || true)
    all=$all${next:+,$next}
  done
  tr , ' ' <<<"$all"
}

sample() {  # the largest of each over the life of process $1, into $2
  local rss=0 fds=0 threads=0
  while kill -0 "$1" 2>/dev/null; do
    for pid in $(family "$1"); do
      # Only ours: what `make` starts is as large as it likes.
      [ "$(readlink "/proc/$pid/exe" 2>/dev/null || true)" = "$(realpath "$isolab")" ] || continue
      while read -r key value _; do
        case $key in
          VmRSS:) if [ "$value" -gt "$rss" ]; then rss=$value; fi ;;
          Threads:) if [ "$value" -gt "$threads" ]; then threads=$value; fi ;;
        esac
      done <"/proc/$pid/status" 2>/dev/null || true
      count=$({ find "/proc/$pid/fd" -mindepth 1 2>/dev/null || true; } | wc -l)
      if [ "$count" -gt "$fds" ]; then fds=$count; fi
    done
    sleep 0.5
  done 2>/dev/null
  echo "$rss $fds $threads" >"$2"
}

orphans() {  # how many of the names on stdin ("isolab_123", "isolab_ftrace_123") have no process any more
  local count=0 name
  while read -r name; do
    if [ ! -d "/proc/${name##*[_-]}" ]; then count=$((count + 1)); fi
  done
  echo "$count"
}
export -f orphans

left_behind() {  # tracefs instances, kprobe events, cgroups, journals; one a line
  unshare -m bash -c '
    mountpoint -q /sys/kernel/tracing || mount -t tracefs t /sys/kernel/tracing 2>/dev/null
    find /sys/kernel/tracing/instances -maxdepth 1 -name "isolab*" 2>/dev/null | orphans
    cat /sys/kernel/tracing/kprobe_events 2>/dev/null | grep -c isolab_ || true'
  find /sys/fs/cgroup -maxdepth 6 -type d -name 'isolab-*' 2>/dev/null | orphans
  find "$ISOLAB_STATE_DIR" -name '*.journal' | wc -l
}

rounds=$work/rounds
: >"$rounds"
end=$((SECONDS + minutes * 60))
number=0
printf '%5s %4s %9s %5s %7s %9s %7s %7s %8s\n' round code 'RSS KiB' files threads instances kprobes cgroups journals
while [ "$SECONDS" -lt "$end" ]; do
  number=$((number + 1))
  "$isolab" run "$profile" --allow-commands -q --no-plots -o "$work/recording" >"$work/out" 2>"$work/err" &
  pid=$!
  sample "$pid" "$work/most" &
  sampler=$!
  code=0
  wait "$pid" || code=$?
  wait "$sampler"
  rm -rf "$work/recording"
  read -r rss fds threads <"$work/most"
  mapfile -t left < <(left_behind)
  echo "$rss $fds $threads ${left[*]}" >>"$rounds"
  printf '%5d %4d %9d %5d %7d %9d %7d %7d %8d\n' "$number" "$code" "$rss" "$fds" "$threads" "${left[@]}"
  if [ "$code" -ne 0 ] && [ "$code" -ne 2 ] && [ "$code" -ne 5 ]; then
    cat "$work/err" >&2
    echo "FAILED: round $number ended with exit code $code"
    exit 1
  fi
done

python3 - "$rounds" <<'PY'
import statistics
import sys

rows = [[int(word) for word in line.split()] for line in open(sys.argv[1])]
wrong = []
for column, what in enumerate(["tracefs instances", "kprobe events", "cgroups", "journals"], 3):
    for number, row in enumerate(rows, 1):
        if row[column] > rows[0][column]:
            wrong.append(f"round {number} left {row[column]} {what}")
if len(rows) >= 3:
    for column, (what, slack) in enumerate([("KiB resident", 1024), ("descriptors", 2), ("threads", 1)]):
        third = max(1, len(rows) // 3)
        early = max(row[column] for row in rows[:third])
        late = statistics.median(row[column] for row in rows[-third:])
        if late > early * 1.05 and late > early + slack:
            wrong.append(f"{what} grew from {early} to {late}")
for line in wrong:
    print("FAILED:", line)
print(f"{len(rows)} rounds, {len(wrong)} leaks")
sys.exit(1 if wrong or not rows else 0)
PY
