# Recomputes numbers of a report of All or None with Hugging Face transformers, on the CPU in single precision.
#
#     pip install torch transformers
#     python THIS_FILE [MODEL_A [MODEL_B]] [--json]
#
# MODEL_A and MODEL_B are folders or names of the Hub; without them the places below are loaded. KL, JS and
# max |log p_A - log p_B| are those of the next token after each prompt. Parallelism of the concept is the mean cosine
# between the differences g(changed) - g(base) of its pairs: raw, of the unembeddings themselves; visible, of the pairs'
# log-ratios over every context that the report observed.

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

#PARAMETERS#


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
        "prompts": prompts.double(),
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
    log_a, log_b = (torch.log_softmax(x["prompts"] @ x["tokens"].T, dim=1) for x in (a, b))
    p, q = log_a.exp(), log_b.exp()
    log_mixture = ((p + q) / 2).log()
    return {
        "mean_kl_ab": (p * (log_a - log_b)).sum(dim=1).mean(),
        "mean_kl_ba": (q * (log_b - log_a)).sum(dim=1).mean(),
        "mean_js": ((p * (log_a - log_mixture) + q * (log_b - log_mixture)) / 2).sum(dim=1).mean(),
        "max_abs_dlogp": (log_a - log_b).abs().max(),
    }


def main():
    places = [place for place in sys.argv[1:] if place != "--json"]
    place_a = (places[0], None) if places else MODEL_A
    place_b = (places[1], None) if len(places) > 1 else MODEL_B
    a = observe(place_a)
    found = {"n_contexts": len(a["contexts"])} | parallelism(a, "a")
    if place_b is None:
        print("Model B is built from model A by the program and has no weights: A alone is recomputed.", file=sys.stderr)
    else:
        b = observe(place_b)
        found |= parallelism(b, "b") | distances(a, b)
    found = {name: float(found[name]) for name in REPORT if name in found}
    if "--json" in sys.argv:
        print(json.dumps({"report": REPORT, "recomputed": found}, indent=1))
        return
    print(f"{'':<16}{'recomputed':>16}{'report':>16}{'difference':>14}")
    for name, value in found.items():
        print(f"{name:<16}{value:>16.8g}{REPORT[name]:>16.8g}{value - REPORT[name]:>14.1e}")


main()
