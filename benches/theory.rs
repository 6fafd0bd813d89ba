//! Run times of the theory at the size of GPT-2 on one thread: V = 50,257 tokens, d = 768, n = 4,096 contexts.
//!
//! `scripts/bench_reference.py` does the same in NumPy; a Rust time of more than three times NumPy's is a defect.
//! Both end with their peak memory, which must stay below 1.5 GB: two unembeddings in f64, one at work, no n×V matrix.
#![expect(clippy::print_stdout, reason = "a benchmark's numbers are its output")]

use std::sync::LazyLock;

use all_or_none::theory::distribution::{Divergences, log_softmax};
use all_or_none::theory::linear_map::coupled_map;
use all_or_none::theory::nielsen::representation_distances;
use all_or_none::theory::statistics::{Stream, generator};
use all_or_none::theory::subspace::VisibleSubspaces;
use all_or_none::theory::{Precision, Representation, TheoryError};
use faer::Mat;
use rand::Rng;
use rand_distr::StandardNormal;

const N_CONTEXTS: usize = 4096;
const N_TOKENS: usize = 50_257;
const WIDTH: usize = 768;
/// What of a large vocabulary an analysis looks at.
const TOKEN_SAMPLE: usize = 8192;
const CONTEXTS_PER_BLOCK: usize = 32;
const CONTEXTS_PER_TEXT: usize = 32;

static A: LazyLock<Representation> = LazyLock::new(|| model(1));
static B: LazyLock<Representation> = LazyLock::new(|| model(2));
static SAMPLE_OF_A: LazyLock<Representation> = LazyLock::new(|| sample(&A));
static SAMPLE_OF_B: LazyLock<Representation> = LazyLock::new(|| sample(&B));

fn main() {
    divan::main();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM")) {
        println!("peak memory: {}", peak.trim_start_matches("VmHWM:").trim());
    }
}

/// Hidden states and unembeddings of independent normal numbers; logits have standard deviation 1.
fn model(seed: u64) -> Representation {
    let mut rng = generator(seed, Stream::Twin);
    let mut normal = |rows: usize, size: f64| {
        Mat::from_fn(rows, WIDTH, |_, _| size * rng.sample::<f64, _>(StandardNormal))
    };
    let (f, g) = (normal(N_CONTEXTS, 1.0), normal(N_TOKENS, (WIDTH as f64).powf(-0.5)));
    Representation { f, g, precision: Precision::F32 }
}

fn sample(model: &Representation) -> Representation {
    let g = model.g.subrows(0, TOKEN_SAMPLE).to_owned();
    Representation { f: model.f.clone(), g, precision: model.precision }
}

fn subspaces(model: &Representation) -> Result<VisibleSubspaces, TheoryError> {
    let texts: Vec<usize> = (0..N_CONTEXTS).map(|i| i / CONTEXTS_PER_TEXT).collect();
    VisibleSubspaces::find(model, &texts, 1)
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn subspaces_on_sample(bencher: divan::Bencher<'_, '_>) {
    let model = &*SAMPLE_OF_A;
    bencher.bench_local(|| subspaces(model));
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn subspaces_on_all_tokens(bencher: divan::Bencher<'_, '_>) {
    let model = &*A;
    bencher.bench_local(|| subspaces(model));
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn coupled_map_on_sample(bencher: divan::Bencher<'_, '_>) {
    let (a, b) = (&*SAMPLE_OF_A, &*SAMPLE_OF_B);
    bencher.bench_local(|| coupled_map(a, b, 1));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn distances_of_representations(bencher: divan::Bencher<'_, '_>) {
    let (a, b) = (&*A, &*B);
    bencher.bench_local(|| representation_distances(a, b, 1));
}

/// The most label sets that are tried: every choice of six of twelve labels and of their pivot.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn distances_of_few_labels(bencher: divan::Bencher<'_, '_>) {
    let small = |model: &Representation| Representation {
        f: model.f.subcols(0, 6).to_owned(),
        g: model.g.submatrix(0, 0, 12, 6).to_owned(),
        precision: model.precision,
    };
    let (a, b) = (small(&A), small(&B));
    bencher.bench_local(|| representation_distances(&a, &b, 1));
}

/// Both models' logits alone: what no care about divergences can save.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn logits_of_256_contexts(bencher: divan::Bencher<'_, '_>) {
    let (a, b) = (&*A, &*B);
    bencher.bench_local(|| {
        for start in (0..256).step_by(CONTEXTS_PER_BLOCK) {
            divan::black_box((
                a.logits(start, start + CONTEXTS_PER_BLOCK),
                b.logits(start, start + CONTEXTS_PER_BLOCK),
            ));
        }
    });
}

#[divan::bench(sample_count = 1, sample_size = 1, args = [256, N_CONTEXTS])]
fn divergences(bencher: divan::Bencher<'_, '_>, n_contexts: usize) {
    let (a, b) = (&*A, &*B);
    bencher.bench_local(|| {
        for start in (0..n_contexts).step_by(CONTEXTS_PER_BLOCK) {
            let end = start + CONTEXTS_PER_BLOCK;
            let (mut block_a, mut block_b) = (a.logits(start, end), b.logits(start, end));
            for column in 0..end - start {
                let (log_a, log_b) = (block_a.col_as_slice_mut(column), block_b.col_as_slice_mut(column));
                log_softmax(log_a);
                log_softmax(log_b);
                divan::black_box(Divergences::between(log_a, log_b, 1e-4));
            }
        }
    });
}
