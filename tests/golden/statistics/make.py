#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the golden numbers of the statistics tests with scipy (Debian python3-scipy 1.10.1).

Each CSV was made with that version; another one is refused, so that the numbers keep their oracle.

Run by hand after changing the cases: /usr/bin/python3 make.py; the tests only read the CSV files.
"""
import itertools
import math
import random
import statistics
from pathlib import Path

import scipy
from scipy import special, stats

HERE = Path(__file__).parent
if scipy.__version__ != "1.10.1":
    raise SystemExit(f"the golden numbers are scipy 1.10.1's, this is {scipy.__version__}")


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

# ---- two samples: a and b of one case, then what they must give ---------------------------------
SOURCE = random.Random(20261121)


def sample(size, kind, shift=0.0):
    if kind == "normal":
        return [round(SOURCE.gauss(10 + shift, 2), 3) for _ in range(size)]
    if kind == "ties":
        return [float(SOURCE.randrange(4)) + shift for _ in range(size)]
    return [round(SOURCE.paretovariate(1.2) * (1 + shift), 4) for _ in range(size)]


def exact_p(a, b):
    """Every deal of the pooled values to the groups; twice the smaller tail."""
    ranks = stats.rankdata(a + b)
    seen = sum(ranks[:len(a)])
    deals = [sum(chosen) for chosen in itertools.combinations(ranks, len(a))]
    low = sum(one <= seen + 1e-9 for one in deals)
    high = sum(one >= seen - 1e-9 for one in deals)
    p = min(1.0, 2 * min(low, high) / len(deals))
    if len(set(a + b)) == len(a + b):  # scipy's exact method knows no ties
        assert abs(p - stats.mannwhitneyu(a, b, method="exact").pvalue) < 1e-12
    return p


def kept_shifts(a, b):
    """The shifts that scipy's exact test does not reject at 5 %, by trying one between each pair."""
    differences = sorted(y - x for x in a for y in b)
    kept = [(low, high) for low, high in zip(differences, differences[1:]) if high > low and
            stats.mannwhitneyu([x + (low + high) / 2 for x in a], b, method="exact").pvalue > 0.05]
    return kept[0][0], kept[-1][1]


CASES = [(n, m, kind, shift) for n, m in ((6, 6), (6, 8), (8, 6), (10, 10))
         for kind in ("normal", "ties", "pareto") for shift in (0.0, 1.0, 3.0)]
rows = []
for n, m, kind, shift in CASES:
    a, b = sample(n, kind), sample(m, kind, shift)
    low, high = kept_shifts(a, b) if len(set(a + b)) == n + m else (math.nan, math.nan)
    outside = max(k for k in range(n) if k == 0 or stats.binom.cdf(k - 1, n, 0.5) <= 0.025)
    middle = sorted(a)[outside - 1], sorted(a)[n - outside]
    rows.append([n, m, *a, *b, exact_p(a, b), statistics.median(y - x for x in a for y in b), low, high,
                 *middle])
write("two_samples.csv", "n,m,a...,b...,p,shift,lower,upper,median_lower,median_upper", rows)

rows = []
for size in (51, 70):  # beyond the exact method
    for kind in ("normal", "ties"):
        a, b = sample(size, kind), sample(size, kind, 0.4)
        rows.append([size, size, *a, *b, stats.mannwhitneyu(a, b, method="asymptotic").pvalue])
write("two_samples_large.csv", "n,m,a...,b...,p", rows)

# ---- counts -------------------------------------------------------------------------------------
write("incomplete_beta.csv", "a,b,x,p",
      [(a, b, x, special.betainc(a, b, x)) for a in (0.5, 1, 3, 40, 1000, 50000) for b in (0.5, 2, 75, 20000)
       for x in (0.01, 0.3, 0.5, a / (a + b), 0.9)])


def ratio_interval(count_a, time_a, count_b, time_b):
    """Clopper-Pearson of b's share, as R's poisson.test does it."""
    odds = time_a / time_b
    low = stats.beta.ppf(0.025, count_b, count_a + 1) if count_b else 0.0
    high = stats.beta.ppf(0.975, count_b + 1, count_a) if count_a else 1.0
    return odds * low / (1 - low), odds * high / (1 - high) if high < 1 else math.inf


write("rate_ratio.csv", "count_a,time_a,count_b,time_b,lower,upper",
      [(*case, *ratio_interval(*case)) for case in
       ((21, 3011, 11, 800), (0, 6, 5, 6), (5, 6, 0, 6), (1, 1, 1, 1), (338, 0.5, 2, 0.5), (100, 10, 130, 10),
        (12345, 3.5, 12001, 3.5), (3, 60, 1000, 60))])
write("student_t.csv", "degrees,t", [(v, stats.t.ppf(0.975, v)) for v in (1, 2, 3, 5, 9, 19, 100)])
