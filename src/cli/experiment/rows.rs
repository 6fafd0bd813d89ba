//! The rows of one pair: a flat table of what its report says, in the words of theory.md.

use serde::Serialize;
use serde_json::{Map, Value};

use super::models::ModelFacts;
use crate::lab::report::{PropertyReport, Report, Side};
use crate::theory::linear_map::{CoupledMap, StabilityBound};
use crate::theory::prompt_map::PromptMap;
use crate::theory::properties::score::{Carried, PropertyScore};
use crate::theory::verdict::Finding;

/// One row: names of columns in their order, plain values.
pub type Row = Map<String, Value>;

/// Which kind a row is.
pub const PAIR: &str = "pair";
/// See [`PAIR`].
pub const PROPERTY: &str = "property";

/// Significant decimal digits of every number: more than is meant, and few enough that text and number are the same.
const DIGITS: usize = 10;

/// What the rows of a pair are about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Digest of the experiment.
    pub experiment: &'a str,
    /// Number of the pair.
    pub pair: usize,
    pub a: &'a ModelFacts,
    /// B, unless it is a twin.
    pub b: Option<&'a ModelFacts>,
    /// How B was made, where it is a twin.
    pub twin: Option<&'a str>,
}

/// The pair's row, then one for each of its properties that was asked for.
pub fn rows(about: About<'_>, report: &Report, is_asked: impl Fn(&PropertyReport) -> bool) -> Vec<Row> {
    let properties: Vec<&PropertyReport> = report.properties.iter().filter(|p| is_asked(p)).collect();
    let mut rows = vec![pair_row(about, report, properties.len())];
    rows.extend(properties.into_iter().map(|property| property_row(about, report, property)));
    rows
}

/// A number as rows have it: rounded to ten significant digits; none where it is infinite or not a number.
pub fn rounded(x: f64) -> Option<f64> {
    if !x.is_finite() {
        return None;
    }
    format!("{x:.*e}", DIGITS - 1).parse().ok()
}

#[derive(Default)]
struct Columns(Row);

impl Columns {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn number(&mut self, name: &str, x: f64) {
        self.put(name, rounded(x));
    }

    fn maybe(&mut self, name: &str, x: Option<f64>) {
        self.put(name, x.and_then(rounded));
    }

    /// What a report writes as a word, or as a list of words.
    fn word(&mut self, name: &str, value: &impl Serialize) {
        self.put(name, serde_json::to_value(value).unwrap_or(Value::Null));
    }

    fn head(about: About<'_>, kind: &str, id: &str) -> Self {
        let mut columns = Self::default();
        columns.put("row", kind);
        columns.put("id", id);
        columns.put("experiment", about.experiment);
        columns.put("pair", about.pair);
        columns.put("a", about.a.name.as_str());
        columns.put("b", about.name_of_b());
        columns
    }

    fn finding(&mut self, version: &str, finding: &Finding) {
        self.word(&format!("verdict_{version}"), &finding.kind);
        self.word(&format!("reasons_{version}"), &finding.reasons);
    }
}

impl About<'_> {
    pub fn name_of_b(&self) -> String {
        match (self.b, self.twin) {
            (Some(b), _) => b.name.clone(),
            (None, twin) => format!("{}+twin:{}", self.a.name, twin.unwrap_or_default()),
        }
    }

    fn id(&self) -> String {
        format!("{}~{}", self.a.name, self.name_of_b())
    }
}

fn pair_row(about: About<'_>, report: &Report, n_properties: usize) -> Row {
    let mut c = Columns::head(about, PAIR, &about.id());
    c.put("n_properties", n_properties);
    c.put("twin", about.twin);
    put_model(&mut c, "a", Some(about.a), &report.model_a);
    put_model(&mut c, "b", about.b, &report.model_b);
    c.put("n_contexts", report.n_contexts);
    c.put("n_texts", report.n_texts);
    c.put("n_tokens", report.n_tokens);
    put_equality(&mut c, report);
    put_map(&mut c, "ab", &report.map_ab);
    put_map(&mut c, "ba", &report.map_ba);
    put_nearness(&mut c, report);
    c.finding("visible", &report.verdict.visible);
    c.finding("raw", &report.verdict.raw);
    c.0
}

/// What is known of a model, and what of its space is used.
fn put_model(c: &mut Columns, side: &str, facts: Option<&ModelFacts>, measured: &Side) {
    let name = |column: &str| format!("{column}_{side}");
    let (card, subspace) = (&measured.model, &measured.subspace);
    c.put(&name("world"), facts.and_then(|facts| facts.world.as_deref()));
    c.word(&name("role"), &facts.and_then(|facts| facts.role));
    c.put(&name("teacher"), facts.and_then(|facts| facts.teacher.as_deref()));
    c.put(&name("architecture"), card.architecture.as_str());
    c.put(&name("seed"), facts.and_then(|facts| facts.seed));
    c.put(&name("sha256"), card.sha256.as_str());
    c.put(&name("parameters"), card.parameters);
    c.put(&name("d"), subspace.d);
    c.put(&name("rank_f"), subspace.rank_f);
    c.put(&name("rank_g"), subspace.rank_g);
    c.put(&name("effective_complexity"), subspace.effective_complexity);
    c.put(&name("dark_dimensions_f"), subspace.rank_f.saturating_sub(subspace.effective_complexity));
    c.put(&name("dark_dimensions_g"), subspace.rank_g.saturating_sub(subspace.effective_complexity));
    c.number(&name("dark_f"), subspace.dark_f);
    c.number(&name("dark_g"), subspace.dark_g);
    c.number(&name("min_cosine"), subspace.min_cosine);
    c.put(&name("rank_unresolved"), subspace.rank_unresolved);
    c.put(&name("f_diversity_tested"), subspace.f_diversity_tested);
    // ‖F‖_F, by which distances between hidden states are to be measured.
    let norm = subspace.singular_values_f.iter().map(|sigma| sigma * sigma).sum::<f64>().sqrt();
    c.number(&name("norm_f"), norm);
}

fn put_equality(c: &mut Columns, report: &Report) {
    let e = &report.equality;
    c.word("level", &e.level);
    for (name, value) in [
        ("epsilon_num", e.epsilon_num),
        ("floor_a", e.floor_a),
        ("floor_b", e.floor_b),
        ("max_abs_dlogp", e.max_abs_dlogp),
        ("max_abs_dlogp_likely", e.max_abs_dlogp_likely),
        ("mean_kl_ab", e.mean_kl_ab),
        ("mean_kl_ba", e.mean_kl_ba),
        ("mean_kl_sym", e.mean_kl_sym),
        ("mean_kl_sym_lower", e.mean_kl_sym_interval.0),
        ("mean_kl_sym_upper", e.mean_kl_sym_interval.1),
        ("violation_upper_bound", e.violation_upper_bound),
        ("mean_js", e.mean_js),
        ("mean_tv", e.mean_tv),
        ("mean_hellinger", e.mean_hellinger),
        ("mean_clr_rms", e.mean_clr_rms),
        ("d_logit_squared", e.d_logit_squared),
        ("mean_top_1_agreement", e.mean_top_k_agreement[0]),
        ("mean_top_5_agreement", e.mean_top_k_agreement[1]),
        ("mean_top_10_agreement", e.mean_top_k_agreement[2]),
    ] {
        c.number(name, value);
    }
    c.maybe("unseen_share", e.unseen_share);
}

fn put_map(c: &mut Columns, direction: &str, map: &CoupledMap) {
    for (name, value) in [
        ("e_tok", map.e_tok),
        ("e_prm", map.e_prm),
        ("e_tok_shuffled", map.e_tok_shuffled),
        ("e_prm_shuffled", map.e_prm_shuffled),
        ("e_prm_constant", map.e_prm_constant),
    ] {
        c.number(&format!("{name}_{direction}"), value);
    }
}

fn put_nearness(c: &mut Columns, report: &Report) {
    let nearness = &report.nearness;
    let mut stability = |direction: &str, bound: &StabilityBound| {
        c.number(&format!("stability_left_{direction}"), bound.left);
        c.number(&format!("stability_bound_{direction}"), bound.bound);
    };
    stability("ab", &nearness.stability_ab);
    stability("ba", &nearness.stability_ba);
    let cosines = &nearness.image_cosines;
    c.maybe("image_cosine_min", cosines.iter().copied().reduce(f64::min));
    c.maybe(
        "image_cosine_mean",
        (!cosines.is_empty()).then(|| cosines.iter().sum::<f64>() / cosines.len() as f64),
    );
    let mut map = |direction: &str, map: Option<&PromptMap>| {
        c.maybe(&format!("prompt_map_r2_{direction}"), map.map(|map| map.r2));
        c.maybe(&format!("prompt_map_r2_low_{direction}"), map.map(|map| map.interval.0));
        c.maybe(&format!("prompt_map_r2_high_{direction}"), map.map(|map| map.interval.1));
        c.maybe(&format!("prompt_map_r2_shuffled_{direction}"), map.map(|map| map.r2_shuffled));
    };
    map("a_from_b", nearness.prompt_map_a_from_b.as_ref());
    map("b_from_a", nearness.prompt_map_b_from_a.as_ref());
    let distances = nearness.distances.as_ref();
    c.maybe("d_llv", distances.and_then(|distances| distances.d_llv));
    c.maybe("d_svd", distances.and_then(|distances| distances.d_svd));
}

fn property_row(about: About<'_>, report: &Report, property: &PropertyReport) -> Row {
    let kind = serde_json::to_value(property.property).unwrap_or(Value::Null);
    let id = format!("{}/{}/{}", about.id(), property.concept, kind.as_str().unwrap_or_default());
    let mut c = Columns::head(about, PROPERTY, &id);
    c.put("concept", property.concept.as_str());
    c.put("property", kind);
    c.word("level", &report.equality.level);
    c.number("mean_kl_sym", report.equality.mean_kl_sym);
    c.put("n_used", property.used.len());
    c.put("n_dropped", property.dropped.len());
    let scores = property.scores.as_ref();
    put_score(&mut c, "raw_a", scores.map(|scores| &scores.raw_a));
    put_score(&mut c, "raw_b", scores.map(|scores| &scores.raw_b));
    put_score(&mut c, "visible_a", scores.map(|scores| &scores.visible_a));
    put_score(&mut c, "visible_b", scores.map(|scores| &scores.visible_b));
    put_score(&mut c, "dark_removed_a", scores.map(|scores| &scores.dark_removed_a));
    put_score(&mut c, "dark_removed_b", scores.map(|scores| &scores.dark_removed_b));
    let difference = |a: &PropertyScore, b: &PropertyScore| (a.score - b.score).abs();
    c.maybe("raw_difference", scores.map(|scores| difference(&scores.raw_a, &scores.raw_b)));
    c.maybe("visible_difference", scores.map(|scores| difference(&scores.visible_a, &scores.visible_b)));
    c.maybe("visible_difference_bound", property.verdict.visible_difference_bound);
    c.maybe("visible_gap_allowed", property.visible_gap.map(|gap| gap.allowed));
    put_carried(&mut c, "carried_b_from_a", property.carried.map(|carried| carried.b_from_a));
    put_carried(&mut c, "carried_a_from_b", property.carried.map(|carried| carried.a_from_b));
    c.maybe("subspace_agreement", property.subspace_agreement);
    c.finding("visible", &property.verdict.visible);
    c.finding("raw", &property.verdict.raw);
    c.0
}

fn put_score(c: &mut Columns, version: &str, score: Option<&PropertyScore>) {
    let name = |column: &str| format!("{version}_{column}");
    c.maybe(&name("score"), score.map(|score| score.score));
    c.maybe(&name("null_mean"), score.map(|score| score.null_mean));
    c.maybe(&name("effect"), score.map(|score| score.score - score.null_mean));
    c.maybe(&name("effect_low"), score.map(|score| score.effect_interval.0));
    c.maybe(&name("effect_high"), score.map(|score| score.effect_interval.1));
    c.maybe(&name("p_adjusted"), score.map(|score| score.p_adjusted));
    c.word(&name("state"), &score.map(|score| score.state));
    c.word(&name("shortage"), &score.and_then(|score| score.shortage));
}

fn put_carried(c: &mut Columns, direction: &str, carried: Option<Carried>) {
    let name = |column: &str| format!("{direction}_{column}");
    c.maybe(&name("score"), carried.map(|carried| carried.score));
    c.maybe(&name("low"), carried.map(|carried| carried.interval.0));
    c.maybe(&name("high"), carried.map(|carried| carried.interval.1));
    c.maybe(&name("own"), carried.map(|carried| carried.own));
    c.maybe(&name("chance"), carried.map(|carried| carried.chance));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_ten_digits_and_survive_being_written_and_read() {
        assert_eq!(rounded(0.123_456_789_012_345), Some(0.123_456_789));
        assert_eq!(rounded(-2.0 / 3.0), Some(-0.666_666_666_7));
        assert_eq!(rounded(0.0), Some(0.0));
        assert_eq!(rounded(f64::INFINITY), None);
        assert_eq!(rounded(f64::NAN), None);
        for i in 0..2000_i32 {
            let x = f64::from(i).sin() * 10.0_f64.powi(i % 80 - 40);
            let once = rounded(x).unwrap();
            assert_eq!(rounded(once), Some(once));
            // The JSON parser in use may be off by the last bit; rounding takes that back.
            let read: f64 = serde_json::from_str(&serde_json::to_string(&once).unwrap()).unwrap();
            assert_eq!(rounded(read), Some(once), "{x}");
        }
    }
}
