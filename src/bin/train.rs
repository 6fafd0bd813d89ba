//! Writes the materials of the generated world, trains the bundled models, and trains the family.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use all_or_none::training::card;
use all_or_none::training::family::family;
use all_or_none::training::hub::{
    Content, Precision, SELF_TEST_PROMPTS, weights, write, write_json, write_model,
};
use all_or_none::training::measure::{Distances, HeldOut, distances};
use all_or_none::training::network::{Architecture, Shape};
use all_or_none::training::queue::{Event, Task, Workshop};
use all_or_none::training::run::{Plan, train};
use all_or_none::worlds::grammar::Grammar;
use all_or_none::worlds::materials::{
    CALIBRATION_SEED, N_CALIBRATION_TEXTS, calibration, concepts, prompt_sets,
};
use all_or_none::worlds::world::World;
use all_or_none::worlds::wugs::{Wugs, materials};
use burn::tensor::Device;
use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

/// Trains small language models on a world whose next-token distribution is known exactly.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write calibration sentences, concepts and preset prompts of a world.
    World {
        /// Which world.
        #[arg(long, value_enum, default_value_t = WorldName::English)]
        world: WorldName,
        /// Folder to write to; by default that of the world under `public/worlds`.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Number of calibration sentences; by default that of the bundled file.
        #[arg(long)]
        texts: Option<usize>,
        /// Seed of the calibration sentences; by default that of the bundled file.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Train one model of the English world and write it as the Hub has its models.
    Model(ModelArguments),
    /// Train every model of the family that is missing; finished ones are skipped, interrupted ones start again.
    Family(FamilyArguments),
}

#[derive(Args)]
struct ModelArguments {
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
}

#[derive(Args)]
struct FamilyArguments {
    /// The world that the family speaks of.
    #[arg(long, value_enum, default_value_t = WorldName::Wugs)]
    world: WorldName,
    /// Folder to write to, one folder in it per model.
    #[arg(long, default_value = "target/family")]
    out: PathBuf,
    /// Names of models; all where none is given. The teachers that they need are trained too.
    #[arg(long, num_args = 1..)]
    only: Vec<String>,
    /// Trainings at once, one thread each.
    #[arg(long, default_value_t = NonZeroUsize::MIN)]
    jobs: NonZeroUsize,
    /// Say what would be trained, and train nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Processor {
    Cpu,
    Gpu,
}

#[derive(Clone, Copy, ValueEnum)]
enum WorldName {
    English,
    Wugs,
}

/// Longest text of a bundled model; the world's sentences are shorter than 32 tokens.
const CONTEXT_LENGTH: usize = 64;
/// Texts that the baselines of a bundled model learn from.
const N_BASELINE_TEXTS: usize = 100_000;
/// Held-out texts of the family.
const N_FAMILY_HELD_OUT: usize = 2000;
/// Texts that the baselines of the family learn from.
const N_FAMILY_BASELINE_TEXTS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::World { world, out, texts, seed } => write_world(world, out, texts, seed),
        Command::Model(arguments) => train_model(&arguments),
        Command::Family(arguments) => train_family(&arguments),
    }
}

fn write_world(
    world: WorldName,
    out: Option<PathBuf>,
    n_texts: Option<usize>,
    seed: Option<u64>,
) -> Result<(), Box<dyn Error>> {
    let (folder, sentences, concepts, prompt_sets) = match world {
        WorldName::English => {
            let (n_texts, seed) = (n_texts.unwrap_or(N_CALIBRATION_TEXTS), seed.unwrap_or(CALIBRATION_SEED));
            ("english", calibration(&Grammar::english()?, n_texts, seed), concepts(), prompt_sets())
        }
        WorldName::Wugs => {
            let wugs = Wugs::new()?;
            let n_texts = n_texts.unwrap_or(materials::N_CALIBRATION_TEXTS);
            let sentences =
                materials::calibration(&wugs, n_texts, seed.unwrap_or(materials::CALIBRATION_SEED));
            ("wugs", sentences, materials::concepts(&wugs), materials::prompt_sets(&wugs))
        }
    };
    let out = out.unwrap_or_else(|| PathBuf::from("public/worlds").join(folder));
    fs::create_dir_all(&out)?;
    write(&out.join("calibration.txt"), format!("{}\n", sentences.join("\n")).as_bytes())?;
    write_json(&out.join("concepts.json"), &json!(concepts))?;
    write_json(&out.join("prompts.json"), &json!(prompt_sets))?;
    Ok(())
}

fn train_model(arguments: &ModelArguments) -> Result<(), Box<dyn Error>> {
    let ModelArguments { width, inner_width, layers, heads, steps, batch, learning_rate, seed, .. } =
        *arguments;
    if heads == 0 || !width.is_multiple_of(2 * heads) {
        return Err(format!("--width {width} must be an even multiple of --heads {heads}").into());
    }
    let grammar = Grammar::english()?;
    let shape = Shape {
        architecture: Architecture::Llama,
        n_tokens: grammar.vocabulary().len(),
        width,
        inner_width: inner_width.unwrap_or(3 * width),
        n_layers: layers,
        n_heads: heads,
        context_length: CONTEXT_LENGTH,
    };
    let plan = Plan { shape, n_steps: steps, n_texts: batch, learning_rate, seed };
    let device = open(arguments.device)?;
    let bar = progress_bar(steps)?;
    let network = train(&plan, &grammar, &device, |_, loss| {
        bar.set_message(format!("{loss:.4} nats per token"));
        bar.inc(1);
    });
    bar.finish();
    let held_out = HeldOut::new(&grammar, arguments.held_out, N_BASELINE_TEXTS);
    let distances = distances(&network, None, held_out.texts(&grammar), &device);
    let out = &arguments.out;
    let name = out.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let content = Content {
        network: &network,
        shape: &shape,
        world: &grammar,
        prompts: &SELF_TEST_PROMPTS.map(str::to_owned),
        card: &card::bundled(&name, &plan, &held_out, &distances),
    };
    write_model(out, &content, &weights(&network, Precision::Full)?, Precision::Full, &device)?;
    report(&held_out, &distances);
    Ok(())
}

fn train_family(arguments: &FamilyArguments) -> Result<(), Box<dyn Error>> {
    let (world_name, world) = open_world(arguments.world)?;
    let courses = family(world_name, world.vocabulary().len());
    let progress = Progress::default();
    let workshop = Workshop {
        world_name,
        world: world.as_ref(),
        out: &arguments.out,
        held_out: HeldOut::new(world.as_ref(), N_FAMILY_HELD_OUT, N_FAMILY_BASELINE_TEXTS),
        observe: &|event| progress.show(event),
    };
    let tasks = workshop.tasks(&courses, &arguments.only)?;
    if arguments.dry_run {
        tasks.iter().for_each(|task| progress.say(&format!("to train: {}", names(task))));
        progress.say(&format!("{} trainings; everything else is finished", tasks.len()));
        return Ok(());
    }
    let not_reached = workshop.train(tasks, arguments.jobs)?;
    if not_reached.is_empty() {
        return Ok(());
    }
    let names = not_reached.join(", ");
    Err(format!("expected every student to come near its teacher, found that these did not: {names}; train longer or stop farther away").into())
}

/// A world and its name.
type Named = (&'static str, Box<dyn World>);

fn open_world(name: WorldName) -> Result<Named, Box<dyn Error>> {
    match name {
        WorldName::English => Ok(("english", Box::new(Grammar::english()?))),
        WorldName::Wugs => Ok(("wugs", Box::new(Wugs::new()?))),
    }
}

/// One bar per training, or lines where there is no terminal.
#[derive(Default)]
struct Progress {
    bars: MultiProgress,
    of_task: Mutex<HashMap<String, ProgressBar>>,
}

impl Progress {
    fn show(&self, event: &Event<'_>) {
        let mut of_task = self.of_task.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Begun(task) => {
                let bar = self.bars.add(ProgressBar::new(task.course.plan.n_steps as u64));
                if let Ok(style) =
                    ProgressStyle::with_template("{prefix:24} {bar:30} {pos}/{len} {msg} ({eta} left)")
                {
                    bar.set_style(style);
                }
                bar.set_prefix(names(task));
                of_task.insert(names(task), bar);
                drop(of_task);
                self.say(&format!("begins: {}", names(task)));
            }
            Event::Step { task, step, point } => {
                let Some(bar) = of_task.get(&names(task)) else { return };
                bar.set_position(*step as u64);
                let Some(point) = point else { return };
                let teacher =
                    point.teacher_kl.map_or_else(String::new, |kl| format!(", from the teacher {kl:.5}"));
                let message =
                    format!("loss {:.5}, from the truth {:.5}{teacher}", point.loss, point.truth_kl);
                bar.set_message(message.clone());
                if self.bars.is_hidden() {
                    self.say(&format!("  {} step {step}: {message}", names(task)));
                }
            }
            Event::Written(record) => {
                let teacher = record
                    .distances
                    .teacher
                    .map_or_else(String::new, |kl| format!(", from the teacher {:.5}", kl.mean));
                let truth = record.distances.truth.mean;
                self.say(&format!(
                    "written: {} after {} steps, from the truth {truth:.5}{teacher}",
                    record.name, record.n_steps_made
                ));
            }
            Event::Ended { task, not_reached } => {
                if let Some(bar) = of_task.remove(&names(task)) {
                    bar.finish_and_clear();
                }
                not_reached.iter().for_each(|model| self.say(&format!("not reached: {}", model.name)));
            }
        }
    }

    #[allow(clippy::print_stdout)]
    fn say(&self, line: &str) {
        self.bars.suspend(|| println!("{line}"));
    }
}

fn names(task: &Task<'_>) -> String {
    task.wanted.iter().map(|model| model.name.as_str()).collect::<Vec<_>>().join(", ")
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
fn report(held_out: &HeldOut, distances: &Distances) {
    println!("nats per token on {} places of {} held-out texts", held_out.n_places, held_out.n_texts);
    for (what, estimate) in [
        ("entropy floor", held_out.baselines.entropy_floor),
        ("KL(truth ‖ model)", distances.truth),
        ("KL(truth ‖ bigram)", held_out.baselines.bigram_kl),
        ("KL(truth ‖ unigram)", held_out.baselines.unigram_kl),
    ] {
        println!("{what:>20}  {:.5} ± {:.5}", estimate.mean, estimate.standard_error);
    }
}
