//! What a visitor downloads and waits for, against the project's limits, as ratios.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::shell::Outcome;
use crate::{checks, places, site};

/// Code of one part of the site and how large it may be.
struct Part {
    name: &'static str,
    /// Compressed megabytes.
    limit: f64,
    /// Whether a file of `dist/`, by its name, belongs to the part.
    holds: fn(&str) -> bool,
}

const PARTS: [Part; 3] = [
    Part { name: "page", limit: 0.9, holds: is_page },
    Part {
        name: "page and CPU engine",
        limit: 2.3,
        holds: |name| is_page(name) || name.starts_with("worker_cpu"),
    },
    Part { name: "WebGPU engine", limit: 3.3, holds: |name| name.starts_with("worker_gpu") },
];

/// Builds the site, then prints sizes and the time from navigation to the first verdict.
pub fn bench() -> Outcome {
    site::build_optimised()?;
    let sizes = compressed_sizes(&places::dist())?;
    println!("{:<22} {:>9} {:>9} {:>7}", "downloaded code", "gzip MB", "limit MB", "ratio");
    for part in &PARTS {
        let bytes: usize = sizes.iter().filter(|(name, _)| (part.holds)(name)).map(|(_, size)| size).sum();
        let megabytes = bytes as f64 / 1e6;
        println!("{:<22} {megabytes:>9.3} {:>9.2} {:>7.2}", part.name, part.limit, megabytes / part.limit);
    }
    checks::time_in_browser()
}

fn is_page(name: &str) -> bool {
    !name.starts_with("worker_") && is_code(name)
}

fn is_code(name: &str) -> bool {
    ["html", "js", "css", "wasm"]
        .iter()
        .any(|kind| Path::new(name).extension().is_some_and(|found| found == *kind))
}

/// (file name, gzip size) of all code in the site.
fn compressed_sizes(site: &Path) -> Outcome<Vec<(String, usize)>> {
    let mut sizes = Vec::new();
    for path in files_below(site)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_code(&name) {
            let content =
                fs::read(&path).map_err(|error| format!("could not read {}: {error}", path.display()))?;
            sizes.push((name, gzipped(&content).len()));
        }
    }
    Ok(sizes)
}

/// Every file of a folder and of those in it.
pub fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let explain = |error| format!("could not list {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(explain)? {
        let path = entry.map_err(explain)?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

/// Compressed by gzip at its usual level, as hosts send it.
pub fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_compresses_and_noise_does_not() {
        assert!(gzipped(&[7; 100_000]).len() < 200);
        let xorshift = |x: &u32| {
            Some([13, -17, 5].iter().fold(*x, |x, &by: &i32| if by > 0 { x ^ x << by } else { x ^ x >> -by }))
        };
        let noise: Vec<u8> =
            std::iter::successors(Some(1), xorshift).take(10_000).map(|x| (x >> 24) as u8).collect();
        assert!(gzipped(&noise).len() > 9_900);
    }

    #[test]
    fn every_code_file_belongs_to_the_right_part() {
        assert!(is_page("app-1234_bg.wasm") && is_page("index.html") && is_page("tokens-1f.css"));
        assert!(!is_page("worker_cpu.js") && !is_page("model.safetensors"));
        assert!((PARTS[1].holds)("worker_cpu_bg.wasm") && !(PARTS[1].holds)("worker_gpu_bg.wasm"));
        assert!((PARTS[2].holds)("worker_gpu_bg.wasm"));
    }
}
