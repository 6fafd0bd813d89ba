//! Keeps the rules of ARCHITECTURE.md: who may use whom, where browsers and burn are named, how files begin and end.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, its tests excepted.
const MAX_LINES: usize = 600;

/// For each room, the crate's own modules that it may use, itself excepted. A module path stands for all below it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("theory", &[]),
    ("models", &[]),
    // The plain types that an engine fills.
    (
        "engine",
        &[
            "models",
            "lab::observation",
            "lab::Observation",
            "lab::Context",
            "lab::EngineKind",
            "lab::ModelCard",
        ],
    ),
    ("hub", &[]),
    ("lab", &["theory", "hub::address"]),
    // Typed errors that the page says in its language.
    ("protocol", &["lab", "hub::HubError", "hub::NotKept"]),
    ("worlds", &[]),
    ("training", &["worlds", "models", "engine", "theory"]),
    ("browser", &["lab", "protocol", "hub"]),
    ("worker", &["lab", "engine", "models", "browser", "protocol", "theory", "hub"]),
    ("ui", &["lab", "browser", "protocol", "theory", "hub", "text", "figures"]),
    ("text", &["lab", "theory", "hub::progress"]),
    ("figures", &["text", "lab", "theory"]),
    ("cli", &["lab", "engine", "models", "theory", "worlds", "text", "figures"]),
];

/// (how a foreign thing is named, rooms that may name it).
const MAY_NAME: &[(&[&str], &[&str])] = &[
    (&["burn::", "burn_wgpu::"], &["models", "engine", "training", "bin"]),
    (&["leptos::"], &["ui", "bin"]),
    (&["leptos_i18n::"], &["ui", "text", "figures", "cli"]),
    (&["web_sys::", "js_sys::", "wasm_bindgen::", "gloo::"], &["browser", "worker", "ui", "bin"]),
    // Results depend on what was asked alone: no clock and no entropy of the machine.
    (
        &["Instant::", "SystemTime::", "thread_rng(", "rand::rng(", "from_os_rng(", "OsRng"],
        &["engine", "training", "worker", "browser", "ui", "cli", "bin"],
    ),
];

struct Source {
    /// `theory`, `ui`, …; `lib` for the files beside the rooms.
    room: String,
    path: PathBuf,
    text: String,
}

impl Source {
    /// Lines of code with their numbers, comments left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new("src");
    let mut files = Vec::new();
    collect(root, &mut files);
    assert!(files.len() > 20, "the sources were not found below {}", root.display());
    files
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(root).expect("a path below src");
            let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("a source file");
            Source { room, path: below.to_owned(), text }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("a source file").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Paths after `crate::` in a line; `crate::lab::{A, B}` gives `lab::A` and `lab::B`.
fn own_paths(line: &str) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    line.match_indices("crate::")
        .filter(|(at, _)| !line[..*at].ends_with(is_path))
        .flat_map(|(at, prefix)| {
            let rest = &line[at + prefix.len()..];
            let path: String = rest.chars().take_while(|&c| is_path(c)).collect();
            match rest[path.len()..].strip_prefix('{') {
                Some(group) => {
                    let names = group.split('}').next().unwrap_or_default().split(',');
                    names.map(|name| format!("{path}{}", name.trim())).filter(|p| !p.ends_with(':')).collect()
                }
                None => vec![path],
            }
        })
        .collect()
}

/// Whether `name` begins a word of the line.
fn is_named(name: &str, line: &str) -> bool {
    let continues_a_word = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(name).any(|(at, _)| !continues_a_word(&line[..at]))
}

#[test]
fn names_are_whole_words() {
    assert!(is_named("burn::", "use burn::tensor::Tensor;"));
    assert!(is_named("burn::", "let t: burn::Tensor<2>"));
    assert!(!is_named("burn::", "use autoburn::Tensor;"));
    assert!(!is_named("burn::", "\"burn-flex\""));
}

#[test]
fn own_paths_are_found_in_groups_too() {
    assert_eq!(own_paths("use crate::theory::verdict::Verdict;"), ["theory::verdict::Verdict"]);
    assert_eq!(own_paths("use crate::lab::{Context, Report};"), ["lab::Context", "lab::Report"]);
    assert_eq!(own_paths("let x = crate::ui::f(crate::lab::g());"), ["ui::f", "lab::g"]);
    assert_eq!(own_paths("use othercrate::lab::X;"), Vec::<String>::new());
}

#[test]
fn rooms_use_only_what_they_may() {
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let rooms: Vec<_> = rules.keys().copied().collect();
    let mut broken = Vec::new();
    for source in sources() {
        // `lib.rs` names all rooms and `bin` starts them.
        let Some(allowed) = rules.get(source.room.as_str()) else {
            assert!(["lib", "bin"].contains(&source.room.as_str()), "src/{} has no rule here", source.room);
            continue;
        };
        for (number, line) in source.code() {
            for path in own_paths(line) {
                let room = path.split("::").next().unwrap_or_default();
                let below = |rule: &&str| path == **rule || path.starts_with(&format!("{rule}::"));
                if rooms.contains(&room) && room != source.room && !allowed.iter().any(below) {
                    broken.push(format!("src/{}:{number} uses {path}", source.path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "against ARCHITECTURE.md:\n{}", broken.join("\n"));
}

#[test]
fn foreign_crates_are_named_only_where_they_belong() {
    let mut broken = Vec::new();
    for source in sources() {
        for (names, rooms) in MAY_NAME {
            if rooms.contains(&source.room.as_str()) {
                continue;
            }
            for (number, line) in source.code() {
                if names.iter().any(|name| is_named(name, line)) {
                    broken.push(format!("src/{}:{number} {}", source.path.display(), line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "against ARCHITECTURE.md:\n{}", broken.join("\n"));
}

#[test]
fn files_say_what_they_are_and_stay_small() {
    for source in sources() {
        let name = source.path.display();
        assert!(source.text.starts_with("//!"), "src/{name} does not begin with `//!` and what it is for");
        let lines = source.text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(
            lines <= MAX_LINES,
            "src/{name} has {lines} lines, more than {MAX_LINES}: one concept a file"
        );
    }
}
