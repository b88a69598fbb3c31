# SPDX-License-Identifier: Apache-2.0
"""docs/adding-a-verb.md is followed. --make DIR: writes the file of the page and the list of verbs with its line.
--check ISOLAB: the program built from both answers as the page shows, and the verb is wherever verbs are listed.

Usage: verb_page.py SOURCE --make DIR | --check ISOLAB"""
import pathlib
import re
import subprocess
import sys


def blocks(root, language):
    """The code blocks of the page in this language."""
    text = (root / "docs/adding-a-verb.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def page_verb(root):
    (line,) = blocks(root, "c")
    return line, re.fullmatch(r"VERB\((\w+)\)\n", line)[1]


def make(root, out):
    line, name = page_verb(root)
    (source,) = blocks(root, "cpp")
    if f"`cli/verb_{name}.cpp`" not in (root / "docs/adding-a-verb.md").read_text():
        sys.exit(f"the page does not say that its file is cli/verb_{name}.cpp")
    (out / "cli").mkdir(parents=True, exist_ok=True)
    (out / "verb.cpp").write_text(source)
    (out / "cli/verbs.def").write_text((root / "cli/verbs.def").read_text() + line)


def run(root, command):
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          shell=isinstance(command, str), check=False)
    return done.stdout


def problems(root, isolab):
    _, name = page_verb(root)
    (session,) = blocks(root, "console")
    shown = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.M)
    if len(shown) < 3:
        yield "the page shows no session"
    for command, answer in shown:
        told = run(root, re.sub(r"^isolab\b", f"'{isolab}'", command))
        if told != answer:
            yield f"{command}: the page shows\n{answer}and it prints\n{told}"
    if not re.search(rf"^  {name}  ", run(root, [isolab, "--help"]), re.M):
        yield f"--help does not list {name}"
    for option in re.findall(r"\{\"(--[\w-]+)\"", blocks(root, "cpp")[0]):
        if option not in run(root, [isolab, name, "--help"]):
            yield f"{name} --help does not list {option}"
        for maker in (["completion", "bash"], ["completion", "zsh"], ["man", f"isolab-{name}"]):
            text = run(root, [isolab, *maker]).replace("\\-", "-")
            if option not in text or name not in text:
                yield f"{' '.join(maker)} does not have {name} {option}"


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[1])
    if sys.argv[2] == "--make":
        make(place, pathlib.Path(sys.argv[3]))
        sys.exit(0)
    found = list(problems(place, sys.argv[3]))
    print("\n".join(found) if found else "the page's verb works")
    sys.exit(1 if found else 0)
