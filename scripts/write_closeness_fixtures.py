#!/usr/bin/env python3
"""Writes fixtures/theory/closeness.json: sample sizes by SciPy and distances between representations by plain numpy.

The distances are written as theory.md §2.1 defines them, label set by label set, sharing no code with src/theory. Every
entry of every matrix is a multiple of 2^-8, so that a file of integers holds it exactly.

    python scripts/write_closeness_fixtures.py
"""

import itertools
import json
from pathlib import Path

import numpy as np
from scipy import stats

SCALE = 256
OUT = Path(__file__).resolve().parent.parent / "fixtures" / "theory" / "closeness.json"


def texts_for_mean(mean, sd, limit, alpha, power=0.9):
    if mean >= limit:
        return None
    z = stats.norm.ppf(1 - alpha) + stats.norm.ppf(power)
    return max(2, int(np.ceil((z * sd / (limit - mean)) ** 2)))


def texts_for_rate(violations, have, limit, alpha, horizon=200_000):
    """One more than the last n whose Clopper-Pearson bound is not below the limit, counted one by one."""
    if violations >= limit * have:
        return None
    n = np.arange(1, horizon)
    k = -(-violations * n // have)
    bound = np.ones(len(n))
    some = k < n
    bound[some] = stats.beta.ppf(1 - alpha, k[some] + 1, n[some] - k[some])
    last = int(n[bound >= limit][-1])
    assert last < horizon // 2
    return last + 1


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def sd(x):
    return np.std(x, ddof=1)


def terms(log_a, log_b, column, pivot):
    """t1 and t3 of one label (columns are labels), or t2 and t4 of one input (columns are inputs)."""
    psi_a = sd(log_a[:, column] - log_a[:, pivot])
    psi_b = sd(log_b[:, column] - log_b[:, pivot])
    spread = max(sd(log_a[:, y] / psi_a - log_b[:, y] / psi_b) for y in (column, pivot))
    return spread, abs(psi_a - psi_b)


def worst(log_a, log_b, pivot, columns):
    found = [terms(log_a, log_b, column, pivot) for column in columns]
    return max(t for t, _ in found), max(s for _, s in found)


def d_llv(log_a, log_b, input_sets, weight=1e-5):
    v = log_a.shape[1]
    label_choices = [
        worst(log_a, log_b, pivot, [y for y in range(v) if y not in (pivot, left_out)])
        for pivot in range(v)
        for left_out in range(v)
        if pivot != left_out
    ]
    input_choices = [worst(log_a.T, log_b.T, inputs[0], inputs[1:]) for inputs in input_sets]
    (t1, t3), (t2, t4) = min(label_choices), min(input_choices)
    return max(t1, t2, weight * t3, weight * t4)


def d_svd(log_a, log_b, columns):
    pivot, rest = columns[0], list(columns[1:])
    both = np.hstack([log[:, rest] - log[:, [pivot]] for log in (log_a, log_b)])
    m = len(rest)
    cross = np.corrcoef(both, rowvar=False)[:m, m:]
    return 1 - np.linalg.norm(cross, "nuc") / m


def smallest_d_svd(log_a, log_b, m, input_sets):
    v = log_a.shape[1]
    m = min(m, v - 1)
    labels = (
        (pivot, *rest)
        for pivot in range(v)
        for rest in itertools.combinations([y for y in range(v) if y != pivot], m)
    )
    of_f = min(d_svd(log_a, log_b, columns) for columns in labels)
    of_g = min(d_svd(log_a.T, log_b.T, columns) for columns in input_sets)
    return max(of_f, of_g)


def draw(rng, rows, columns, size=1.0):
    return np.round(rng.normal(size=(rows, columns)) * size * SCALE) / SCALE


def distances(seed, n, v, d_a, d_b, noise):
    """Model B is A seen through a change of basis and noise, or, where noise is None, another model."""
    rng = np.random.default_rng(seed)
    f_a, g_a = draw(rng, n, d_a), draw(rng, v, d_a)
    f_b, g_b = draw(rng, n, d_b), draw(rng, v, d_b)
    if noise is not None:
        f_b, g_b = np.round(f_b * noise * SCALE) / SCALE, np.round(g_b * noise * SCALE) / SCALE
        shared = min(d_a, d_b)
        f_b[:, :shared] += f_a[:, :shared]
        g_b[:, :shared] += g_a[:, :shared]
    m = min(d_a, d_b)
    input_sets = [[int(x) for x in rng.choice(n, m + 1, replace=False)] for _ in range(6)]
    log_a, log_b = log_softmax(f_a @ g_a.T), log_softmax(f_b @ g_b.T)
    case = {"n": n, "v": v, "d_a": d_a, "d_b": d_b, "input_sets": input_sets}
    for name, matrix in (("f_a", f_a), ("g_a", g_a), ("f_b", f_b), ("g_b", g_b)):
        case[name] = [int(x) for x in (matrix * SCALE).ravel()]
    case["d_llv"] = d_llv(log_a, log_b, input_sets)
    case["d_svd"] = smallest_d_svd(log_a, log_b, m, input_sets)
    return case


def main():
    mean = [
        {"mean": m, "sd": s, "limit": limit, "alpha": alpha, "need": texts_for_mean(m, s, limit, alpha)}
        for m, s, limit, alpha in [
            (0.0, 2.0, 1.0, 0.05),
            (0.004, 0.013, 0.01, 0.05),
            (0.0099, 0.02, 0.01, 0.05),
            (0.002, 0.03, 0.01, 0.01),
            (0.001, 0.0001, 0.01, 0.05),
            (0.02, 0.01, 0.01, 0.05),
        ]
    ]
    rate = [
        {"violations": k, "have": n, "limit": limit, "alpha": alpha, "need": texts_for_rate(k, n, limit, alpha)}
        for k, n, limit, alpha in [
            (0, 12, 0.05, 0.05),
            (0, 12, 0.01, 0.05),
            (1, 59, 0.05, 0.05),
            (1, 30, 0.05, 0.05),
            (3, 100, 0.05, 0.05),
            (2, 45, 0.05, 0.05),
            (2, 45, 0.1, 0.01),
            (3, 20, 0.05, 0.05),
        ]
    ]
    cases = [
        distances(1, 24, 7, 2, 2, 0.1),
        distances(2, 20, 6, 2, 3, 0.05),
        distances(3, 30, 9, 4, 3, None),
        distances(4, 16, 4, 5, 5, 0.3),
        distances(5, 9, 12, 1, 2, 0.2),
    ]
    lines = [f'"{name}": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in part) + "\n]"
             for name, part in (("mean", mean), ("rate", rate), ("distances", cases))]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
