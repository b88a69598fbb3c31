#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Throws hostile input at every parser: libFuzzer with ASan and UBSan, seeded from the goldens.
#   scripts/fuzz.sh [--seconds N] [--runs N] [--preset NAME] [TARGET...]
#     --seconds N    how long each target runs (default 60)
#     --runs N       how many inputs each target gets at most (default: no limit)
#     --preset NAME  the build: fuzz (default, optimised) or asan (shared with the unit tests, as CI does)
# A crash is kept in tests/fuzz/crashes/TARGET/ and replayed by the unit tests ever after. Prints the
# number of inputs; exit code 1 if any target crashed, took over 1 s, leaked or used over 1 GiB.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60 runs=-1 preset=fuzz targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --preset) preset=$2; shift 2 ;;
    -*) echo "fuzz.sh: unknown option $1" >&2; exit 1 ;;
    *) targets+=("$1"); shift ;;
  esac
done
if [ ${#targets[@]} -eq 0 ]; then
  for file in tests/fuzz/*_fuzz.cpp; do targets+=("$(basename "$file" _fuzz.cpp)"); done
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/isolab-fuzz-XXXXXX")
trap 'rm -rf "$work"' EXIT
if ! printf 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -x c++ -fsanitize=fuzzer - -o "$work/none" 2>/dev/null; then
  echo "fuzz targets skipped: no clang with libFuzzer (apt-get install clang libclang-rt-dev)"
  exit 0
fi

cmake --preset "$preset" >/dev/null
cmake --build "build-$preset" --target "${targets[@]/#/fuzz_}" >"$work/build.log" || { cat "$work/build.log"; exit 1; }

fuzz() {  # one target; its log and inputs in $work
  local name=$1 crashes=tests/fuzz/crashes/$1
  mkdir -p "$work/$name.corpus" "$crashes"
  local seeds=()
  for place in "tests/fuzz/seeds/$name" "tests/fuzz/crashes/$name" "$(golden "$name")"; do
    if [ -d "$place" ]; then seeds+=("$place"); fi
  done
  "build-$preset/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -runs="$runs" -timeout=1 -rss_limit_mb=1024 -max_len=8192 \
    -print_final_stats=1 -artifact_prefix="$crashes/" "$work/$name.corpus" "${seeds[@]}" \
    >"$work/$name.log" 2>&1
}

golden() {  # where the repository keeps good input of this kind
  case $1 in
    cyclictest) echo tests/golden/cyclictest ;;
    interrupts) echo tests/hosts ;;
    import) echo tests/import ;;
    profile) echo profiles ;;
    recording) echo tests/golden/findings ;;
    trace_page) echo tests/traces ;;
    stale_journal) echo tests/fuzz/seeds/journal ;;
    json) echo tests/golden/findings ;;
    machine) echo tests/hosts ;;
    *) echo none ;;
  esac
}

failed=0 total=0
printf '%s\n' "${targets[@]}" >"$work/targets"
export work preset seconds runs
export -f fuzz golden
xargs -P "$(nproc)" -I{} bash -c 'fuzz {} || echo {} >>"$work/failed"' <"$work/targets"
for name in "${targets[@]}"; do
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log" 2>/dev/null || true)
  echo "$name: ${inputs:-0} inputs"
  total=$((total + ${inputs:-0}))
  rmdir --ignore-fail-on-non-empty "tests/fuzz/crashes/$name" 2>/dev/null || true
done
sort "$work/failed" 2>/dev/null >"$work/sorted" || true
while read -r name; do
  failed=$((failed + 1))
  echo "FAILED $name:"
  # Where it happened, in our code, and the input.
  grep -E "ERROR|SUMMARY|runtime error|terminate|what\(\)|^ +#[0-9]+ .*$PWD/|^MS:|Base64|Test unit" "$work/$name.log" 2>/dev/null |
    head -30 || tail -20 "$work/$name.log" || true
done <"$work/sorted"
echo "$total inputs, $failed failed"
exit "$((failed > 0))"
