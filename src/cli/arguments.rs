//! What can be typed after `all-or-none`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Compares the next-token distributions of two language models and says which linear properties they share.
#[derive(Debug, Parser)]
#[command(name = "all-or-none", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the most likely next tokens after each prompt
    NextToken(NextTokenArguments),
    /// Compare two models and print the verdict
    Compare(CompareArguments),
    /// Run the theory on hidden states and unembeddings from a safetensors file
    Analyze(AnalyzeArguments),
}

#[derive(Debug, Args)]
pub struct NextTokenArguments {
    /// Folder with config.json, model.safetensors (or its sharded index) and tokenizer.json
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// A prompt; may be given several times
    #[arg(long = "prompt", value_name = "TEXT", required = true)]
    pub prompts: Vec<String>,
    /// How many tokens to print per prompt
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub top: usize,
    /// Add all log-probabilities and the hidden state (with --json)
    #[arg(long, requires = "json")]
    pub full: bool,
    /// Which engine runs the model
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CompareArguments {
    /// Model A: a folder, or bundled:NAME
    #[arg(long, value_name = "MODEL")]
    pub a: String,
    /// Model B: a folder, bundled:NAME, or twin:KIND, such as twin:dark-unembedding; kinds may take a number (=N) and be
    /// joined by +, as in twin:break-parallelism+change-of-basis=50
    #[arg(long, value_name = "MODEL")]
    pub b: String,
    /// Prompts, one per line, or JSON lines with {"text": …}
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Concepts as JSON: [{"name": …, "pairs": [[…, …], …]}]; see docs/concepts.md
    #[arg(long, value_name = "FILE")]
    pub concepts: Option<PathBuf>,
    /// Test only the concept of this name; may be given several times. Default: all of a file, or the bundled superlatives
    #[arg(long = "concept", value_name = "NAME")]
    pub concept_names: Vec<String>,
    /// Observe the prompts and the concepts' contexts only, not the calibration texts
    #[arg(long)]
    pub no_calibration: bool,
    /// Write the smallest model that has the distribution of model A to a safetensors file
    #[arg(long, value_name = "FILE.safetensors")]
    pub export_reduced: Option<PathBuf>,
    /// Seed of every random draw
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Which engine runs the models
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AnalyzeArguments {
    /// Tensors f_a (n×d_a), g_a (V×d_a), f_b, g_b; optional clusters (n), pairs (m×2), relation (m×2) with answers (k),
    /// labelled (m×2), steering (m×2), off_target (m×2)
    #[arg(long, value_name = "FILE.safetensors")]
    pub tensors: PathBuf,
    /// Write the smallest model that has the distribution of model A to a safetensors file
    #[arg(long, value_name = "FILE.safetensors")]
    pub export_reduced: Option<PathBuf>,
    /// Seed of every random draw
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which engine runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceChoice {
    /// The CPU: the faster one for models of the bundled sizes
    Auto,
    /// burn-flex
    Cpu,
    /// burn-wgpu; needs a build with the feature `gpu`
    Gpu,
}
