//! Panels of points as SVG: grey that reads on white and on black, colours and marks that colour-blind readers can tell.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::cli::error::CliError;

/// 4.5:1 against white and against black.
const INK: RGBColor = RGBColor(118, 118, 118);
/// Okabe and Ito's colours, without the yellow that white swallows.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];
const FONT: &str = "sans-serif";
const TEXT_SIZE: i32 = 12;
const PANEL_HEIGHT: u32 = 270;
const LEGEND_HEIGHT: u32 = 26;
/// Width of a figure's panels together.
const FIGURE_WIDTH: u32 = 1020;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Of its file.
    pub name: &'static str,
    /// For readers that do not see it.
    pub description: String,
    /// Most panels beside each other.
    pub columns: usize,
    pub panels: Vec<Panel>,
}

/// One pair of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    /// The line on which x and y are equal.
    pub has_diagonal: bool,
}

/// What an axis shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What, in which units.
    pub label: String,
    pub scale: Scale,
}

/// How an axis is divided.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    Linear,
    /// Powers of ten; what is not above zero is left out.
    Log,
    /// Named places 0, 1, 2, …
    Names(Vec<String>),
}

/// Points of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    /// Number of its colour and mark; the same number is the same kind in all panels.
    pub style: usize,
    pub points: Vec<Point>,
    pub is_connected: bool,
}

/// A point, with an interval of y where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub interval: Option<(f64, f64)>,
}

impl Axis {
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Linear }
    }

    pub fn log(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Log }
    }

    pub fn names(label: &str, names: Vec<String>) -> Self {
        Self { label: label.to_owned(), scale: Scale::Names(names) }
    }

    /// Where a value stands; none where the axis cannot show it.
    fn place(&self, value: f64) -> Option<f64> {
        let place = match self.scale {
            Scale::Log if value <= 0.0 => return None,
            Scale::Log => value.log10(),
            Scale::Linear | Scale::Names(_) => value,
        };
        place.is_finite().then_some(place)
    }

    /// From where to where, with some room around the points.
    fn range(&self, places: &[f64]) -> (f64, f64) {
        if let Scale::Names(names) = &self.scale {
            return (-0.5, names.len() as f64 - 0.5);
        }
        let low = places.iter().copied().fold(f64::INFINITY, f64::min);
        let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return (0.0, 1.0);
        }
        let room = if high > low { 0.06 * (high - low) } else { 0.5 };
        (low - room, high + room)
    }

    /// What stands beside a tick.
    fn tick(&self, place: f64) -> String {
        match &self.scale {
            Scale::Linear => trimmed(place),
            Scale::Log => {
                let value = 10.0_f64.powf(place);
                if (-3.0..4.0).contains(&place) { trimmed(value) } else { format!("{value:.0e}") }
            }
            Scale::Names(names) => {
                let nearest = place.round();
                let is_there = (place - nearest).abs() < 1e-6 && nearest >= 0.0;
                names.get(nearest.max(0.0) as usize).filter(|_| is_there).cloned().unwrap_or_default()
            }
        }
    }

    /// Round values within a range of places.
    fn ticks(&self, (low, high): (f64, f64)) -> Vec<f64> {
        match &self.scale {
            Scale::Names(names) => (0..names.len()).map(|at| at as f64).collect(),
            Scale::Linear => round_values(low, high),
            Scale::Log => round_powers(low, high),
        }
    }
}

/// About five multiples of 1, 2 or 5 times a power of ten.
fn round_values(low: f64, high: f64) -> Vec<f64> {
    let least = (high - low) / 6.0;
    let power = 10.0_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|&step| step >= least).unwrap_or(least);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Logarithms of powers of ten, and of values between them where there are few powers.
fn round_powers(low: f64, high: f64) -> Vec<f64> {
    const FEWEST: usize = 3;
    const MOST: usize = 7;
    for factors in [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0]] {
        let powers = low.floor() as i32..=high.ceil() as i32;
        let places = powers.flat_map(|power| factors.iter().map(move |f: &f64| f64::from(power) + f.log10()));
        let within: Vec<f64> = places.filter(|place| (low..=high).contains(place)).collect();
        if within.len() >= FEWEST {
            return within.iter().copied().step_by(within.len().div_ceil(MOST)).collect();
        }
    }
    let values = round_values(10.0_f64.powf(low), 10.0_f64.powf(high));
    values.into_iter().filter(|&value| value > 0.0).map(f64::log10).collect()
}

/// Two significant digits, no zeros behind.
fn trimmed(x: f64) -> String {
    if x.abs() < 1e-12 {
        return "0".to_owned();
    }
    let decimals = (1.0 - x.abs().log10().floor()).clamp(0.0, 8.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl Panel {
    /// No point is there to be drawn.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.iter().all(|point| self.placed(point).is_none()))
    }

    fn placed(&self, point: &Point) -> Option<(f64, f64)> {
        self.x.place(point.x).zip(self.y.place(point.y))
    }

    /// Ends of an interval that the axis can show; what reaches below a logarithmic axis is cut off at the point.
    fn placed_interval(&self, point: &Point) -> Option<(f64, f64)> {
        let (low, high) = point.interval?;
        Some((self.y.place(low).or_else(|| self.y.place(point.y))?, self.y.place(high)?))
    }

    fn ranges(&self) -> ((f64, f64), (f64, f64)) {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let placed: Vec<(f64, f64)> = points().filter_map(|point| self.placed(point)).collect();
        let (x, mut y): (Vec<f64>, Vec<f64>) = placed.into_iter().unzip();
        y.extend(
            points().filter_map(|point| self.placed_interval(point)).flat_map(|(low, high)| [low, high]),
        );
        let (x, y) = (self.x.range(&x), self.y.range(&y));
        if self.has_diagonal {
            let both = (x.0.min(y.0), x.1.max(y.1));
            return (both, both);
        }
        (x, y)
    }
}

impl Figure {
    /// The figure as an SVG document; none where there is nothing to draw.
    pub fn svg(&self) -> Result<Option<String>, CliError> {
        let panels: Vec<&Panel> = self.panels.iter().filter(|panel| !panel.is_empty()).collect();
        if panels.is_empty() {
            return Ok(None);
        }
        let columns = panels.len().min(self.columns.max(1));
        let n_rows = panels.len().div_ceil(columns);
        let size = (FIGURE_WIDTH, LEGEND_HEIGHT + PANEL_HEIGHT * n_rows as u32);
        let mut svg = String::new();
        draw(&panels, columns, SVGBackend::with_string(&mut svg, size)).map_err(|error| {
            CliError::Internal(format!("the figure {} could not be drawn: {error}", self.name))
        })?;
        let title = format!("<title>{}</title>", escaped(&self.description));
        // A role and a title: screen readers say what it shows instead of reading every tick.
        let svg = svg.replacen("<svg ", "<svg role=\"img\" ", 1);
        let head = svg.find("<svg").and_then(|at| Some(at + svg[at..].find('>')? + 1)).unwrap_or(0);
        Ok(Some(format!("{}{title}{}", &svg[..head], &svg[head..])))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

type Drawn<'s> = Result<(), DrawingAreaErrorKind<<SVGBackend<'s> as DrawingBackend>::ErrorType>>;

fn draw<'s>(panels: &[&Panel], columns: usize, backend: SVGBackend<'s>) -> Drawn<'s> {
    let root = backend.into_drawing_area();
    let (head, body) = root.split_vertically(LEGEND_HEIGHT);
    draw_legend(panels, &head)?;
    let areas = body.split_evenly((panels.len().div_ceil(columns), columns));
    for (panel, area) in panels.iter().zip(&areas) {
        draw_panel(panel, area)?;
    }
    root.present()
}

/// Every kind once, in the order of its style.
fn draw_legend<'s>(panels: &[&Panel], area: &DrawingArea<SVGBackend<'s>, Shift>) -> Drawn<'s> {
    let mut kinds: Vec<(usize, &str)> = Vec::new();
    for series in panels.iter().flat_map(|panel| &panel.series) {
        if !series.points.is_empty() && !kinds.contains(&(series.style, series.name.as_str())) {
            kinds.push((series.style, series.name.as_str()));
        }
    }
    kinds.sort_by_key(|kind| kind.0);
    let mut x = 60;
    for (style, name) in kinds {
        mark(style, (x, 14), |element| area.draw(&element))?;
        area.draw(&Text::new(name.to_owned(), (x + 9, 8), text_style()))?;
        x += 30 + 7 * name.chars().count() as i32;
    }
    Ok(())
}

/// An axis whose ticks stand where they say something.
struct Ticked {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ticked {
    fn new(axis: &Axis, range: Range<f64>) -> Self {
        Self { ticks: axis.ticks((range.start, range.end)), range }
    }
}

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

fn text_style() -> TextStyle<'static> {
    (FONT, TEXT_SIZE).into_font().color(&INK)
}

fn draw_panel<'s>(panel: &Panel, area: &DrawingArea<SVGBackend<'s>, Shift>) -> Drawn<'s> {
    let ((left, right), (low, high)) = panel.ranges();
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .caption(&panel.title, (FONT, TEXT_SIZE + 1).into_font().color(&INK))
        .x_label_area_size(38)
        .y_label_area_size(58)
        .build_cartesian_2d(Ticked::new(&panel.x, left..right), Ticked::new(&panel.y, low..high))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.2))
        .axis_style(INK)
        .label_style(text_style())
        .axis_desc_style(text_style())
        .x_label_formatter(&|place| panel.x.tick(*place))
        .y_label_formatter(&|place| panel.y.tick(*place))
        .x_desc(&panel.x.label)
        .y_desc(&panel.y.label)
        .draw()?;
    if panel.has_diagonal {
        chart.draw_series([PathElement::new([(left, low), (right, high)], INK)])?;
    }
    for series in &panel.series {
        let colour = COLOURS[series.style % COLOURS.len()];
        if series.is_connected {
            let line: Vec<(f64, f64)> =
                series.points.iter().filter_map(|point| panel.placed(point)).collect();
            chart.draw_series([PathElement::new(line, colour.stroke_width(1))])?;
        }
        // Marks along a line would hide it: the last one says whose it is.
        let n_unmarked = if series.is_connected { series.points.len().saturating_sub(1) } else { 0 };
        for point in &series.points[n_unmarked..] {
            let Some((x, y)) = panel.placed(point) else { continue };
            if let Some((low, high)) = panel.placed_interval(point) {
                chart.draw_series([PathElement::new([(x, low), (x, high)], colour.stroke_width(2))])?;
            }
            mark(series.style, (x, y), |element| chart.draw_series([element]).map(drop))?;
        }
    }
    Ok(())
}

/// A mark of a style: colours come with shapes, for whoever sees only those.
fn mark<'s, C: Clone + 'static>(
    style: usize,
    at: C,
    draw: impl FnOnce(DynElement<'static, SVGBackend<'s>, C>) -> Drawn<'s>,
) -> Drawn<'s>
where
    Circle<C, i32>: IntoDynElement<'static, SVGBackend<'s>, C>,
    TriangleMarker<C, i32>: IntoDynElement<'static, SVGBackend<'s>, C>,
    Cross<C, i32>: IntoDynElement<'static, SVGBackend<'s>, C>,
{
    let colour = COLOURS[style % COLOURS.len()];
    draw(match style % 4 {
        0 => Circle::new(at, 3, colour.mix(0.8).filled()).into_dyn(),
        1 => TriangleMarker::new(at, 4, colour.mix(0.9).filled()).into_dyn(),
        2 => Cross::new(at, 3, colour.stroke_width(2)).into_dyn(),
        _ => Circle::new(at, 3, colour.stroke_width(2)).into_dyn(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64) -> Point {
        Point { x, y, interval: None }
    }

    fn panel(points: Vec<Point>) -> Panel {
        let series = Series { name: "raw".into(), style: 0, points, is_connected: false };
        Panel {
            title: "t".into(),
            x: Axis::log("KL, nats"),
            y: Axis::linear("score"),
            series: vec![series],
            has_diagonal: false,
        }
    }

    fn figure(panels: Vec<Panel>) -> Figure {
        Figure { name: "f", description: "scores < 1".into(), columns: 3, panels }
    }

    #[test]
    fn ticks_read_as_numbers_and_names() {
        assert_eq!(Axis::log("").tick(-2.0), "0.01");
        assert_eq!(Axis::log("").tick(-7.0), "1e-7");
        assert_eq!(Axis::linear("").tick(0.25), "0.25");
        assert_eq!(Axis::linear("").tick(-0.0), "0");
        assert_eq!(Axis::linear("").tick(120.0), "120");
        let names = Axis::names("", vec!["16".into(), "24".into()]);
        assert_eq!(
            (names.tick(1.0).as_str(), names.tick(0.5).as_str(), names.tick(-1.0).as_str()),
            ("24", "", "")
        );
        assert_eq!(names.range(&[]), (-0.5, 1.5));
    }

    #[test]
    fn ticks_stand_at_round_values_within_the_axis() {
        let near = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-9), "{found:?}");
        };
        near(Axis::linear("").ticks((-0.05, 1.05)), &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        near(Axis::linear("").ticks((-130.0, 260.0)), &[-100.0, 0.0, 100.0, 200.0]);
        near(Axis::log("").ticks((-3.2, 0.4)), &[-3.0, -2.0, -1.0, 0.0]);
        near(Axis::log("").ticks((-1.1, 0.1)), &[-1.0, 3.0_f64.log10() - 1.0, 0.0]);
        near(Axis::log("").ticks((-13.0, 0.0)), &[-13.0, -11.0, -9.0, -7.0, -5.0, -3.0, -1.0]);
        // 0.80 to 1.00: no power of ten apart.
        near(Axis::log("").ticks((0.79_f64.log10(), 0.0)), &[0.8, 0.85, 0.9, 0.95, 1.0].map(f64::log10));
        near(Axis::names("", vec!["16".into(), "24".into()]).ticks((-0.5, 1.5)), &[0.0, 1.0]);
    }

    #[test]
    fn every_point_that_the_axes_can_show_is_drawn_and_the_axes_are_named() {
        let svg = figure(vec![panel(vec![point(0.1, 1.0), point(0.01, 2.0), point(0.0, 3.0)])])
            .svg()
            .unwrap()
            .unwrap();
        // Two points and the legend's mark; zero has no logarithm.
        assert_eq!(svg.matches("<circle").count(), 3, "{svg}");
        assert!(svg.contains("KL, nats") && svg.contains("score"));
        assert!(svg.contains("<title>scores &lt; 1</title>") && svg.starts_with("<svg role=\"img\""));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn nothing_to_draw_is_no_figure() {
        assert_eq!(figure(vec![panel(vec![]), panel(vec![point(-1.0, 1.0)])]).svg().unwrap(), None);
        assert_eq!(figure(vec![]).svg().unwrap(), None);
    }

    #[test]
    fn ranges_hold_points_and_intervals_and_the_diagonal_is_square() {
        let mut here = panel(vec![Point { x: 0.1, y: 1.0, interval: Some((0.0, 4.0)) }, point(1.0, 2.0)]);
        let (x, y) = here.ranges();
        assert!(x.0 < -1.0 && x.1 > 0.0 && y.0 < 0.0 && y.1 > 4.0);
        here.has_diagonal = true;
        assert_eq!(here.ranges().0, here.ranges().1);
        assert!(figure(vec![here]).svg().unwrap().is_some());
    }
}
