//! What a report finds in the rows: groups, shares, spreads and both sides of bounds, for tables and figures alike.

use super::aggregate::{Outcome, PairRow, PropertyRow, Rows, TrainedModel, Version, mean, sd, sd_within};
use crate::lab::report::Property;
use crate::theory::equivalence::Level;
use crate::theory::statistics::wilson_interval;

/// Properties that there are rows of, in their usual order.
pub fn properties(rows: &Rows) -> Vec<Property> {
    let all = [
        Property::Parallelism,
        Property::RelationalLinearity,
        Property::LinearSubspace,
        Property::LinearProbing,
        Property::LinearSteering,
    ];
    all.into_iter().filter(|property| rows.properties.iter().any(|row| row.property == *property)).collect()
}

/// What a table calls a property.
pub fn property_name(property: Property) -> &'static str {
    match property {
        Property::Parallelism => "parallelism",
        Property::RelationalLinearity => "relational linearity",
        Property::LinearSubspace => "linear subspace",
        Property::LinearProbing => "linear probing",
        Property::LinearSteering => "linear steering",
    }
}

/// Levels that there are pairs of, from equal to different.
pub fn levels(rows: &Rows) -> Vec<Level> {
    let all = [Level::Constructed, Level::Identical, Level::Close, Level::Undecided, Level::Different];
    all.into_iter().filter(|level| rows.pairs.iter().any(|pair| pair.level == *level)).collect()
}

/// Models that only seeds tell apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape<'a> {
    pub width: u64,
    pub architecture: &'a str,
    /// The width, and the architecture where several have that width.
    pub name: String,
    /// Without students, whose lesson tells them apart too.
    pub models: Vec<&'a TrainedModel>,
}

/// Shapes of the models that had no teacher, by width.
pub fn shapes(rows: &Rows) -> Vec<Shape<'_>> {
    let mut shapes: Vec<Shape<'_>> = Vec::new();
    for model in rows.models.iter().filter(|model| model.facts.teacher.is_none()) {
        let (width, architecture) = (model.facts.width, model.facts.architecture.as_str());
        match shapes.iter_mut().find(|shape| (shape.width, shape.architecture) == (width, architecture)) {
            Some(shape) => shape.models.push(model),
            None => {
                shapes.push(Shape { width, architecture, name: width.to_string(), models: vec![model] });
            }
        }
    }
    shapes.sort_by_key(|shape| (shape.width, shape.architecture));
    let widths: Vec<u64> = shapes.iter().map(|shape| shape.width).collect();
    for shape in &mut shapes {
        if widths.iter().filter(|&&width| width == shape.width).count() > 1 {
            shape.name = format!("{} {}", shape.width, shape.architecture);
        }
    }
    shapes
}

/// What tells the two models of a pair apart, neither of which had a teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    Seed,
    Architecture,
    Width,
}

impl Apart {
    pub const EVERY: [Self; 3] = [Self::Seed, Self::Architecture, Self::Width];

    pub fn name(self) -> &'static str {
        match self {
            Self::Seed => "one shape, two seeds",
            Self::Architecture => "one width, two architectures",
            Self::Width => "two widths",
        }
    }
}

/// Pairs of models that had no teacher, with what tells them apart.
pub fn plain_pairs(rows: &Rows) -> impl Iterator<Item = (Apart, &PairRow)> {
    rows.model_pairs().filter_map(move |pair| {
        let (a, b) = (&rows.model(&pair.a)?.facts, &rows.model(&pair.b)?.facts);
        let apart = match (a.width == b.width, a.architecture == b.architecture) {
            (false, _) => Apart::Width,
            (true, false) => Apart::Architecture,
            (true, true) => Apart::Seed,
        };
        (a.teacher.is_none() && b.teacher.is_none()).then_some((apart, pair))
    })
}

/// Pairs of models that had no teacher by their two widths, the smaller first.
pub type ByWidths<'a> = Vec<((u64, u64), Vec<(Apart, &'a PairRow)>)>;

/// See [`ByWidths`].
pub fn by_widths(rows: &Rows) -> ByWidths<'_> {
    let mut groups: ByWidths<'_> = Vec::new();
    for (apart, pair) in plain_pairs(rows) {
        let widths = (pair.d_a.min(pair.d_b), pair.d_a.max(pair.d_b));
        match groups.iter_mut().find(|group| group.0 == widths) {
            Some(group) => group.1.push((apart, pair)),
            None => groups.push((widths, vec![(apart, pair)])),
        }
    }
    groups.sort_by_key(|group| group.0);
    groups
}

/// Both sides of Prop. 7, one direction of one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BothSides<'a> {
    pub of: &'a str,
    pub from: &'a str,
    pub level: Level,
    pub distance: f64,
    pub measured: f64,
    pub bound: f64,
    /// ‖F_A‖_F / √n, to which both can be compared.
    pub size: f64,
}

/// Every direction of every pair that has both sides.
pub fn both_sides(rows: &Rows) -> Vec<BothSides<'_>> {
    let directions = |pair: &PairRow| {
        [
            (pair.stability_left_ab, pair.stability_bound_ab, pair.norm_f_a, true),
            (pair.stability_left_ba, pair.stability_bound_ba, pair.norm_f_b, false),
        ]
    };
    let mut found = Vec::new();
    for pair in &rows.pairs {
        for (left, bound, norm, is_ab) in directions(pair) {
            let (Some(measured), Some(bound), Some(norm), Some(distance)) =
                (left, bound, norm, pair.mean_kl_sym)
            else {
                continue;
            };
            let (of, from) = if is_ab { (&pair.a, &pair.b) } else { (&pair.b, &pair.a) };
            let size = norm / (pair.n_contexts as f64).sqrt();
            found.push(BothSides { of, from, level: pair.level, distance, measured, bound, size });
        }
    }
    found
}

/// How often an outcome was found among the rows of one kind, with Wilson's 95% interval of the share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub n: usize,
    pub count: usize,
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

/// The share of an outcome; none of no rows.
pub fn share(
    rows: &Rows,
    level: Level,
    property: Property,
    version: Version,
    outcome: Outcome,
) -> Option<Share> {
    let of: Vec<&PropertyRow> =
        rows.properties.iter().filter(|row| row.level == level && row.property == property).collect();
    let (n, count) = (of.len(), of.iter().filter(|row| row.outcome(version) == outcome).count());
    let (low, high) = wilson_interval(count as f64, n as f64);
    (n > 0).then(|| Share { n, count, share: count as f64 / n as f64, low, high })
}

/// Spread of a property's scores over models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Over seeds of one shape, pooled over shapes and concepts.
    pub within: f64,
    /// Of the means of widths, pooled over concepts.
    pub across: f64,
    /// Concepts that both could be found of.
    pub n_concepts: usize,
}

/// How much seeds change a score, beside widths; students are left out, and so is from the widths every architecture but
/// the one that has most models. None where no shape has two seeds, or there is one width only.
pub fn spread(rows: &Rows, property: Property, version: Version) -> Option<Spread> {
    let shapes = shapes(rows);
    let n_models = |architecture: &str| -> usize {
        shapes.iter().filter(|shape| shape.architecture == architecture).map(|shape| shape.models.len()).sum()
    };
    let main = shapes.iter().map(|shape| shape.architecture).max_by_key(|&name| (n_models(name), name))?;
    let (mut within, mut across) = (Vec::new(), Vec::new());
    for concept in &rows.manifest.concepts {
        let score = |model: &&TrainedModel| score_of(rows, &model.facts.name, concept, property, version);
        let scores = |shape: &Shape<'_>| shape.models.iter().filter_map(score).collect::<Vec<f64>>();
        let groups: Vec<Vec<f64>> = shapes.iter().map(scores).collect();
        let of_main = shapes.iter().zip(&groups).filter(|(shape, _)| shape.architecture == main);
        let means: Vec<f64> = of_main.filter_map(|(_, group)| mean(group)).collect();
        if let (Some(seeds), Some(widths)) = (sd_within(&groups), sd(&means)) {
            within.push(seeds * seeds);
            across.push(widths * widths);
        }
    }
    let n_concepts = within.len();
    Some(Spread { within: mean(&within)?.sqrt(), across: mean(&across)?.sqrt(), n_concepts })
}

/// The score of one model: the same in all of its pairs, as the question and the seed are the same.
fn score_of(rows: &Rows, model: &str, concept: &str, property: Property, version: Version) -> Option<f64> {
    rows.of_property(property).filter(|row| row.concept == concept).find_map(|row| {
        let (a, b) = row.scores(version)?;
        if row.a == model { Some(a) } else { (row.b == model).then_some(b) }
    })
}

/// One property of a student beside that of its teacher, averaged over concepts.
#[derive(Debug, Clone, PartialEq)]
pub struct StudentScores<'a> {
    pub student: &'a str,
    pub teacher: &'a str,
    pub width: u64,
    /// What it learned of its teacher: probabilities or logits.
    pub lesson: Option<&'a str>,
    pub property: Property,
    pub version: Version,
    /// Symmetric KL, nats.
    pub distance: f64,
    pub n_concepts: usize,
    pub of_student: f64,
    pub of_teacher: f64,
}

/// Every student that was compared with its teacher.
pub fn student_scores(rows: &Rows) -> Vec<StudentScores<'_>> {
    let mut found = Vec::new();
    for pair in rows.model_pairs() {
        let is_student = |student: &str, teacher: &str| {
            rows.model(student).is_some_and(|model| model.facts.teacher.as_deref() == Some(teacher))
        };
        let a_is_student = is_student(&pair.a, &pair.b);
        if !a_is_student && !is_student(&pair.b, &pair.a) {
            continue;
        }
        let (student, teacher, width) =
            if a_is_student { (&pair.a, &pair.b, pair.d_a) } else { (&pair.b, &pair.a, pair.d_b) };
        for property in properties(rows) {
            for version in Version::BOTH {
                let of =
                    rows.properties.iter().filter(|row| row.pair == pair.pair && row.property == property);
                let (a, b): (Vec<f64>, Vec<f64>) = of.filter_map(|row| row.scores(version)).unzip();
                let (Some(a_mean), Some(b_mean), Some(distance)) = (mean(&a), mean(&b), pair.mean_kl_sym)
                else {
                    continue;
                };
                let (of_student, of_teacher) = if a_is_student { (a_mean, b_mean) } else { (b_mean, a_mean) };
                let n_concepts = a.len();
                let lesson = rows.model(student).and_then(|model| model.facts.lesson());
                found.push(StudentScores {
                    student,
                    teacher,
                    width,
                    lesson,
                    property,
                    version,
                    distance,
                    n_concepts,
                    of_student,
                    of_teacher,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::tests::{family, pair};
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    /// Scores 0.1 and 0.3 at width 16, 0.6 and 0.8 at width 32; the student's 0.5 must not count.
    #[test]
    fn spread_within_and_across_widths_by_hand() {
        let found = spread(&family(), Property::Parallelism, Version::Raw).unwrap();
        near(found.within, 0.02_f64.sqrt());
        near(found.across, 0.125_f64.sqrt());
        assert_eq!(found.n_concepts, 1);
        assert_eq!(spread(&family(), Property::LinearProbing, Version::Raw), None);
    }

    #[test]
    fn another_architecture_of_one_width_is_another_shape_and_no_seed() {
        let mut rows = family();
        let names = |rows: &Rows| shapes(rows).iter().map(|shape| shape.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&rows), ["16", "32"]);
        assert_eq!(shapes(&rows)[0].models.len(), 2, "the student has no shape");
        rows.models[1].facts.architecture = "gpt2".into();
        assert_eq!(names(&rows), ["16 gpt2", "16 llama", "32"]);
        let apart = |of| plain_pairs(&rows).filter(|(apart, _)| *apart == of).count();
        assert_eq!(Apart::EVERY.map(apart), [1, 1, 4]);
        // Seeds: 0.6 and 0.8 only; widths: 0.1 and 0.7 of Llama's shape.
        let found = spread(&rows, Property::Parallelism, Version::Raw).unwrap();
        near(found.within, 0.02_f64.sqrt());
        near(found.across, 0.18_f64.sqrt());
    }

    #[test]
    fn shares_have_wilsons_interval() {
        let rows = family();
        let of = |version, outcome| {
            share(&rows, Level::Different, Property::Parallelism, version, outcome).unwrap()
        };
        let all = of(Version::Raw, Outcome::All);
        assert_eq!((all.n, all.count, all.share), (10, 10, 1.0));
        // Wilson at 10 of 10 with z = 1.96: 10 / (10 + z²).
        near((all.low * (10.0 + 1.959_963_985_f64.powi(2)) - 10.0).round(), 0.0);
        assert!((all.low - 0.7225).abs() < 1e-3 && all.high > 0.999_999, "{all:?}");
        assert_eq!(of(Version::Visible, Outcome::Differ).count, 10);
        assert_eq!(share(&rows, Level::Close, Property::Parallelism, Version::Raw, Outcome::All), None);
    }

    #[test]
    fn a_student_is_found_on_either_side() {
        let mut rows = family();
        let found = student_scores(&rows);
        assert_eq!(found.len(), 2, "raw and visible");
        assert_eq!((found[0].student, found[0].teacher, found[0].width), ("s16", "m32a", 16));
        assert_eq!((found[0].of_student, found[0].of_teacher), (0.5, 0.6));
        for pair in &mut rows.pairs {
            std::mem::swap(&mut pair.a, &mut pair.b);
        }
        assert_eq!(student_scores(&rows)[0].of_student, 0.6, "scores go with the sides");
    }

    #[test]
    fn twins_count_as_controls_only() {
        let mut rows = family();
        let [a, ..] = &rows.models[..] else { panic!() };
        let mut twin = pair(99, &a.facts, &a.facts, 1e-12);
        twin.twin = Some("reduced".into());
        rows.pairs.push(twin);
        let mut row = rows.properties[0].clone();
        row.pair = 99;
        rows.properties.push(row);
        assert_eq!(rows.of_property(Property::Parallelism).count(), 10);
        assert_eq!(rows.model_pairs().count(), 10);
        assert_eq!(both_sides(&rows).len(), 22);
        near(both_sides(&rows)[0].size, 10.0 / 10.0_f64.sqrt());
    }
}
