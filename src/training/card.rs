//! Model cards.

use super::family::{Distillation, Lesson, Stop};
use super::measure::{Distances, HELD_OUT_SEED, HeldOut};
use super::network::Architecture;
use super::record::Record;
use super::run::Plan;
use crate::worlds::baseline::Estimate;

/// The card of a model that `train model` wrote.
pub fn bundled(name: &str, plan: &Plan, held_out: &HeldOut, distances: &Distances) -> String {
    let Plan { shape, n_steps, n_texts, learning_rate, seed } = plan;
    let numbers = table(held_out, distances);
    format!(
        "---
language: en
license: mit
library_name: transformers
---

# {name}

A Llama-shaped language model of {n_layers} layers, width {width}, {n_heads} heads and {n_tokens} word-level tokens, in f32.
It learned a generated world of simple English sentences whose next-token distribution is known exactly
(`src/worlds/english.rs`), and it speaks of nothing else: degrees of adjectives, singular and plural, present and past,
opposites, countries with their capitals and languages.

## How far from the truth

Means over {n_places} places of {n_held_out} held-out texts (seed {HELD_OUT_SEED}), in nats per token.

| | mean | standard error |
|---|---|---|
{numbers}
The baselines are the frequencies of tokens, and of tokens after each token, learned from the exact distributions along
{n_baseline_texts} other texts.

## How to train it again

```sh
cargo run --release --features train --bin train -- model --width {width} --inner-width {inner_width} \\
    --layers {n_layers} --heads {n_heads} --steps {n_steps} --batch {n_texts} --learning-rate {learning_rate} \\
    --seed {seed} --out public/models/{name}
```

AdamW (β 0.9 and 0.98, weight decay 0.01, gradient norm at most 1), linear warm-up over a twentieth of the steps, then
half a cosine to zero. The loss is the cross-entropy with the exact next-token distribution at every place of sentences
drawn with seed {seed}; the same seed draws the initial weights. One machine gives the same file again; another may
differ in the last bits of its arithmetic, and so after training in more.

## Does it load elsewhere

`python3 scripts/check_bundled_models.py --write` loads it with `transformers` and compares all log-probabilities of
`self_test.json`, which the trainer wrote, with those it computes.
Largest difference: not yet measured.
",
        n_layers = shape.n_layers,
        width = shape.width,
        inner_width = shape.inner_width,
        n_heads = shape.n_heads,
        n_tokens = shape.n_tokens,
        n_places = held_out.n_places,
        n_baseline_texts = held_out.n_baseline_texts,
        n_held_out = held_out.n_texts,
    )
}

/// The card of a model of the family.
pub fn of_family(record: &Record) -> String {
    let Record { name, world, command, plan, lesson, stop, n_steps_made, held_out, distances, .. } = record;
    let shape = &plan.shape;
    let architecture = match shape.architecture {
        Architecture::Llama => "Llama-shaped",
        Architecture::Gpt2 => "GPT-2-shaped",
    };
    let learned = match lesson {
        Lesson::Truth => {
            "It learned the exact next-token distribution at every place of sentences".to_owned()
        }
        Lesson::Teacher { name, loss: Distillation::Probabilities } => format!(
            "It learned the probabilities of the model `{name}`, by KL(teacher ‖ student) at every place of sentences"
        ),
        Lesson::Teacher { name, loss: Distillation::Logits } => format!(
            "It learned the logits of the model `{name}`, by the mean square of their difference, less each place's\n\
             mean over the vocabulary, at every place of sentences"
        ),
    };
    let left = match stop {
        Stop::AtEnd => "It went through its whole plan".to_owned(),
        Stop::BelowTeacherKl(kl) => {
            format!(
                "It was stopped when its KL(teacher ‖ student) on watched texts was first below {kl} nats per token"
            )
        }
    };
    format!(
        "---
license: mit
library_name: transformers
---

# {name}

A {architecture} language model of {n_layers} layers, width {width}, {n_heads} heads and {n_tokens} word-level tokens, in f16: one of
a family that learned one generated world, `{world}`, whose next-token distribution is known exactly.
{learned} drawn with seed {seed}; the same seed drew the initial weights.
{left}: {n_steps_made} of {n_steps} updates of {n_texts} texts.

## How far from the truth

Means over {n_places} places of {n_held_out} held-out texts (seed {HELD_OUT_SEED}), in nats per token, of the weights as they are
stored.

| | mean | standard error |
|---|---|---|
{numbers}
The baselines are the frequencies of tokens, and of tokens after each token, learned from the exact distributions along
{n_baseline_texts} other texts. `training.json` has the training curve.

## How to train it again

```sh
{command}
```

AdamW (β 0.9 and 0.98, weight decay 0.01, gradient norm at most 1 for every tensor), learning rate at most {learning_rate}: linear warm-up
over a twentieth of the plan, then half a cosine to zero. One machine gives the same file again; another may differ in
the last bits of its arithmetic, and so after training in more.

## Does it load elsewhere

`python3 scripts/check_bundled_models.py --write target/family/{name}` loads it with `transformers` and compares the
log-probabilities of `self_test.json`, which the trainer wrote, with those it computes; the stored ones have four
decimals.
Largest difference: not yet measured.
",
        n_layers = shape.n_layers,
        width = shape.width,
        n_heads = shape.n_heads,
        n_tokens = shape.n_tokens,
        seed = plan.seed,
        n_steps = plan.n_steps,
        n_texts = plan.n_texts,
        n_places = held_out.n_places,
        n_held_out = held_out.n_texts,
        n_baseline_texts = held_out.n_baseline_texts,
        learning_rate = plan.learning_rate,
        numbers = table(held_out, distances),
    )
}

fn table(held_out: &HeldOut, distances: &Distances) -> String {
    let row = |what: &str, estimate: Estimate| {
        format!("| {what} | {:.5} | {:.5} |\n", estimate.mean, estimate.standard_error)
    };
    let teacher = |kl: Estimate| row("KL(teacher ‖ this model)", kl);
    [
        row(
            "entropy of the world (the floor of any model's cross-entropy)",
            held_out.baselines.entropy_floor,
        ),
        row("KL(truth ‖ this model)", distances.truth),
        distances.teacher.map_or_else(String::new, teacher),
        row("KL(truth ‖ bigram model)", held_out.baselines.bigram_kl),
        row("KL(truth ‖ unigram model)", held_out.baselines.unigram_kl),
    ]
    .concat()
}
