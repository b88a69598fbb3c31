# SPDX-License-Identifier: Apache-2.0
"""The verbs of isolab as --help shows them."""
import re
import subprocess


def text_of(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **more).stdout


def verbs_of_help(isolab, *above):
    """(words of a verb, names of its options by line), and of all verbs below it."""
    text = text_of(isolab, *above, "--help")
    listed = re.search(r"^Subcommands:\n((?:  .*\n)*)", text, re.M)
    names = re.findall(r"^  (\w+)", listed[1], re.M) if listed else []
    options = [found.split(",") for found in re.findall(r"^  (-\S+)", text.split("\nSubcommands:")[0], re.M)]
    yield above, options
    for name in names:
        yield from verbs_of_help(isolab, *above, name)
