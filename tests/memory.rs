//! How much memory a model takes: its weights, and little more, while it is loaded and while it runs.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, missing_docs, unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use all_or_none::engine::{Device, DiskFile, Estimate, ModelFiles, Session};
use all_or_none::models::WeightsFile;
use common::gpt2_shaped::{Shape, write};
use pollster::block_on;

/// The system's allocator, with a count of what is in use and of the most that ever was.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(in_use, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test only: the count is of the whole program.
#[test]
fn a_model_takes_its_weights_and_little_more() {
    const MB: usize = 1_000_000;
    let shape = Shape {
        vocab_size: 12_000,
        n_tokens: 12_000,
        width: 512,
        n_layers: 4,
        n_heads: 8,
        context_length: 512,
    };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), shape, 1).unwrap();
    let read = |name: &str| (name.to_owned(), std::fs::read(folder.path().join(name)).unwrap());
    let weights = DiskFile::open(&folder.path().join("model.safetensors")).unwrap();
    let files = ModelFiles::from_named(
        "shaped".into(),
        vec![read("config.json"), read("tokenizer.json")],
        vec![WeightsFile::new("model.safetensors", weights)],
    )
    .unwrap();
    let estimate = Estimate::of_config(&files.config).unwrap();
    let weights_bytes = 4 * shape.n_weights();
    assert_eq!(estimate.device_bytes as usize, weights_bytes);

    MOST.store(IN_USE.load(Ordering::Relaxed), Ordering::Relaxed);
    let session = block_on(Session::load(files, Device::cpu().unwrap())).unwrap();
    let after_load = MOST.load(Ordering::Relaxed);
    let prompts: Vec<String> = (0..8).map(|i| format!("the cat number {i} sat on a mat and sang")).collect();
    let observation = block_on(session.observe_states(&prompts, &[], &[])).unwrap();
    let mut n_values = 0;
    block_on(session.read_unembedding(|rows| n_values += rows.len())).unwrap();
    let most = MOST.load(Ordering::Relaxed);
    assert_eq!((observation.n_prompts, n_values), (8, shape.vocab_size * shape.width));
    println!(
        "{} MB of weights: most {} MB while loading, {} MB with 8 prompts, {} MB estimated",
        weights_bytes / MB,
        after_load / MB,
        most / MB,
        estimate.peak_bytes / MB as u64
    );
    // The largest tensor is 25 MB and the file's masks are 4 MB: a second copy of either would show.
    assert!(after_load < weights_bytes + 20 * MB, "{} MB", after_load / MB);
    assert!(most < weights_bytes + 20 * MB, "{} MB", most / MB);
    assert!((most as u64) < estimate.peak_bytes);
}
