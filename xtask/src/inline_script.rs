//! Moves the page's own few lines of program, which Trunk writes into `index.html`, into a file: a content security
//! policy then needs no exception for them.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

const PAGE: &str = "index.html";
const OPEN: &str = "<script type=\"module\">";
const CLOSE: &str = "</script>";

/// Writes every inline program of a built page to `start-DIGEST.js` beside it. Doing it twice changes nothing.
pub fn move_out(folder: &Path) -> io::Result<()> {
    let page = fs::read_to_string(folder.join(PAGE))?;
    let mut parts = page.split(OPEN);
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (program, rest) = part.split_once(CLOSE).unwrap_or((part, ""));
        let digest: String =
            Sha256::digest(program).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("start-{digest}.js");
        fs::write(folder.join(&name), program)?;
        moved.push_str(&format!("<script type=\"module\" src=\"./{name}\">{CLOSE}{rest}"));
    }
    fs::write(folder.join(PAGE), moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_move_and_everything_else_stays() {
        let folder = std::env::temp_dir().join(format!("all-or-none-inline-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let written = "<head>\n<script type=\"module\">\nimport './app.js';\n</script><link></head>";
        fs::write(folder.join(PAGE), written).unwrap();
        move_out(&folder).unwrap();
        let page = fs::read_to_string(folder.join(PAGE)).unwrap();
        let name = page.split("./").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(page, format!("<head>\n<script type=\"module\" src=\"./{name}\"></script><link></head>"));
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "\nimport './app.js';\n");
        move_out(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(PAGE)).unwrap(), page);
        fs::remove_dir_all(folder).unwrap();
    }
}
