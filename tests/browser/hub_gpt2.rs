//! A model of GPT-2 small's size, through the whole way: asked for in ranges, onto the CPU engine, to a verdict.

use std::time::{Duration, Instant};

use crate::browser::PLAIN;
use crate::gpt2_shaped::{self, Shape};
use crate::hub::{check_against_command_line, check_manners, mirrored};
use crate::hub_server::{Hub, Repository};
use crate::page::{Page, Shown};
use crate::site;

/// A report on 50,257 tokens takes minutes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Bytes of all weights in f32, without masks: 124,439,808 of them.
const F32_BYTES: u64 = 497_759_232;

#[tokio::test]
async fn a_model_of_gpt2_smalls_size_loads_in_little_more_than_its_own_memory() {
    let start = Instant::now();
    let told = |what: &str| println!("{:>6.1} s  {what}", start.elapsed().as_secs_f64());
    let folder = tempfile::tempdir().expect("a scratch folder");
    assert_eq!(4 * Shape::GPT2_SMALL.n_weights() as u64, F32_BYTES);
    gpt2_shaped::write(folder.path(), Shape::GPT2_SMALL, 1).expect("room for the weights");
    told("548 MB of weights are written");
    let name = "tests/gpt2-small";
    let hub = Hub::start();
    hub.add(name, Repository::of_folder(folder.path()));

    let page = Page::open(PLAIN, &mirrored(&site(), &hub)).await;
    page.settled().await;
    page.choose("b", "twin:change-of-basis").await;
    page.settled().await;
    told("the page has compared two small models");
    page.load_from_hub("a", name).await;
    let is_over = |shown: &Shown| shown.is_ready_from(0, name) || shown.errors.contains_key("error-a");
    let shown = page.wait_long_for("a model of GPT-2's size", PATIENCE, is_over).await;
    assert_eq!(shown.errors.get("error-a"), None);
    told("the model is ready");
    let memory = shown.hub[0].card.as_ref().and_then(|card| card.memory).expect("the memory it took");
    let share = memory as f64 / F32_BYTES as f64;
    println!("peak memory of its worker: {memory} bytes, {share:.3} of its weights in f32");
    if let Some(peak) = page.peak_memory() {
        println!("peak memory of the whole page's process so far: {peak} bytes");
    }
    assert!(share <= 1.25, "{memory} bytes for {F32_BYTES} of weights");

    let asked = hub.asked(name);
    check_manners(&asked);
    let sent: u64 = asked.iter().filter(|asked| asked.is_for_weights()).map(|asked| asked.sent).sum();
    println!("{sent} bytes of weights were sent for {F32_BYTES}, in {} requests", asked.len());
    assert!(sent < F32_BYTES + (1 << 20), "50 MB of masks stay where they are");

    let shown = page.wait_long_for("its verdict", PATIENCE, Shown::is_settled).await;
    told("its verdict is there");
    if let Some(peak) = page.peak_memory() {
        println!("peak memory of the whole page's process: {peak} bytes");
    }
    page.picture("gpt2-small").await;
    assert_eq!(shown.level.as_deref(), Some("constructed"), "B is an exact twin of A");
    check_against_command_line(&shown, 0, folder.path());
    told("the command line says the same");
}
