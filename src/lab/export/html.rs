//! A page that stands by itself: no program, no other file, light and dark with the system.
//!
//! Everything that is written goes through [`escaped`], whoever it comes from; what is invisible in it is written out.

use std::fmt::Write;

use crate::lab::visible::visible_text;

/// The style of the page, in the page.
const STYLE: &str = include_str!("report.css");

/// A page that is being written.
#[derive(Debug)]
pub struct Html(String);

impl Html {
    /// Its head and its title, in a language such as `en`.
    pub fn begin(language: &str, title: &str) -> Self {
        let (title, language) = (escaped(title), escaped(language));
        Self(format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             </head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        ))
    }

    /// The whole page.
    pub fn end(mut self) -> String {
        self.0.push_str("</main>\n</body>\n</html>\n");
        self.0
    }

    /// A text in an element of a class of the style. `tag` and `class` are ours.
    pub fn element(&mut self, tag: &'static str, class: &'static str, text: &str) {
        let _ = writeln!(self.0, "<{tag} class=\"{class}\">{}</{tag}>", escaped(text));
    }

    /// The heading of a part.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escaped(text));
    }

    /// Sentences, each with a code behind it where there is one.
    pub fn list(&mut self, items: impl IntoIterator<Item = (String, &'static str)>) {
        self.0.push_str("<ul>\n");
        for (sentence, code) in items {
            let _ = write!(self.0, "<li>{}", escaped(&sentence));
            if !code.is_empty() {
                let _ = write!(self.0, " <code>{}</code>", escaped(code));
            }
            self.0.push_str("</li>\n");
        }
        self.0.push_str("</ul>\n");
    }

    /// A drawing with its title and what to see in it. The SVG is written as it is: its own texts are escaped already.
    pub fn drawing(&mut self, title: &str, sees: &str, svg: &str) {
        let (title, sees) = (escaped(title), escaped(sees));
        let _ = writeln!(
            self.0,
            "<figure>\n<figcaption>{title}</figcaption>\n<p class=\"about\">{sees}</p>\n\
             <div class=\"scroll\">{svg}</div>\n</figure>"
        );
    }

    /// A table whose first column names its rows.
    pub fn table(&mut self, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        self.0.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
        for name in head {
            let _ = write!(self.0, "<th scope=\"col\">{}</th>", escaped(name));
        }
        self.0.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.0.push_str("<tr>");
            for (i, cell) in row.iter().enumerate() {
                let (open, close) = if i == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
                let _ = write!(self.0, "{open}{}{close}", escaped(cell));
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</tbody>\n</table></div>\n");
    }
}

/// Text that is only text, in an element as well as in an attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No control character belongs in a page, wherever it comes from.
            c if c.is_control() && c != '\n' => out.push_str(&visible_text(&c.to_string())),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            escaped("<script>alert('x') & \"y\"</script>\u{7}"),
            "&lt;script&gt;alert(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;␇"
        );
    }

    #[test]
    fn cells_and_headings_are_escaped() {
        let mut page = Html::begin("\"><i>", "<title>x</title>");
        page.table(&["<a>"], [vec!["<b>".into(), "\"><img src=x onerror=y>".into()]]);
        page.heading("<h>");
        page.element("p", "about", "<u>");
        page.list([("<s>".into(), "<code>")]);
        let html = page.end();
        for tag in ["<i>", "<a>", "<b>", "<img", "<h>", "<u>", "<s>", "<code><", "<title>x"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
    }

    /// A page without programs and without requests.
    #[test]
    fn the_style_asks_for_nothing() {
        for word in ["url(", "@import", "<"] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_leaves_an_attribute(text in any::<String>()) {
            let escaped = escaped(&visible_text(&text));
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.chars().any(char::is_control));
        }
    }
}
