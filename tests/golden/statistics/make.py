#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the golden numbers of the statistics tests with scipy (Debian python3-scipy 1.10.1).

Run by hand after changing the cases: /usr/bin/python3 make.py; the tests only read the CSV files.
"""
from pathlib import Path

from scipy import special, stats

HERE = Path(__file__).parent


def write(name, header, rows):
    lines = [header] + [",".join(repr(float(x)) for x in row) for row in rows]
    (HERE / name).write_text("\n".join(lines) + "\n")


def garwood(count):
    lower = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return lower, stats.chi2.ppf(0.975, 2 * count + 2) / 2


write("gamma_p.csv", "a,x,p",
      [(a, a * f, special.gammainc(a, a * f))
       for a in (0.5, 1, 1.5, 2, 5, 10, 37.5, 100, 1000, 10000)
       for f in (0.01, 0.5, 0.9, 0.99, 1, 1.01, 1.1, 2)])
write("poisson.csv", "count,lower,upper",
      [(n, *garwood(n)) for n in (1, 2, 3, 4, 5, 7, 10, 20, 50, 100, 338, 1000, 9999, 10000, 10001,
                                  20000, 100000, 1000000, 123456789)])
write("dispersion.csv", "a,b,c,p",
      [(a, b, c, stats.chisquare([a, b, c]).pvalue)
       for a, b, c in ((10, 12, 9), (100, 140, 90), (5, 0, 1), (1000, 1001, 999), (300, 380, 420))])
