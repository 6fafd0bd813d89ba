//! `experiment merge`: the rows of all shards become those of one run.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::pairs::Shard;
use super::store::{Block, Manifest, bad, blocks, write_folder};
use crate::cli::arguments::MergeArguments;
use crate::cli::error::CliError;

pub fn run(arguments: &MergeArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let (n_pairs, n_rows) = merge(&arguments.out, &arguments.pieces)?;
    Ok(writeln!(out, "{n_pairs} pairs, {n_rows} rows in {}", arguments.out.display())?)
}

/// Joins pieces; returns how many pairs and rows there are.
fn merge(out: &Path, pieces: &[PathBuf]) -> Result<(usize, usize), CliError> {
    let pieces: Vec<(&Path, Manifest)> = pieces
        .iter()
        .map(|piece| Ok((piece.as_path(), manifest_of(piece)?)))
        .collect::<Result<_, CliError>>()?;
    let [(first_folder, first), ..] = pieces.as_slice() else {
        return Err(bad(out, "expected at least one piece, found none"));
    };
    let whole = Manifest { shard: Shard::WHOLE, ..first.clone() };
    let mut by_shard: BTreeMap<usize, &Path> = BTreeMap::new();
    for (folder, manifest) in &pieces {
        if (Manifest { shard: Shard::WHOLE, ..manifest.clone() }) != whole {
            return Err(bad(
                folder,
                &format!(
                    "expected rows of the experiment {} as in {}, found those of {}; merge the pieces of one experiment",
                    first.experiment,
                    first_folder.display(),
                    manifest.experiment
                ),
            ));
        }
        if manifest.shard.of != first.shard.of {
            return Err(bad(
                folder,
                &format!(
                    "expected one of {} shards as in {}, found the shard {}; merge the pieces of one division",
                    first.shard.of,
                    first_folder.display(),
                    manifest.shard
                ),
            ));
        }
        if let Some(other) = by_shard.insert(manifest.shard.index, folder) {
            return Err(bad(
                folder,
                &format!(
                    "expected every shard once, found {} in {} too; leave one out",
                    manifest.shard,
                    other.display()
                ),
            ));
        }
    }
    let missing: Vec<String> = (0..first.shard.of)
        .filter(|index| !by_shard.contains_key(index))
        .map(|index| Shard { index, ..first.shard }.to_string())
        .collect();
    if !missing.is_empty() {
        return Err(bad(
            out,
            &format!(
                "expected all {} shards, found none of {}; add their folders",
                first.shard.of,
                missing.join(", ")
            ),
        ));
    }
    check_place(out, &whole)?;
    let mut all: Vec<Block> = Vec::with_capacity(whole.n_pairs);
    for (folder, manifest) in &pieces {
        all.extend(whole_blocks(folder, manifest)?);
    }
    all.sort_by_key(|block| block.pair);
    Ok((all.len(), write_folder(out, &whole, &all)?))
}

fn manifest_of(folder: &Path) -> Result<Manifest, CliError> {
    Manifest::read(folder)?.ok_or_else(|| {
        bad(folder, "expected a folder that `experiment` wrote, found no experiment.json in it")
    })
}

/// All pairs of a shard; an interrupted one is refused.
fn whole_blocks(folder: &Path, manifest: &Manifest) -> Result<Vec<Block>, CliError> {
    let (found, expected) = (blocks(folder, manifest)?, manifest.numbers().len());
    if found.len() == expected {
        return Ok(found);
    }
    let message = format!(
        "expected the {expected} pairs of the shard {}, found only {}; run it again with the same --out",
        manifest.shard,
        found.len()
    );
    Err(bad(folder, &message))
}

/// The rows of another experiment, or a piece of this one, must not be written over.
fn check_place(out: &Path, whole: &Manifest) -> Result<(), CliError> {
    match Manifest::read(out)? {
        Some(found) if found != *whole => Err(bad(
            out,
            &format!(
                "expected a new folder for the joined rows, found the shard {} of the experiment {}; choose another",
                found.shard, found.experiment
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::{TempDir, tempdir};

    use super::super::store::tests::{contents, manifest, written};
    use super::*;

    fn pieces(experiment: &str, n_pairs: usize, of: usize) -> Vec<TempDir> {
        (0..of).map(|i| written(&manifest(experiment, &format!("{i}/{of}"), n_pairs))).collect()
    }

    fn message(pieces: &[&TempDir]) -> String {
        let out = tempdir().unwrap();
        let pieces: Vec<PathBuf> = pieces.iter().map(|piece| piece.path().to_owned()).collect();
        let message = merge(&out.path().join("out"), &pieces).unwrap_err().to_string();
        assert!(!message.contains('\n'));
        assert!(!out.path().join("out").exists(), "nothing is written");
        message
    }

    #[test]
    fn shards_in_any_order_are_one_run_byte_for_byte() {
        for (n_pairs, of) in [(7, 4), (2, 4), (4, 1), (9, 3)] {
            let whole = contents(written(&manifest("e", "0/1", n_pairs)).path());
            let mut parts: Vec<PathBuf> = Vec::new();
            let folders = pieces("e", n_pairs, of);
            parts.extend(folders.iter().rev().map(|folder| folder.path().to_owned()));
            let out = tempdir().unwrap();
            assert_eq!(merge(out.path(), &parts).unwrap(), (n_pairs, 3 * n_pairs));
            assert_eq!(contents(out.path()), whole, "{n_pairs} pairs in {of} shards");
            assert_eq!(merge(out.path(), &parts).unwrap().0, n_pairs, "it may be done again");
        }
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let (e, other) = (pieces("e", 6, 3), pieces("other", 6, 3));
        assert!(message(&[&e[0], &e[2]]).contains("none of 1/3;"));
        assert!(message(&[&e[1]]).contains("none of 0/3, 2/3;"));
        assert!(message(&[&e[0], &e[1], &e[2], &e[1]]).contains("found 1/3 in"));
        assert!(message(&[&e[0], &other[1], &e[2]]).contains("found those of other"));
        assert!(message(&[&e[0], &pieces("e", 6, 2)[1]]).contains("found the shard 1/2"));
        assert!(message(&[&tempdir().unwrap()]).contains("no experiment.json"));
        let rows = e[1].path().join("rows.jsonl");
        let bytes = std::fs::read(&rows).unwrap();
        std::fs::write(&rows, &bytes[..bytes.len() - 1]).unwrap();
        assert!(message(&[&e[0], &e[1], &e[2]]).contains("the 2 pairs of the shard 1/3, found only 1"));
    }

    #[test]
    fn a_piece_or_another_experiment_is_never_written_over() {
        let (e, other) = (pieces("e", 6, 2), pieces("other", 6, 1));
        let parts = [e[0].path().to_owned(), e[1].path().to_owned()];
        for out in [&e[0], &other[0]] {
            let before = contents(out.path());
            assert!(merge(out.path(), &parts).unwrap_err().to_string().contains("choose another"));
            assert_eq!(contents(out.path()), before);
        }
    }
}
