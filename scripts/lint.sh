#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What needs no build: format of C++, unused and undefined names in Python, shell scripts, layers, words.
# Prints every fault and ends with exit code 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
git ls-files -z '*.cpp' '*.h' | xargs -0 -P "$(nproc)" -n 40 clang-format --dry-run -Werror || failed=1
git ls-files -z '*.py' | xargs -0 pyflakes3 || failed=1
git ls-files -z '*.sh' '.ci/run' | xargs -0 shellcheck --severity=warning || failed=1
/usr/bin/python3 tests/check_layers.py . || failed=1
/usr/bin/python3 tests/words_test.py . || failed=1
exit "$failed"
