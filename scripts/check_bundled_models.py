#!/usr/bin/env python3
"""Loads models with transformers and compares their log-probabilities with the stored self-test.

Takes folders of models, or folders of such folders: by default everything below public/models.

Needs torch and transformers. Exits with 1 where a difference is above the limit. With --write, the number found is
written into the model's card.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

LIMIT = 1e-4  # nats
BUNDLED = Path(__file__).resolve().parent.parent / "public" / "models"


def largest_difference(folder: Path) -> float:
    """Largest |log p - stored log p| over all prompts and tokens."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    largest = 0.0
    for known in json.loads((folder / "self_test.json").read_text())["prompts"]:
        inputs = tokenizer(known["text"], return_tensors="pt")
        ids = inputs["input_ids"][0].tolist()
        if ids != known["token_ids"]:
            raise SystemExit(f"{folder.name}: token ids of {known['text']!r} are {ids}, expected {known['token_ids']}")
        with torch.no_grad():
            log_probs = torch.log_softmax(model(input_ids=inputs["input_ids"]).logits[0, -1].double(), dim=-1)
        stored = torch.tensor(known["log_probs"], dtype=torch.float64)
        largest = max(largest, (log_probs - stored).abs().max().item())
        best = tokenizer.convert_ids_to_tokens(log_probs.argmax().item())
        print(f"{folder.name}: {known['text']!r} -> {best!r} with probability {log_probs.max().exp().item():.4f}")
    return largest


def write_into_card(folder: Path, difference: float) -> None:
    """Replaces the card's sentence about transformers."""
    card = folder / "README.md"
    sentence = f"Largest difference: {difference:.1e} nats (transformers {transformers.__version__}, CPU)."
    text, n_replaced = re.subn(r"Largest difference: .*", sentence, card.read_text())
    if n_replaced != 1:
        raise SystemExit(f"{card}: expected one line that begins with 'Largest difference: ', found {n_replaced}")
    card.write_text(text)


def self_tests(given: Path) -> list[Path]:
    """The self-tests of a model's folder or of the folders in it; a name that begins with a dot is half written."""
    return [path for pattern in ("self_test.json", "[!.]*/self_test.json") for path in given.glob(pattern)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the number found into the model's card")
    parser.add_argument("folders", nargs="*", type=Path, default=[BUNDLED], help="models, or folders of models")
    arguments = parser.parse_args()
    folders = sorted({path.parent for given in arguments.folders for path in self_tests(given)})
    if not folders:
        print(f"no model with a self_test.json in {', '.join(map(str, arguments.folders))}", file=sys.stderr)
        return 1
    status = 0
    for folder in folders:
        difference = largest_difference(folder)
        print(f"{folder.name}: largest difference {difference:.2e} nats (limit {LIMIT:.0e})")
        if not difference <= LIMIT:
            status = 1
        elif arguments.write:
            write_into_card(folder, difference)
    return status


if __name__ == "__main__":
    sys.exit(main())
