//! A model's files from a folder on a host, in the Hub's layout.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

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

async fn read_all(
    downloads: Vec<(String, Download)>,
    mut files: Vec<(String, Vec<u8>)>,
    report: &dyn Fn(u64, Option<u64>),
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let total: Option<u64> = downloads.iter().map(|(_, download)| download.length()).sum();
    let (done, reported_at) = (Cell::new(0), Cell::new(f64::NEG_INFINITY));
    let arrived = |n_bytes: u64| {
        done.set(done.get() + n_bytes);
        let now = clock::now_millis();
        if now - reported_at.get() >= REPORT_MILLIS {
            reported_at.set(now);
            report(done.get(), total);
        }
    };
    for (name, download) in downloads {
        files.push((name, download.read(&arrived).await?));
    }
    report(done.get(), total);
    Ok(files)
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
