#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gallery.py FINDINGS.json: draws the pictures of docs/charts.md, 800 pixels wide, into docs/images/charts.

FINDINGS.json is what `isolab analyse` prints of a recording of profiles/quick.yaml; what that recording holds nothing
for is drawn from the tests' own data. Needs Debian's python3-matplotlib, and python3-pil, on which that depends.
"""
import json
import pathlib
import sys
import tempfile

from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "plots"), str(HERE)]

import render  # noqa: E402
import sample_findings  # noqa: E402

WIDTH, COLOURS = 800, 160


def main(recorded):
    letter = (ROOT / "tests/golden/compare/letter.json").read_text(encoding="utf-8")
    sources = [json.loads(pathlib.Path(recorded).read_text(encoding="utf-8")), json.loads(letter),
               sample_findings.with_scaling(json.loads(letter)),
               sample_findings.with_page_costs(sample_findings.sample(arms=3))]
    done = set()
    for source in sources:
        with tempfile.TemporaryDirectory(prefix="isolab-gallery-") as place:
            for path in render.render(source, pathlib.Path(place)):
                if path.suffix == ".png" and path.name not in done:
                    done.add(path.name)
                    shrink(path, ROOT / "docs/images/charts" / path.name)


def shrink(picture, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(picture) as image:
        small = image.convert("RGB").resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
        small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(target, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
