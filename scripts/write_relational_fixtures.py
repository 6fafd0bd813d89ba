#!/usr/bin/env python3
"""Writes fixtures/theory/relational.json: ridge fits of small relations with the numbers that theory.md §5.8 asks for.

scikit-learn's Ridge for every fit, explicit hat matrices for generalised cross-validation, NumPy and SciPy for subspaces,
one plain loop over folds and penalties; no code is shared with src/theory. Every entry of every matrix is a multiple of 2^-8, so that a file of integers holds it exactly.

    python scripts/write_relational_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.linalg import subspace_angles
from scipy.special import logsumexp
from scipy.stats import t as student
from sklearn.linear_model import Ridge

SCALE = 256
GRID = 10.0 ** np.arange(-8, 3)
OUT = Path(__file__).resolve().parent.parent / "fixtures" / "theory" / "relational.json"


def draw(rng, rows, columns, size=1.0):
    return np.round(rng.normal(size=(rows, columns)) * size * SCALE) / SCALE


def fit(x, z, share, whole=None):
    """Ridge whose penalty is a share of the mean square length of a centred row (of `whole`, of which x is a part)."""
    sized = x if whole is None else whole
    alpha = share * ((sized - sized.mean(0)) ** 2).sum() / len(sized)
    return Ridge(alpha=alpha, fit_intercept=True, solver="svd").fit(x, z)


def deal(rows):
    return [([r for i, r in enumerate(rows) if i % 5 != k], [r for i, r in enumerate(rows) if i % 5 == k]) for k in range(5)]


def choose(x, z):
    """The place of the penalty of least GCV, among those that leave 1% of the rows as residual degrees of freedom."""
    n, values = len(x), []
    for share in GRID:
        hat = fit(x, np.eye(n), share).predict(x)  # what a fit makes of each unit vector of targets
        freedom = n - np.trace(hat)
        values.append(n * ((z - hat @ z) ** 2).sum() / freedom**2 if freedom >= 0.01 * n else np.inf)
    return int(np.argmin(values))


def held_out(x, evaluated, z, scored, order):
    """Predictions of a fit to z and the training means of what is scored."""
    predicted, baseline, chosen = np.zeros(z.shape), np.zeros(z.shape), []
    for train, test in deal(order):
        chosen.append(choose(x[train], z[train]))
        predicted[test] = fit(x[train], z[train], GRID[chosen[-1]]).predict(evaluated[test])
        baseline[test] = scored[train].mean(0)
    return predicted, baseline, chosen


def r_squared(z, predicted, baseline):
    return 1 - ((z - predicted) ** 2).sum() / ((z - baseline) ** 2).sum()


def log_p(z):
    return z - logsumexp(z, axis=1, keepdims=True)


def answer_scores(z, predicted, order):
    ours = log_p(z)
    mean_kl = 0.0
    for train, test in deal(order):
        mean_kl += (np.exp(ours[test]) * (ours[test] - np.log(np.exp(ours[train]).mean(0)))).sum()
    kl = (np.exp(ours) * (ours - log_p(predicted))).sum()
    best = z.argmax(1)
    return 1 - kl / mean_kl, float((predicted.argmax(1) == best).mean()), float(np.bincount(best).max() / len(best))


def mean_squared_cosine(rows_1, rows_2):
    return float((np.cos(subspace_angles(rows_1.T, rows_2.T)) ** 2).mean())


def metric_root(x):
    """R with R Rᵀ the covariance: as good as the symmetric root, and exact where the covariance is singular."""
    _, s, vt = np.linalg.svd(x - x.mean(0), full_matrices=False)
    return vt.T * s / np.sqrt(len(x))


def whole_fit(x, z):
    """The map of all subjects, the combinations of answers that it reads, and the place of its penalty."""
    place = choose(x, z)
    a = fit(x, z, GRID[place]).coef_
    u, s, _ = np.linalg.svd(a @ metric_root(x))
    return a, u[:, : (s > 0.05 * s[0]).sum()], place


def subspace(x, z, halvings):
    root = metric_root(x)
    _, answers, place = whole_fit(x, z)

    def rows(half, without=None):
        left = [i for i in half if i != without]
        return answers.T @ fit(x[left], z[left], GRID[place], x[half]).coef_ @ root

    agree = lambda halves, without=None: mean_squared_cosine(*(rows(half, without) for half in halves))
    left_out = [np.mean([agree(halves, k) for halves in halvings]) for k in range(len(x))]
    m = len(x)
    margin = student.ppf(0.975, m - 1) * np.sqrt((m - 1) / m * ((left_out - np.mean(left_out)) ** 2).sum())
    return answers.shape[1], place, float(np.mean([agree(halves) for halves in halvings])), float(margin)


def case(rng, name, m, p, p_b, k, noise):
    """Answers that depend on three directions of the hidden state; B's hidden states are A's under a map, disturbed."""
    x = draw(rng, m, p)
    logits = np.round((x[:, :3] @ rng.normal(size=(3, k)) + noise * rng.normal(size=(m, k)) + 1.0) * SCALE) / SCALE
    t = draw(rng, p_b, p)
    x_b = np.round((x @ np.linalg.pinv(t) + 0.05 * rng.normal(size=(m, p_b))) * SCALE) / SCALE
    logits_b = np.round((logits + 0.3 * rng.normal(size=(m, k))) * SCALE) / SCALE
    z, z_b = (y - y.mean(1, keepdims=True) for y in (logits, logits_b))
    order = [int(i) for i in rng.permutation(m)]
    halvings = [sorted(map(int, rng.permutation(m)[: m // 2])) for _ in range(2)]
    halvings = [(half, [i for i in range(m) if i not in half]) for half in halvings]
    predicted, baseline, chosen = held_out(x, x, z, z, order)
    kl_skill, faithfulness, majority = answer_scores(z, predicted, order)
    dimension, whole_place, stability, margin = subspace(x, z, halvings)
    across, baseline_b, _ = held_out(x, x_b @ t, z, z_b, order)
    a, answers, _ = whole_fit(x, z)
    b, answers_b, _ = whole_fit(x_b, z_b)
    root_b = metric_root(x_b)
    integers = lambda y: [int(i) for i in np.round(y * SCALE).ravel()]
    return {
        "name": name,
        "m": m,
        "p": p,
        "p_b": p_b,
        "k": k,
        "x": integers(x),
        "logits": integers(logits),
        "x_b": integers(x_b),
        "logits_b": integers(logits_b),
        "b_from_a": integers(t),
        "order": order,
        "halvings": halvings,
        "expected": {
            "penalties": chosen,
            "score": float(r_squared(z, predicted, baseline)),
            "kl_skill": float(kl_skill),
            "faithfulness": faithfulness,
            "majority": majority,
            "whole_penalty": whole_place,
            "dimension": dimension,
            "stability": stability,
            "margin": margin,
            "carried": float(r_squared(z_b, across, baseline_b)),
            "correspondence": mean_squared_cosine(answers.T @ a @ t.T @ root_b, answers_b.T @ b @ root_b),
        },
    }


def main():
    rng = np.random.default_rng(20261124)
    cases = [
        case(rng, "more subjects than dimensions", 24, 5, 6, 4, 0.3),
        case(rng, "fewer subjects than dimensions", 23, 40, 12, 5, 0.2),
        case(rng, "mostly noise", 22, 6, 6, 3, 3.0),
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.write_text(f'{{"scale":{SCALE},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
