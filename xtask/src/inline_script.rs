//! Moves the page's own few lines of program, which stand in `index.html` or which Trunk writes there, into files: a
//! content security policy then needs no exception for them.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

const PAGE: &str = "index.html";
/// How an inline program begins: one that runs before the page is shown, and one that runs after.
const OPENINGS: [&str; 2] = ["<script>", "<script type=\"module\">"];
const CLOSE: &str = "</script>";

/// Writes every inline program of a built page to `start-DIGEST.js` beside it. Doing it twice changes nothing.
pub fn move_out(folder: &Path) -> io::Result<()> {
    let mut page = fs::read_to_string(folder.join(PAGE))?;
    for opening in OPENINGS {
        page = move_out_those(opening, &page, folder)?;
    }
    fs::write(folder.join(PAGE), page)
}

fn move_out_those(opening: &str, page: &str, folder: &Path) -> io::Result<String> {
    let mut parts = page.split(opening);
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (program, rest) = part.split_once(CLOSE).unwrap_or((part, ""));
        let digest: String =
            Sha256::digest(program).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("start-{digest}.js");
        fs::write(folder.join(&name), program)?;
        let tag = opening.trim_end_matches('>');
        moved.push_str(&format!("{tag} src=\"./{name}\">{CLOSE}{rest}"));
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_move_and_everything_else_stays() {
        let folder = std::env::temp_dir().join(format!("all-or-none-inline-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let written = "<head>\n<script>first()</script>\n<script type=\"module\">\nimport './app.js';\n</script><link></head>";
        fs::write(folder.join(PAGE), written).unwrap();
        move_out(&folder).unwrap();
        let page = fs::read_to_string(folder.join(PAGE)).unwrap();
        let names: Vec<&str> = page.split("./").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(
            page,
            format!(
                "<head>\n<script src=\"./{}\"></script>\n<script type=\"module\" src=\"./{}\"></script><link></head>",
                names[0], names[1]
            )
        );
        let [first, second] = [0, 1].map(|i| fs::read_to_string(folder.join(names[i])).unwrap());
        assert_eq!((first.as_str(), second.as_str()), ("first()", "\nimport './app.js';\n"));
        move_out(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(PAGE)).unwrap(), page);
        fs::remove_dir_all(folder).unwrap();
    }
}
