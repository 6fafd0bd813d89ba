//! A drawing as a list of marks, and its SVG: for the page with the page's own colours by name, for files with the
//! colours themselves. Pure functions.

use std::fmt::Write;

use super::scale::Scale;

/// Shades of heat that the style sheet has.
pub const SHADES: usize = 8;

/// A colour of the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as in style/tokens.css")]
pub enum Tone {
    Surface,
    Sunken,
    Ink,
    InkSoft,
    Rule,
    RuleStrong,
    A,
    ASoft,
    B,
    BSoft,
    Decided,
    Fault,
    /// 0 stands out most from the page, 7 least.
    Heat(u8),
    /// What can be read on a shade of heat.
    OnHeat(u8),
}

impl Tone {
    /// Its name in the style sheet, without dashes before it.
    pub fn token(self) -> &'static str {
        self.named().0
    }

    /// Its value in the light theme, for files: they are read on white whatever the page looks like.
    pub fn on_white(self) -> &'static str {
        self.named().1
    }

    fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Surface => ("surface", "#ffffff"),
            Self::Sunken => ("sunken", "#f2f0ea"),
            Self::Ink => ("ink", "#1d1c1a"),
            Self::InkSoft => ("ink-soft", "#5a5750"),
            Self::Rule => ("rule", "#dcd8cf"),
            Self::RuleStrong => ("rule-strong", "#a49f94"),
            Self::A => ("a", "#1b5fc1"),
            Self::ASoft => ("a-soft", "#dbe7fa"),
            Self::B => ("b", "#b8540c"),
            Self::BSoft => ("b-soft", "#fbe3d0"),
            Self::Decided => ("decided", "#11694b"),
            Self::Fault => ("fault", "#a8201a"),
            Self::Heat(0) => ("heat-0", "#004144"),
            Self::Heat(1) => ("heat-1", "#005f63"),
            Self::Heat(2) => ("heat-2", "#247b7f"),
            Self::Heat(3) => ("heat-3", "#44969b"),
            Self::Heat(4) => ("heat-4", "#66b2b5"),
            Self::Heat(5) => ("heat-5", "#91cccf"),
            Self::Heat(6) => ("heat-6", "#bbe2e3"),
            Self::Heat(_) => ("heat-7", "#e5f3f4"),
            Self::OnHeat(0..=2) => ("heat-ink-near", "#ffffff"),
            Self::OnHeat(3..=4) => ("heat-ink-middle", "#1d1c1a"),
            Self::OnHeat(_) => ("heat-ink-far", "#1d1c1a"),
        }
    }
}

/// What fills a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Nothing.
    None,
    /// One colour.
    Solid(Tone),
    /// Stripes of model B.
    Hatched,
}

/// How a line is drawn: the second sign beside its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dash {
    /// Model A.
    #[default]
    Solid,
    /// Model B.
    Dashed,
    /// Limits and nulls.
    Dotted,
}

/// The form of a point: the second sign beside its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Model A.
    Circle,
    /// Model B.
    Diamond,
    /// Anything else.
    Cross,
}

/// Where a text stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// A form, in pixels from the upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Left, top, width, height.
    Rect(f64, f64, f64, f64),
    /// Straight lines from point to point.
    Path(Vec<(f64, f64)>),
    /// A point: its middle, half its size, its form.
    Point(f64, f64, f64, Sign),
    /// A text: its place (the letters stand on it), size, anchor.
    Text(f64, f64, f64, Anchor, String),
}

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    shape: Shape,
    fill: Fill,
    stroke: Option<(Tone, f64)>,
    dash: Dash,
    opacity: f64,
    turn: Option<f64>,
    name: Option<String>,
}

impl Mark {
    /// A form that nothing fills yet.
    pub fn of(shape: Shape) -> Self {
        Self {
            shape,
            fill: Fill::None,
            stroke: None,
            dash: Dash::Solid,
            opacity: 1.0,
            turn: None,
            name: None,
        }
    }

    /// A rectangle of one colour.
    pub fn rect(left: f64, top: f64, width: f64, height: f64, tone: Tone) -> Self {
        Self::of(Shape::Rect(left, top, width, height)).filled(Fill::Solid(tone))
    }

    /// A straight line.
    pub fn line(from: (f64, f64), to: (f64, f64), tone: Tone) -> Self {
        Self::of(Shape::Path(vec![from, to])).outlined(tone, 1.0)
    }

    /// Straight lines from point to point.
    pub fn path(points: Vec<(f64, f64)>, tone: Tone, width: f64) -> Self {
        Self::of(Shape::Path(points)).outlined(tone, width)
    }

    /// A point; filled, with a rim that keeps it apart from its neighbours.
    pub fn point(x: f64, y: f64, radius: f64, sign: Sign, tone: Tone) -> Self {
        let mark = Self::of(Shape::Point(x, y, radius, sign));
        if sign == Sign::Cross {
            mark.outlined(tone, 1.5)
        } else {
            mark.filled(Fill::Solid(tone)).outlined(Tone::Surface, 1.0)
        }
    }

    /// A small text.
    pub fn text(x: f64, y: f64, anchor: Anchor, text: impl Into<String>) -> Self {
        Self::of(Shape::Text(x, y, 12.0, anchor, text.into())).filled(Fill::Solid(Tone::InkSoft))
    }

    /// Filled otherwise.
    pub fn filled(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
    }

    /// With a line around it.
    pub fn outlined(mut self, tone: Tone, width: f64) -> Self {
        self.stroke = Some((tone, width));
        self
    }

    /// With such a line.
    pub fn dashed(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }

    /// Seen through, 0 to 1.
    pub fn faint(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }

    /// Turned about the place of a text, degrees clockwise.
    pub fn turned(mut self, degrees: f64) -> Self {
        self.turn = Some(degrees);
        self
    }

    /// Its form.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What fills it.
    pub fn fill(&self) -> Fill {
        self.fill
    }

    /// How its line is drawn.
    pub fn dash(&self) -> Dash {
        self.dash
    }

    /// What it says when it is pointed at.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// With a name: it can be pointed at and reached by the keyboard, and then says it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// A drawing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
    /// From back to front.
    pub marks: Vec<Mark>,
}

/// Where a drawing of an x and a y axis has its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left end of the x axis.
    pub left: f64,
    /// Right end of the x axis.
    pub right: f64,
    /// Upper end of the y axis.
    pub top: f64,
    /// Lower end of the y axis.
    pub bottom: f64,
}

impl Area {
    /// What axes, their numbers and their titles leave of a drawing.
    pub fn within(width: f64, height: f64) -> Self {
        Self { left: 58.0, right: width - 14.0, top: 26.0, bottom: height - 44.0 }
    }

    /// From left to right.
    pub fn x(&self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// From below upwards.
    pub fn y(&self) -> (f64, f64) {
        (self.bottom, self.top)
    }
}

impl Scene {
    /// Pixels above a drawing that its title takes in a file.
    pub const TITLE_SPACE: f64 = 30.0;

    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, marks: Vec::new() }
    }

    /// Adds a mark in front.
    pub fn add(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    /// Grid lines, numbers and titles of both axes; the y axis has its title above it.
    pub fn axes(&mut self, area: Area, (x, x_title): (&Scale, &str), (y, y_title): (&Scale, &str)) {
        for tick in y.ticks() {
            let at = y.at(tick);
            self.add(Mark::line((area.left, at), (area.right, at), Tone::Rule));
            self.add(Mark::text(area.left - 7.0, at + 4.0, Anchor::End, y.label(tick)));
        }
        self.x_axis(area, x, x_title);
        self.add(Mark::text(area.left - 56.0, area.top - 14.0, Anchor::Start, y_title));
    }

    /// The axis below with its numbers and title.
    pub fn x_axis(&mut self, area: Area, x: &Scale, title: &str) {
        self.add(Mark::line((area.left, area.bottom), (area.right, area.bottom), Tone::RuleStrong));
        for tick in x.ticks() {
            let at = x.at(tick);
            self.add(Mark::line((at, area.bottom), (at, area.bottom + 5.0), Tone::RuleStrong));
            self.add(Mark::text(at, area.bottom + 18.0, Anchor::Middle, x.label(tick)));
        }
        self.add(Mark::text((area.left + area.right) / 2.0, area.bottom + 36.0, Anchor::Middle, title));
    }

    /// The SVG for the page. `id` is unlike that of any other drawing on it.
    pub fn on_page(&self, id: &str, title: &str, description: &str) -> String {
        let is_reached = self.marks.iter().any(|mark| mark.name.is_some());
        // What is within an image is not told to those who do not see it.
        let role = if is_reached { "group" } else { "img" };
        let head = format!(r#"role="{role}" aria-labelledby="{id}-title" aria-describedby="{id}-desc""#);
        let (title, description) = (escaped(title), escaped(description));
        let front =
            format!(r#"<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>"#);
        self.svg(&head, &front, 0.0, &Pen { id, is_page: true })
    }

    /// The SVG as a file that needs nothing else, in the colours of the light theme. Its title stands above it.
    pub fn as_file(&self, title: &str, description: &str) -> String {
        let ink = Tone::Ink.on_white();
        let above = format!(
            r#"<text x="8" y="19" font-size="14" font-weight="600" fill="{ink}">{}</text>"#,
            escaped(title)
        );
        self.on_white("all-or-none", (title, description), &above, Self::TITLE_SPACE)
    }

    /// The SVG within a saved page, whose title stands in that page. `id` is unlike that of any other drawing in it.
    pub fn in_file(&self, id: &str, title: &str, description: &str) -> String {
        self.on_white(id, (title, description), "", 0.0)
    }

    fn on_white(&self, id: &str, (title, description): (&str, &str), above: &str, space: f64) -> String {
        let (title, description, surface) = (escaped(title), escaped(description), Tone::Surface.on_white());
        let front = format!(
            r#"<title>{title}</title><desc>{description}</desc><rect width="100%" height="100%" fill="{surface}"/>{above}"#
        );
        let head = r#"role="img" font-family="system-ui, sans-serif""#;
        self.svg(head, &front, space, &Pen { id, is_page: false })
    }

    fn svg(&self, head: &str, front: &str, space: f64, pen: &Pen<'_>) -> String {
        let (width, height) = (short(self.width), short(self.height + space));
        let (wide, high) = (pen.length(self.width), pen.length(self.height + space));
        let mut out = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {width} {height}" {head}>{front}"#
        );
        if self.marks.iter().any(|mark| mark.fill == Fill::Hatched) {
            let (stripe, ground) = (pen.tone(Tone::B), pen.tone(Tone::BSoft));
            let id = pen.id;
            let _ = write!(
                out,
                r#"<defs><pattern id="{id}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="{ground}"/><rect width="3" height="6" fill="{stripe}"/></pattern></defs>"#
            );
        }
        let _ = write!(out, r#"<g transform="translate(0 {})">"#, short(space));
        let mut is_first = true;
        for mark in &self.marks {
            pen.draw(mark, &mut is_first, &mut out);
        }
        out + "</g></svg>"
    }
}

/// Pixels of a drawing that are one `rem` on the page.
pub const PIXELS_PER_REM: f64 = 16.0;

/// How marks are written.
struct Pen<'a> {
    id: &'a str,
    is_page: bool,
}

impl Pen<'_> {
    /// On the page a drawing and its letters grow with the page's own letters.
    fn length(&self, pixels: f64) -> String {
        if self.is_page { format!("{}rem", short(pixels / PIXELS_PER_REM)) } else { short(pixels) }
    }

    fn tone(&self, tone: Tone) -> String {
        if self.is_page { format!("var(--{})", tone.token()) } else { tone.on_white().to_owned() }
    }

    fn draw(&self, mark: &Mark, is_first: &mut bool, out: &mut String) {
        if let Some(name) = &mark.name {
            let name = escaped(name);
            // One mark is in the order of the Tab key; arrow keys move from there.
            let index = if std::mem::take(is_first) { "0" } else { "-1" };
            *out += &if self.is_page {
                format!(r#"<g class="mark" role="img" tabindex="{index}" aria-label="{name}">"#)
            } else {
                format!("<g><title>{name}</title>")
            };
        }
        self.shape(mark, out);
        if mark.name.is_some() {
            *out += "</g>";
        }
    }

    fn shape(&self, mark: &Mark, out: &mut String) {
        let ink = self.ink(mark);
        let _ = match &mark.shape {
            Shape::Rect(x, y, width, height) => write!(
                out,
                r#"<rect x="{}" y="{}" width="{}" height="{}"{ink}/>"#,
                short(*x),
                short(*y),
                short(width.max(0.0)),
                short(height.max(0.0))
            ),
            Shape::Path(points) => write!(out, r#"<path d="{}"{ink}/>"#, steps(points)),
            Shape::Point(x, y, r, Sign::Circle) => {
                write!(out, r#"<circle cx="{}" cy="{}" r="{}"{ink}/>"#, short(*x), short(*y), short(*r))
            }
            Shape::Point(x, y, r, Sign::Diamond) => {
                let r = 1.25 * r;
                let corners = [(*x, y - r), (x + r, *y), (*x, y + r), (x - r, *y)];
                write!(out, r#"<path d="{}Z"{ink}/>"#, steps(&corners))
            }
            Shape::Point(x, y, r, Sign::Cross) => {
                let falling = steps(&[(x - r, y - r), (x + r, y + r)]);
                let rising = steps(&[(x - r, y + r), (x + r, y - r)]);
                write!(out, r#"<path d="{falling}{rising}"{ink}/>"#)
            }
            Shape::Text(x, y, size, anchor, text) => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let (x, y, text) = (short(*x), short(*y), escaped(text));
                let turn = mark
                    .turn
                    .map_or_else(String::new, |by| format!(r#" transform="rotate({} {x} {y})""#, short(by)));
                write!(
                    out,
                    r#"<text x="{x}" y="{y}" font-size="{}" text-anchor="{anchor}"{turn}{ink}>{text}</text>"#,
                    short(*size)
                )
            }
        };
    }

    fn ink(&self, mark: &Mark) -> String {
        let mut out = match mark.fill {
            Fill::None => r#" fill="none""#.to_owned(),
            Fill::Solid(tone) => format!(r#" fill="{}""#, self.tone(tone)),
            Fill::Hatched => format!(r#" fill="url(#{}-hatch)""#, self.id),
        };
        if let Some((tone, width)) = mark.stroke {
            let _ = write!(out, r#" stroke="{}" stroke-width="{}""#, self.tone(tone), short(width));
            match mark.dash {
                Dash::Solid => {}
                Dash::Dashed => out += r#" stroke-dasharray="7 4""#,
                Dash::Dotted => out += r#" stroke-dasharray="2 3""#,
            }
        }
        if mark.opacity < 1.0 {
            let _ = write!(out, r#" opacity="{}""#, short(mark.opacity));
        }
        out
    }
}

fn steps(points: &[(f64, f64)]) -> String {
    let step = |(i, (x, y)): (usize, &(f64, f64))| {
        format!("{}{} {}", if i == 0 { 'M' } else { 'L' }, short(*x), short(*y))
    };
    points.iter().enumerate().map(step).collect()
}

/// Two decimals at most; 0 for what is no number, which no drawing may hold.
fn short(value: f64) -> String {
    let value = if value.is_finite() { (value * 100.0).round() / 100.0 + 0.0 } else { 0.0 };
    value.to_string()
}

/// A text that no reader of XML takes for anything else. Signs that XML cannot hold become �.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\u{9}' | '\u{a}' | '\u{d}' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        let mut scene = Scene::new(200.0, 100.0);
        scene.add(Mark::rect(1.0, 2.0, 30.0, f64::NAN, Tone::A).named("<b>&\"x\"\u{1}"));
        scene.add(
            Mark::of(Shape::Rect(1.0, 2.0, 3.0, 4.0))
                .filled(Fill::Hatched)
                .outlined(Tone::B, 1.0)
                .named("second"),
        );
        scene.add(Mark::path(vec![(0.0, 0.0), (1.0 / 3.0, 5.0)], Tone::B, 2.0).dashed(Dash::Dashed));
        scene.add(Mark::text(4.0, 5.0, Anchor::Middle, "</text><script>alert(1)</script>"));
        scene.add(Mark::point(9.0, 9.0, 3.0, Sign::Diamond, Tone::Heat(3)));
        scene
    }

    #[test]
    fn tokens_with_markup_are_text() {
        for svg in [scene().on_page("p", "T", "D"), scene().as_file("<T>", "D")] {
            assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains('\u{1}'), "{svg}");
            assert!(
                svg.contains("&lt;/text&gt;&lt;script&gt;")
                    && svg.contains("&lt;b&gt;&amp;&quot;x&quot;\u{fffd}")
            );
            assert!(!svg.contains("NaN"));
        }
    }

    #[test]
    fn a_file_needs_nothing_else() {
        let svg = scene().as_file("Title", "What is seen");
        assert!(!svg.contains("var(") && !svg.contains("class=") && !svg.contains("tabindex"));
        assert!(svg.starts_with(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="200" height="130" viewBox="0 0 200 130""#
        ));
        assert!(svg.contains("<title>Title</title><desc>What is seen</desc>"));
        assert!(
            ["#ffffff", "#1b5fc1", "#44969b"].iter().all(|hex| svg.contains(&format!(r#"fill="{hex}""#)))
        );
        assert!(svg.contains(r#"id="all-or-none-hatch""#) && svg.contains("url(#all-or-none-hatch)"));
    }

    #[test]
    fn on_the_page_colours_have_names_and_one_mark_takes_the_tab_key() {
        let svg = scene().on_page("p", "T", "D");
        assert!(
            svg.contains("var(--a)")
                && svg.contains(r#"role="group" aria-labelledby="p-title" aria-describedby="p-desc""#)
        );
        assert_eq!(svg.matches(r#"tabindex="0""#).count(), 1);
        assert_eq!(svg.matches(r#"tabindex="-1""#).count(), 1);
        assert!(svg.contains(r#"d="M0 0L0.33 5""#) && svg.contains(r#"stroke-dasharray="7 4""#));
        assert!(Scene::new(1.0, 1.0).on_page("p", "T", "D").contains(r#"role="img""#));
    }

    #[test]
    fn on_the_page_a_drawing_grows_with_the_letters() {
        let svg = scene().on_page("p", "T", "D");
        assert!(svg.contains(r#"width="12.5rem" height="6.25rem" viewBox="0 0 200 100""#), "{svg}");
    }

    /// Every colour that a drawing can name is in the style sheet, in both themes, and files have the light one.
    #[test]
    fn every_tone_is_a_token() {
        let style = include_str!("../../style/tokens.css");
        let plain =
            [Tone::Surface, Tone::Sunken, Tone::Ink, Tone::InkSoft, Tone::Rule, Tone::RuleStrong, Tone::A];
        let more = [Tone::ASoft, Tone::B, Tone::BSoft, Tone::Decided, Tone::Fault];
        let heat = (0..8).flat_map(|i| [Tone::Heat(i), Tone::OnHeat(i)]);
        for tone in plain.into_iter().chain(more).chain(heat) {
            assert_eq!(style.matches(&format!("--{}:", tone.token())).count(), 2, "{}", tone.token());
            let first = style.split(&format!("--{}: ", tone.token())).nth(1).unwrap();
            assert!(first.starts_with(tone.on_white()), "{}", tone.token());
        }
    }
}
