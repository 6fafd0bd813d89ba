//! Writes the materials of the generated world, and trains the bundled models.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use all_or_none::training::hub::{write, write_json, write_model};
use all_or_none::training::measure::{Measurement, measure};
use all_or_none::training::network::Shape;
use all_or_none::training::run::{Plan, train};
use all_or_none::worlds::grammar::Grammar;
use all_or_none::worlds::materials::{
    CALIBRATION_SEED, N_CALIBRATION_TEXTS, calibration, concepts, prompt_sets,
};
use burn::tensor::Device;
use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Trains small language models on a world whose next-token distribution is known exactly.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write calibration sentences, concept pairs and preset prompts.
    World {
        /// Folder to write to.
        #[arg(long, default_value = "public/world")]
        out: PathBuf,
        /// Number of calibration sentences.
        #[arg(long, default_value_t = N_CALIBRATION_TEXTS)]
        texts: usize,
        /// Seed of the calibration sentences.
        #[arg(long, default_value_t = CALIBRATION_SEED)]
        seed: u64,
    },
    /// Train one model and write it as the Hub has its models.
    Model {
        /// Width of the hidden state.
        #[arg(long)]
        width: usize,
        /// Width inside the gated layers; by default three times the width.
        #[arg(long)]
        inner_width: Option<usize>,
        /// Number of layers.
        #[arg(long, default_value_t = 2)]
        layers: usize,
        /// Number of attention heads; the width over it must be even.
        #[arg(long, default_value_t = 4)]
        heads: usize,
        /// Number of updates.
        #[arg(long, default_value_t = 4000)]
        steps: usize,
        /// Texts per update.
        #[arg(long, default_value_t = 64)]
        batch: usize,
        /// Highest learning rate.
        #[arg(long, default_value_t = 0.006)]
        learning_rate: f64,
        /// Seed of the weights and the texts.
        #[arg(long)]
        seed: u64,
        /// Number of held-out texts that the model is measured on.
        #[arg(long, default_value_t = 4000)]
        held_out: usize,
        /// Where to compute; `gpu` needs a build with the feature of that name.
        #[arg(long, value_enum, default_value_t = Processor::Cpu)]
        device: Processor,
        /// Folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Processor {
    Cpu,
    Gpu,
}

/// Longest text of a bundled model; the world's sentences are shorter than 32 tokens.
const CONTEXT_LENGTH: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let grammar = Grammar::english()?;
    match Arguments::parse().command {
        Command::World { out, texts, seed } => {
            fs::create_dir_all(&out)?;
            let sentences = calibration(&grammar, texts, seed).join("\n");
            write(&out.join("calibration.txt"), format!("{sentences}\n").as_bytes())?;
            write_json(&out.join("concepts.json"), &json!(concepts()))?;
            write_json(&out.join("prompts.json"), &json!(prompt_sets()))?;
        }
        Command::Model {
            width,
            inner_width,
            layers,
            heads,
            steps,
            batch,
            learning_rate,
            seed,
            held_out,
            device,
            out,
        } => {
            if heads == 0 || width % (2 * heads) != 0 {
                return Err(format!("--width {width} must be an even multiple of --heads {heads}").into());
            }
            let shape = Shape {
                n_tokens: grammar.vocabulary().len(),
                width,
                inner_width: inner_width.unwrap_or(3 * width),
                n_layers: layers,
                n_heads: heads,
                context_length: CONTEXT_LENGTH,
            };
            let plan = Plan { shape, n_steps: steps, n_texts: batch, learning_rate, seed };
            let device = open(device)?;
            let bar = progress_bar(steps)?;
            let network = train(&plan, &grammar, &device, |_, loss| {
                bar.set_message(format!("{loss:.4} nats per token"));
                bar.inc(1);
            });
            bar.finish();
            let measured = measure(&network, &grammar, held_out, &device);
            write_model(&out, &network, &plan, &measured, &grammar, &device)?;
            report(&measured);
        }
    }
    Ok(())
}

fn open(processor: Processor) -> Result<Device, Box<dyn Error>> {
    match processor {
        Processor::Cpu => Ok(Device::flex()),
        #[cfg(feature = "gpu")]
        Processor::Gpu => Ok(Device::wgpu_options().init()?),
        #[cfg(not(feature = "gpu"))]
        Processor::Gpu => Err("this build has no GPU engine: build with --features train,gpu".into()),
    }
}

fn progress_bar(n_steps: usize) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} left)")?;
    Ok(ProgressBar::new(n_steps as u64).with_style(style))
}

#[allow(clippy::print_stdout)]
fn report(measured: &Measurement) {
    println!("nats per token on {} places of {} held-out texts", measured.n_places, measured.n_texts);
    for (what, estimate) in [
        ("entropy floor", measured.entropy_floor),
        ("KL(truth ‖ model)", measured.model_kl),
        ("KL(truth ‖ bigram)", measured.bigram_kl),
        ("KL(truth ‖ unigram)", measured.unigram_kl),
    ] {
        println!("{what:>20}  {:.5} ± {:.5}", estimate.mean, estimate.standard_error);
    }
}
