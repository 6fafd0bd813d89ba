#!/usr/bin/env python3
"""Times in NumPy on one thread what benches/theory.rs times in Rust, at the size of GPT-2, and peak memory.

    python scripts/bench_reference.py [name ...]
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

N_CONTEXTS, N_TOKENS, WIDTH = 4096, 50_257, 768
TOKEN_SAMPLE, BLOCK, CONTEXTS_PER_TEXT = 8192, 32, 32
EPSILON = float(np.finfo(np.float32).eps)


def model(seed):
    rng = np.random.default_rng(seed)
    f = rng.normal(size=(N_CONTEXTS, WIDTH))
    g = rng.normal(size=(N_TOKENS, WIDTH))
    g *= WIDTH**-0.5
    return f, g


def factor(x):
    return x if len(x) <= x.shape[1] else np.linalg.qr(x, mode="r")


def span(x):
    _, s, vt = np.linalg.svd(factor(x))
    return vt[s > max(x.shape) * EPSILON * s[0]].T


def share_outside(x, basis):
    r = factor(x)
    return np.linalg.norm(r - (r @ basis) @ basis.T) ** 2 / np.linalg.norm(r) ** 2


def subspaces(f, g):
    centred = g - g.mean(0)
    of_f, of_g = span(f), span(centred)
    u, s, vt = np.linalg.svd(of_f.T @ of_g)
    u_m, u_n = of_f @ u, of_g @ vt.T
    texts = np.random.default_rng(1).permutation(N_CONTEXTS // CONTEXTS_PER_TEXT)[::2]
    half = (texts[:, None] * CONTEXTS_PER_TEXT + np.arange(CONTEXTS_PER_TEXT)).ravel()
    return share_outside(f, u_m), share_outside(centred, u_n), span(f[half]).shape[1], s


def size_in_logits(x, y):
    return np.linalg.norm(factor(x) @ factor(y).T)


def coupled_map(f_a, g_a, f_b, g_b):
    rng = np.random.default_rng(1)
    c_a, c_b = g_a - g_a.mean(0), g_b - g_b.mean(0)
    r_f, r_g = factor(f_b), factor(c_a)
    order = rng.permutation(len(g_a))
    one, other = np.array_split(order, 2)
    shuffled_f = f_b[rng.permutation(len(f_b))]
    tok = tok_shuffled = prm = prm_shuffled = 0.0
    for fit, held_out in ((one, other), (other, one)):
        x = g_a[fit] - g_a[fit].mean(0)
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        outside = np.linalg.norm(c_a - (c_a @ vt.T) @ vt)
        assert outside < 1e-3
        y = g_b[fit] - g_b[fit].mean(0)
        solve = lambda y: ((y.T @ u) / s) @ vt  # noqa: E731
        t, t_shuffled = solve(y), solve(y[rng.permutation(len(y))])
        tok += size_in_logits(r_f, c_b[held_out] - c_a[held_out] @ t.T) ** 2
        tok_shuffled += size_in_logits(r_f, c_b[held_out] - c_a[held_out] @ t_shuffled.T) ** 2
        prm += size_in_logits(f_a - f_b @ t, r_g) ** 2
        prm_shuffled += size_in_logits(f_a - shuffled_f @ t, r_g) ** 2
    whole = size_in_logits(r_f, c_b), size_in_logits(f_a, r_g), size_in_logits(f_a - f_a.mean(0), r_g)
    return tok, tok_shuffled, prm, prm_shuffled, whole


def log_softmax(z):
    z -= z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    return z


def divergences(a, b):
    """Each line of theory.md §4.2 for a block of contexts."""
    difference = a - b
    root_p, root_q = np.exp(0.5 * a), np.exp(0.5 * b)
    p, q = root_p * root_p, root_q * root_q
    log_mixture = np.log(0.5 * (p + q))
    kl_ab, kl_ba = (p * difference).sum(1), -(q * difference).sum(1)
    js = 0.5 * (p * (a - log_mixture) + q * (b - log_mixture)).sum(1)
    tv = 0.5 * np.abs(p - q).sum(1)
    hellinger = np.sqrt(0.5 * ((root_p - root_q) ** 2).sum(1))
    size = np.abs(difference)
    likely = np.where(np.maximum(a, b) >= np.log(1e-6), size, 0.0).max(1)
    best = [np.argpartition(-x, 10, axis=1)[:, :10] for x in (a, b)]
    agreement = [len(np.intersect1d(x, y)) / 10 for x, y in zip(*best)]
    return kl_ab, kl_ba, js, tv, hellinger, size.max(1), difference.std(1), likely, agreement


def all_divergences(f_a, g_a, f_b, g_b, n):
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        divergences(log_softmax(f_a[rows] @ g_a.T), log_softmax(f_b[rows] @ g_b.T))


def logits(f_a, g_a, f_b, g_b, n):
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        f_a[rows] @ g_a.T, f_b[rows] @ g_b.T


def main():
    (f_a, g_a), (f_b, g_b) = model(1), model(2)
    part = slice(0, TOKEN_SAMPLE)
    tasks = {
        "subspaces_on_sample": lambda: subspaces(f_a, g_a[part]),
        "subspaces_on_all_tokens": lambda: subspaces(f_a, g_a),
        "coupled_map_on_sample": lambda: coupled_map(f_a, g_a[part], f_b, g_b[part]),
        "logits_of_256_contexts": lambda: logits(f_a, g_a, f_b, g_b, 256),
        "divergences_256": lambda: all_divergences(f_a, g_a, f_b, g_b, 256),
        "divergences_4096": lambda: all_divergences(f_a, g_a, f_b, g_b, N_CONTEXTS),
    }
    for name in sys.argv[1:] or tasks:
        wall, cpu = time.perf_counter(), time.process_time()
        tasks[name]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{name}: {wall:.2f} s ({cpu:.2f} s of processor time)", flush=True)
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} kB")


if __name__ == "__main__":
    main()
