#!/usr/bin/env python3
"""Writes fixtures/theory/tensors.json: small pairs of models with the numbers that theory.md's formulas give for them.

Straightforward numpy on whole n×V matrices, sharing no code and no short cut with src/theory. Every entry of every
matrix is a multiple of 2^-16, so that a file of integers holds it exactly and f32 holds it too.

    python scripts/write_theory_fixtures.py
"""

import json
from pathlib import Path

import numpy as np

SCALE = 65536
OUT = Path(__file__).resolve().parent.parent / "fixtures" / "theory" / "tensors.json"


def draw(rng, rows, columns, size=1.0):
    return np.round(rng.normal(size=(rows, columns)) * size * 256) / 256


def unimodular(rng, d):
    """An integer matrix of determinant 1 and its inverse, also of integers."""
    lower = np.eye(d) + np.tril(rng.integers(-1, 2, size=(d, d)), -1) * (rng.random((d, d)) < 0.3)
    upper = np.eye(d) + np.triu(rng.integers(-1, 2, size=(d, d)), 1) * (rng.random((d, d)) < 0.3)
    matrix = lower @ upper
    return matrix, np.round(np.linalg.inv(matrix))


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def basis(x, epsilon):
    """Orthonormal columns that span the rows of x, numerical rank by NumPy's rule at the data's own epsilon."""
    _, s, vt = np.linalg.svd(x, full_matrices=False)
    return vt[s > max(x.shape) * epsilon * s[0]].T


def visible(f, g, epsilon):
    """U_M, U_N, dim F, dim G: M = P_F G and N = P_G F, each from the singular vectors of the projected basis."""
    e_f, e_g = basis(f, epsilon), basis(g - g.mean(0), epsilon)
    angle = 1e-4
    u, s, _ = np.linalg.svd(e_f @ e_f.T @ e_g, full_matrices=False)
    u_m = u[:, s > angle]
    u, s, _ = np.linalg.svd(e_g @ e_g.T @ e_f, full_matrices=False)
    return u_m, u[:, s > angle], e_f.shape[1], e_g.shape[1]


def off_diagonal_mean(c):
    m = len(c)
    return (c.sum() - np.trace(c)) / (m * (m - 1))


def cosines(delta):
    unit = delta / np.linalg.norm(delta, axis=1, keepdims=True)
    return unit @ unit.T


def coupled(f_a, g_a, f_b, g_b, epsilon):
    """E_tok, E_prm: each half of the tokens in turn is held out, T is fitted on the other (theory.md §5.7). Where a
    half spans less than all tokens do, T is fitted and tested on all of them."""
    c_a, c_b = g_a - g_a.mean(0), g_b - g_b.mean(0)
    tokens = np.arange(len(g_a))
    halves = [(tokens[::2], tokens[1::2]), (tokens[1::2], tokens[::2])]
    rank = lambda x: basis(x - x.mean(0), epsilon).shape[1]
    if any(rank(g_a[fit]) < rank(g_a) for fit, _ in halves):
        halves = [(tokens, tokens)]
    tok, prm = 0.0, 0.0
    for fit, held_out in halves:
        x, y = g_a[fit] - g_a[fit].mean(0), g_b[fit] - g_b[fit].mean(0)
        t = (np.linalg.pinv(x, rcond=max(x.shape) * epsilon) @ y).T
        tok += np.linalg.norm(f_b @ (c_b - c_a @ t.T)[held_out].T) ** 2
        prm += np.linalg.norm((f_a - f_b @ t) @ c_a.T) ** 2
    tok_whole = sum(np.linalg.norm(f_b @ c_b[held_out].T) ** 2 for _, held_out in halves)
    return np.sqrt(tok / tok_whole), np.sqrt(prm / len(halves)) / np.linalg.norm(f_a @ c_a.T)


def case(name, f_a, g_a, f_b, g_b, pairs, clusters=None, is_f32=False):
    epsilon = 2.0**-23 if is_f32 else 2.0**-52
    n, v = len(f_a), len(g_a)
    l_a, l_b = log_softmax(f_a @ g_a.T), log_softmax(f_b @ g_b.T)
    p_a, p_b = np.exp(l_a), np.exp(l_b)
    mixture = np.logaddexp(l_a, l_b) - np.log(2)
    kl_ab, kl_ba = (p_a * (l_a - l_b)).sum(1), (p_b * (l_b - l_a)).sum(1)
    js = 0.5 * (p_a * (l_a - mixture)).sum(1) + 0.5 * (p_b * (l_b - mixture)).sum(1)
    clr_a, clr_b = l_a - l_a.mean(1, keepdims=True), l_b - l_b.mean(1, keepdims=True)
    expected = {
        "max_abs_dlogp": np.abs(l_a - l_b).max(),
        "mean_kl_ab": kl_ab.mean(),
        "mean_kl_ba": kl_ba.mean(),
        "mean_js": js.mean(),
        "d_logit_squared": ((clr_a - clr_b) ** 2).sum(1).mean(),
    }
    base, changed = np.array(pairs).T
    for letter, f, g, l in (("a", f_a, g_a, l_a), ("b", f_b, g_b, l_b)):
        u_m, u_n, rank_f, rank_g = visible(f, g, epsilon)
        g_c = g - g.mean(0)
        c = f @ g_c.T
        s = np.linalg.svd(c, compute_uv=False)
        rank_c = int((s > max(c.shape) * epsilon * s[0]).sum())
        assert rank_c == u_m.shape[1] == u_n.shape[1], name
        delta = g[changed] - g[base]
        expected |= {
            f"rank_f_{letter}": rank_f,
            f"rank_g_{letter}": rank_g,
            f"r_{letter}": rank_c,
            f"dark_f_{letter}": 1 - np.linalg.norm(f @ u_m) ** 2 / np.linalg.norm(f) ** 2,
            f"dark_g_{letter}": 1 - np.linalg.norm(g_c @ u_n) ** 2 / np.linalg.norm(g_c) ** 2,
            f"raw_{letter}": off_diagonal_mean(cosines(delta)),
            f"dark_removed_{letter}": off_diagonal_mean(cosines(delta @ u_n @ u_n.T)),
            f"visible_{letter}": off_diagonal_mean(np.corrcoef((l[:, changed] - l[:, base]).T)),
        }
    for names, (one, other) in (
        (("e_tok_ab", "e_prm_ab"), ((f_a, g_a), (f_b, g_b))),
        (("e_tok_ba", "e_prm_ba"), ((f_b, g_b), (f_a, g_a))),
    ):
        expected |= dict(zip(names, coupled(*one, *other, epsilon)))

    def integers(x):
        whole = np.round(x * SCALE)
        assert np.array_equal(whole / SCALE, x), name
        assert np.array_equal(x.astype(np.float32).astype(np.float64), x), name
        return [int(i) for i in whole.ravel()]

    return {
        "name": name,
        "is_f32": is_f32,
        "n": n,
        "v": v,
        "d_a": f_a.shape[1],
        "d_b": f_b.shape[1],
        "f_a": integers(f_a),
        "g_a": integers(g_a),
        "f_b": integers(f_b),
        "g_b": integers(g_b),
        "pairs": [[int(i) for i in pair] for pair in pairs],
        "clusters": clusters,
        "expected": {key: int(x) if isinstance(x, (int, np.integer)) else float(x) for key, x in expected.items()},
    }


def twin(rng, f, g, dark_f, dark_g):
    """Another pair of matrices with the same distribution: dark columns, then a change of basis, then a shift of g."""
    f = np.hstack([f, np.zeros((len(f), dark_g)), draw(rng, len(f), dark_f)])
    g = np.hstack([g, draw(rng, len(g), dark_g), np.zeros((len(g), dark_f))])
    matrix, inverse = unimodular(rng, f.shape[1])
    return f @ matrix.T, g @ inverse + draw(rng, 1, f.shape[1])


def main():
    rng = np.random.default_rng(20261124)
    pairs = [(2 * i, 2 * i + 1) for i in range(8)]
    texts = [i // 2 for i in range(30)]
    f, g = draw(rng, 30, 5), draw(rng, 44, 5)
    few_f, few_g = draw(rng, 4, 8), draw(rng, 44, 8)
    low_f = draw(rng, 30, 3) @ rng.integers(-2, 3, size=(3, 6))
    narrow = draw(rng, 14, 9, 0.5)
    near_g = g + draw(rng, 44, 5, 1 / 64)
    cases = [
        case("twin with dark parts", f, g, *twin(rng, f, g, 2, 3), pairs, texts),
        case("twin stored in f32", f, g, *twin(rng, f, g, 1, 2), pairs, texts, is_f32=True),
        case("unrelated, of other widths", f, g, draw(rng, 30, 7), draw(rng, 44, 7), pairs, texts),
        case("unrelated, in f32", f, g, draw(rng, 30, 6), draw(rng, 44, 6), pairs, texts, is_f32=True),
        case("fewer contexts than dimensions", few_f, few_g, *twin(rng, few_f, few_g, 1, 2), pairs),
        case("hidden states of rank three", low_f, draw(rng, 44, 6), draw(rng, 30, 4), draw(rng, 44, 4), pairs, texts),
        case("nearly equal", f, g, f, near_g, pairs, texts),
        case("too few tokens to halve", f[:, :4] @ draw(rng, 4, 9), narrow, draw(rng, 30, 2), draw(rng, 14, 2), pairs[:6]),
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.write_text(f'{{"scale":{SCALE},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
