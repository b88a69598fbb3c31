#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the machine code of the busy loop and checks what its header promises.

In the whole function: no call, no division, no system call, no locked or exclusive access. On the
path of an undisturbed round: the fence right before the counter read, no store, few instructions.

  check_loop.py --arch x86_64 --objdump objdump --object FILE         (an object file or archive)
  check_loop.py --arch arm64 --compiler aarch64-linux-gnu-g++ --objdump aarch64-linux-gnu-objdump \
                --source loop.cpp --include DIR
Exit code 77: the tools are missing, which is printed.
"""

import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LONGEST_FAST_PATH = 24
NOP = ["xchg", "%ax,%ax"]

ARCHES = {
    "x86_64": {
        "counter": r"rdtsc$",
        "fence": r"lfence$",
        "forbidden": r"(call|div|idiv|syscall|sysenter|int\b|lock|xchg|cpuid|mfence)",
        "jump": r"(jmp)\s+([0-9a-f]+)",
        "branch": r"(j[a-z]+)\s+([0-9a-f]+)",
    },
    "arm64": {
        "counter": r"mrs\s+x\d+, cntvct_el0$",
        "fence": r"isb$",
        "forbidden": r"(bl|blr|udiv|sdiv|svc|fdiv|ld[a-z]*xr|st[a-z]*xr|cas|swp|dmb|dsb)\b",
        "jump": r"(b)\s+([0-9a-f]+)",
        "branch": r"(b\.[a-z]+|cbn?z|tbn?z)\s+(?:[^<]*,\s*)?([0-9a-f]+)\s*<",
    },
}


def functions(objdump, path):
    """name -> [(address, text)] for every function in an object file or archive."""
    text = subprocess.run([objdump, "-d", "-C", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    found, current = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if head:
            current = found.setdefault(head[1], [])
        code = re.match(r"\s+([0-9a-f]+):\s+(\S.*)$", line)
        if code and current is not None:
            current.append((int(code[1], 16), re.sub(r"\s*(//|#).*$", "", code[2]).strip()))
    return found


def stores(arch, text):
    """Whether an instruction writes memory."""
    if arch == "arm64":
        return text.startswith("st")
    mnemonic, _, operands = text.partition(" ")
    if mnemonic.startswith(("cmp", "test", "lea", "nop", "j", "bt")):
        return mnemonic == "push"
    return mnemonic == "push" or bool(re.search(r"\)$", operands.strip())) and (
        "," in re.sub(r"\([^)]*\)", "", operands) or mnemonic in ("inc", "dec", "neg", "not"))


def followers(arch, code, index, at):
    """Where control can go from instruction `at`, inside the function."""
    text = code[at][1]
    jump = re.match(ARCHES[arch]["jump"] + r"\b", text)
    branch = re.match(ARCHES[arch]["branch"], text)
    targets = [at + 1]
    if jump:
        targets = [index.get(int(jump[2], 16))]
    elif branch:
        targets.append(index.get(int(branch[2], 16)))
    elif text.startswith("ret"):
        targets = []
    return [target for target in targets if target is not None and target < len(code)]


def fast_path(arch, code):
    """The shortest way from the loop's counter read round to itself: an undisturbed round."""
    index = {address: i for i, (address, _) in enumerate(code)}
    rounds = []
    for start, (_, text) in enumerate(code):
        if not re.search(ARCHES[arch]["counter"], text):
            continue
        came_from, waiting = {}, collections.deque([start])
        while waiting and start not in came_from:
            at = waiting.popleft()
            for target in followers(arch, code, index, at):
                if target not in came_from:
                    came_from[target] = at
                    waiting.append(target)
        if start in came_from:
            path, at = [], came_from[start]
            while at != start:
                path.insert(0, code[at][1])
                at = came_from[at]
            rounds.append([text] + path)
    if len(rounds) != 1:
        sys.exit(f"expected one counter read in a loop, found {len(rounds)}")
    return rounds[0]


def check(arch, name, code, fenced):
    rules = ARCHES[arch]
    problems = []
    for _, text in code:
        if re.match(rules["forbidden"], text) and text.split() != NOP:
            problems.append(f"forbidden instruction: {text}")
    path = fast_path(arch, code)
    for text in path:
        if stores(arch, text):
            problems.append(f"a store on the fast path: {text}")
    if len(path) > LONGEST_FAST_PATH:
        problems.append(f"{len(path)} instructions a round, more than {LONGEST_FAST_PATH}")
    # The path begins with the counter read and is a circle, so what fences it stands last.
    if fenced != bool(re.search(rules["fence"], path[-1])):
        problems.append(f"before the counter read stands: {path[-1]}")
    for problem in problems:
        print(f"{arch} {name}: {problem}")
    if problems:
        print("\n".join("    " + text for text in path))
    else:
        print(f"{arch} {name}: {len(code)} instructions, {len(path)} a round, no call, no division")
    return not problems


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--arch", choices=ARCHES, required=True)
    options.add_argument("--objdump", required=True)
    options.add_argument("--object")
    options.add_argument("--compiler")
    options.add_argument("--source")
    options.add_argument("--include")
    options = options.parse_args()

    for tool in filter(None, (options.objdump, options.compiler)):
        if shutil.which(tool) is None:
            print(f"skipped: there is no {tool}")
            sys.exit(77)

    good = True
    with tempfile.TemporaryDirectory() as directory:
        objects = [options.object] if options.object else []
        if options.compiler:
            for level in ("-O2", "-O3"):
                target = str(pathlib.Path(directory) / f"loop{level}.o")
                subprocess.run([options.compiler, "-std=c++20", level, "-I", options.include, "-c",
                                options.source, "-o", target], check=True)
                objects.append(target)
        for path in objects:
            found = functions(options.objdump, path)
            for wanted, fenced in (("listen_fenced", True), ("listen_unfenced", False)):
                names = [name for name in found if re.search(rf"\b{wanted}\b", name) and found[name]]
                if not names:
                    sys.exit(f"{path} has no function {wanted}")
                for name in names:
                    good = check(options.arch, wanted, found[name], fenced) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
