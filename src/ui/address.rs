//! The page's address as it is passed on: for a frame in another page, and out of it again.

/// What marks an embedded page in its address.
const EMBED: &str = "embed";

/// Whether the value of `?embed=` asks for the compact view.
pub fn is_embedded(value: Option<&str>) -> bool {
    value == Some("1")
}

/// The same page in its compact view.
pub fn embedded(address: &str) -> String {
    with_query(address, |query| query.push("embed=1".to_owned()))
}

/// The same page in full.
pub fn full(address: &str) -> String {
    with_query(address, |_| {})
}

/// Changes the parameters of an address, rid of ours.
fn with_query(address: &str, change: impl Fn(&mut Vec<String>)) -> String {
    let (before, fragment) = match address.split_once('#') {
        Some((before, fragment)) => (before, format!("#{fragment}")),
        None => (address, String::new()),
    };
    let (path, query) = before.split_once('?').unwrap_or((before, ""));
    let is_ours = |parameter: &&str| parameter.split('=').next() == Some(EMBED);
    let kept = query.split('&').filter(|parameter| !parameter.is_empty() && !is_ours(parameter));
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    change(&mut query);
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{path}{query}{fragment}")
}

/// HTML that shows the compact view in a frame of another page.
pub fn frame(address: &str, title: &str) -> String {
    let attribute = |text: &str| {
        text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
    };
    format!(
        "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"600\" loading=\"lazy\" style=\"border:0\"></iframe>",
        attribute(&embedded(address)),
        attribute(title)
    )
}

/// A name for a file, of what is compared: letters, digits and hyphens only, whatever the models are called.
pub fn file_name(models: [&str; 2], ending: &str) -> String {
    let plain = |name: &str| {
        let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40);
        letters.collect::<String>().trim_matches('-').to_owned()
    };
    let names = models.map(plain);
    let names = names.iter().filter(|name| !name.is_empty()).map(String::as_str);
    format!("{}{ending}", std::iter::once("all-or-none").chain(names).collect::<Vec<_>>().join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_parameter_comes_and_goes() {
        let cases = [
            ("https://a/b/#3.x", "https://a/b/?embed=1#3.x", "https://a/b/#3.x"),
            ("https://a/b/", "https://a/b/?embed=1", "https://a/b/"),
            ("https://a/?lang=ja&embed=1#3.x", "https://a/?lang=ja&embed=1#3.x", "https://a/?lang=ja#3.x"),
            ("https://a/?embed#x?y=1", "https://a/?embed=1#x?y=1", "https://a/#x?y=1"),
            ("https://a/?embedded=2", "https://a/?embedded=2&embed=1", "https://a/?embedded=2"),
        ];
        for (address, inside, outside) in cases {
            assert_eq!(embedded(address), inside);
            assert_eq!(full(address), outside);
        }
    }

    #[test]
    fn a_frame_holds_whatever_the_models_are_called() {
        let html = frame("https://a/?lang=ja&x=\"#3.x", "<b>\" onload=\"");
        assert!(html.contains("src=\"https://a/?lang=ja&amp;x=&quot;&amp;embed=1#3.x\""), "{html}");
        assert!(html.contains("title=\"&lt;b&gt;&quot; onload=&quot;\""), "{html}");
    }

    #[test]
    fn files_have_plain_names() {
        assert_eq!(file_name(["world-d32", "world-d48"], ".json"), "all-or-none_world-d32_world-d48.json");
        assert_eq!(file_name(["../<b>", "Meta/モデル 7b"], ".csv"), "all-or-none_b_Meta-----7b.csv");
        assert_eq!(file_name(["", "…"], ".py"), "all-or-none.py");
        assert!(file_name([&"x".repeat(500), ""], "").len() < 60);
    }
}
