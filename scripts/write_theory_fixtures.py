#!/usr/bin/env python3
"""Writes fixtures/theory/tensors.json: small pairs of models with the numbers that theory.md's formulas give for them.

Straightforward numpy on whole n×V matrices, sharing no code and no short cut with src/theory. Every entry of every
matrix is a multiple of 2^-16, so that a file of integers holds it exactly and f32 holds it too. Nulls and intervals of
parallelism come from draws of their own, with the spread that such draws have.

    python scripts/write_theory_fixtures.py
"""

import json
from pathlib import Path
from statistics import NormalDist

import numpy as np

SCALE = 65536
NULL_DRAWS = 20_000
BOOTSTRAPS = 24
REPLICATES = 2000
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


def random_scores(vectors, base, changed):
    """Mean off-diagonal cosine of vectors[changed] − vectors[base] (rows of tokens), for each row of base and changed. A
    token paired with itself has cosine 0 with every pair."""
    scores = []
    for some in np.array_split(np.arange(len(base)), 20):
        delta = vectors[changed[some]] - vectors[base[some]]
        length = np.linalg.norm(delta, axis=2, keepdims=True)
        unit = delta / np.where(length > 0, length, 1)
        m = unit.shape[1]
        scores.append(((unit.sum(1) ** 2).sum(1) - (unit**2).sum((1, 2))) / (m * (m - 1)))
    return np.concatenate(scores)


def nulls(rng, vectors, pairs):
    """Scores with the distinct tokens of the pairs exchanged for distinct random ones (N1), and with the changed tokens
    in random order among the pairs (N2)."""
    distinct, places = np.unique(pairs, return_inverse=True)
    places = places.reshape(-1, 2)
    drawn = rng.random((NULL_DRAWS, len(vectors))).argsort(1)[:, : len(distinct)]
    random = random_scores(vectors, drawn[:, places[:, 0]], drawn[:, places[:, 1]])
    order = rng.random((NULL_DRAWS, len(pairs))).argsort(1)
    base = np.broadcast_to(pairs[:, 0], order.shape)
    return random, random_scores(vectors, base, pairs[:, 1][order])


def weighted_scores(c, w):
    """Σ_{i≠j} w_i w_j c_ij / Σ_{i≠j} w_i w_j for each row of w; c is one matrix or one for each row. 1 where nothing
    lies off the diagonal."""
    c = np.broadcast_to(c, (len(w),) + c.shape[-2:])
    own = np.einsum("bi,bi,bii->b", w, w, c)
    total = w.sum(1) ** 2 - (w**2).sum(1)
    with np.errstate(invalid="ignore"):
        return np.where(total > 0, (np.einsum("bi,bj,bij->b", w, w, c) - own) / total, 1.0)


def correlations(r, weights):
    """Correlations of the columns of r over contexts, for each row of weights of the contexts."""
    shares = weights / weights.sum(1, keepdims=True)
    apart = r[None] - (shares @ r)[:, None]
    covariance = np.einsum("bx,bxi,bxj->bij", shares, apart, apart)
    sd = np.sqrt(np.einsum("bii->bi", covariance))
    return covariance / sd[:, :, None] / sd[:, None, :]


def bca(replicates, score, left_out):
    """Efron's BCa limits, the influence of every unit of every sample from the scores without it."""
    normal = NormalDist()
    apart = replicates - score
    shift = normal.inv_cdf(((apart < -1e-12).mean()) + 0.5 * (abs(apart) <= 1e-12).mean())
    influence = np.concatenate([(len(u) - 1) / len(u) * (np.mean(u) - u) for u in left_out])
    skew = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    z = np.array([shift + normal.inv_cdf(q) for q in (0.025, 0.975)])
    levels = [normal.cdf(x) for x in shift + z / (1 - skew * z)]
    return np.quantile(replicates, levels)


def without_each(n):
    return 1.0 - np.eye(n)


def bootstrap(rng, c, ratios=None, texts=None):
    """Mean and standard deviation, over many bootstraps of the usual size, of the limits: over pairs for cosines c; over
    pairs and texts where the log-ratios of the pairs (n×m) are given."""
    m = len(c)
    score = weighted_scores(c, np.ones((1, m)))[0]
    left_out = [weighted_scores(c, without_each(m))]
    if ratios is not None:
        names, text = np.unique(texts, return_inverse=True)
        without_a_text = correlations(ratios, without_each(len(names))[:, text])
        left_out.append(weighted_scores(without_a_text, np.ones((len(names), m))))
    limits = []
    for _ in range(BOOTSTRAPS):
        pairs = rng.multinomial(m, np.full(m, 1 / m), size=REPLICATES).astype(float)
        resampled = c
        if ratios is not None:
            drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=REPLICATES).astype(float)
            resampled = correlations(ratios, drawn[:, text])
        limits.append(bca(weighted_scores(resampled, pairs), score, left_out))
    return np.mean(limits, axis=0), np.std(limits, axis=0, ddof=1)


def statistics(seed, f, g, pairs, texts):
    """What parallelism.rs finds by random draws, in the model's own coordinates and from log-probabilities."""
    rng = np.random.default_rng(seed)
    pairs = np.array(pairs)
    l = log_softmax(f @ g.T)
    l = (l - l.mean(0)).T
    ratios = (l[pairs[:, 1]] - l[pairs[:, 0]]).T
    found = {}
    for version, vectors, more in (("raw", g, ()), ("visible", l, (ratios, np.array(texts)))):
        random, shuffled = nulls(rng, vectors, pairs)
        c = cosines(vectors[pairs[:, 1]] - vectors[pairs[:, 0]])
        limits, spread = bootstrap(rng, c, *more)
        found[version] = {
            "score": off_diagonal_mean(c),
            "random": [random.mean(), random.std()],
            "shuffled": [shuffled.mean(), shuffled.std()],
            "p": np.mean(random >= off_diagonal_mean(c) - 1e-12),
            "low": [limits[0], spread[0]],
            "high": [limits[1], spread[1]],
        }
    return found


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
    sharing = [(0, 1), (0, 2), (0, 3), (4, 5), (5, 6), (7, 8), (9, 8)]
    rounded = lambda x: {k: rounded(y) for k, y in x.items()} if isinstance(x, dict) else np.round(x, 9).tolist()
    for seed, (place, asked) in enumerate([(0, pairs), (2, sharing), (5, pairs), (6, sharing)]):
        of = cases[place]
        f_a, g_a, f_b, g_b = (
            np.array(of[name]).reshape(rows, -1) / SCALE
            for name, rows in (("f_a", of["n"]), ("g_a", of["v"]), ("f_b", of["n"]), ("g_b", of["v"]))
        )
        of["statistics"] = {
            "pairs": asked,
            "draws": NULL_DRAWS,
            "bootstraps": BOOTSTRAPS,
            "a": rounded(statistics(2 * seed, f_a, g_a, asked, texts)),
            "b": rounded(statistics(2 * seed + 1, f_b, g_b, asked, texts)),
        }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.write_text(f'{{"scale":{SCALE},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
