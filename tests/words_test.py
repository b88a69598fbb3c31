# SPDX-License-Identifier: Apache-2.0
"""The language of docs/glossary.md. Words that a kernel engineer stops at are refused in README, docs, profiles, lists,
--help and the messages and comments of the program; Markdown wraps at 100 columns.

Usage: words_test.py SOURCE [ISOLAB]. Without the program --help is not read (its texts are string literals as well).
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2] if len(sys.argv) > 2 else None
WIDTH = 100

# A text that may keep a word: (file, part of the line, reason).
ALLOWED = (
    ("docs/glossary.md", "(JSON: `exposure`)", "the glossary names the key"),
)

# What is refused, what to write, a sentence that must be found, and one that must not.
BANNED = (
    (r"hears?|heard|hearing", "measure, record", "what the probe heard", "the hearth"),
    (r"listen(s|ed|ing|ers?)?", "measure, run", "the listening thread", "listed"),
    (r"lack(s|ed|ing)?", "has no, is missing", "the kernel lacks it", "a black list"),
    (r"put aside", "preempted", "the probe was put aside", "put back"),
    (r"dear", "expensive", "IPIs are dear", "deadline"),
    (r"(come|comes|came|take|takes|took) along", "shipped, copied", "profiles that come along", "comes from"),
    (r"(to|could not|can) be had|is to be had", "is unavailable", "tracefs is not to be had", "had been"),
    (r"of (its|our|their|his|one's|your|my) own", "its own X, local", "a process of its own", "its own process"),
    (r"(tell|tells|told) \w*\s?apart", "distinguish", "tells them apart", "tells the apartment"),
    (r"sets? loose", "starts", "sets workloads loose loose and sets loose", "a loose bound"),
    (r"nothing that shows", "no measurable effect", "nothing that shows", "nothing shows"),
    (r"by hand", "manually", "set it by hand", "handled by"),
    (r"obey(s|ed|ing)?", "used, applied", "no journal is obeyed", "observed"),
    (r"loud(ly)?", "with a warning", "says so loudly", "cloud"),
    (r"(some|any|every|no)body", "another user, nothing, all", "somebody else", "a body"),
    (r"holes?", "gap", "a hole of 3 us", "whole"),
    (r"unseen", "without the kernel noticing", "takes the CPU away unseen", "seen"),
    (r"sends? word", "reports", "it sends word", "sends a word"),
    (r"keeper|the front|a front", "supervisor, parent process", "the keeper restores", "front end"),
    (r"(stand|stands|stood|standing)(?! (for|alone))", "is", "it stands in the log", "what it stands for"),
    (r"exposures?", "observation time", "no number without exposure", "exposed"),
    (r"whoever", "the user who", "whoever reads it", "who reads it"),
    (r"break(s|ing)? into", "interrupts", "what breaks into a CPU", "breaks a line"),
    (r"one and the same", "the same", "one and the same profile", "the same"),
    (r"so many", "the number of", "so many fresh starts", "so much"),
    (r"dies? of", "is killed by", "it dies of SIGINT", "it dies on"),
    (r"(are|is) others", "differ", "the times are others", "others are"),
    (r"for want of", "without enough", "for want of room", "wants of"),
    (r"less the (idle|TSC|expected)", "minus", "less the idle arm", "less than the idle arm"),
    (r"noise makers?", "workload", "noise makers, one file each", "noise"),
    (r"the house", "architecture", "the house", "the housekeeping CPUs"),
    (r"sent away|sends away", "refused", "is sent away", "is sent"),
    (r"(?<!there )(?<!There )(is|are|was|were) no(?! (longer|more|less|later|other|such)\b)(?= \w)", "is not a",
     "this is no error", "there is no error"),
    (r"kind to", "adapt to", "be kind to one", "kind of"),
    (r"said so", "reported", "level D only, said so", "said some"),
)
PATTERNS = [(re.compile(rf"(?<![\w.-])(?:{pattern})(?![\w-])", re.I), instead) for pattern, instead, _, _ in BANNED]


def self_check():
    """Each pattern finds its bad sentence and leaves the good one: a pattern that cannot match is no rule."""
    for (pattern, _), (text, _, bad, good) in zip(PATTERNS, BANNED):
        if not pattern.search(bad) or pattern.search(good):
            yield f"words_test.py: the pattern {text} does not do what its examples say"


def markdown(path, text):
    """(line, prose) of a page: no code blocks, no code spans, no targets of links. Also lines that are too wide."""
    code = False
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH and not line.startswith(("|", "![")):  # a row of a table or a picture cannot be wrapped
            problems.append(f"{path}:{number}: {len(line)} columns, not at most {WIDTH}")
        if line.lstrip().startswith("```"):
            code = not code
        elif not code:
            yield number, re.sub(r"`[^`]*`", "``", re.sub(r"\]\([^)]*\)", "]", line))


LITERAL = re.compile(r'(?P<raw>R"(?P<tag>\w*)\(.*?\)(?P=tag)")|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<char>\'(?:[^\'\\\n]|\\.)+\')'
                     r'|(?P<comment>//[^\n]*|/\*.*?\*/)', re.S)


def cpp(text):
    """(line, words) of the string literals with more than one word and of the comments; neighbours are joined."""
    parts = []  # (kind, offset, end, words)
    for found in LITERAL.finditer(text):
        if found["char"]:
            continue
        kind = "comment" if found["comment"] else "text"
        words = found[0].lstrip("/ *").rstrip() if kind == "comment" else found[0][1:-1]
        if kind == "comment":
            words = re.sub(r"`[^`]*`", "``", words)
        if parts and parts[-1][0] == kind and text[parts[-1][2]:found.start()].strip() == "":
            joint = " " if kind == "comment" else ""
            parts[-1] = (kind, parts[-1][1], found.end(), parts[-1][3] + joint + words)
        else:
            parts.append((kind, found.start(), found.end(), words))
    for kind, offset, _, words in parts:
        if kind == "comment" or " " in words.strip():
            yield text.count("\n", 0, offset) + 1, words


def tracked():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True)
    if listed.returncode == 0:
        return listed.stdout.split("\n")
    return [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]


def pieces():
    """(file, line, words) of everything that is read."""
    for name in tracked():
        path = ROOT / name
        if name.startswith(("tests/", "build", "dev/")) or not path.is_file():
            continue
        if name.endswith(".md") and name != "CHANGELOG.md":
            lines = markdown(name, path.read_text(encoding="utf-8"))
        elif name.startswith("profiles/") and name.endswith(".yaml"):
            lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        elif name.endswith((".cpp", ".h", ".def")):
            lines = cpp(path.read_text(encoding="utf-8"))
        else:
            continue
        for number, words in lines:
            yield name, number, words


def help_texts():
    """--help of the program, of each verb and of each verb of a group, as the program lists them."""
    def show(*verb):
        done = subprocess.run([PROGRAM, *verb, "--help"], capture_output=True, text=True, check=True)
        yield "isolab " + " ".join(verb), done.stdout
        listed = re.search(r"^Subcommands:\n(.*?)(\n\n|\Z)", done.stdout, re.M | re.S)
        for name in re.findall(r"^  (\w\S*)", listed[1], re.M) if listed else []:
            yield from show(*verb, name)
    seen = 0
    for name, text in show():
        seen += 1
        yield from ((name, number, line) for number, line in enumerate(text.splitlines(), 1))
    if seen < 15:
        problems.append(f"--help: {seen} verbs found, the list is gone")


problems = list(self_check())
read = 0
for source in (pieces(), help_texts() if PROGRAM else ()):
    for file, line, words in source:
        read += 1
        for pattern, instead in PATTERNS:
            for hit in pattern.finditer(words):
                if any(file == name and part in words for name, part, _ in ALLOWED):
                    continue
                around = words[max(0, hit.start() - 40):hit.end() + 40].replace("\n", " ")
                problems.append(f"{file}:{line}: \"{hit[0]}\" (write: {instead}): ...{around}...")
if read < 5000:
    problems.append(f"words_test.py: {read} texts read, the tree is gone")
print("\n".join(problems) if problems else f"{read} texts in the words of docs/glossary.md")
sys.exit(1 if problems else 0)
