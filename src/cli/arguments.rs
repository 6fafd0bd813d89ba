//! What can be typed after `all-or-none`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::experiment::Shard;

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
    /// Compare many pairs of models on many properties, as a file says; join and report what came out
    Experiment(ExperimentArguments),
    /// Write the list of bundled models from their folders
    Catalogue(CatalogueArguments),
    /// Write the report that the page shows before it has computed its own
    Opening(OpeningArguments),
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
    #[arg(long, value_name = "MODEL", required_unless_present = "open")]
    pub a: Option<String>,
    /// Model B: a folder, bundled:NAME, or twin:KIND, such as twin:dark-unembedding; kinds may take a number (=N) and be
    /// joined by +, as in twin:break-parallelism+change-of-basis=50
    #[arg(long, value_name = "MODEL", required_unless_present = "open")]
    pub b: Option<String>,
    /// Compute again what a link of the page or a saved file asks, and say whether it gives what was recorded; models
    /// that are not bundled are named by --a and --b
    #[arg(long, value_name = "LINK_OR_FILE", conflicts_with_all = ["prompts", "concepts", "concept_names", "seed"])]
    pub open: Option<String>,
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
    /// Write the report as .json, .csv or .html, as a Python program for transformers (.py), or as a file that the page
    /// opens (.allornone.json); may be given several times
    #[arg(long, value_name = "FILE")]
    pub export: Vec<PathBuf>,
    /// Print the link that opens this comparison on the page, as the part after #, or whole where the page's address is
    /// given
    #[arg(long, value_name = "PAGE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub link: Option<String>,
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

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ExperimentArguments {
    #[command(subcommand)]
    pub command: Option<ExperimentCommand>,
    // Required where no other command is named.
    #[command(flatten)]
    pub run: Option<RunArguments>,
}

#[derive(Debug, Subcommand)]
pub enum ExperimentCommand {
    /// Compute the rows of an experiment, or go on where it was interrupted (`experiment FILE.toml` does the same)
    Run(RunArguments),
    /// Join the rows of all shards of an experiment
    Merge(MergeArguments),
    /// Write figures and tables of an experiment, and the matrix that the page shows
    Report(ReportArguments),
}

#[derive(Debug, Args)]
pub struct RunArguments {
    /// Which models, which pairs, on what: docs/experiments.md
    #[arg(value_name = "FILE.toml")]
    pub file: PathBuf,
    /// Folder of the rows; those that are there already are kept. Default: the file's name below target/experiments/
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Only the pairs whose number divided by N leaves I, from 0 to N − 1
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    pub shard: Shard,
    /// Pairs that are computed at a time; all cores unless given
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Which engine runs the models
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Folder of the joined rows
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Folders of the shards, all of them, in any order
    #[arg(value_name = "PIECE", required = true)]
    pub pieces: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Folder of the rows
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Folder to write to
    #[arg(long, value_name = "FOLDER", default_value = "docs/experiment")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct CatalogueArguments {
    /// Folder of the models, each in a folder of its own with config.json and training.json
    #[arg(long, value_name = "DIR", default_value = "public/models")]
    pub models: PathBuf,
}

#[derive(Debug, Args)]
pub struct OpeningArguments {
    /// Where to write it
    #[arg(long, value_name = "FILE", default_value = "public/stored/report.postcard")]
    pub out: PathBuf,
    /// Where to write its verdict in words, which index.html takes in
    #[arg(long, value_name = "FILE", default_value = crate::lab::opening::WORDS)]
    pub words: PathBuf,
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
