#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and passes every test. Closes with "N passed, N failed".
#   scripts/test.sh               all stages, as CI does
#   scripts/test.sh STAGE...      some of them, in this order:
#     lint     format, unused names in Python, shell scripts, layers
#     build    the program, benchmarks and root tests: GCC, Release
#     cli      the program's outputs, exit codes, charts and schema
#     root     tests that need root; they skip with a reason where they cannot run
#     guests   isolab for arm64; six kernels and an A/B of two, two guests at a time (1.5 minutes each)
#     packages the Debian packages in clean roots, the tarballs beside busybox
#     unit     unit, contract and golden tests: Clang, ASan and UBSan; the outputs of both compilers
#     threads  the unit tests of what has threads, under TSan
#     tidy     clang-tidy with the set in .clang-tidy; not a part of the default
#     fuzz     every fuzz target for $ISOLAB_FUZZ_SECONDS (default 4)
# Guests skip, with the reason, where kernels cannot be fetched; ISOLAB_VM_TESTS=OFF leaves them out.
# The last lines say how long each stage took.
set -euo pipefail
cd "$(dirname "$0")/.."
guests=${ISOLAB_VM_TESTS:-ON}
werror=${CI:+ON}
results=()
failed=0
times=()

timed() {  # NAME COMMAND...: remembers how long it took, returns what it returned
  local begin=$SECONDS status=0
  echo "== $1"
  "${@:2}" || status=$?
  times+=("$1 $((SECONDS - begin)) s")
  return $status
}

run_tests() {  # NAME BUILD FILTER...: a failure is remembered, and the rest goes on
  timed "$1" ctest --test-dir "$2" "${@:3}" --output-on-failure --output-junit "results-$1.xml" || failed=1
  results+=("$2/results-$1.xml")
}

build_with() {  # PRESET TARGET...
  cmake --preset "$1" -DISOLAB_WERROR="${werror:-OFF}" >/dev/null && cmake --build "build-$1" --target "${@:2}"
}

same_outputs() {  # what GCC's program prints is what Clang's prints, byte for byte
  local place
  place=$(mktemp -d)
  /usr/bin/python3 tests/tools/record_outputs.py build/isolab "$place/gcc" --make build/tests/write_recordings --numbers &&
    /usr/bin/python3 tests/tools/record_outputs.py build-asan/isolab "$place/clang" --make build/tests/write_recordings --numbers &&
    diff -r "$place/gcc" "$place/clang" && rm -r "$place"
}

stage_lint() { timed lint scripts/lint.sh || failed=1; }

stage_build() {
  cmake -S . -B build -DISOLAB_TESTS=ON -DISOLAB_UNIT_TESTS=OFF -DISOLAB_VM_TESTS="$guests" -DISOLAB_BENCHMARKS=ON \
    -DISOLAB_WERROR="${werror:-OFF}" >/dev/null
  timed build cmake --build build
}

# What measures or changes the machine runs alone.
stage_cli() { run_tests cli build --label-regex "^(cli|schema|plots)$" --parallel 2; }
stage_root() { run_tests root build --label-regex "^root$"; }

stage_guests() {
  [ "$guests" = ON ] || return 0
  # 3: Debian's packages for arm64 cannot be fetched, so the tests of its guests skip.
  local status=0
  timed build-arm64 scripts/build_arm64.sh || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || failed=1
  run_tests guests build --label-regex "^vm$" --parallel 2
}

stage_packages() {
  # The arm64 tarball has a test once there is a build of it.
  cmake -S . -B build >/dev/null
  run_tests packages build --label-regex "^packages$"
}

stage_unit() {
  timed build-asan build_with asan unit_tests fuzz_targets isolab
  run_tests unit build-asan --label-regex "^unit$" --parallel 2
  results+=(build-asan/tests-unit-*.xml)
  timed same-outputs same_outputs || failed=1
}

stage_threads() {
  timed build-tsan build_with tsan threaded_tests
  run_tests threads build-tsan --label-regex "^threads$"
  results+=(build-tsan/tests-threads-*.xml)
}

stage_tidy() { timed tidy scripts/tidy.sh tsan || failed=1; }

stage_fuzz() { timed fuzz scripts/fuzz.sh --seconds "${ISOLAB_FUZZ_SECONDS:-4}" --preset asan || failed=1; }

timed setup scripts/setup.sh test
if [ $# -eq 0 ]; then set -- lint build cli root guests packages unit threads fuzz; fi
for name; do "stage_$name"; done
printf -v took '%s, ' "${times[@]}"
echo "took $SECONDS s: ${took%, }"
if [ ${#results[@]} -gt 0 ]; then /usr/bin/python3 tests/summary.py "${results[@]}" || failed=1; fi
exit "$failed"
