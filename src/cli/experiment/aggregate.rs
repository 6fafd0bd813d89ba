//! What figures and tables are made of: typed rows, and the few statistics over them.

use serde::Deserialize;
use serde_json::Value;

use super::models::ModelFacts;
use super::rows::{PAIR, PROPERTY, Row};
use super::store::{Manifest, text_of};
use crate::lab::report::Property;
use crate::theory::equivalence::Level;
use crate::theory::verdict::{PropertyState, VerdictKind};

/// The columns of a pair's row that reports speak of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PairRow {
    pub pair: usize,
    pub a: String,
    pub b: String,
    pub twin: Option<String>,
    pub level: Level,
    pub n_contexts: usize,
    pub n_texts: usize,
    pub n_tokens: usize,
    pub d_a: u64,
    pub d_b: u64,
    pub mean_kl_ab: Option<f64>,
    pub mean_kl_ba: Option<f64>,
    pub mean_kl_sym: Option<f64>,
    pub mean_js: Option<f64>,
    pub d_llv: Option<f64>,
    pub d_svd: Option<f64>,
    pub e_prm_ab: Option<f64>,
    pub e_prm_ba: Option<f64>,
    pub stability_left_ab: Option<f64>,
    pub stability_left_ba: Option<f64>,
    pub stability_bound_ab: Option<f64>,
    pub stability_bound_ba: Option<f64>,
    pub norm_f_a: Option<f64>,
    pub norm_f_b: Option<f64>,
}

/// The columns of a property's row that reports speak of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PropertyRow {
    pub pair: usize,
    pub a: String,
    pub b: String,
    pub concept: String,
    pub property: Property,
    pub level: Level,
    pub mean_kl_sym: Option<f64>,
    raw_a_score: Option<f64>,
    raw_b_score: Option<f64>,
    visible_a_score: Option<f64>,
    visible_b_score: Option<f64>,
    raw_a_state: Option<PropertyState>,
    raw_b_state: Option<PropertyState>,
    visible_a_state: Option<PropertyState>,
    visible_b_state: Option<PropertyState>,
    verdict_raw: VerdictKind,
    verdict_visible: VerdictKind,
}

/// Which of its two main versions a score is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// In the model's own coordinates.
    Raw,
    /// From its distribution only.
    Visible,
}

impl Version {
    pub const BOTH: [Self; 2] = [Self::Raw, Self::Visible];

    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Visible => "visible",
        }
    }
}

/// What the states of a property in two models come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    All,
    None,
    Differ,
    Undecided,
}

impl Outcome {
    pub const EVERY: [Self; 4] = [Self::All, Self::None, Self::Differ, Self::Undecided];

    pub fn name(self) -> &'static str {
        match self {
            Self::All => "held by both",
            Self::None => "held by neither",
            Self::Differ => "they differ",
            Self::Undecided => "undecided",
        }
    }
}

impl PropertyRow {
    /// Scores in A and B, where both were measured.
    pub fn scores(&self, version: Version) -> Option<(f64, f64)> {
        match version {
            Version::Raw => self.raw_a_score.zip(self.raw_b_score),
            Version::Visible => self.visible_a_score.zip(self.visible_b_score),
        }
    }

    /// |score in A − score in B|.
    pub fn difference(&self, version: Version) -> Option<f64> {
        self.scores(version).map(|(a, b)| (a - b).abs())
    }

    pub fn outcome(&self, version: Version) -> Outcome {
        let states = match version {
            Version::Raw => (self.raw_a_state, self.raw_b_state),
            Version::Visible => (self.visible_a_state, self.visible_b_state),
        };
        use PropertyState::{Fails, Holds};
        match states {
            (Some(Holds), Some(Holds)) => Outcome::All,
            (Some(Fails), Some(Fails)) => Outcome::None,
            (Some(Holds), Some(Fails)) | (Some(Fails), Some(Holds)) => Outcome::Differ,
            _ => Outcome::Undecided,
        }
    }

    pub fn verdict(&self, version: Version) -> VerdictKind {
        match version {
            Version::Raw => self.verdict_raw,
            Version::Visible => self.verdict_visible,
        }
    }
}

/// What the trainer wrote down of a model, as far as reports speak of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Training {
    #[serde(default)]
    pub curve: Vec<CurvePoint>,
    /// Of the finished model, on held-out texts.
    #[serde(default)]
    pub distances: Distances,
    /// Updates made.
    pub n_steps_made: Option<u64>,
}

/// One measurement during training: nats per token.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct CurvePoint {
    pub step: u64,
    pub loss: Option<f64>,
    pub truth_kl: Option<f64>,
    pub teacher_kl: Option<f64>,
}

/// Mean KL(truth ‖ model) and KL(teacher ‖ model), nats per token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct Distances {
    pub truth: Option<Estimate>,
    pub teacher: Option<Estimate>,
}

/// A mean over held-out texts.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Estimate {
    pub mean: f64,
    pub standard_error: Option<f64>,
}

/// A model with its training record, where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedModel {
    pub facts: ModelFacts,
    pub training: Training,
}

/// Everything that a report is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    pub manifest: Manifest,
    pub models: Vec<TrainedModel>,
    pub pairs: Vec<PairRow>,
    pub properties: Vec<PropertyRow>,
}

impl Rows {
    /// Typed rows of a folder, or what is wrong with the first that is not one.
    pub fn of(manifest: Manifest, rows: Vec<Row>) -> Result<Self, String> {
        let (mut pairs, mut properties) = (Vec::new(), Vec::new());
        for (i, row) in rows.into_iter().enumerate() {
            let bad = |error: serde_json::Error| format!("row {}: {error}", i + 1);
            match text_of(&row, "row") {
                Some(PAIR) => pairs.push(serde_json::from_value(Value::Object(row)).map_err(bad)?),
                Some(PROPERTY) => properties.push(serde_json::from_value(Value::Object(row)).map_err(bad)?),
                found => {
                    return Err(format!("row {}: expected a pair or a property, found {found:?}", i + 1));
                }
            }
        }
        let models = manifest.models.iter().map(|facts| {
            let record = facts.training.clone().unwrap_or_else(|| Value::Object(Row::new()));
            let training = serde_json::from_value(record)
                .map_err(|error| format!("the training record of {}: {error}", facts.name))?;
            Ok(TrainedModel { facts: facts.clone(), training })
        });
        Ok(Self { models: models.collect::<Result<_, String>>()?, manifest, pairs, properties })
    }

    /// Pairs of two models that were run.
    pub fn model_pairs(&self) -> impl Iterator<Item = &PairRow> {
        self.pairs.iter().filter(|pair| pair.twin.is_none())
    }

    /// Rows of a property of pairs of two models that were run.
    pub fn of_property(&self, property: Property) -> impl Iterator<Item = &PropertyRow> {
        let twins: Vec<usize> = self.pairs.iter().filter(|p| p.twin.is_some()).map(|p| p.pair).collect();
        self.properties.iter().filter(move |row| row.property == property && !twins.contains(&row.pair))
    }

    pub fn model(&self, name: &str) -> Option<&TrainedModel> {
        self.models.iter().find(|model| model.facts.name == name)
    }
}

/// Mean, and standard deviation with n − 1; none of too few values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation.
pub fn sd(values: &[f64]) -> Option<f64> {
    let centre = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|x| (x - centre).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Standard deviation within groups: √(Σ_g Σ(x − mean_g)² / Σ_g (n_g − 1)); groups of one say nothing.
pub fn sd_within(groups: &[Vec<f64>]) -> Option<f64> {
    let mut squares = 0.0;
    let mut freedom = 0;
    for group in groups {
        if let Some(sd) = sd(group) {
            squares += sd.powi(2) * (group.len() - 1) as f64;
            freedom += group.len() - 1;
        }
    }
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

/// Pearson correlation; none where one side does not vary.
pub fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mean_x, mean_y) = (mean(&x)?, mean(&y)?);
    let product: f64 = pairs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let scale = sd(&x)? * sd(&y)? * (pairs.len() - 1) as f64;
    (scale > 0.0).then(|| product / scale)
}

/// Rank correlation, equal values sharing their mean rank.
pub fn rank_correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    correlation(&ranks(&x).into_iter().zip(ranks(&y)).collect::<Vec<_>>())
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |x: &f64| {
        let below = values.iter().filter(|other| *other < x).count();
        let equal = values.iter().filter(|other| *other == x).count();
        below as f64 + (equal + 1) as f64 / 2.0
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} {expected}");
    }

    #[test]
    fn statistics_by_hand() {
        close(mean(&[1.0, 2.0, 6.0]), 3.0);
        close(sd(&[1.0, 2.0, 6.0]), 7.0_f64.sqrt());
        assert_eq!((mean(&[]), sd(&[3.0])), (None, None));
        // (0.5 + 0.5 + 2) / (1 + 1): the group of one says nothing.
        close(sd_within(&[vec![1.0, 2.0], vec![4.0, 6.0], vec![9.0]]), 1.25_f64.sqrt());
        assert_eq!(sd_within(&[vec![1.0], vec![2.0]]), None);
        close(correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]), 1.0);
        close(correlation(&[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]), 0.0);
        assert_eq!(correlation(&[(1.0, 2.0), (1.0, 3.0)]), None);
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5).
        close(
            rank_correlation(&[(0.1, 1.0), (5.0, 10.0), (5.0, 100.0), (9.0, 1000.0)]),
            4.5 / (4.5_f64 * 5.0).sqrt(),
        );
    }

    #[test]
    fn states_of_two_models_come_to_one_outcome() {
        use PropertyState::{Fails, Holds, Uncertain};
        let row = |a: Option<PropertyState>, b: Option<PropertyState>| {
            let mut row = property(0, "a", "b", 0.1, (0.1, 0.2), (0.3, 0.4));
            (row.raw_a_state, row.raw_b_state) = (a, b);
            row.outcome(Version::Raw)
        };
        assert_eq!(row(Some(Holds), Some(Holds)), Outcome::All);
        assert_eq!(row(Some(Fails), Some(Fails)), Outcome::None);
        assert_eq!(row(Some(Fails), Some(Holds)), Outcome::Differ);
        assert_eq!(row(Some(Uncertain), Some(Holds)), Outcome::Undecided);
        assert_eq!(row(None, None), Outcome::Undecided);
    }

    pub fn facts(name: &str, width: u64, seed: u64, teacher: Option<&str>) -> ModelFacts {
        ModelFacts {
            name: name.into(),
            world: Some("wugs".into()),
            architecture: "llama".into(),
            width,
            seed: Some(seed),
            teacher: teacher.map(str::to_owned),
            role: None,
            sha256: "0".into(),
            training: None,
        }
    }

    pub fn pair(number: usize, a: &ModelFacts, b: &ModelFacts, mean_kl_sym: f64) -> PairRow {
        PairRow {
            pair: number,
            a: a.name.clone(),
            b: b.name.clone(),
            twin: None,
            level: Level::Different,
            n_contexts: 10,
            n_texts: 5,
            n_tokens: 7,
            d_a: a.width,
            d_b: b.width,
            mean_kl_ab: Some(mean_kl_sym),
            mean_kl_ba: Some(mean_kl_sym),
            mean_kl_sym: Some(mean_kl_sym),
            mean_js: Some(mean_kl_sym / 4.0),
            d_llv: None,
            d_svd: None,
            e_prm_ab: Some(0.5),
            e_prm_ba: Some(0.5),
            stability_left_ab: Some(1.0),
            stability_left_ba: Some(1.0),
            stability_bound_ab: Some(4.0),
            stability_bound_ba: Some(8.0),
            norm_f_a: Some(10.0),
            norm_f_b: Some(10.0),
        }
    }

    pub fn property(
        number: usize,
        a: &str,
        b: &str,
        mean_kl_sym: f64,
        raw: (f64, f64),
        visible: (f64, f64),
    ) -> PropertyRow {
        PropertyRow {
            pair: number,
            a: a.into(),
            b: b.into(),
            concept: "x".into(),
            property: Property::Parallelism,
            level: Level::Different,
            mean_kl_sym: Some(mean_kl_sym),
            raw_a_score: Some(raw.0),
            raw_b_score: Some(raw.1),
            visible_a_score: Some(visible.0),
            visible_b_score: Some(visible.1),
            raw_a_state: Some(PropertyState::Holds),
            raw_b_state: Some(PropertyState::Holds),
            visible_a_state: Some(PropertyState::Holds),
            visible_b_state: Some(PropertyState::Fails),
            verdict_raw: VerdictKind::NotEquivalent,
            verdict_visible: VerdictKind::NotEquivalent,
        }
    }

    /// Widths 16 and 32 with two seeds each, and a student of width 16; scores that can be added up by hand.
    pub fn family() -> Rows {
        let models = [
            facts("m16a", 16, 1, None),
            facts("m16b", 16, 2, None),
            facts("m32a", 32, 1, None),
            facts("m32b", 32, 2, None),
            facts("s16", 16, 3, Some("m32a")),
        ];
        let score = |i: usize| [0.1, 0.3, 0.6, 0.8, 0.5][i];
        let (mut pairs, mut properties) = (Vec::new(), Vec::new());
        for i in 0..5 {
            for j in i + 1..5 {
                let number = pairs.len();
                let distance = 10.0_f64.powi(-((i + j) as i32));
                pairs.push(pair(number, &models[i], &models[j], distance));
                let raw = (score(i), score(j));
                properties.push(property(
                    number,
                    &models[i].name,
                    &models[j].name,
                    distance,
                    raw,
                    (0.5, 0.25),
                ));
            }
        }
        let mut manifest = super::super::store::tests::manifest("e", "0/1", pairs.len());
        manifest.models = models.to_vec();
        let models = models.map(|facts| TrainedModel { facts, training: Training::default() }).to_vec();
        Rows { manifest, models, pairs, properties }
    }
}
