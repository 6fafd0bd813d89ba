//! A folder of rows: `experiment.json` says of what, `rows.jsonl` holds them pair by pair, `rows.csv` the same as a table.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::models::ModelFacts;
use super::pairs::Shard;
use super::rows::{PAIR, PROPERTY, Row, rounded};
use crate::cli::error::CliError;
use crate::lab::Thresholds;
use crate::lab::report::Property;

const MANIFEST: &str = "experiment.json";
const ROWS: &str = "rows.jsonl";
const TABLE: &str = "rows.csv";

/// What a folder of rows says of itself: of which experiment, and which part of it. No times, nothing of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of the rows.
    pub format: u32,
    /// Digest of the experiment's meaning.
    pub experiment: String,
    pub shard: Shard,
    /// Of the whole experiment.
    pub n_pairs: usize,
    pub seed: u64,
    pub thresholds: Thresholds,
    pub properties: Vec<Property>,
    pub concepts: Vec<String>,
    pub n_prompts: usize,
    pub n_calibration_texts: usize,
    pub models: Vec<ModelFacts>,
}

impl Manifest {
    /// Raised whenever rows mean something else than before.
    pub const FORMAT: u32 = 1;

    /// Reads that of a folder; `None` where there is none.
    pub fn read(folder: &Path) -> Result<Option<Self>, CliError> {
        let path = folder.join(MANIFEST);
        if !path.exists() {
            return Ok(None);
        }
        let text = crate::cli::files::read_text(&path)?;
        serde_json::from_str(&text).map(Some).map_err(|error| {
            let message = format!("expected what `experiment` writes, found {error}; compute the rows again");
            CliError::BadRows { path, message }
        })
    }

    fn write(&self, folder: &Path) -> Result<(), CliError> {
        let internal = |error: serde_json::Error| CliError::Internal(error.to_string());
        // What was read from a file and is written again must not lose its last digit on the way.
        let value = round_all(serde_json::to_value(self).map_err(internal)?);
        let mut text = serde_json::to_string_pretty(&value).map_err(internal)?;
        text.push('\n');
        write_whole(&folder.join(MANIFEST), text.as_bytes())
    }

    /// Its pairs, in order.
    pub fn numbers(&self) -> Vec<usize> {
        self.shard.numbers(self.n_pairs)
    }
}

fn round_all(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().and_then(rounded).into(),
        Value::Array(items) => items.into_iter().map(round_all).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, round_all(value))).collect(),
        other => other,
    }
}

/// All rows of one pair as they stand in the file, line ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Number of the pair.
    pub pair: usize,
    pub text: String,
}

impl Block {
    /// The lines of one pair.
    pub fn of_rows(pair: usize, rows: &[Row]) -> Result<Self, CliError> {
        let mut text = String::new();
        for row in rows {
            text += &serde_json::to_string(row).map_err(|error| CliError::Internal(error.to_string()))?;
            text.push('\n');
        }
        Ok(Self { pair, text })
    }
}

/// Rows that are being written.
pub struct Store {
    folder: PathBuf,
    rows: File,
    /// How many of the shard's pairs are there.
    pub n_done: usize,
}

impl Store {
    /// Starts a folder, or goes on with one: whole pairs are kept, and what an interruption left half-written is cut off.
    pub fn open(folder: &Path, manifest: &Manifest) -> Result<Self, CliError> {
        fs::create_dir_all(folder).map_err(cannot_write(folder))?;
        match Manifest::read(folder)? {
            None if folder.join(ROWS).exists() => {
                return Err(bad(
                    folder,
                    "has rows, but no experiment.json that says of what; choose another folder",
                ));
            }
            None => manifest.write(folder)?,
            Some(found) if found.experiment != manifest.experiment => {
                let (found, asked) = (&found.experiment, &manifest.experiment);
                return Err(bad(
                    folder,
                    &format!(
                        "expected rows of the experiment {asked}, found those of {found}; choose another folder with --out, or delete this one"
                    ),
                ));
            }
            Some(found) if found.shard != manifest.shard => {
                let (found, asked) = (found.shard, manifest.shard);
                return Err(bad(
                    folder,
                    &format!(
                        "expected rows of the shard {asked}, found those of {found}; choose another folder with --out"
                    ),
                ));
            }
            Some(_) => {}
        }
        let path = folder.join(ROWS);
        let mut rows =
            OpenOptions::new().create(true).append(true).open(&path).map_err(cannot_write(&path))?;
        let kept = blocks(folder, manifest)?;
        let length = kept.iter().map(|block| block.text.len() as u64).sum();
        rows.set_len(length).and_then(|()| rows.flush()).map_err(cannot_write(&path))?;
        Ok(Self { folder: folder.to_owned(), rows, n_done: kept.len() })
    }

    /// Adds a pair, which must be the next of the shard.
    pub fn append(&mut self, block: &Block) -> Result<(), CliError> {
        let written = self.rows.write_all(block.text.as_bytes()).and_then(|()| self.rows.sync_data());
        written.map_err(cannot_write(&self.folder.join(ROWS)))?;
        self.n_done += 1;
        Ok(())
    }

    /// Writes the table; returns how many rows there are.
    pub fn finish(self) -> Result<usize, CliError> {
        let rows = read_rows(&self.folder)?;
        write_table(&self.folder.join(TABLE), &rows)?;
        Ok(rows.len())
    }
}

/// The whole pairs of a folder, in order; less than the shard has where it was interrupted.
pub fn blocks(folder: &Path, manifest: &Manifest) -> Result<Vec<Block>, CliError> {
    let path = folder.join(ROWS);
    let bytes = fs::read(&path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    // A write may end in the middle of a character, but never before the last line end.
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let text = std::str::from_utf8(&bytes[..whole])
        .map_err(|_| bad(&path, "expected text, found other bytes; compute the rows again"))?;
    let mut blocks = Vec::new();
    let mut lines = text.split_inclusive('\n').enumerate().peekable();
    let numbers = manifest.numbers();
    while let Some((at, first)) = lines.next() {
        let wrong = |line: usize, what: &str| {
            bad(
                &path,
                &format!("line {}: expected {what}; delete the folder and compute its rows again", line + 1),
            )
        };
        let Some(&pair) = numbers.get(blocks.len()) else {
            return Err(wrong(at, "no more pairs"));
        };
        let is_row = |line: &str, kind: &str| {
            let row = serde_json::from_str::<Row>(line).ok()?;
            let is_right = text_of(&row, "row") == Some(kind)
                && text_of(&row, "experiment") == Some(&manifest.experiment)
                && row.get("pair").and_then(Value::as_u64) == Some(pair as u64);
            is_right.then_some(row)
        };
        let expected = format!("the rows of pair {pair} of the experiment {}", manifest.experiment);
        let head = is_row(first, PAIR).ok_or_else(|| wrong(at, &expected))?;
        let n_properties = head.get("n_properties").and_then(Value::as_u64).unwrap_or_default();
        let mut block = first.to_owned();
        for _ in 0..n_properties {
            match lines.next() {
                Some((_, line)) if is_row(line, PROPERTY).is_some() => block += line,
                Some((at, _)) => return Err(wrong(at, &expected)),
                None => return Ok(blocks),
            }
        }
        blocks.push(Block { pair, text: block });
    }
    Ok(blocks)
}

/// Every row of a folder.
pub fn read_rows(folder: &Path) -> Result<Vec<Row>, CliError> {
    let path = folder.join(ROWS);
    let text = crate::cli::files::read_text(&path)?;
    let parse = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            bad(&path, &format!("line {}: expected a row, found {error}; compute the rows again", i + 1))
        })
    };
    text.lines().enumerate().map(parse).collect()
}

/// A folder of joined rows.
pub fn write_folder(folder: &Path, manifest: &Manifest, blocks: &[Block]) -> Result<usize, CliError> {
    fs::create_dir_all(folder).map_err(cannot_write(folder))?;
    let text: String = blocks.iter().map(|block| block.text.as_str()).collect();
    // The rows first: a folder with a manifest and fewer rows would seem to have been interrupted.
    write_whole(&folder.join(ROWS), text.as_bytes())?;
    manifest.write(folder)?;
    let rows = read_rows(folder)?;
    write_table(&folder.join(TABLE), &rows)?;
    Ok(rows.len())
}

/// Rows as a table: the columns of all kinds of rows, in the order in which they come.
fn write_table(path: &Path, rows: &[Row]) -> Result<(), CliError> {
    let mut names: Vec<&str> = Vec::new();
    // All rows of a kind have the same columns.
    for kind in [PAIR, PROPERTY] {
        let first = rows.iter().find(|row| text_of(row, "row") == Some(kind));
        for name in first.into_iter().flat_map(Row::keys) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| CliError::Write { path: path.to_owned(), message: error.to_string() };
    table.write_record(&names).map_err(failed)?;
    for row in rows {
        table.write_record(names.iter().map(|name| cell(row.get(*name)))).map_err(failed)?;
    }
    let bytes = table.into_inner().map_err(|error| CliError::Internal(error.to_string()))?;
    write_whole(path, &bytes)
}

/// A value as a cell: nothing for null, a list with spaces between its words.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(" "),
        Some(Value::Number(number)) if number.is_f64() => {
            number.as_f64().and_then(rounded).map(|x| Value::from(x).to_string()).unwrap_or_default()
        }
        Some(other) => other.to_string(),
    }
}

/// The text in a column.
pub fn text_of<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column).and_then(Value::as_str)
}

/// Writes a file beside its place and moves it there, so that no half of it is ever found.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(cannot_write(path))
}

/// The error of a path that cannot be written.
pub fn cannot_write(path: &Path) -> impl Fn(std::io::Error) -> CliError {
    let path = path.to_owned();
    move |error| CliError::Write { path: path.clone(), message: error.to_string() }
}

/// The error of rows that are not what they should be.
pub fn bad(path: &Path, message: &str) -> CliError {
    CliError::BadRows { path: path.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;
    use tempfile::{TempDir, tempdir};

    use super::*;

    pub fn manifest(experiment: &str, shard: &str, n_pairs: usize) -> Manifest {
        Manifest {
            format: Manifest::FORMAT,
            experiment: experiment.into(),
            shard: shard.parse().unwrap(),
            n_pairs,
            seed: 1,
            thresholds: Thresholds::default(),
            properties: vec![Property::Parallelism],
            concepts: vec!["x".into()],
            n_prompts: 1,
            n_calibration_texts: 0,
            models: Vec::new(),
        }
    }

    /// A pair with two properties, whose numbers are awkward.
    pub fn block(experiment: &str, pair: usize) -> Block {
        let row = |kind: &str, more: Value| {
            let mut row =
                json!({"row": kind, "id": format!("{pair}, \"é\""), "experiment": experiment, "pair": pair});
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            row.as_object().unwrap().clone()
        };
        let number = rounded((pair as f64 + 0.1).ln_1p() * 1e-33).unwrap();
        let rows = [
            row(PAIR, json!({"n_properties": 2, "level": "close", "d_llv": null, "dark_f": number})),
            row(PROPERTY, json!({"property": "p", "score": number, "reasons": ["X", "Y"], "level": "close"})),
            row(PROPERTY, json!({"property": "q", "score": null, "reasons": [], "level": "close"})),
        ];
        Block::of_rows(pair, &rows).unwrap()
    }

    pub fn written(manifest: &Manifest) -> TempDir {
        let folder = tempdir().unwrap();
        let mut store = Store::open(folder.path(), manifest).unwrap();
        for pair in manifest.numbers() {
            store.append(&block(&manifest.experiment, pair)).unwrap();
        }
        assert_eq!(store.finish().unwrap(), 3 * manifest.numbers().len());
        folder
    }

    pub fn contents(folder: &Path) -> [Vec<u8>; 3] {
        [MANIFEST, ROWS, TABLE].map(|name| fs::read(folder.join(name)).unwrap())
    }

    fn open_error(folder: &TempDir, manifest: &Manifest) -> String {
        Store::open(folder.path(), manifest).err().unwrap().to_string()
    }

    /// Cut off anywhere, gone on with: the same bytes as without an interruption.
    #[test]
    fn an_interrupted_folder_is_gone_on_with_from_its_last_whole_pair() {
        let manifest = manifest("e1", "1/2", 6);
        let whole = contents(written(&manifest).path());
        let [first, both] =
            [1, 2].map(|n| manifest.numbers()[..n].iter().map(|&p| block("e1", p).text.len()).sum());
        for (cut, kept) in [
            (0, 0),
            (1, 0),
            (first - 1, 0),
            (first, 1),
            (first + 80, 1),
            (both - 1, 1),
            (both, 2),
            (both + 7, 2),
        ] {
            let folder = written(&manifest);
            fs::write(folder.path().join(ROWS), &whole[1][..cut]).unwrap();
            let mut store = Store::open(folder.path(), &manifest).unwrap();
            assert_eq!(store.n_done, kept, "cut at {cut}");
            for &pair in &manifest.numbers()[kept..] {
                store.append(&block("e1", pair)).unwrap();
            }
            store.finish().unwrap();
            assert_eq!(contents(folder.path()), whole, "cut at {cut}");
        }
    }

    #[test]
    fn rows_of_something_else_are_never_added_to() {
        let folder = written(&manifest("e1", "0/2", 4));
        assert!(open_error(&folder, &manifest("e2", "0/2", 4)).contains("e2"));
        assert!(open_error(&folder, &manifest("e1", "1/2", 4)).contains("shard 1/2"));
        fs::write(folder.path().join(ROWS), "{\"row\": \"pair\"}\n").unwrap();
        assert!(open_error(&folder, &manifest("e1", "0/2", 4)).contains("line 1"));
        fs::write(folder.path().join(ROWS), block("e1", 2).text).unwrap();
        assert!(open_error(&folder, &manifest("e1", "0/2", 4)).contains("pair 0"));
        fs::write(folder.path().join(MANIFEST), "{}").unwrap();
        assert!(open_error(&folder, &manifest("e1", "0/2", 4)).contains("experiment.json"));
        fs::remove_file(folder.path().join(MANIFEST)).unwrap();
        assert!(open_error(&folder, &manifest("e1", "0/2", 4)).contains("no experiment.json"));
    }

    #[test]
    fn the_table_has_the_columns_of_both_kinds_and_the_same_numbers() {
        let folder = written(&manifest("e1", "0/1", 2));
        let table = fs::read_to_string(folder.path().join(TABLE)).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "row,id,experiment,pair,n_properties,level,d_llv,dark_f,property,score,reasons");
        let number = rounded(0.1_f64.ln_1p() * 1e-33).unwrap();
        let number = serde_json::to_string(&number).unwrap();
        assert_eq!(lines[1], format!("pair,\"0, \"\"é\"\"\",e1,0,2,close,,{number},,,"));
        assert_eq!(lines[2], format!("property,\"0, \"\"é\"\"\",e1,0,,close,,,p,{number},X Y"));
        assert_eq!(lines.len(), 1 + 6);
    }
}
