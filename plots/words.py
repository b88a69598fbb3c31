# SPDX-License-Identifier: Apache-2.0
"""Names of others (profiles, arms, tasks, devices, kernels) made fit for a chart: on one line, nothing in them
hidden, no longer than a title can bear."""
import unicodedata

LONGEST = 64
HEAD = 40
# Control, format (bidirectional marks), lone surrogates, private, unassigned; line and paragraph separators.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text):
    return "".join(escape(ord(letter)) if unicodedata.category(letter) in HIDDEN else letter for letter in text)


def escape(code):
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def short(text):
    return text if len(text) <= LONGEST else text[:HEAD] + "..." + text[HEAD + 3 - LONGEST:]


class Words:
    """One word for each text, another for each other text."""

    def __init__(self):
        self.word_of = {}
        self.taken = set()

    def word(self, text):
        if text not in self.word_of:
            word = short(visible(text[:LONGEST] + text[-LONGEST:] if len(text) > 2 * LONGEST else text))
            if word.startswith("_"):  # matplotlib leaves such a label out of a legend
                word = " " + word
            same, number = word, 2
            while same in self.taken:
                same, number = f"{word} ~{number}", number + 1
            self.taken.add(same)
            self.word_of[text] = same
        return self.word_of[text]

    def drawable(self, value):
        """`value` as json.loads() gives it, with every text and key a word."""
        if isinstance(value, str):
            return self.word(value)
        if isinstance(value, list):
            return [self.drawable(one) for one in value]
        if isinstance(value, dict):
            return {self.word(key): self.drawable(one) for key, one in value.items()}
        return value
