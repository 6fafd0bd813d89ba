#!/usr/bin/env python3
"""Writes the random-weight checkpoints of fixtures/checkpoints and what transformers says of them.

Every folder is what the Hugging Face Hub would hold of a model (config.json, weights, tokenizer.json) and a
self_test.json with the answers of transformers, computed in float32 on the CPU from the files as written. The
folders cover every architecture of src/models, and its options as each folder's list in self_test.json says.
Needs torch, transformers, safetensors and tokenizers. Weights follow from seeds; the answers may differ in their last
digits from machine to machine.
"""

import json
import math
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPTNeoConfig,
    GPTNeoXConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
CONTEXT_LENGTH = 48

WORDS = """a the my her his our this that one two cat dog bird fish tree river stone house door road day night sun moon
rain snow sees hears takes gives likes finds loses keeps sings runs sleeps falls opens closes red blue green old young
small big slow quick and but or then when under over near with without not again . ,""".split()

PROMPTS = [
    "the",
    "my dog sleeps",
    "when the moon falls , her small bird sings",
    "a cat sees one fish near the river and then that dog runs over this old stone",
    "the sun opens the door and the rain closes the door but not the night , when my cat and his dog and our bird "
    "sings again and again .",
]

# Text that the byte-level tokenizer learns its merges from, and prompts beyond it.
CORPUS = [
    "The old river runs under the stone house, and the young bird sings again and again.",
    "When the moon falls over the road, nobody hears the rain; the door of the house opens slowly.",
    "She sees one red fish, he finds two blue stones, and they keep singing without their friends.",
]
BYTE_PROMPTS = [
    "T",
    "The old river",
    " singing café naïve",
    "When 12 birds sleep,\n  nobody hears the snow!",
    "Zwölf — 日本語 and the rain; the door opens 🙂.",
]


def word_tokenizer(has_bos: bool) -> Tokenizer:
    """One token a word; with a beginning-of-text token before every text where asked for."""
    tokens = ["<unk>", "<bos>", "<eos>", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({token: i for i, token in enumerate(tokens)}, unk_token="<unk>"))
    tokenizer.add_special_tokens(tokens[:3])
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if has_bos:
        tokenizer.post_processor = processors.TemplateProcessing("<bos> $A", special_tokens=[("<bos>", 1)])
    return tokenizer


def byte_tokenizer() -> Tokenizer:
    """Byte-level pair encoding, as GPT-2 has it, with few merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def old_masks(folder: Path) -> None:
    """Adds the mask buffers that old versions of transformers saved with GPT-2."""
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    mask = torch.tril(torch.ones(CONTEXT_LENGTH, CONTEXT_LENGTH))[None, None]
    for layer_idx, dtype in enumerate([torch.float32, torch.uint8, torch.bool]):
        tensors[f"h.{layer_idx}.attn.bias"] = mask.to(dtype)
        tensors[f"h.{layer_idx}.attn.masked_bias"] = torch.tensor(-1e4)
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})


def edit_config(**changes: object) -> Callable[[Path], None]:
    """Sets fields of config.json; None removes one."""

    def edit(folder: Path) -> None:
        path = folder / "config.json"
        config = {key: value for key, value in json.loads(path.read_text()).items() if key not in changes}
        config |= {key: value for key, value in changes.items() if value is not None}
        path.write_text(json.dumps(config, indent=2) + "\n")

    return edit


@dataclass
class Fixture:
    """One folder."""

    name: str
    config: transformers.PretrainedConfig
    options: str
    tokenizer: Tokenizer = field(default_factory=lambda: word_tokenizer(has_bos=False))
    prompts: list[str] = field(default_factory=lambda: PROMPTS)
    dtype: torch.dtype = torch.float32
    shard_size: str = "1GB"
    is_base: bool = False
    edit: Callable[[Path], None] = lambda folder: None


def gpt2(**options: object) -> GPT2Config:
    sizes = {"n_positions": CONTEXT_LENGTH, "n_embd": 24, "n_layer": 3, "n_head": 3}
    return GPT2Config(**{"vocab_size": len(WORDS) + 3, "bos_token_id": 1, "eos_token_id": 2} | sizes | options)


def gpt_neo(**options: object) -> GPTNeoConfig:
    sizes = {"max_position_embeddings": CONTEXT_LENGTH, "hidden_size": 24, "num_layers": 3, "num_heads": 3}
    return GPTNeoConfig(**{"vocab_size": len(WORDS) + 3, "bos_token_id": 1, "eos_token_id": 2} | sizes | options)


def gpt_neox(**options: object) -> GPTNeoXConfig:
    sizes = {"max_position_embeddings": CONTEXT_LENGTH, "hidden_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "intermediate_size": 48, "bos_token_id": 1, "eos_token_id": 2}
    return GPTNeoXConfig(**{"vocab_size": len(WORDS) + 3} | sizes | heads | options)


def llama(**options: object) -> LlamaConfig:
    sizes = {"max_position_embeddings": CONTEXT_LENGTH, "hidden_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "intermediate_size": 40, "bos_token_id": 1, "eos_token_id": 2}
    return LlamaConfig(**{"vocab_size": len(WORDS) + 3} | sizes | heads | options)


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


def fixtures() -> list[Fixture]:
    """All of them, so that every option is in at least one."""
    bos = word_tokenizer(has_bos=True)
    return [
        Fixture(
            "gpt2-tied",
            gpt2(vocab_size=324, bos_token_id=0, eos_token_id=0),
            "tied head, gelu_new, byte-level BPE, padded vocabulary",
            tokenizer=byte_tokenizer(),
            prompts=BYTE_PROMPTS,
            edit=edit_config(n_ctx=CONTEXT_LENGTH),
        ),
        Fixture(
            "gpt2-untied",
            gpt2(tie_word_embeddings=False, activation_function="gelu", layer_norm_epsilon=0.1),
            "untied head, gelu, layer_norm_epsilon",
        ),
        Fixture(
            "gpt2-inverse-layer",
            gpt2(scale_attn_by_inverse_layer_idx=True, activation_function="quick_gelu", reorder_and_upcast_attn=True),
            "scale_attn_by_inverse_layer_idx, quick_gelu, stored as f16",
            dtype=torch.float16,
        ),
        Fixture(
            "gpt2-unscaled",
            gpt2(scale_attn_weights=False, n_inner=20, activation_function="relu"),
            "scale_attn_weights = false, n_inner, relu, sharded",
            shard_size="12KB",
        ),
        Fixture(
            "gpt2-base",
            gpt2(activation_function="gelu_fast"),
            "base checkpoint without prefix, mask buffers of old versions, gelu_fast",
            is_base=True,
            edit=old_masks,
        ),
        Fixture(
            "gpt-neo-local",
            gpt_neo(attention_types=[[["global", "local"], 1], [["local"], 1]], window_size=3),
            "tied head, global and local layers, window of 3, gelu_new",
        ),
        Fixture(
            "gpt-neo-untied",
            gpt_neo(
                attention_types=[[["local", "global"], 1], [["global"], 1]],
                window_size=6,
                intermediate_size=20,
                tie_word_embeddings=False,
                activation_function="gelu_pytorch_tanh",
            ),
            "untied head, attention_types alone, window of 6, intermediate_size, gelu_pytorch_tanh, "
            "beginning-of-text token",
            tokenizer=bos,
            edit=edit_config(attention_layers=None),
        ),
        Fixture(
            "gpt-neox-parallel",
            gpt_neox(rope_parameters={"rope_type": "default", "rope_theta": 30.0, "partial_rotary_factor": 0.25}),
            "untied head, parallel residual, a quarter of each head rotated, rope_parameters, gelu, stored as bf16",
            dtype=torch.bfloat16,
        ),
        Fixture(
            "gpt-neox-serial",
            gpt_neox(
                use_parallel_residual=False,
                attention_bias=False,
                tie_word_embeddings=True,
                hidden_act="relu2",
                rope_parameters={"rope_type": "default", "rope_theta": 30.0, "partial_rotary_factor": 1.0},
            ),
            "tied head, serial residual, no attention bias, whole heads rotated, rotary_emb_base and rotary_pct, relu2",
            edit=edit_config(rope_parameters=None, rotary_emb_base=30, rope_theta=30, rotary_pct=1.0),
        ),
        Fixture(
            "gpt-neox-linear",
            gpt_neox(
                hidden_act="tanh",
                rope_parameters={
                    "rope_type": "linear",
                    "factor": 4.0,
                    "rope_theta": 30.0,
                    "partial_rotary_factor": 0.5,
                },
            ),
            "linear rotary scaling on half of each head, rope_scaling, tanh, sharded, beginning-of-text token",
            tokenizer=bos,
            shard_size="16KB",
            edit=edit_config(
                rope_parameters=None,
                rope_scaling={"type": "linear", "factor": 4.0},
                rotary_emb_base=30,
                rotary_pct=0.5,
            ),
        ),
        Fixture(
            "llama-plain",
            llama(rope_parameters={"rope_type": "default", "rope_theta": 30.0}, rms_norm_eps=0.1),
            "untied head, all defaults, rope_theta, rms_norm_eps, silu, beginning-of-text token",
            tokenizer=bos,
            edit=edit_config(rope_parameters=None, rope_theta=30.0, head_dim=None, num_key_value_heads=None),
        ),
        Fixture(
            "llama-grouped",
            llama(
                num_key_value_heads=2,
                head_dim=12,
                attention_bias=True,
                mlp_bias=True,
                tie_word_embeddings=True,
                hidden_act="swish",
                rope_parameters={"rope_type": "default", "rope_theta": 30.0},
            ),
            "tied head, grouped queries, head_dim, biases in attention and inner layers, rope_parameters, swish, sharded",
            shard_size="16KB",
        ),
        Fixture(
            "llama-llama3",
            llama(
                num_key_value_heads=1,
                hidden_act="sigmoid",
                rope_parameters=LLAMA3 | {"rope_theta": 100.0, "original_max_position_embeddings": 20},
            ),
            "llama3 rotary scaling, rope_scaling, one key head, sigmoid, stored as f16",
            dtype=torch.float16,
            edit=edit_config(
                rope_parameters=None,
                rope_theta=100.0,
                rope_scaling=LLAMA3 | {"original_max_position_embeddings": 20},
            ),
        ),
        Fixture(
            "llama-llama3-parameters",
            llama(
                hidden_act="gelu_python",
                rope_parameters=LLAMA3 | {"rope_theta": 100.0, "original_max_position_embeddings": 20},
            ),
            "llama3 rotary scaling, rope_parameters, gelu_python, stored as bf16",
            dtype=torch.bfloat16,
        ),
        Fixture(
            "llama-linear",
            llama(
                tie_word_embeddings=True,
                hidden_act="gelu_python_tanh",
                rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 30.0},
            ),
            "tied head, base checkpoint without prefix, linear rotary scaling, rope_parameters, gelu_python_tanh",
            is_base=True,
        ),
    ]


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights so large, biases and gains so uneven, that no part of the network can be left out unseen."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        values = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim == 1:
            is_gain = name.endswith("weight")
            values = 1 + 0.3 * values if is_gain else 0.4 * values
        elif "wpe" in name or "wte" in name or "embed" in name or "lm_head" in name:
            values = 0.5 * values
        else:
            # Conv1D stores [in, out], Linear [out, in]; either way the sum over the inputs grows as its root.
            values = values / math.sqrt(min(parameter.shape))
        parameter.data = values


def answer(model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast, prompt: str) -> dict[str, object]:
    """What transformers says after one prompt."""
    ids = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)["input_ids"]
    seen: list[torch.Tensor] = []
    hook = model.get_output_embeddings().register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, -1]
    hook.remove()
    log_probs = torch.log_softmax(logits.double(), dim=-1)
    return {
        "text": prompt,
        "token_ids": ids[0].tolist(),
        "log_probs": [float(f"{x:.9g}") for x in log_probs.tolist()],
        "hidden": [float(f"{x:.9g}") for x in seen[0][0, -1].tolist()],
    }


def write(fixture: Fixture, seed: int) -> None:
    folder = FIXTURES / "checkpoints" / fixture.name
    folder.mkdir(parents=True)
    model = AutoModelForCausalLM.from_config(fixture.config)
    randomise(model, seed)
    model.tie_weights()
    model = model.to(fixture.dtype)
    saved = model.base_model if fixture.is_base else model
    saved.save_pretrained(folder, max_shard_size=fixture.shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    fixture.edit(folder)
    fixture.tokenizer.save(str(folder / "tokenizer.json"))
    for path in folder.iterdir():
        path.chmod(0o644)

    # The answers come from the files, not from the model in memory: what is stored is what is tested.
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    wrong = {kind: names for kind, names in info.items() if names and kind != "unexpected_keys"}
    unexpected = [name for name in info["unexpected_keys"] if ".attn." not in name]
    if wrong or unexpected:
        raise SystemExit(f"{fixture.name}: transformers cannot load what was written: {wrong} {unexpected}")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    prompts = [answer(model.eval(), tokenizer, prompt) for prompt in fixture.prompts]
    self_test = {"options": fixture.options, "prompts": prompts}
    (folder / "self_test.json").write_text(json.dumps(self_test, ensure_ascii=False) + "\n")
    largest = max(max(known["log_probs"]) for known in prompts)
    smallest = min(min(known["log_probs"]) for known in prompts)
    print(f"{fixture.name}: log p from {smallest:.1f} to {largest:.3f}")


README = """# Fixtures

`checkpoints/` holds small models with random weights, in the form that the Hugging Face Hub stores, and in each
folder a `self_test.json`: token ids, natural log-probabilities and hidden state (what the head multiplies) after some
prompts, as `transformers` computes them from these files in float32 on the CPU.

Written by `scripts/write_fixtures.py` with Python {python}, torch {torch}, transformers {transformers},
tokenizers {tokenizers}.
`tests/checkpoints.rs` holds our own engine to these answers; `docs/validation.md` shows how close it comes.

`theory/` holds small pairs of models as plain matrices, with the ranks, distances, residuals and scores that numpy
gives for them.
Written by `scripts/write_theory_fixtures.py`; the tests of `src/lab/tensors.rs` hold our own numbers to these.
"""


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    shutil.rmtree(FIXTURES / "checkpoints", ignore_errors=True)
    for seed, fixture in enumerate(fixtures(), start=1):
        write(fixture, seed)
    text = README.format(
        python=platform.python_version(),
        torch=torch.__version__,
        transformers=transformers.__version__,
        tokenizers=tokenizers.__version__,
    )
    (FIXTURES / "README.md").write_text(text)


if __name__ == "__main__":
    main()
