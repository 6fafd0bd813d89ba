# Recomputes numbers of a report of All or None with Hugging Face transformers, on the CPU in single precision.
#
#     pip install torch transformers
#     python THIS_FILE [MODEL_A [MODEL_B]] [--json]
#
# MODEL_A and MODEL_B are folders or names of the Hub; without them the places below are loaded. KL, JS and
# max |log p_A - log p_B| are those of the next token: of the prompts, and of every context that the report observed.
# Parallelism of the concept is the mean cosine between the differences g(changed) - g(base) of its pairs: raw, of the
# unembeddings themselves; visible, of the pairs' log-ratios over all contexts. The effective complexity is the rank of
# those log-ratios over all tokens; dark is the share of ||f||^2 and of the centred ||g||^2 that changes none of them.

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

#PARAMETERS#

SINGLE, DOUBLE = torch.finfo(torch.float32).eps, torch.finfo(torch.float64).eps


def token_id(tokenizer, text):
    """The id of a token, which vocabularies write with Ġ or ▁ for a leading space."""
    vocabulary = tokenizer.get_vocab()
    for written in (text, text.replace(" ", "Ġ"), text.replace(" ", "▁")):
        if written in vocabulary:
            return vocabulary[written]
    [only] = tokenizer.encode(text, add_special_tokens=False)
    return only


@torch.no_grad()
def observe(place):
    """f after the prompts and on every context, and g, in double precision from here on."""
    name, revision = place
    tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
    model = AutoModelForCausalLM.from_pretrained(name, revision=revision).float().eval()

    def hidden(text, where):
        ids = tokenizer(text).input_ids
        unreadable = tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids
        if unreadable or not 0 < len(ids) <= model.config.max_position_embeddings:
            return torch.zeros(0, model.config.hidden_size)
        return model.base_model(torch.tensor([ids])).last_hidden_state[0][where]

    last, all_but_first = slice(-1, None), slice(1, None)
    prompts = torch.cat([hidden(text, last) for text in PROMPTS])
    contexts = [hidden(text, last) for text in CONCEPT_CONTEXTS]
    contexts += [hidden(text, all_but_first) for text in CALIBRATION]
    g = model.get_output_embeddings().weight
    return {
        "n_prompts": len(prompts),
        "contexts": torch.cat([prompts, *contexts]).double(),
        "tokens": g[sorted(set(tokenizer.get_vocab().values()))].double(),
        "pairs": torch.stack(
            [g[token_id(tokenizer, changed)] - g[token_id(tokenizer, base)] for base, changed in PAIRS]
        ).double()
        if PAIRS
        else None,
    }


def mean_cosine(rows):
    """Mean cosine between different rows."""
    units = rows / rows.norm(dim=1, keepdim=True)
    return ((units @ units.T).sum() - len(rows)) / (len(rows) * (len(rows) - 1))


def parallelism(model, letter):
    if model["pairs"] is None:
        return {}
    log_ratios = model["pairs"] @ model["contexts"].T
    visible = mean_cosine(log_ratios - log_ratios.mean(dim=1, keepdim=True))
    return {f"raw_{letter}": mean_cosine(model["pairs"]), f"visible_{letter}": visible}


def distances(a, b):
    """Those of the next token after each context, a few contexts at a time: the vocabulary may be large."""
    names = ("kl_ab", "kl_ba", "js", "max_abs_dlogp")
    found = {name: [] for name in names}
    for f_a, f_b in zip(a["contexts"].split(64), b["contexts"].split(64)):
        log_a, log_b = (torch.log_softmax(f @ x["tokens"].T, dim=1) for f, x in ((f_a, a), (f_b, b)))
        p, q = log_a.exp(), log_b.exp()
        log_mixture = ((p + q) / 2).log()
        found["kl_ab"].append((p * (log_a - log_b)).sum(dim=1))
        found["kl_ba"].append((q * (log_b - log_a)).sum(dim=1))
        found["js"].append(((p * (log_a - log_mixture) + q * (log_b - log_mixture)) / 2).sum(dim=1))
        found["max_abs_dlogp"].append((log_a - log_b).abs().amax(dim=1))
    per_context = {name: torch.cat(found[name]) for name in names}
    summary = {}
    for values, where in (("prompts", slice(a["n_prompts"])), ("all", slice(None))):
        for name in names[:3]:
            summary[f"{values}_mean_{name}"] = per_context[name][where].mean()
        summary[f"{values}_max_abs_dlogp"] = per_context["max_abs_dlogp"][where].max()
    return summary


def span(rows, noise=0.0):
    """An orthonormal basis of what the rows span, by NumPy's rule for ranks at single precision, and how far rounding
    may have turned it."""
    _, sigmas, directions = torch.linalg.svd(rows, full_matrices=False)
    kept = sigmas > max(max(rows.shape) * SINGLE * sigmas[0].item(), noise)
    return directions[kept].T, 2 * SINGLE * sigmas.norm() / sigmas[kept][-1]


def share_outside(rows, basis):
    return (rows - rows @ basis @ basis.T).square().sum() / rows.square().sum()


def visible(model, letter):
    """What of the representation the distribution sees: the principal angles between the spans of f and g."""
    f, g = model["contexts"], model["tokens"]
    centred = g - g.mean(dim=0)
    (f_basis, f_error), (g_basis, g_error) = span(f), span(centred, 4 * DOUBLE * g.norm().item())
    left, cosines, right = torch.linalg.svd(f_basis.T @ g_basis, full_matrices=False)
    r = int((cosines > (f_error + g_error).clamp(1e-6, 0.1)).sum())
    return {
        f"rank_f_{letter}": f_basis.shape[1],
        f"rank_g_{letter}": g_basis.shape[1],
        f"effective_complexity_{letter}": r,
        f"dark_f_{letter}": share_outside(f, f_basis @ left[:, :r]),
        f"dark_g_{letter}": share_outside(centred, g_basis @ right[:r].T),
    }


def main():
    places = [place for place in sys.argv[1:] if place != "--json"]
    place_a = (places[0], None) if places else MODEL_A
    place_b = (places[1], None) if len(places) > 1 else MODEL_B
    a = observe(place_a)
    found = {"n_contexts": len(a["contexts"]), "n_tokens": len(a["tokens"])} | visible(a, "a") | parallelism(a, "a")
    if place_b is None:
        print("Model B is built from model A by the program and has no weights: A alone is recomputed.", file=sys.stderr)
    else:
        b = observe(place_b)
        found |= visible(b, "b") | parallelism(b, "b") | distances(a, b)
    found = {name: float(found[name]) for name in REPORT if name in found}
    if "--json" in sys.argv:
        print(json.dumps({"report": REPORT, "recomputed": found}, indent=1))
        return
    print(f"{'':<24}{'recomputed':>16}{'report':>16}{'difference':>14}")
    for name, value in found.items():
        print(f"{name:<24}{value:>16.8g}{REPORT[name]:>16.8g}{value - REPORT[name]:>14.1e}")


main()
