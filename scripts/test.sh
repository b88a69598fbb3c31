#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and passes every test. Closes with "N passed, N failed".
#   scripts/test.sh              unit, contract, golden, plot and root tests (root ones skip with a reason)
#   scripts/test.sh --sanitize   and the unit tests once more under ASan and UBSan
# Guests are booted as well: six kernels, 1.5 minutes each and two at a time, and the build for arm64.
# They skip, with the reason, where kernels cannot be fetched; ISOLAB_VM_TESTS=OFF leaves them out.
# Each fuzz target gets $ISOLAB_FUZZ_SECONDS (default 4) where clang with libFuzzer is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
guests=${ISOLAB_VM_TESTS:-ON}
scripts/setup.sh test
cmake -S . -B build -DISOLAB_TESTS=ON -DISOLAB_VM_TESTS="$guests" -DISOLAB_BENCHMARKS=ON -DISOLAB_WERROR="${CI:+ON}" >/dev/null
cmake --build build
results=(build/tests.xml)
failed=0
# For the arm64 guests. 3: Debian's packages are not to be had here, so their tests skip.
arm64=0
if [ "$guests" = ON ]; then scripts/build_arm64.sh || arm64=$?; fi
if [ "$arm64" -ne 0 ] && [ "$arm64" -ne 3 ]; then failed=1; fi
ctest --test-dir build --label-exclude "^vm$" --output-on-failure --output-junit tests.xml || failed=1
if [ "$guests" = ON ]; then
  results+=(build/guests.xml)
  ctest --test-dir build --label-regex "^vm$" --parallel 2 --output-on-failure --output-junit guests.xml || failed=1
fi
scripts/fuzz.sh --seconds "${ISOLAB_FUZZ_SECONDS:-4}" || failed=1
if [ "${1:-}" = --sanitize ]; then
  cmake --preset asan >/dev/null
  cmake --build --preset asan --target unit_tests
  ctest --preset asan --label-regex "^unit$" --output-junit tests.xml || failed=1
  results+=(build-asan/tests.xml)
fi
/usr/bin/python3 tests/summary.py "${results[@]}" || failed=1
exit "$failed"
