//! `experiment FILE.toml`: every model observed once, then the pairs, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use indicatif::{ProgressBar, ProgressStyle};

use super::models::Model;
use super::pairs::{Pair, Partner};
use super::plan::{Plan, Question};
use super::rows::{About, rows};
use super::store::{Block, Store};
use crate::cli::arguments::{DeviceChoice, RunArguments};
use crate::cli::error::CliError;
use crate::cli::next_token::load_session;
use crate::lab::{self, LabError, Observation};

/// Parts of the bar for one model or pair.
const PART: u64 = 1000;
/// What the main thread has; the decompositions recurse.
const STACK_BYTES: usize = 8 << 20;

pub fn run(arguments: &RunArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let plan = Plan::of_file(&arguments.file)?;
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.file));
    let mut store = Store::open(&folder, &plan.manifest(arguments.shard))?;
    let n_kept = store.n_done;
    let numbers = arguments.shard.numbers(plan.pairs.len());
    let jobs =
        arguments.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    compute(&plan, &numbers[n_kept..], jobs, arguments.device, |block| store.append(block))?;
    let n_rows = store.finish()?;
    let (n, shown) = (numbers.len(), folder.display());
    Ok(writeln!(
        out,
        "{n} pairs ({n_kept} were there), {n_rows} rows of the experiment {} in {shown}",
        plan.digest
    )?)
}

fn default_folder(file: &Path) -> PathBuf {
    Path::new("target/experiments").join(file.file_stem().unwrap_or(file.as_os_str()))
}

/// Computes the pairs of these numbers and hands their rows on in order.
fn compute(
    plan: &Plan,
    numbers: &[usize],
    jobs: usize,
    device: DeviceChoice,
    mut take: impl FnMut(&Block) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let pairs: Vec<(usize, &Pair)> = numbers.iter().map(|&number| (number, &plan.pairs[number])).collect();
    let needed: Vec<usize> =
        pairs.iter().flat_map(|(_, pair)| members(pair)).collect::<BTreeSet<_>>().into_iter().collect();
    let bar = progress_bar(needed.len() + pairs.len());
    let mut observations = BTreeMap::new();
    in_order(
        &needed,
        jobs,
        |&model| observe(&plan.models[model], plan, device),
        |at, observation| {
            bar.inc(PART);
            observations.insert(needed[at], observation);
            Ok(())
        },
    )?;
    in_order(
        &pairs,
        jobs,
        |&(number, pair)| compare(plan, number, pair, &observations, &bar),
        |_, block| take(&block),
    )?;
    bar.finish_and_clear();
    Ok(())
}

fn members(pair: &Pair) -> impl Iterator<Item = usize> {
    let b = match pair.b {
        Partner::Model(b) => Some(b),
        Partner::Twin(_) => None,
    };
    std::iter::once(pair.a).chain(b)
}

/// A bar on standard error, which shows only where that is a terminal.
fn progress_bar(n_parts: usize) -> ProgressBar {
    let bar = ProgressBar::new(PART * n_parts as u64);
    if let Ok(style) = ProgressStyle::with_template("computing {bar:40} {percent}% ({elapsed}, {eta} left)") {
        bar.set_style(style);
    }
    bar
}

fn observe(model: &Model, plan: &Plan, device: DeviceChoice) -> Result<Observation, CliError> {
    let session = load_session(&model.folder, device)?;
    let Question { prompts, concepts, calibration, .. } = &plan.question;
    let contexts = lab::experiment::concept_contexts(concepts);
    pollster::block_on(session.observe(prompts, &contexts, calibration))
        .map_err(|source| CliError::Run { model: model.facts.name.clone(), source })
}

fn compare(
    plan: &Plan,
    number: usize,
    pair: &Pair,
    observations: &BTreeMap<usize, Observation>,
    bar: &ProgressBar,
) -> Result<Block, CliError> {
    let observed = |model: usize| {
        observations.get(&model).ok_or_else(|| CliError::Internal(format!("model {model} was not observed")))
    };
    let facts = |model: usize| &plan.models[model].facts;
    let (b, facts_b, twin) = match &pair.b {
        Partner::Model(b) => (Some(observed(*b)?), Some(facts(*b)), None),
        Partner::Twin(recipe) => (None, None, Some(recipe.to_string())),
    };
    let about =
        About { experiment: &plan.digest, pair: number, a: facts(pair.a), b: facts_b, twin: twin.as_deref() };
    let failed = |source: LabError| CliError::Pair { a: about.a.name.clone(), b: about.name_of_b(), source };
    let mut shown = 0;
    let mut listener = |share: f64| {
        let reached = (share * PART as f64) as u64;
        bar.inc(reached.saturating_sub(shown));
        shown = shown.max(reached);
        ControlFlow::Continue(())
    };
    let report = lab::analyze(&plan.experiment(pair), observed(pair.a)?, b, &mut listener).map_err(failed)?;
    let rows = rows(about, &report, |property| plan.question.properties.contains(&property.property));
    Block::of_rows(number, &rows)
}

/// Does `work` on all items, `jobs` at a time, and hands the results on in the order of the items; ends with the first
/// error in that order. Pairs are few and take seconds to minutes each: a counter shares them out as evenly as a pool
/// of threads would, without one more dependency.
fn in_order<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> Result<R, CliError> + Sync,
    mut take: impl FnMut(usize, R) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    // A result waits until it is taken: no thread runs far ahead of what is stored.
    let (sender, results) = sync_channel(jobs);
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (sender, next, is_over, work) = (sender.clone(), &next, &is_over, &work);
            let worker = move || {
                while !is_over.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    if sender.send((at, work(item))).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, worker)
                .map_err(|error| CliError::Internal(format!("no thread could be started: {error}")))?;
        }
        drop(sender);
        let (mut waiting, mut n_taken) = (BTreeMap::new(), 0);
        let mut outcome = Ok(());
        for (at, result) in results {
            waiting.insert(at, result);
            while let Some(result) = waiting.remove(&n_taken) {
                if outcome.is_ok() {
                    outcome = result.and_then(|result| take(n_taken, result));
                }
                n_taken += 1;
            }
            if outcome.is_err() {
                // The others finish what they are at, and nothing more is begun.
                is_over.store(true, Ordering::Relaxed);
            }
        }
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let items: Vec<u64> = (0..40).collect();
        for jobs in [1, 2, 7, 100] {
            let mut taken = Vec::new();
            let work = |&item: &u64| {
                // Later items are quicker.
                let busy: u64 =
                    (0..(40 - item) * 2000).fold(item, |sum, x| sum.wrapping_mul(31).wrapping_add(x));
                Ok((item, busy))
            };
            in_order(&items, jobs, work, |at, (item, _)| {
                assert_eq!(at as u64, item);
                taken.push(item);
                Ok(())
            })
            .unwrap();
            assert_eq!(taken, items, "{jobs} jobs");
        }
        in_order(&[], 3, |_: &u64| Ok(()), |_, ()| panic!("nothing to take")).unwrap();
    }

    #[test]
    fn the_first_error_in_order_ends_it_and_what_came_before_is_kept() {
        let items: Vec<usize> = (0..1000).collect();
        let fails = |item: usize| item == 5 || item == 9;
        for jobs in [1, 3, 8] {
            let begun = AtomicUsize::new(0);
            let mut taken = Vec::new();
            let error = in_order(
                &items,
                jobs,
                |&item| {
                    begun.fetch_add(1, Ordering::Relaxed);
                    // Slow enough that a thread put aside by a busy machine does not see all of them done.
                    #[allow(clippy::disallowed_methods, reason = "natively, a thread may wait")]
                    std::thread::sleep(std::time::Duration::from_millis(u64::from(item > 9)));
                    if fails(item) { Err(CliError::Internal(item.to_string())) } else { Ok(item) }
                },
                |_, item| {
                    taken.push(item);
                    Ok(())
                },
            )
            .unwrap_err();
            assert!(error.to_string().contains("internal error: 5;"), "{error}");
            assert_eq!(taken, [0, 1, 2, 3, 4]);
            assert!(begun.load(Ordering::Relaxed) < 1000, "nothing more is begun");
        }
    }

    #[test]
    fn rows_that_cannot_be_stored_end_it() {
        let full = |at: usize, _: ()| if at == 2 { Err(CliError::Internal("full".into())) } else { Ok(()) };
        let error = in_order(&[1, 2, 3, 4, 5], 2, |_| Ok(()), full).unwrap_err();
        assert!(error.to_string().contains("full"));
    }
}
