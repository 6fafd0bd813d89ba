//! A model's files: from a folder on a host, in the Hub's layout, or attached to the request.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use crate::browser::attachment::Attachment;
use crate::browser::clock;
use crate::browser::fetch::{Abort, Download, FetchError, ask};
use crate::engine::ModelFiles;
use crate::models::checkpoint::shards_by_tensor;
use crate::models::source::Reading;
use crate::models::{ByteSource, ReadError, WeightsFile};

use super::failure::Failure;

/// Shortest time between two reports of progress.
const REPORT_MILLIS: f64 = 50.0;

/// Hears the bytes so far, and in all where that is known.
pub type Tell = Rc<dyn Fn(u64, Option<u64>)>;

/// Small files with their contents, and weights with a way to read them.
pub type Files = (Vec<(String, Vec<u8>)>, Vec<WeightsFile>);

/// The files of a folder; `report` is told the bytes so far, and in all where the host says.
pub async fn fetch_folder(url: &str, abort: &Abort, report: Tell) -> Result<Files, Failure> {
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

/// The visitor's own files: small ones are read, weights only tensor by tensor as a model is built; `report` is told the
/// bytes so far and in all.
pub async fn read_attached(
    attached: Vec<(String, Attachment)>,
    abort: &Abort,
    report: Tell,
) -> Result<Files, Failure> {
    let is_weights = |(name, _): &&(String, Attachment)| WeightsFile::is_one(name);
    let total = attached.iter().filter(is_weights).map(|(_, contents)| contents.length()).sum();
    let count = Rc::new(Count::new(Some(total), report));
    let (mut small, mut weights) = (Vec::new(), Vec::new());
    for (name, contents) in attached {
        if WeightsFile::is_one(&name) {
            let picked = Picked { contents, abort: abort.clone(), count: count.clone() };
            weights.push(WeightsFile::new(name, picked));
            continue;
        }
        // Of a file that is no part of a model, only the name matters: it is told where a part is missing.
        if !ModelFiles::is_small(&name) {
            small.push((name, Vec::new()));
            continue;
        }
        let bytes = contents.bytes(|_| !abort.is_aborted()).await;
        let bytes = bytes.map_err(|error| Failure::unreadable(name.clone(), error))?;
        if abort.is_aborted() {
            return Err(Failure::Cancelled);
        }
        small.push((name, bytes));
    }
    Ok((small, weights))
}

async fn read_all(
    downloads: Vec<(String, Download)>,
    mut small: Vec<(String, Vec<u8>)>,
    report: Tell,
) -> Result<Files, Failure> {
    let count = Count::new(downloads.iter().map(|(_, download)| download.length()).sum(), report);
    let mut weights = Vec::new();
    for (name, download) in downloads {
        let bytes = download.read(&|n_bytes| count.arrived(n_bytes)).await?;
        if WeightsFile::is_one(&name) {
            weights.push(WeightsFile::new(name, bytes));
        } else {
            small.push((name, bytes));
        }
    }
    count.end();
    Ok((small, weights))
}

/// A file of weights that the visitor chose, read piece by piece, and no further once it is given up.
struct Picked {
    contents: Attachment,
    abort: Abort,
    count: Rc<Count>,
}

impl fmt::Debug for Picked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picked").field(&self.contents).finish()
    }
}

impl ByteSource for Picked {
    fn length(&self) -> u64 {
        self.contents.length()
    }

    fn read(&self, range: Range<u64>) -> Reading<'_> {
        Box::pin(async move {
            if self.abort.is_aborted() {
                return Err(ReadError("given up".into()));
            }
            let bytes = self.contents.piece(range).await.map_err(|error| {
                ReadError(format!(
                    "expected its contents, found that {error}; choose the model's files again"
                ))
            })?;
            // Every byte is read twice: for the digest, and for the network.
            self.count.arrived(bytes.len() as u64 / 2);
            Ok(bytes)
        })
    }
}

/// Bytes that have arrived, reported now and then.
struct Count {
    done: Cell<u64>,
    total: Option<u64>,
    reported_at: Cell<f64>,
    report: Tell,
}

impl Count {
    fn new(total: Option<u64>, report: Tell) -> Self {
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
    Ok(shards_by_tensor(index)?.into_values().collect())
}
