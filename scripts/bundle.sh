#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a tarball of isolab that needs nothing of the machine but its kernel: a static program with profiles,
# manual pages, completions and licences, to be unpacked anywhere. Charts need Python and are drawn elsewhere.
#   scripts/bundle.sh [--build DIR] [--arm64] [--into DIR]
#     --build DIR   the build tree (default build, with --arm64 build-arm64, which scripts/build_arm64.sh makes)
#     --arm64       for arm64; manual pages and completions are printed by the program of this machine in build/,
#                   or in the build tree that --host-build names
#     --into DIR    where the tarball is put (default: the build tree)
# The last line names the tarball. Exit code 3: a library that the program is linked with is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
build='' into='' host=build arm64=no
while [ $# -gt 0 ]; do
  case $1 in
    --arm64) arm64=yes; shift; continue ;;
    --build) build=${2:?--build DIR} ;;
    --host-build) host=${2:?--host-build DIR} ;;
    --into) into=${2:?--into DIR} ;;
    *) echo "scripts/bundle.sh: unknown option $1" >&2; exit 1 ;;
  esac
  shift 2
done
strip="strip"
if [ $arm64 = yes ]; then
  build=${build:-build-arm64} strip=aarch64-linux-gnu-strip
  if [ ! -f "$build/build.ninja" ]; then scripts/build_arm64.sh; fi
else
  build=${build:-build} host=${build:-build}
fi
into=${into:-$build}

if ! ninja -C "$build" -t query isolab_static >/dev/null 2>&1; then
  echo "cannot link isolab statically: $build has no such target; cmake -S . -B $build says which library is absent" >&2
  exit 3
fi
cmake --build "$build" --target isolab_static isolab_heap >&2
cmake --build "$host" --target isolab_manual >&2

version=$("$host/isolab" --version | sed 's/^isolab //; s/[ (]\+/-/; s/)$//')
machine=$(if [ $arm64 = yes ]; then echo arm64; else uname -m; fi)
name=isolab-$version-$machine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/$name
mkdir -p "$root"/{bin,lib/isolab,share/isolab,share/man/man1,share/man/man5,share/doc/isolab/licences} \
  "$root"/share/{bash-completion/completions,zsh/site-functions}
"$strip" -o "$root/bin/isolab" "$build/isolab_static"
"$strip" --strip-unneeded -o "$root/lib/isolab/libisolab_heap.so" "$build/libisolab_heap.so"
cp -R profiles "$root/share/isolab/"
cp "$host"/manual/man/*.1 "$root/share/man/man1/"
cp "$host"/manual/man/*.5 "$root/share/man/man5/"
cp "$host/manual/isolab.bash" "$root/share/bash-completion/completions/isolab"
cp "$host/manual/_isolab" "$root/share/zsh/site-functions/"
cp LICENSE CHANGELOG.md docs/installing.md docs/restoring.md "$root/share/doc/isolab/"
for package in libc6-dev libstdc++-12-dev libfmt-dev libyaml-cpp-dev libssl-dev libsqlite3-dev libhwloc-dev zlib1g-dev libzstd-dev \
               libcli11-dev nlohmann-json3-dev; do
  cp -L "/usr/share/doc/$package/copyright" "$root/share/doc/isolab/licences/$package"
done
chmod -R u=rwX,go=rX "$root"
mkdir -p "$into"
# The same build gives the same bytes: no owner, and the time of the commit.
time=$(git show -s --format=%ct 2>/dev/null || stat -c %Y CMakeLists.txt)
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$time" -C "$work" -cf - "$name" |
  xz -T0 >"$into/$name.tar.xz"
echo "$into/$name.tar.xz"
