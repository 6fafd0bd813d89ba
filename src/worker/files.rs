//! A model's files: from a folder on a host, in the Hub's layout, or attached to the request.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::browser::attachment::Attachment;
use crate::browser::clock;
use crate::browser::fetch::{Abort, Download, FetchError, ask};
use crate::models::CheckpointError;
use crate::protocol::ErrorKind;

use super::failure::Failure;

/// Shortest time between two reports of progress.
const REPORT_MILLIS: f64 = 50.0;

/// (name, contents) of each file; `report` is told the bytes so far, and in all where the host says.
pub async fn fetch_folder(
    url: &str,
    abort: &Abort,
    report: &dyn Fn(u64, Option<u64>),
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let asked = |name: &str| ask(format!("{url}{name}"), abort);
    let (config, tokenizer, weights, self_test) =
        (asked("config.json"), asked("tokenizer.json"), asked("model.safetensors"), asked("self_test.json"));
    let mut downloads = vec![
        ("config.json".to_owned(), config.begin().await?),
        ("tokenizer.json".to_owned(), tokenizer.begin().await?),
    ];
    let mut files = Vec::new();
    match weights.begin().await {
        Ok(whole) => downloads.push(("model.safetensors".to_owned(), whole)),
        Err(FetchError::Missing { .. }) => {
            let index_name = "model.safetensors.index.json";
            let index = asked(index_name).begin().await?.read(&|_| ()).await?;
            let names = shard_names(&index)?;
            let shards: Vec<_> = names.iter().map(|name| asked(name)).collect();
            files.push((index_name.to_owned(), index));
            for (name, shard) in names.into_iter().zip(shards) {
                downloads.push((name, shard.begin().await?));
            }
        }
        Err(error) => return Err(error.into()),
    }
    match self_test.begin().await {
        Ok(known) => downloads.push(("self_test.json".to_owned(), known)),
        // Only bundled models store known answers.
        Err(FetchError::Missing { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    read_all(downloads, files, report).await
}

/// (name, contents) of the visitor's own files; `report` is told the bytes so far and in all.
pub async fn read_attached(
    attached: Vec<(String, Attachment)>,
    abort: &Abort,
    report: &dyn Fn(u64, Option<u64>),
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let total = attached.iter().map(|(_, contents)| contents.length()).sum();
    let count = Count::new(Some(total), report);
    let mut files = Vec::new();
    for (name, contents) in attached {
        let go_on = |n_bytes| {
            count.arrived(n_bytes);
            !abort.is_aborted()
        };
        let bytes = contents.bytes(go_on).await.map_err(|error| {
            let sentence = format!(
                "{name}: expected a file, found that {error}; choose the model's files again, or a folder with “Folder…”"
            );
            Failure::Failed(ErrorKind::BadModel, sentence)
        })?;
        if abort.is_aborted() {
            return Err(Failure::Cancelled);
        }
        files.push((name, bytes));
    }
    count.end();
    Ok(files)
}

async fn read_all(
    downloads: Vec<(String, Download)>,
    mut files: Vec<(String, Vec<u8>)>,
    report: &dyn Fn(u64, Option<u64>),
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let count = Count::new(downloads.iter().map(|(_, download)| download.length()).sum(), report);
    for (name, download) in downloads {
        files.push((name, download.read(&|n_bytes| count.arrived(n_bytes)).await?));
    }
    count.end();
    Ok(files)
}

/// Bytes that have arrived, reported now and then.
struct Count<'a> {
    done: Cell<u64>,
    total: Option<u64>,
    reported_at: Cell<f64>,
    report: &'a dyn Fn(u64, Option<u64>),
}

impl<'a> Count<'a> {
    fn new(total: Option<u64>, report: &'a dyn Fn(u64, Option<u64>)) -> Self {
        Self { done: Cell::new(0), total, reported_at: Cell::new(f64::NEG_INFINITY), report }
    }

    fn arrived(&self, n_bytes: u64) {
        self.done.set(self.done.get() + n_bytes);
        let now = clock::now_millis();
        if now - self.reported_at.get() >= REPORT_MILLIS {
            self.reported_at.set(now);
            self.end();
        }
    }

    fn end(&self) {
        (self.report)(self.done.get(), self.total);
    }
}

/// The weight files that an index names.
fn shard_names(index: &[u8]) -> Result<BTreeSet<String>, Failure> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|error| {
        let malformed = CheckpointError::BadIndex { problem: error.to_string() };
        Failure::Failed(ErrorKind::BadModel, malformed.to_string())
    })?;
    Ok(index.weight_map.into_values().collect())
}
