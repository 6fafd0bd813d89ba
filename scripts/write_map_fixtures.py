#!/usr/bin/env python3
"""Writes fixtures/theory/maps.json: pairs of small models with their maps, minimal models and truncation curves.

Straightforward NumPy and SciPy on whole n×V matrices, sharing no code and no short cut with src/theory: the minimal
model comes from the singular vectors of the centred log-probabilities themselves, not from F and G. Every entry of every
input is a multiple of 2^-16, so that a file of integers holds it exactly.

    python scripts/write_map_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
import scipy.linalg

SCALE = 65536
OUT = Path(__file__).resolve().parent.parent / "fixtures" / "theory" / "maps.json"
EPSILON = 2.0**-52


def draw(rng, rows, columns, size=1.0):
    return np.round(rng.normal(size=(rows, columns)) * size * 256) / 256


def unimodular(rng, d):
    """An integer matrix of determinant 1 and its inverse, also of integers."""
    lower = np.eye(d) + np.tril(rng.integers(-1, 2, size=(d, d)), -1) * (rng.random((d, d)) < 0.3)
    upper = np.eye(d) + np.triu(rng.integers(-1, 2, size=(d, d)), 1) * (rng.random((d, d)) < 0.3)
    matrix = lower @ upper
    return matrix, np.round(np.linalg.inv(matrix))


def twin(rng, f, g, dark_f, dark_g):
    """Another pair of matrices with the same distribution: dark columns, then a change of basis, then a shift of g."""
    f = np.hstack([f, np.zeros((len(f), dark_g)), draw(rng, len(f), dark_f)])
    g = np.hstack([g, draw(rng, len(g), dark_g), np.zeros((len(g), dark_f))])
    matrix, inverse = unimodular(rng, f.shape[1])
    return f @ matrix.T, g @ inverse + draw(rng, 1, f.shape[1])


def clr(f, g):
    """Centred log-probabilities, n×V."""
    log_p = scipy.special.log_softmax(f @ g.T, axis=1)
    return log_p - log_p.mean(1, keepdims=True)


def minimal(f, g):
    """Φ, Γ, σ by the singular value decomposition of C/√(nV): C = ΦΓᵀ, ΓᵀΓ/V = I, ΦᵀΦ/n = σ². Φ's first row is positive."""
    c = clr(f, g)
    n, v = c.shape
    u, s, wt = np.linalg.svd(c / np.sqrt(n * v), full_matrices=False)
    r = int((s > max(n, v) * 1e-13 * s[0]).sum())
    sign = np.sign(u[0, :r])
    return np.sqrt(n) * u[:, :r] * s[:r] * sign, np.sqrt(v) * wt[:r].T * sign, s[:r]


def curve(f, g):
    phi, gamma, _ = minimal(f, g)
    log_p = scipy.special.log_softmax(f @ g.T, axis=1)
    rows = []
    for k in range(1, phi.shape[1] + 1):
        log_q = scipy.special.log_softmax(phi[:, :k] @ gamma[:, :k].T, axis=1)
        kl = scipy.special.rel_entr(np.exp(log_p), np.exp(log_q)).sum(1).mean()
        error = clr(f, g) - (log_q - log_q.mean(1, keepdims=True))
        rows.append([k, float(kl), float(np.sqrt((error**2).mean())), float((log_p.argmax(1) == log_q.argmax(1)).mean())])
    return rows


def fitted(g_a, g_b):
    """T with g_B − ḡ_B ≈ T (g_A − ḡ_A)."""
    x, y = g_a - g_a.mean(0), g_b - g_b.mean(0)
    return (np.linalg.pinv(x, rcond=max(x.shape) * EPSILON) @ y).T


def stability(f_a, g_a, f_b, g_b):
    x = g_a - g_a.mean(0)
    tolerance = max(x.shape) * EPSILON
    projector = np.linalg.pinv(x, rcond=tolerance) @ x
    sigmas = np.linalg.svd(x, compute_uv=False)
    smallest = sigmas[sigmas > tolerance * sigmas[0]].min()
    n = len(f_a)
    left = np.linalg.norm(f_a @ projector - f_b @ fitted(g_a, g_b)) / np.sqrt(n)
    return left, np.linalg.norm(clr(f_a, g_a) - clr(f_b, g_b)) / np.sqrt(n) / smallest


def held_out_r2(phi_a, phi_b, train, test):
    b_hat, *_ = scipy.linalg.lstsq(phi_b[train], phi_a[train])
    residual = np.linalg.norm(phi_a[test] - phi_b[test] @ b_hat) ** 2
    return 1 - residual / np.linalg.norm(phi_a[test] - phi_a[train].mean(0)) ** 2


def canonical_correlations(x, y):
    """Square roots of the eigenvalues of Sxx⁻¹ Sxy Syy⁻¹ Syx, for columns of full rank with mean zero."""
    cross = x.T @ y
    product = np.linalg.solve(x.T @ x, cross) @ np.linalg.solve(y.T @ y, cross.T)
    return np.sqrt(np.clip(np.sort(np.linalg.eigvals(product).real)[::-1], 0, 1))


def case(name, f_a, g_a, f_b, g_b, texts, train_texts):
    phi_a, gamma_a, sigmas_a = minimal(f_a, g_a)
    phi_b, gamma_b, _ = minimal(f_b, g_b)
    texts = np.array(texts)
    train = np.flatnonzero(np.isin(texts, train_texts))
    test = np.flatnonzero(~np.isin(texts, train_texts))
    image = np.cos(np.sort(scipy.linalg.subspace_angles(gamma_a, gamma_b)))
    assert np.allclose(image, canonical_correlations(gamma_a, gamma_b)[: len(image)], atol=1e-6), name
    left, bound = stability(f_a, g_a, f_b, g_b)
    numbers = lambda x: [float(value) for value in np.ravel(x)]
    expected = {
        "b_from_a": numbers(fitted(g_a, g_b)),
        "a_from_b": numbers(fitted(g_b, g_a)),
        "image_cosines": numbers(image),
        "left": float(left),
        "bound": float(bound),
        "r_b": phi_b.shape[1],
        "sigmas": numbers(sigmas_a),
        "phi": numbers(phi_a),
        "gamma_first_rows": numbers(gamma_a[:10]),
        "curve": curve(f_a, g_a),
        "r2_ab": float(held_out_r2(phi_a, phi_b, train, test)),
        "r2_ba": float(held_out_r2(phi_b, phi_a, train, test)),
    }

    def integers(x):
        whole = np.round(x * SCALE)
        assert np.array_equal(whole / SCALE, x), name
        return [int(i) for i in whole.ravel()]

    return {
        "name": name,
        "n": len(f_a),
        "v": len(g_a),
        "d_a": f_a.shape[1],
        "d_b": f_b.shape[1],
        "f_a": integers(f_a),
        "g_a": integers(g_a),
        "f_b": integers(f_b),
        "g_b": integers(g_b),
        "texts": [int(i) for i in texts],
        "train_texts": [int(i) for i in train_texts],
        "expected": expected,
    }


def main():
    rng = np.random.default_rng(20261125)
    f, g = draw(rng, 30, 5), draw(rng, 36, 5)
    f = f + 0.5
    texts = [i // 3 for i in range(30)]
    train_texts = [0, 2, 3, 5, 6, 7, 9]
    near_f, near_g = f + draw(rng, 30, 5, 1 / 16), g + draw(rng, 36, 5, 1 / 32)
    low_f = draw(rng, 30, 3) @ rng.integers(-2, 3, size=(3, 6))
    cases = [
        case("twin with dark parts", f, g, *twin(rng, f, g, 1, 2), texts, train_texts),
        case("nearly equal, in another basis", f, g, *twin(rng, near_f, near_g, 1, 1), texts, train_texts),
        case("unrelated, hidden states of rank three", low_f, draw(rng, 36, 6), draw(rng, 30, 4), draw(rng, 36, 4), texts, train_texts),
    ]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.write_text(f'{{"scale":{SCALE},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
