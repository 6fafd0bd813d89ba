#!/usr/bin/env python3
"""Writes fixtures/theory/probing.json: scikit-learn's logistic probes and numpy's steering scores of small models.

Shares no code with src/theory. Every entry of every matrix is a multiple of 2^-8, so that a file of integers holds it
exactly.

    python scripts/write_probing_fixtures.py
"""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

SCALE = 256
OUT = Path(__file__).resolve().parent.parent / "fixtures" / "theory" / "probing.json"


def draw(rng, rows, columns, size=1.0):
    return np.round(rng.normal(size=(rows, columns)) * size * SCALE) / SCALE


def integers(x):
    whole = np.round(x * SCALE)
    assert np.array_equal(whole / SCALE, x)
    return [int(i) for i in whole.ravel()]


def token_identity(tokens, labels, folds):
    right = []
    for token, label, fold in zip(tokens, labels, folds):
        seen = labels[(tokens == token) & (folds != fold)]
        votes = 2 * seen.sum() - len(seen)
        right.append(0.5 if votes == 0 else float((votes > 0) == label))
    right = np.array(right)
    return (right[labels].mean() + right[~labels].mean()) / 2


def probing(name, rng, n, p, strength, offset):
    labels = np.arange(n) % 2 == 1
    folds = np.arange(n) // 2 % 5
    labels = labels ^ (rng.random(n) < 0.1)
    x = draw(rng, n, p, 2.0)
    x[:, 0] += strength * labels
    x += offset
    tokens = rng.integers(0, 4, size=n) + 2 * labels
    decisions = np.zeros(n)
    right, pairs = 0.0, 0
    for fold in range(5):
        train, test = folds != fold, folds == fold
        mean = x[train].mean(0)
        scale = (train.sum() - 1) / np.linalg.norm(x[train] - mean)
        probe = LogisticRegression(C=1.0, tol=1e-12, max_iter=1000, solver="newton-cholesky")
        probe.fit(scale * (x[train] - mean), labels[train])
        decisions[test] = probe.decision_function(scale * (x[test] - mean))
        n_pairs = int(labels[test].sum() * (~labels[test]).sum())
        if n_pairs:
            right += n_pairs * roc_auc_score(labels[test], decisions[test])
            pairs += n_pairs
    return {
        "name": name,
        "n": n,
        "p": p,
        "x": integers(x),
        "labels": [bool(y) for y in labels],
        "folds": [int(k) for k in folds],
        "tokens": [int(t) for t in tokens],
        "decisions": [float(d) for d in decisions],
        "balanced_accuracy": float(balanced_accuracy_score(labels, decisions > 0)),
        "auc": right / pairs,
        "token_identity": float(token_identity(tokens, labels, folds)),
    }


def spread(pool_g, v):
    """Over every ordered pair of different tokens."""
    return np.sqrt(np.mean([(v @ (pool_g[i] - pool_g[j])) ** 2 for i, j in permutations(range(len(pool_g)), 2)]))


def span_projector(f):
    _, s, vt = np.linalg.svd(f, full_matrices=False)
    e = vt[s > max(f.shape) * 2.0**-52 * s[0]]
    return e.T @ e


def steering(name, f, g, pairs, off, pool, contexts):
    difference = lambda x, p: np.array([x[j] - x[i] for i, j in p])
    target, away = difference(g, pairs), difference(g, off)
    m = len(pairs)
    projector = span_projector(f)
    inverse = np.linalg.pinv(np.cov(g.T, bias=True), rcond=1e-12)

    def details(z, v, effects):
        return {
            "z": float(z),
            "off_target": float(np.abs(away @ v).max() / abs(np.mean(effects))),
            "outside_f": float(np.linalg.norm(v - projector @ v) / np.linalg.norm(v)),
        }

    v = difference(f, contexts).mean(0)
    effects = target @ v
    expected = {"visible": details(effects.mean() / spread(g[pool], v), v, effects)}
    for version, p in (("raw", np.eye(f.shape[1])), ("dark_removed", projector)):
        vectors = [p @ inverse @ np.delete(target, j, axis=0).mean(0) for j in range(m)]
        effects = np.array([vectors[j] @ target[j] for j in range(m)])
        z = np.mean([effects[j] / spread(g[pool], vectors[j]) for j in range(m)])
        expected[version] = details(z, p @ inverse @ target.mean(0), effects)
    return {
        "name": name,
        "n": len(f),
        "v": len(g),
        "d": f.shape[1],
        "f": integers(f),
        "g": integers(g),
        "pairs": pairs,
        "off_target": off,
        "pool": pool,
        "contexts": contexts,
        "expected": expected,
    }


def concept(rng, v, d, m, strength):
    g = draw(rng, v, d)
    common = draw(rng, 1, d)[0]
    for i in range(m):
        g[2 * i + 1] = np.round((g[2 * i] + strength * common + g[2 * i + 1] / 2) * SCALE) / SCALE
    return g


def main():
    rng = np.random.default_rng(20261125)
    pairs = [[2 * i, 2 * i + 1] for i in range(8)]
    off = [[20, 21], [22, 30]]
    contexts = [[2 * i, 2 * i + 1] for i in range(9)]
    narrow_f = np.hstack([draw(rng, 24, 4), np.zeros((24, 3))])
    mixing = np.eye(7) + np.tril(rng.integers(-1, 2, size=(7, 7)), -1)
    fixture = {
        "scale": SCALE,
        "probing": [
            probing("more contexts than features", rng, 60, 4, 3.0, 0.0),
            probing("more features than contexts", rng, 40, 48, 6.0, 1.0),
        ],
        "steering": [
            steering("all of the space", draw(rng, 24, 6), concept(rng, 40, 6, 8, 1.0), pairs, off,
                     list(range(16, 40)), contexts),
            steering("hidden states of rank four", narrow_f @ mixing, concept(rng, 36, 7, 8, 2.0), pairs, off,
                     list(range(36)), contexts),
        ],
    }
    OUT.write_text(json.dumps(fixture, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
