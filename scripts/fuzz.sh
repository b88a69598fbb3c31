#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Throws hostile input at every parser: libFuzzer with ASan and UBSan, seeded from the goldens.
#   scripts/fuzz.sh [--seconds N] [--runs N] [--build DIR] [TARGET...]
#     --seconds N   how long each target runs (default 60)
#     --runs N      how many inputs each target gets at most (default: no limit)
#     --build DIR   a tree built with ISOLAB_UNITY=OFF, whose libraries are linked (default build-asan)
# The parsers are compiled here with clang and its instrumentation; the rest comes from the build. A
# crash is kept in tests/fuzz/crashes/TARGET/ and replayed by the unit tests ever after. Prints the
# number of inputs; exit code 1 if any target crashed, took over 1 s, leaked or used over 1 GiB.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60 runs=-1 build=build-asan targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --build) build=$2; shift 2 ;;
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

sources() {  # of the parsers that a target is about
  case $1 in
    cpu_list) echo base/cpu_set.cpp ;;
    interrupts) echo base/interrupts.cpp ;;
    cyclictest) echo probes/formats/cyclictest_parser.cpp ;;
    journal) echo host/claims.cpp host/journal.cpp host/restore.cpp ;;
    stale_journal) echo host/claims.cpp host/journal.cpp host/restore.cpp host/files.cpp host/cgroup.cpp ;;
    lock) echo host/run_lock.cpp host/state_directory.cpp ;;
    machine) echo host/captured/*.cpp host/facts/*facts.cpp host/facts/measured_cpus.cpp host/readiness/*.cpp base/cpu_set.cpp ;;
    classes) echo analysis/attribution/classes.cpp ;;
    index) echo results/index.cpp results/json.cpp ;;
    json) echo results/json.cpp results/benchmarks.cpp ;;
    recording) echo results/*_json.cpp results/json.cpp results/codec.cpp results/blobs.cpp ;;
    import) echo import/*.cpp probes/formats/*.cpp trace/read/dat_reader.cpp ;;
    profile) echo plan/profile*.cpp plan/yaml_tree.cpp plan/compile.cpp base/params.cpp ;;
    trace_page) echo trace/read/event.cpp trace/read/reader.cpp ;;
    *) echo "fuzz.sh: no target $1" >&2; exit 1 ;;
  esac
}

rooms=$(find "$build" -name 'libisolab_*.a' | sort)

compile() {
  # shellcheck disable=SC2046,SC2086
  clang++ -std=c++20 -O1 -g1 -DFMT_SHARED -DISOLAB_SOURCE_DIR=\"\" -DISOLAB_SHARE_DIR=\"\" -I. -I"$build/generated" \
    -fsanitize=fuzzer,address,undefined \
    -fno-sanitize-recover=all "tests/fuzz/$1_fuzz.cpp" $(sources "$1") \
    -Wl,--start-group $rooms -Wl,--end-group -lyaml-cpp -lfmt -lhwloc -lz -lcrypto -lsqlite3 -o "$work/$1"
}

fuzz() {  # one target; its log and inputs in $work
  local name=$1 crashes=tests/fuzz/crashes/$1
  mkdir -p "$work/$name.corpus" "$crashes"
  local seeds=()
  for place in "tests/fuzz/seeds/$name" "tests/fuzz/crashes/$name" "$(golden "$name")"; do
    if [ -d "$place" ]; then seeds+=("$place"); fi
  done
  "$work/$name" -max_total_time="$seconds" -runs="$runs" -timeout=1 -rss_limit_mb=1024 -max_len=8192 \
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
# Two at a time: compiling needs a gigabyte each.
printf '%s\n' "${targets[@]}" >"$work/targets"
export work build seconds runs rooms
export -f compile fuzz sources golden
xargs -P "$(nproc)" -I{} bash -c 'compile {} && fuzz {} || echo {} >>"$work/failed"' <"$work/targets"
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
