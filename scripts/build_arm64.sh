#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Cross-builds isolab for arm64 into build-arm64/ with Debian's cross compiler. Libraries come from
# arm64 packages unpacked into build-arm64/sysroot: the machine's own packages stay as they are.
# Usage: scripts/build_arm64.sh [target ...]     (default: isolab)
# Exit code 3: compiler or packages are not to be had here.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build-arm64/sysroot
packages=(libyaml-cpp-dev libyaml-cpp0.7 libfmt-dev libfmt9 libhwloc-dev libhwloc15 libudev1
          libssl-dev libssl3 libsqlite3-dev libsqlite3-0 zlib1g-dev zlib1g libzstd-dev libzstd1 nlohmann-json3-dev libcli11-dev
          libboost1.74-dev libgtest-dev libgmock-dev googletest libtraceevent-dev libtraceevent1)
stamp=$root/.packages

if ! command -v aarch64-linux-gnu-g++ >/dev/null; then
  echo "no cross compiler: as root, apt-get install g++-aarch64-linux-gnu" >&2
  exit 3
fi
if [ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]}" ]; then
  rm -rf "$root"
  mkdir -p "$root" build-arm64/apt/{lists/partial,cache/archives/partial,debs}
  : >build-arm64/apt/status
  apt=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=
       -o "Dir::State::lists=$PWD/build-arm64/apt/lists"
       -o "Dir::State::status=$PWD/build-arm64/apt/status"
       -o "Dir::Cache=$PWD/build-arm64/apt/cache")
  if ! apt-get "${apt[@]}" update >&2 ||
     ! (cd build-arm64/apt/debs && apt-get "${apt[@]}" download "${packages[@]}" >&2); then
    echo "cannot fetch Debian's arm64 packages: is the network reachable?" >&2
    exit 3
  fi
  for deb in build-arm64/apt/debs/*.deb; do dpkg-deb -x "$deb" "$root"; done
  rm -rf build-arm64/apt
  echo "${packages[*]}" >"$stamp"
fi
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S . -B build-arm64 -G Ninja -DCMAKE_BUILD_TYPE=Release -DISOLAB_BENCHMARKS=OFF \
  -DCMAKE_TOOLCHAIN_FILE=cmake/arm64.cmake -DISOLAB_SYSROOT="$root" \
  -DISOLAB_PCH=OFF -DISOLAB_TESTS="${ISOLAB_TESTS:-OFF}" -DISOLAB_WERROR="${CI:+ON}" "${launcher[@]}" >&2
cmake --build build-arm64 --target "${@:-isolab}" >&2
