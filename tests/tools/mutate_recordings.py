# SPDX-License-Identifier: Apache-2.0
"""Damages recordings and lets isolab read them: each must end in a right answer or a clear error.

  mutate_recordings.py RUN_VERBS RECORDING... [--make PROGRAM] [--count N] [--seed N] [--first N] [--jobs N] [--verbs N]
                       [--plots N] [--keep DIR]

One mutation is a function of seed, number and the recordings: --first 4711 --count 1 repeats number 4711 alone.
Kinds: a JSON leaf replaced, removed or doubled, bytes flipped in binary files (gap logs with and without a right
hash), files cut, emptied, removed, replaced by directories, links and FIFOs, JSON nested deep, numbers of any size.
The recordings' own modes and files are not touched.

Each of report, spikes, export, compare and analyse (what the charts are drawn from) has to end within its limits of
processor time, time and memory, with an exit code of docs/command-line.md, without a signal or a sanitizer's
report. An error must name a file of the recording; nothing may hold control characters. Of every N-th (--plots) the
charts are drawn, too. Prints each failure and what each verb took; exit code 1 if there was a failure.

RUN_VERBS (tests/tools/run_verbs.cpp) is isolab in a process that carries out one command line after the other. 20,000
mutations take half an hour of processor time in a build with -O1 -g1 and ISOLAB_SANITIZE=address,undefined, five times
as long without optimiser. What fails is repeated alone before it is believed: other verbs ran in its process before.
"""
import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

LIMITS = {"cpu_s": 5, "wall_s": 30, "memory_mb": 1024}
SANITIZED = {"cpu_s": 60, "wall_s": 360, "memory_mb": 3072}
DRAWING = {"cpu_s": 120, "wall_s": 600, "memory_mb": 8192}
CODES = {0, 1, 2, 3, 5}
SANITIZER_EXIT = 99
HIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")

# Text that JSON has no value for in Python, put in place after printing.
RAW = {"@raw-1e400@": "1e400", "@raw-nan@": "NaN", "@raw-infinity@": "-Infinity", "@raw-2^64@": str(2**64),
       "@raw-long@": "9" * 400, "@raw-deep@": "[" * 100_000 + "]" * 100_000, "@raw-objects@": '{"a":' * 50_000 + "1" + "}" * 50_000,
       "@raw-minus-zero@": "-0.0", "@raw-tiny@": "5e-324"}
NUMBERS = [-1, 0, 1, 2, 63, 64, 255, 4095, 4096, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1,
           -2**31, -2**63, 0.1, -0.5, 1e-300, 1e308, -1e308]
TEXTS = ["", " ", "x" * 5000, "\x1b[2J\x1b[H", "a\x00b", "\u202eback", "\ud800", "$\\frac{$", "<script>alert(1)</script>", "../../x",
         "/etc/passwd", "0-8191", "0-99999999", "complete", "interrupted", "gap", "wakeup", "A", "D", "nan", "inf", "%s%n", "\n\n", "\u4e2d"]
OTHERS = [None, True, False, [], {}, [[]], {"": ""}] + list(RAW)
SIZES = [0, 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1]


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from leaves(one, path + (key,))
    elif isinstance(value, list) and value:
        for key, one in enumerate(value):
            yield from leaves(one, path + (key,))
    else:
        yield path


def at(value, path):
    for key in path:
        value = value[key]
    return value


def hostile_value(source, old, others):
    choice = source.random()
    if isinstance(old, (int, float)) and not isinstance(old, bool) and choice < 0.5:
        near = [old + 1, old - 1, old * 2, -old, old // 2 if isinstance(old, int) else old / 2]
        return source.choice(near + NUMBERS)
    if isinstance(old, str) and choice < 0.5:
        cut = source.randrange(len(old) + 1)
        return source.choice([old[:cut], old[cut:] + old[:cut], old + old, old * 500, *TEXTS])
    if choice < 0.7:
        return source.choice(others)
    return source.choice(NUMBERS + TEXTS + OTHERS)


def print_json(value):
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True)
    for word, raw in RAW.items():
        text = text.replace(json.dumps(word), raw)
    return text.encode()


def mutate_json(source, data):
    value = json.loads(data)
    said = []
    for _ in range(source.choice([1, 1, 1, 2, 5])):
        paths = [path for path in leaves(value) if path]
        if not paths:
            break
        path = source.choice(paths)
        # Sometimes a whole branch instead of the leaf.
        while len(path) > 1 and source.random() < 0.15:
            path = path[:-1]
        parent, key = at(value, path[:-1]), path[-1]
        way = source.random()
        if way < 0.75:
            parent[key] = hostile_value(source, parent[key], [at(value, one) for one in source.choices(paths, k=4)])
            said.append(f"/{'/'.join(map(str, path))} = {repr(parent[key])[:60]}")
        elif way < 0.85:
            del parent[key]
            said.append(f"without /{'/'.join(map(str, path))}")
        elif isinstance(parent, list):
            parent[key:key] = [parent[key]] * source.choice([1, 2, 1000])
            said.append(f"/{'/'.join(map(str, path))} repeated")
        else:
            parent[source.choice(TEXTS)] = parent[key]
            said.append(f"a new key beside /{'/'.join(map(str, path))}")
    return print_json(value), "; ".join(said)


def fnv1a(data):
    hashed = 0xcbf29ce484222325
    for byte in data:
        hashed = (hashed ^ byte) * 0x100000001b3 % 2**64
    return hashed


def mutate_gaps(source, data):
    """Magic, version, zero, count, pairs, hash (results/blobs.h)."""
    body = bytearray(data[:-8])
    for _ in range(source.choice([1, 2, 8])):
        if source.random() < 0.5 and len(body) >= 8:
            struct.pack_into("<Q", body, source.randrange(len(body) // 8) * 8, source.choice(SIZES))
        else:
            flip(source, body)
    hashed = source.random() < 0.8
    return bytes(body) + (struct.pack("<Q", fnv1a(body)) if hashed else data[-8:]), f"flipped, {'hashed again' if hashed else 'old hash'}"


def flip(source, data):
    if data:
        place = source.randrange(len(data))
        data[place] = source.choice([data[place] ^ 1 << source.randrange(8), 0, 255, source.randrange(256)])


def mutate_bytes(source, data):
    body = bytearray(data)
    way = source.random()
    if way < 0.6:
        for _ in range(source.choice([1, 1, 2, 8, 100])):
            flip(source, body)
        return bytes(body), "flipped"
    if way < 0.7 and len(body) >= 8:
        struct.pack_into("<Q", body, source.randrange(len(body) - 7), source.choice(SIZES))
        return bytes(body), "a number of 8 bytes"
    begin, end = sorted((source.randrange(len(body) + 1), source.randrange(len(body) + 1)))
    if way < 0.85:
        del body[begin:end]
        return bytes(body), f"without bytes {begin} to {end}"
    body[begin:begin] = body[begin:end]
    return bytes(body), f"bytes {begin} to {end} doubled"


def mutate_text(source, data):
    """Tables and lists of lines: symbols, comms, formats, histograms."""
    way = source.random()
    text = data.decode("utf-8", "replace")
    numbers = list(re.finditer(r"\d+", text))
    if way < 0.4 and numbers:
        one = source.choice(numbers)
        new = str(source.choice(NUMBERS + [2**64, "9" * 400]))
        return (text[:one.start()] + new + text[one.end():]).encode(), f"{one.group()[:20]} -> {new[:30]}"
    if way < 0.6:
        lines = text.split("\n")
        place = source.randrange(len(lines))
        words = lines[place].split(" ", 1)
        lines[place] = words[0] + " " + source.choice(TEXTS + ["n" * 1_000_000, "+0x", "a[b", "+" * 100]).encode("utf-8", "replace").decode()
        return "\n".join(lines).encode(), f"line {place + 1} replaced"
    return mutate_bytes(source, data)


def mutate_file(source, name, data):
    if name.endswith(".json") and source.random() < 0.9:
        try:
            return mutate_json(source, data)
        except (ValueError, RecursionError):  # it was damaged before, perhaps by nesting
            pass
    if name.endswith(".gaps"):
        return mutate_gaps(source, data)
    if name.endswith(".raw") or source.random() < 0.2:
        return mutate_bytes(source, data)
    return mutate_text(source, data)


def replace_file(source, place, files):
    """What stands in the way of reading; says what."""
    way = source.choice(["missing", "empty", "directory", "dangling link", "link to itself", "FIFO", "cut", "longer", "sparse"])
    data = place.read_bytes()
    place.unlink()
    if way == "empty":
        place.write_bytes(b"")
    elif way == "directory":
        place.mkdir()
    elif way == "dangling link":
        place.symlink_to("nowhere")
    elif way == "link to itself":
        place.symlink_to(place.name)
    elif way == "FIFO":
        os.mkfifo(place)
    elif way == "cut":
        place.write_bytes(data[:source.randrange(len(data) + 1)])
    elif way == "longer":
        place.write_bytes(data + source.choice([b"\0", b"x", data, b"\0" * 4096]))
    elif way == "sparse":
        place.write_bytes(data)
        # Every page of a trace is walked through: a few seconds for three gigabytes of zeroes.
        os.truncate(place, 256 << 20 if place.suffix == ".raw" else 3 << 30)
    return way


def damage(source, base, files, place):
    """Writes a damaged copy of `base` to `place`; a line that says what was done."""
    for name in files:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(base / name, place / name)
    # Of hundreds of formats as rarely as of one other file.
    formats = [name for name in files if "/formats/" in name]
    others = [name for name in files if "/formats/" not in name]
    said = []
    for _ in range(source.choice([1, 1, 1, 2])):
        name = source.choice(others + formats[:1] if source.random() < 0.9 or not formats else formats)
        if not (place / name).is_file() or (place / name).is_symlink():
            continue
        if source.random() < 0.15:
            said.append(f"{name}: {replace_file(source, place / name, files)}")
            continue
        data, what = mutate_file(source, name, (place / name).read_bytes())
        (place / name).unlink()
        (place / name).write_bytes(data)
        said.append(f"{name}: {what}")
    return ", ".join(said)


def commands(place, base, scratch):
    yield ["report", place]
    yield ["spikes", place, "--over", "2us"]
    yield ["export", place, "--perfetto", scratch / "out.json"]
    yield ["compare", f"base={base}", f"damaged={place}"]
    yield ["analyse", place]


ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=f"exitcode={SANITIZER_EXIT}:detect_leaks=0:malloc_context_size=1:quarantine_size_mb=16",
                   UBSAN_OPTIONS=f"halt_on_error=1:print_stacktrace=1:exitcode={SANITIZER_EXIT}", MPLBACKEND="Agg")


class Verbs:
    """A process of RUN_VERBS."""

    def __init__(self, program, where, limits):
        self.out, self.err = where / "out", where / "err"
        self.process = subprocess.Popen([program, self.out, self.err, *(str(limits[name]) for name in LIMITS)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True)

    def run(self, words):
        """Exit code, ms of processor time, what it said."""
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        code, milliseconds, _ = map(int, self.process.stdout.readline().split())
        return code, milliseconds, self.out.read_bytes(), self.err.read_bytes()


def faults_of(code, out, err, names):
    """Why this ending is none that a user may see."""
    if code not in CODES:
        yield f"ended with {code}"
    if b"Sanitizer" in err or b"runtime error:" in err:
        yield "a sanitizer's report"
    if code == 1 and not (err.startswith(b"isolab: ") and any(name.encode() in err for name in names)):
        yield "an error that names no file of the recording"
    for text, where in ((out, "stdout"), (err, "stderr")):
        if found := HIDDEN.search(text):
            yield f"a control character on {where}: {found.group()!r} at {found.start()}"


class Trial:
    verbs = drawing = None  # of this process

    def __init__(self, options, bases, where):
        self.options, self.bases, self.where = options, bases, where

    def start(self):
        """In each process of the pool."""
        place = pathlib.Path(tempfile.mkdtemp(prefix="verbs-", dir=self.where))
        sanitized = b"__asan_init" in self.options.run_verbs.read_bytes()
        Trial.verbs = Verbs(self.options.run_verbs, place, SANITIZED if sanitized else LIMITS)
        if self.options.plots:
            Trial.drawing = Verbs(self.options.run_verbs, place, DRAWING)

    def __call__(self, number):
        """The failures of one mutation, and how each verb ended and how long it ran."""
        source = random.Random(f"{self.options.seed}/{number}")
        base, files = source.choice(self.bases)
        with tempfile.TemporaryDirectory(prefix="mutated-", dir=self.where) as scratch:
            scratch = pathlib.Path(scratch)
            place = scratch / base.name
            what = damage(source, base, files, place)
            names = {str(place)} | {pathlib.Path(name).name for name in files}
            verbs = list(commands(place, base, scratch))
            if self.options.verbs:
                verbs = source.sample(verbs, self.options.verbs)
            if self.options.plots and number % self.options.plots == 0:
                verbs.append(["plot", place, "-o", scratch / "charts"])
            failures, took = [], []
            for words in verbs:
                code, milliseconds, out, err = (self.drawing if words[0] == "plot" else self.verbs).run(words)
                took.append((words[0], code, milliseconds, number))
                failures += [f"{number} {words[0]}: {fault}\n    {base.name}: {what[:300]}\n    "
                             f"{err.decode('utf-8', 'replace').strip()[-600:]}" for fault in faults_of(code, out, err, names)]
            if failures and self.options.keep:
                shutil.copytree(place, pathlib.Path(self.options.keep) / str(number), symlinks=True, dirs_exist_ok=True,
                                ignore=lambda _, entries: [one for one in entries if not self.plain(place, one)])
            return failures, took

    @staticmethod
    def plain(place, name):
        return all(one.is_dir() or one.is_file() for one in place.rglob(name))


def copied(recordings, where):
    """(directory, relative names of its files), copies that may be linked to."""
    for recording in recordings:
        place = where / "base" / recording.name
        shutil.copytree(recording, place, ignore=shutil.ignore_patterns("charts", "findings.json"))
        yield place, sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_verbs", type=pathlib.Path)
    parser.add_argument("recordings", type=pathlib.Path, nargs="*")
    parser.add_argument("--make", help="a program that writes recordings into the directory it is given")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--verbs", type=int, default=0, help="so many verbs of each mutation, chosen by it (default: all)")
    parser.add_argument("--plots", type=int, default=0, help="draw the charts of every so many-th mutation (default: none)")
    parser.add_argument("--keep", help="a directory for recordings that failed")
    options = parser.parse_args()
    options.run_verbs = options.run_verbs.resolve()
    # In memory, where there is a file system for that: 20,000 recordings are written and removed.
    with tempfile.TemporaryDirectory(prefix="isolab-mutate-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as where:
        where = pathlib.Path(where)
        if options.make:
            subprocess.run([options.make, str(where / "made")], check=True)
            options.recordings += sorted((where / "made").iterdir())
        bases = list(copied(options.recordings, where))
        failed, times, codes = 0, collections.defaultdict(list), collections.defaultdict(collections.Counter)
        trial = Trial(options, bases, where)
        with multiprocessing.Pool(options.jobs, initializer=trial.start) as pool:
            numbers = range(options.first, options.first + options.count)
            for done, (failures, took) in enumerate(pool.imap_unordered(trial, numbers, chunksize=4), 1):
                failed += bool(failures)
                if done % 1000 == 0:
                    print(f"{done} of {options.count}, {failed} failed", file=sys.stderr, flush=True)
                for verb, code, milliseconds, number in took:
                    times[verb].append((milliseconds, number))
                    codes[verb][code] += 1
                for failure in failures:
                    print(failure, flush=True)
    for verb, all_of_them in sorted(times.items()):
        longest, number = max(all_of_them)
        print(f"{verb}: {len(all_of_them)} times, {sum(ms for ms, _ in all_of_them) / len(all_of_them):.1f} ms of processor "
              f"time each, {longest} ms at most (number {number}); exit codes "
              + ", ".join(f"{code}: {count}" for code, count in sorted(codes[verb].items())))
        if len(all_of_them) >= 50 and not (codes[verb][0] and codes[verb][1]):
            failed += 1
            print(f"{verb}: damage made no difference to it: it was not tried")
    print(f"{options.count} mutations of {len(bases)} recordings, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
