//! The tables of a report: what stands behind every figure.

use super::aggregate::{
    Outcome, PairRow, PropertyRow, Rows, Version, correlation, mean, rank_correlation, sd,
};
use super::findings::{
    Apart, both_sides, by_widths, levels, plain_pairs, properties, property_name, shapes, share, spread,
    student_scores,
};
use super::table::{Cell, Table};
use crate::theory::verdict::VerdictKind;

/// All tables of a report.
pub fn tables(rows: &Rows) -> Vec<Table> {
    vec![
        summary(rows),
        models(rows),
        training_curves(rows),
        truth_by_width(rows),
        distance_by_width(rows),
        bounds(rows),
        agreement(rows),
        differences(rows),
        held(rows),
        verdicts(rows),
        seeds(rows),
        seed_distances(rows),
        students(rows),
    ]
}

fn summary(rows: &Rows) -> Table {
    let mut table = Table::new("summary", &["what", "value"]);
    let mut put = |what: &str, value: Cell| table.row([what.into(), value]);
    put("experiment", rows.manifest.experiment.as_str().into());
    put("seed", rows.manifest.seed.into());
    put("models", rows.models.len().into());
    put("pairs of models", rows.model_pairs().count().into());
    put("pairs of a model and its twin", rows.pairs.iter().filter(|pair| pair.twin.is_some()).count().into());
    put("rows of properties", rows.properties.len().into());
    put("concepts", rows.manifest.concepts.join(", ").as_str().into());
    put("prompts", rows.manifest.n_prompts.into());
    put("calibration texts", rows.manifest.n_calibration_texts.into());
    let most = |count: fn(&PairRow) -> usize| Cell::from(rows.pairs.iter().map(count).max());
    put("contexts of a pair", most(|pair| pair.n_contexts));
    put("texts of a pair", most(|pair| pair.n_texts));
    put("tokens", most(|pair| pair.n_tokens));
    for level in levels(rows) {
        let n = rows.pairs.iter().filter(|pair| pair.level == level).count();
        put(&format!("pairs of the level {}", level.name()), n.into());
    }
    table
}

fn models(rows: &Rows) -> Table {
    let columns = [
        "model",
        "architecture",
        "width",
        "seed",
        "teacher",
        "steps",
        "KL from truth, nats",
        "s.e.",
        "KL from teacher, nats",
        "s.e.",
    ];
    let mut table = Table::new("models", &columns);
    for model in &rows.models {
        let (facts, training) = (&model.facts, &model.training);
        table.row([
            facts.name.as_str().into(),
            facts.architecture.as_str().into(),
            facts.width.into(),
            facts.seed.into(),
            facts.teacher.as_deref().into(),
            training.n_steps_made.into(),
            training.distances.truth.map(|estimate| estimate.mean).into(),
            training.distances.truth.and_then(|estimate| estimate.standard_error).into(),
            training.distances.teacher.map(|estimate| estimate.mean).into(),
            training.distances.teacher.and_then(|estimate| estimate.standard_error).into(),
        ]);
    }
    table
}

fn training_curves(rows: &Rows) -> Table {
    let columns =
        ["model", "width", "seed", "step", "loss, nats", "KL from truth, nats", "KL from teacher, nats"];
    let mut table = Table::new("training_curves", &columns);
    for model in &rows.models {
        for point in &model.training.curve {
            table.row([
                model.facts.name.as_str().into(),
                model.facts.width.into(),
                model.facts.seed.into(),
                point.step.into(),
                point.loss.into(),
                point.truth_kl.into(),
                point.teacher_kl.into(),
            ]);
        }
    }
    table
}

fn truth_by_width(rows: &Rows) -> Table {
    let mut table = Table::new(
        "truth_by_width",
        &["width", "models", "mean KL from truth, nats", "sd over seeds", "least", "most"],
    );
    for shape in shapes(rows) {
        let found: Vec<f64> =
            shape.models.iter().filter_map(|model| Some(model.training.distances.truth?.mean)).collect();
        if !found.is_empty() {
            table.row([
                shape.name.as_str().into(),
                found.len().into(),
                mean(&found).into(),
                sd(&found).into(),
                least(&found),
                most(&found),
            ]);
        }
    }
    table
}

fn least(values: &[f64]) -> Cell {
    values.iter().copied().reduce(f64::min).into()
}

fn most(values: &[f64]) -> Cell {
    values.iter().copied().reduce(f64::max).into()
}

fn distance_by_width(rows: &Rows) -> Table {
    let columns = [
        "widths",
        "pairs of",
        "pairs",
        "mean symmetric KL, nats",
        "least",
        "most",
        "mean E_prm",
        "pairs with d_LLV",
        "mean d_LLV",
        "mean d_SVD",
    ];
    let mut table = Table::new("distance_by_width", &columns);
    for ((small, large), pairs) in by_widths(rows) {
        for kind in Apart::EVERY {
            let of_kind = pairs.iter().filter(|(apart, _)| *apart == kind);
            let of_kind: Vec<&PairRow> = of_kind.map(|&(_, pair)| pair).collect();
            if of_kind.is_empty() {
                continue;
            }
            let values = |value: fn(&PairRow) -> Option<f64>| -> Vec<f64> {
                of_kind.iter().filter_map(|&pair| value(pair)).collect()
            };
            let kl = values(|pair| pair.mean_kl_sym);
            let (d_llv, d_svd) = (values(|pair| pair.d_llv), values(|pair| pair.d_svd));
            let e_prm = values(|pair| Some((pair.e_prm_ab? + pair.e_prm_ba?) / 2.0));
            table.row([
                format!("{small}–{large}").as_str().into(),
                kind.name().into(),
                of_kind.len().into(),
                mean(&kl).into(),
                least(&kl),
                most(&kl),
                mean(&e_prm).into(),
                d_llv.len().into(),
                mean(&d_llv).into(),
                mean(&d_svd).into(),
            ]);
        }
    }
    table
}

fn bounds(rows: &Rows) -> Table {
    let columns = [
        "of",
        "mapped from",
        "level",
        "mean symmetric KL, nats",
        "distance of hidden states",
        "bound (Prop. 7)",
        "distance / bound",
        "size of hidden states",
    ];
    let mut table = Table::new("bounds", &columns);
    for sides in both_sides(rows) {
        table.row([
            sides.of.into(),
            sides.from.into(),
            sides.level.name().into(),
            sides.distance.into(),
            sides.measured.into(),
            sides.bound.into(),
            (sides.bound > 0.0).then(|| sides.measured / sides.bound).into(),
            sides.size.into(),
        ]);
    }
    table
}

fn agreement(rows: &Rows) -> Table {
    let columns = [
        "property",
        "version",
        "pairs × concepts",
        "correlation of A with B",
        "mean difference",
        "rank correlation of difference with distance",
    ];
    let mut table = Table::new("agreement", &columns);
    for property in properties(rows) {
        for version in Version::BOTH {
            let of: Vec<&PropertyRow> = rows.of_property(property).collect();
            let scores: Vec<(f64, f64)> = of.iter().filter_map(|row| row.scores(version)).collect();
            let differences: Vec<f64> = of.iter().filter_map(|row| row.difference(version)).collect();
            let with_distance: Vec<(f64, f64)> =
                of.iter().filter_map(|row| row.mean_kl_sym.zip(row.difference(version))).collect();
            table.row([
                property_name(property).into(),
                version.name().into(),
                scores.len().into(),
                correlation(&scores).into(),
                mean(&differences).into(),
                rank_correlation(&with_distance).into(),
            ]);
        }
    }
    table
}

fn differences(rows: &Rows) -> Table {
    let columns = [
        "property",
        "symmetric KL from, nats",
        "to",
        "pairs × concepts",
        "mean raw difference",
        "mean visible difference",
    ];
    let mut table = Table::new("differences", &columns);
    for property in properties(rows) {
        let decade =
            |row: &PropertyRow| row.mean_kl_sym.filter(|kl| *kl > 0.0).map(|kl| kl.log10().floor() as i32);
        let mut decades: Vec<i32> = rows.of_property(property).filter_map(decade).collect();
        decades.sort_unstable();
        decades.dedup();
        for here in decades {
            let of = |version| {
                let inside = rows.of_property(property).filter(|row| decade(row) == Some(here));
                inside.filter_map(|row| row.difference(version)).collect::<Vec<f64>>()
            };
            let (raw, visible) = (of(Version::Raw), of(Version::Visible));
            table.row([
                property_name(property).into(),
                10.0_f64.powi(here).into(),
                10.0_f64.powi(here + 1).into(),
                raw.len().into(),
                mean(&raw).into(),
                mean(&visible).into(),
            ]);
        }
    }
    table
}

fn held(rows: &Rows) -> Table {
    let columns = ["level", "property", "version", "outcome", "count", "of", "share", "95% from", "to"];
    let mut table = Table::new("held", &columns);
    for level in levels(rows) {
        for property in properties(rows) {
            for version in Version::BOTH {
                for outcome in Outcome::EVERY {
                    let Some(found) = share(rows, level, property, version, outcome) else { continue };
                    table.row([
                        level.name().into(),
                        property_name(property).into(),
                        version.name().into(),
                        outcome.name().into(),
                        found.count.into(),
                        found.n.into(),
                        found.share.into(),
                        found.low.into(),
                        found.high.into(),
                    ]);
                }
            }
        }
    }
    table
}

fn verdicts(rows: &Rows) -> Table {
    let kinds = [
        (VerdictKind::HeldByAll, "held by all"),
        (VerdictKind::HeldByNone, "held by none"),
        (VerdictKind::Mixed, "mixed"),
        (VerdictKind::TooLittleData, "too little data"),
        (VerdictKind::CloseNotEquivalent, "silent: close"),
        (VerdictKind::NotEquivalent, "silent: different"),
        (VerdictKind::OutOfClass, "out of class"),
        (VerdictKind::Inconsistent, "inconsistent"),
    ];
    let mut columns = vec!["level", "property", "version", "rows"];
    columns.extend(kinds.iter().map(|kind| kind.1));
    let mut table = Table::new("verdicts", &columns);
    for level in levels(rows) {
        for property in properties(rows) {
            let of: Vec<&PropertyRow> =
                rows.properties.iter().filter(|row| row.level == level && row.property == property).collect();
            if of.is_empty() {
                continue;
            }
            for version in Version::BOTH {
                let count = |kind: VerdictKind| of.iter().filter(|row| row.verdict(version) == kind).count();
                let head = [
                    level.name().into(),
                    property_name(property).into(),
                    version.name().into(),
                    of.len().into(),
                ];
                table.row(head.into_iter().chain(kinds.iter().map(|kind| count(kind.0).into())));
            }
        }
    }
    table
}

fn seeds(rows: &Rows) -> Table {
    let columns =
        ["property", "version", "concepts", "sd over seeds of one shape", "sd over widths", "ratio"];
    let mut table = Table::new("seeds", &columns);
    for property in properties(rows) {
        for version in Version::BOTH {
            if let Some(found) = spread(rows, property, version) {
                table.row([
                    property_name(property).into(),
                    version.name().into(),
                    found.n_concepts.into(),
                    found.within.into(),
                    found.across.into(),
                    (found.across > 0.0).then(|| found.within / found.across).into(),
                ]);
            }
        }
    }
    table
}

fn seed_distances(rows: &Rows) -> Table {
    let mut table = Table::new(
        "seed_distances",
        &["pairs of", "pairs", "mean symmetric KL, nats", "sd", "least", "most"],
    );
    for kind in Apart::EVERY {
        let of = plain_pairs(rows).filter(|(apart, _)| *apart == kind);
        let found: Vec<f64> = of.filter_map(|(_, pair)| pair.mean_kl_sym).collect();
        if !found.is_empty() {
            table.row([
                kind.name().into(),
                found.len().into(),
                mean(&found).into(),
                sd(&found).into(),
                least(&found),
                most(&found),
            ]);
        }
    }
    table
}

fn students(rows: &Rows) -> Table {
    let columns = [
        "student",
        "teacher",
        "width",
        "learned from",
        "symmetric KL from teacher, nats",
        "property",
        "version",
        "concepts",
        "mean score of student",
        "of teacher",
    ];
    let mut table = Table::new("students", &columns);
    for found in student_scores(rows) {
        table.row([
            found.student.into(),
            found.teacher.into(),
            found.width.into(),
            found.lesson.into(),
            found.distance.into(),
            property_name(found.property).into(),
            found.version.name().into(),
            found.n_concepts.into(),
            found.of_student.into(),
            found.of_teacher.into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::tests::family;
    use super::super::aggregate::{CurvePoint, Estimate};
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn pairs_are_grouped_by_their_widths() {
        let rows = family();
        let groups = by_widths(&rows);
        let sizes: Vec<_> = groups.iter().map(|(widths, pairs)| (*widths, pairs.len())).collect();
        assert_eq!(sizes, [((16, 16), 1), ((16, 32), 4), ((32, 32), 1)], "pairs of a student are others");
        let table = distance_by_width(&rows);
        assert_eq!(table.rows[2][3], Cell::Number(1e-5));
        let seeds = seed_distances(&rows);
        // Without the student: 0.1 and 1e-5 within widths, four pairs across.
        assert_eq!(seeds.rows[0][1], Cell::Count(2));
        assert_eq!(seeds.rows[1][1], Cell::Count(4));
    }

    #[test]
    fn truth_is_averaged_over_seeds_without_students() {
        let mut rows = family();
        for (model, kl) in rows.models.iter_mut().zip([0.2, 0.4, 0.1, 0.1, 9.0]) {
            model.training.distances.truth = Some(Estimate { mean: kl, standard_error: None });
            model.training.curve =
                vec![CurvePoint { step: 5, loss: None, truth_kl: Some(kl), teacher_kl: None }];
        }
        let table = truth_by_width(&rows);
        let Cell::Number(average) = table.rows[0][2] else { panic!("{table:?}") };
        near(average, 0.3);
        assert_eq!(table.rows.len(), 2);
        assert_eq!(training_curves(&rows).rows.len(), 5);
    }
}
