//! `experiment` as a cluster uses it: shards, interruptions, merging and the report, all on small material.

#![cfg(feature = "cli")]
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn all_or_none(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_all-or-none")).args(arguments).output().expect("the command line starts")
}

fn answer(arguments: &[&str]) -> String {
    let output = all_or_none(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).expect("text")
}

fn check_complaint(arguments: &[&str], words: &[&str]) {
    let output = all_or_none(arguments);
    let complaint = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
    assert_eq!(complaint.trim_end().lines().count(), 1, "{arguments:?}: {complaint}");
    for word in words {
        assert!(complaint.contains(word), "{arguments:?}: {complaint:?} lacks {word:?}");
    }
}

/// A scratch folder with an experiment of two models and four twins, five pairs in all, on few texts.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().expect("a scratch folder"));
        let calibration = include_str!("../public/worlds/english/calibration.txt");
        scratch.write("calibration.txt", &calibration.lines().take(24).collect::<Vec<_>>().join("\n"));
        scratch.write("prompts.txt", "emma is the\ntwo dogs\nyesterday she\n");
        scratch.write("experiment.toml", &scratch.file(""));
        scratch
    }

    fn file(&self, more: &str) -> String {
        format!(
            r#"
            prompts = {:?}
            calibration = {:?}
            concept_names = ["superlatives", "plurals"]
            properties = ["parallelism", "linear_probing"]
            {more}
            [models]
            both = ["public/models/world-d*"]
            [[pairs]]
            all = "both"
            [[pairs]]
            a = "both"
            b = ["twin:change-of-basis", "twin:dark-unembedding=8"]
            "#,
            self.path("prompts.txt"),
            self.path("calibration.txt"),
        )
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("a file");
        self.path(name)
    }

    fn contents(&self, folder: &str) -> [Vec<u8>; 3] {
        ["experiment.json", "rows.jsonl", "rows.csv"]
            .map(|name| fs::read(Path::new(&self.path(folder)).join(name)).expect("an output"))
    }

    /// Runs the experiment into a folder.
    fn run(&self, folder: &str, more: &[&str]) -> String {
        let (file, out) = (self.path("experiment.toml"), self.path(folder));
        answer(&[&["experiment", &file, "--out", &out], more].concat())
    }
}

fn rows(jsonl: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(jsonl).lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

#[test]
fn four_shards_merged_are_one_run_byte_for_byte_also_in_parallel_and_after_an_interruption() {
    let scratch = Scratch::new();
    let said = scratch.run("whole", &["--jobs", "1"]);
    assert!(said.starts_with("5 pairs (0 were there), 25 rows"), "{said}");
    let whole = scratch.contents("whole");

    scratch.run("parallel", &["--jobs", "2"]);
    assert!(scratch.contents("parallel") == whole, "two jobs give other bytes than one");

    // A pair's rows half written, as a kill leaves them.
    let end_of_third_pair =
        String::from_utf8_lossy(&whole[1]).match_indices('\n').nth(14).expect("15 rows").0 + 1;
    let rows_path = Path::new(&scratch.path("parallel")).join("rows.jsonl");
    fs::write(&rows_path, &whole[1][..end_of_third_pair + 3000]).expect("cut off");
    let said = scratch.run("parallel", &["--jobs", "2"]);
    assert!(said.starts_with("5 pairs (3 were there)"), "{said}");
    assert!(scratch.contents("parallel") == whole, "an interruption changes bytes");

    let pieces = ["p0", "p1", "p2", "p3"];
    for (i, piece) in pieces.iter().enumerate() {
        scratch.run(piece, &["--shard", &format!("{i}/4")]);
    }
    let paths: Vec<String> = pieces.iter().map(|piece| scratch.path(piece)).collect();
    let merge = |out: &str, pieces: &[&str]| {
        let out = scratch.path(out);
        [&["experiment", "merge", &out][..], pieces]
            .concat()
            .iter()
            .map(|&x| x.to_owned())
            .collect::<Vec<_>>()
    };
    let of = |call: &[String]| call.iter().map(String::as_str).collect::<Vec<_>>().join("\u{0}");
    let call = of(&merge("merged", &[&paths[2], &paths[0], &paths[3], &paths[1]]));
    answer(&call.split('\u{0}').collect::<Vec<_>>());
    assert!(scratch.contents("merged") == whole, "four shards are not one run");

    let refused = |pieces: &[&str], words: &[&str]| {
        let call = of(&merge("refused", pieces));
        check_complaint(&call.split('\u{0}').collect::<Vec<_>>(), words);
    };
    refused(&[&paths[0], &paths[3]], &["1/4, 2/4"]);
    refused(&[&paths[0], &paths[1], &paths[2], &paths[3], &paths[1]], &["1/4", "p1"]);
    refused(&[&paths[0], "nowhere"], &["nowhere", "experiment.json"]);
    check_complaint(
        &["experiment", &scratch.path("experiment.toml"), "--out", &paths[0], "--shard", "1/4"],
        &["shard 1/4", "0/4"],
    );
    scratch.write("experiment.toml", &scratch.file("seed = 2"));
    check_complaint(
        &["experiment", "run", &scratch.path("experiment.toml"), "--out", &scratch.path("whole")],
        &["expected rows of the experiment", "--out"],
    );

    check_rows(&rows(&whole[1]));
    check_report(&scratch);
}

/// What the rows of this experiment must say, whatever its numbers are.
fn check_rows(rows: &[Value]) {
    let pairs: Vec<&Value> = rows.iter().filter(|row| row["row"] == "pair").collect();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().expect("an id")).collect();
    assert_eq!((pairs.len(), rows.len(), ids.len()), (5, 25, 25));
    assert_eq!(pairs[0]["a"], "world-d32");
    assert_eq!(pairs[0]["b"], "world-d48");
    assert_eq!((&pairs[0]["d_a"], &pairs[0]["d_b"]), (&32.into(), &48.into()));
    assert_eq!((&pairs[0]["seed_a"], &pairs[0]["seed_b"]), (&1.into(), &2.into()));
    let number =
        |row: &Value, column: &str| row[column].as_f64().unwrap_or_else(|| panic!("{column}: {row}"));
    for pair in &pairs {
        let symmetric = (number(pair, "mean_kl_ab") + number(pair, "mean_kl_ba")) / 2.0;
        assert!((symmetric - number(pair, "mean_kl_sym")).abs() < 1e-9 * (1.0 + symmetric));
        for direction in ["ab", "ba"] {
            let (left, bound) =
                (format!("stability_left_{direction}"), format!("stability_bound_{direction}"));
            assert!(number(pair, &left) <= number(pair, &bound) + 1e-4, "Prop. 7: {pair}");
        }
        assert!(number(pair, "effective_complexity_a") <= number(pair, "d_a"));
    }
    let twin = |recipe: &str| pairs.iter().find(|pair| pair["twin"] == recipe).expect("a twin");
    assert_eq!(twin("change-of-basis")["level"], "constructed");
    assert_eq!(twin("dark-unembedding=8")["dark_dimensions_g_b"], 8);
    assert_eq!(twin("dark-unembedding=8")["d_b"], 40);
    for row in rows.iter().filter(|row| row["row"] == "property") {
        assert!(["parallelism", "linear_probing"].contains(&row["property"].as_str().expect("a property")));
        let effect = number(row, "raw_a_score") - number(row, "raw_a_null_mean");
        assert!((effect - number(row, "raw_a_effect")).abs() < 1e-8);
        assert!(row["verdict_visible"].is_string() && row["reasons_raw"].is_array());
        if row["level"] == "constructed" {
            assert!(number(row, "visible_difference") <= number(row, "visible_gap_allowed"), "{row}");
        }
    }
}

/// The report of the folder `merged`.
fn check_report(scratch: &Scratch) {
    let report = |out: &str| {
        answer(&["experiment", "report", &scratch.path("merged"), "--out", &scratch.path(out)]);
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(scratch.path(out))
            .expect("a report")
            .map(|entry| {
                let path = entry.expect("a file").path();
                (
                    path.file_name().expect("a name").to_string_lossy().into_owned(),
                    fs::read(&path).expect("text"),
                )
            })
            .collect();
        files.sort();
        files
    };
    let files = report("report");
    assert!(files == report("again"), "a report is written in the same bytes again");
    let names: Vec<&str> = files.iter().map(|file| file.0.as_str()).collect();
    for name in
        ["matrix.json", "bounds.svg", "bounds.md", "held.csv", "held.svg", "scores_raw.svg", "summary.md"]
    {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    assert!(!names.contains(&"students.svg"), "there are no students");
    let matrix = files.iter().find(|file| file.0 == "matrix.json").expect("the matrix");
    let matrix: Value = serde_json::from_slice(&matrix.1).expect("JSON");
    assert_eq!(matrix["models"][1]["name"], "world-d48");
    assert_eq!(matrix["pairs"].as_array().map(Vec::len), Some(1));
    check_complaint(&["experiment", "report", &scratch.path("p0")], &["all 5 pairs", "found 2"]);
}

#[test]
fn bad_experiments_are_named_in_one_line() {
    let scratch = Scratch::new();
    let refused = |text: &str, words: &[&str]| {
        let file = scratch.write("bad.toml", text);
        check_complaint(&["experiment", &file, "--out", &scratch.path("never")], words);
        assert!(!Path::new(&scratch.path("never")).exists(), "nothing is begun");
    };
    refused(&scratch.file("sed = 2"), &["bad.toml", "line 6", "sed", "seed"]);
    refused("models = [\"nowhere\"]", &["nowhere"]);
    refused("models = [\"bundled:world-d33\"]", &["world-d33", "world-d48"]);
    refused("models = [\"bundled:world-d32\"]", &["bad.toml", "at least one pair"]);
    refused(&scratch.file("world = \"mars\""), &["mars", "calibration.txt"]);
    check_complaint(&["experiment", "nowhere.toml"], &["nowhere.toml"]);
    check_complaint(&["experiment", "report", &scratch.path("none")], &["experiment.json"]);
    let shard = all_or_none(&["experiment", "x.toml", "--shard", "4/4"]);
    assert_eq!(shard.status.code(), Some(2));
    assert_eq!(all_or_none(&["experiment"]).status.code(), Some(2), "a file is needed");
}
