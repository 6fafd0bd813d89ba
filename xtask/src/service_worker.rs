//! The service worker of a built site: its list of files, each with the digest that the browser checks it against.
//!
//! Works on any built folder. A page registers a service worker only where its `index.html` says that there is one.
//! What a first visit needs is kept at once, other models and the WebGPU engine when they are used.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Its file in the built folder.
const FILE: &str = "service-worker.js";
const PAGE: &str = "index.html";
/// What the page looks for.
const MARK: &str = r#"<meta name="all-or-none-offline" content="service-worker.js" />"#;
/// Models and worlds that are kept at once: those of the pair that the page opens with.
const FIRST: [&str; 3] = ["models/world-d32/", "models/world-d48/", "worlds/english/"];
const TEMPLATE: &str = include_str!("service_worker.js");
const RETIRED: &str = include_str!("retired_worker.js");

/// Path below the folder, with `/`, and the file's digest in the form of `integrity` attributes.
type Files = BTreeMap<String, String>;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Another for any other content, name or number of files.
    pub version: String,
    /// Bytes of all files that are kept at once, as they are on disk.
    pub n_bytes: u64,
}

/// Writes the service worker of a built folder and marks its page. Writing twice changes nothing.
pub fn write(folder: &Path) -> io::Result<Written> {
    let page = fs::read_to_string(folder.join(PAGE))?;
    if !page.contains(MARK) {
        fs::write(folder.join(PAGE), page.replacen("</head>", &format!("{MARK}\n</head>"), 1))?;
    }
    let mut files = Files::new();
    collect(folder, "", &mut files)?;
    let version = version_of(&files);
    let (when_used, always): (Files, Files) = files.into_iter().partition(|(path, _)| !is_first(path));
    let mut n_bytes = 0;
    for path in always.keys() {
        n_bytes += fs::metadata(folder.join(if path.is_empty() { PAGE } else { path }))?.len();
    }
    let script = TEMPLATE
        .replace("@VERSION@", &version)
        .replace("@FILES@", &as_json(&always))
        .replace("@WHEN_USED@", &as_json(&when_used));
    fs::write(folder.join(FILE), script)?;
    Ok(Written { version, n_bytes })
}

/// Writes a worker that ends the one which this address served before, and takes the mark from the page.
pub fn retire(folder: &Path) -> io::Result<()> {
    let page = fs::read_to_string(folder.join(PAGE))?;
    if page.contains(MARK) {
        fs::write(folder.join(PAGE), page.replacen(&format!("{MARK}\n"), "", 1))?;
    }
    fs::write(folder.join(FILE), RETIRED)
}

/// Whether a first visit needs the file.
fn is_first(path: &str) -> bool {
    let is_choice = ["models/", "worlds/"]
        .iter()
        .any(|folder| path.strip_prefix(folder).is_some_and(|below| below.contains('/')));
    !path.starts_with("worker_gpu") && (!is_choice || FIRST.iter().any(|folder| path.starts_with(folder)))
}

/// Every file that the page can ask for. The page itself stands under the empty path: some hosts answer its file name
/// with a redirection, which must not be kept.
fn collect(folder: &Path, below: &str, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let address = format!("{below}{name}");
        if path.is_dir() {
            collect(&path, &format!("{address}/"), files)?;
        } else if address != FILE && is_asked_for(&name) {
            let digest = format!("sha256-{}", STANDARD.encode(Sha256::digest(fs::read(&path)?)));
            files.insert(if address == PAGE { String::new() } else { address }, digest);
        }
    }
    Ok(())
}

/// Neither what people read beside the models nor what hosts read and do not serve, such as `_headers`: a file that does
/// not arrive would keep the whole version from being kept.
fn is_asked_for(name: &str) -> bool {
    !name.starts_with(['.', '_']) && name != "CNAME" && !name.ends_with(".md") && !name.ends_with(".d.ts")
}

/// Another for any other content, name or number of files.
fn version_of(files: &Files) -> String {
    let digest = Sha256::digest(as_json(files));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Paths are names of our own files: quotes and backslashes alone need care.
fn as_json(files: &Files) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let entries: Vec<String> =
        files.iter().map(|(path, digest)| format!("    {}: {}", quoted(path), quoted(digest))).collect();
    format!("{{\n{}\n}}", entries.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test, removed at its end.
    struct Site(std::path::PathBuf);

    impl Site {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("all-or-none-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            for model in ["world-d32", "small"] {
                fs::create_dir_all(folder.join("models").join(model)).unwrap();
                fs::write(folder.join("models").join(model).join("config.json"), "{}").unwrap();
            }
            fs::write(folder.join(PAGE), "<head><title>x</title></head>").unwrap();
            fs::write(folder.join("models/catalogue.json"), "[]").unwrap();
            fs::write(folder.join("models/small/README.md"), "about").unwrap();
            fs::write(folder.join("_headers"), "/*").unwrap();
            fs::write(folder.join("worker_gpu_bg.wasm"), "gpu").unwrap();
            Self(folder)
        }

        fn script(&self) -> String {
            fs::read_to_string(self.0.join(FILE)).unwrap()
        }
    }

    impl Drop for Site {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_list_holds_every_file_with_its_digest_and_the_page_under_its_folder() {
        let site = Site::new("list");
        let written = write(&site.0).unwrap();
        let script = site.script();
        // printf '{}' | openssl dgst -sha256 -binary | base64
        assert!(script.contains(
            r#""models/small/config.json": "sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=""#
        ));
        assert!(script.contains("const FILES = {\n    \"\": \"sha256-"));
        assert!(
            !script.contains("README.md")
                && !script.contains("_headers")
                && !script.contains("index.html\":")
                && !script.contains('@')
        );
        let (always, when_used) = script.split_once("const WHEN_USED").unwrap();
        for path in ["worker_gpu_bg.wasm", "models/small/config.json"] {
            assert!(!always.contains(path) && when_used.contains(path), "{path}");
        }
        for path in ["models/catalogue.json", "models/world-d32/config.json"] {
            assert!(always.contains(path) && !when_used.contains(path), "{path}");
        }
        let page = fs::metadata(site.0.join(PAGE)).unwrap().len();
        assert_eq!(written.n_bytes, page + 2 + 2);
    }

    #[test]
    fn the_pair_that_is_kept_at_once_is_the_one_that_the_page_opens_with() {
        let opening = include_str!("../../src/lab/opening.rs");
        let pair = opening.lines().find(|line| line.starts_with("pub const PAIR")).unwrap();
        let named: Vec<_> =
            pair.split('"').skip(1).step_by(2).map(|name| format!("models/{name}/")).collect();
        assert_eq!(named, FIRST[..2]);
    }

    #[test]
    fn a_retired_site_has_no_mark_and_a_worker_that_ends_itself() {
        let site = Site::new("retired");
        let before = fs::read_to_string(site.0.join(PAGE)).unwrap();
        write(&site.0).unwrap();
        retire(&site.0).unwrap();
        assert_eq!(fs::read_to_string(site.0.join(PAGE)).unwrap(), before);
        assert!(site.script().contains("unregister()"));
    }

    #[test]
    fn a_version_is_that_of_its_contents() {
        let site = Site::new("version");
        let first = write(&site.0).unwrap().version;
        assert_eq!(write(&site.0).unwrap().version, first, "writing twice changes nothing");
        assert_eq!(fs::read_to_string(site.0.join(PAGE)).unwrap().matches(MARK).count(), 1);
        fs::write(site.0.join("models/small/config.json"), "{ }").unwrap();
        let second = write(&site.0).unwrap().version;
        assert_ne!(second, first);
        fs::rename(site.0.join("models/small/config.json"), site.0.join("models/small/other.json")).unwrap();
        let third = write(&site.0).unwrap().version;
        assert!(third != second && third != first);
        assert!(site.script().contains(&format!("const VERSION = \"{third}\"")));
    }

    #[test]
    fn a_retired_worker_names_the_same_caches() {
        let prefix = "all-or-none-site ${";
        assert!(TEMPLATE.contains(prefix) && RETIRED.contains(prefix));
        assert!(!RETIRED.contains("all-or-none-models"), "the visitor's models stay");
    }
}
