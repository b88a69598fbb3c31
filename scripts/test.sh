#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and passes every test. Closes with "N passed, N failed".
#   scripts/test.sh              unit, contract, golden, plot and root tests (root ones skip with a reason)
#   scripts/test.sh --sanitize   and the unit tests once more under ASan and UBSan
# Guests are booted as well, two at a time: six kernels and an A/B of two, 1.5 minutes each, on isolab
# built for x86-64 and arm64. They skip, with the reason, where kernels cannot be fetched; ISOLAB_VM_TESTS=OFF leaves them out.
# Each fuzz target gets $ISOLAB_FUZZ_SECONDS (default 4) where clang with libFuzzer is installed.
# The last lines say how long each stage took.
set -euo pipefail
cd "$(dirname "$0")/.."
guests=${ISOLAB_VM_TESTS:-ON}
results=()
failed=0
stages=()

stage() {  # NAME COMMAND...: remembers how long it took, returns what it returned
  local begin=$SECONDS status=0
  "${@:2}" || status=$?
  stages+=("$1 $((SECONDS - begin)) s")
  return $status
}

run_tests() {  # NAME BUILD FILTER...: a failure is remembered, and the rest goes on
  stage "$1" ctest --test-dir "$2" "${@:3}" --output-on-failure --output-junit "results-$1.xml" || failed=1
  results+=("$2/results-$1.xml")
}

stage setup scripts/setup.sh test
cmake -S . -B build -DISOLAB_TESTS=ON -DISOLAB_VM_TESTS="$guests" -DISOLAB_BENCHMARKS=ON -DISOLAB_WERROR="${CI:+ON}" >/dev/null
stage build cmake --build build
# What measures or changes the machine runs alone.
run_tests unit build --label-exclude "^(root|vm)$" --parallel 2
run_tests root build --label-regex "^root$"
if [ "$guests" = ON ]; then
  # For the arm64 guests. 3: Debian's packages are not to be had here, so their tests skip.
  arm64=0
  stage build-arm64 scripts/build_arm64.sh || arm64=$?
  if [ "$arm64" -ne 0 ] && [ "$arm64" -ne 3 ]; then failed=1; fi
  run_tests guests build --label-regex "^vm$" --parallel 2
fi
stage fuzz scripts/fuzz.sh --seconds "${ISOLAB_FUZZ_SECONDS:-4}" || failed=1
if [ "${1:-}" = --sanitize ]; then
  cmake --preset asan >/dev/null
  stage build-asan cmake --build --preset asan --target unit_tests
  run_tests asan build-asan --label-regex "^unit$" --parallel 2
fi
printf -v took '%s, ' "${stages[@]}"
echo "took $SECONDS s: ${took%, }"
/usr/bin/python3 tests/summary.py "${results[@]}" || failed=1
exit "$failed"
