#!/usr/bin/env python3
"""Which tokens carry a relation of the world `wugs`: those that may come next, or those with next to no probability.

A relation is linear where the log-odds of its answers after the query are an affine function of the hidden state of the
subject. Here they are predicted (ridge, five folds over subjects, R²) from all of the hidden state; from the log-odds, at
the subject, of the tokens that are due there (their first four principal components: the world has four latent numbers);
and from the log-odds, at the subject, of the answers themselves, which are not due there.

    cargo build --release --features cli --bin all-or-none
    python scripts/what_carries_a_relation.py public/models/wugs-d64-s1 [MODEL ...]
"""

import json
import subprocess
import sys

import numpy as np

PROGRAM = "target/release/all-or-none"
RELATIONS = ["languages", "foods", "tunes"]
DUE = 60
PENALTIES = 10.0 ** np.arange(-6, 4)


def next_tokens(model, prompts):
    """Log-probabilities and hidden states after each prompt."""
    command = [PROGRAM, "next-token", "--model", model, "--json", "--full"]
    for prompt in prompts:
        command += ["--prompt", prompt]
    results = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["results"]
    return np.array([r["logprobs"] for r in results]), np.array([r["hidden"] for r in results])


def centred(rows):
    return rows - rows.mean(axis=1, keepdims=True)


def explained(x, y, folds=5):
    """Held-out R² of ridge regression, with the penalty that does best."""
    order = np.random.default_rng(0).permutation(len(x))

    def at(penalty):
        left = total = 0.0
        for fold in range(folds):
            test = order[fold::folds]
            train = np.setdiff1d(order, test)
            mean, scale, target = x[train].mean(0), x[train].std(0) + 1e-12, y[train].mean(0)
            a = (x[train] - mean) / scale
            weights = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ (y[train] - target))
            left += ((y[test] - (x[test] - mean) / scale @ weights - target) ** 2).sum()
            total += ((y[test] - target) ** 2).sum()
        return 1 - left / total

    return max(at(penalty) for penalty in PENALTIES)


def main(models):
    with open("public/worlds/wugs/concepts.json") as file:
        concepts = {concept["name"]: concept for concept in json.load(file)}
    print("| model | relation | probability of the due | of the answers | R² from f | from the due | from the answers |")
    print("|---|---|---|---|---|---|---|")
    for model in models:
        with open(f"{model}/tokenizer.json") as file:
            vocabulary = json.load(file)["model"]["vocab"]
        for name in RELATIONS:
            relation = concepts[name]["relation"]
            subjects = [relation["context"].replace("{}", s) for s in relation["subjects"]]
            log_p, hidden = next_tokens(model, subjects)
            asked, _ = next_tokens(model, [s + relation["query"] for s in subjects])
            answers = [vocabulary[word] for word in relation["answers"]]
            due = log_p.mean(0).argsort()[::-1][:DUE]
            target, seen = centred(asked[:, answers]), centred(log_p[:, due])
            u, s, _ = np.linalg.svd(seen - seen.mean(0), full_matrices=False)
            scores = explained(hidden, target), explained(u[:, :4] * s[:4], target), explained(centred(log_p[:, answers]), target)
            share = [np.exp(log_p[:, ids]).sum(1).mean() for ids in (due, answers)]
            numbers = " | ".join(f"{score:.2f}" for score in scores)
            print(f"| {model.rsplit('/', 1)[-1]} | {name} | {share[0]:.2f} | {share[1]:.0e} | {numbers} |")


if __name__ == "__main__":
    main(sys.argv[1:])
