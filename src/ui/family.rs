//! The trained family as `models/matrix.json` tells it: its models, and how far each pair's distributions are apart.

use leptos_i18n::td_string;
use serde::Deserialize;

use crate::text::Locale;
use crate::theory::equivalence::Level;

/// Every model that can be opened and every distance between two of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The models, in the order in which they are shown.
    pub models: Vec<Member>,
    /// The distances; a pair that was not measured, or whose distance is infinite, is absent.
    pub pairs: Vec<Pair>,
}

/// One trained model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its folder under `models/`.
    pub name: String,
    /// The generated world that it was trained on.
    pub world: String,
    /// `model_type` of its config.
    pub architecture: String,
    /// Width of the hidden state.
    pub width: usize,
    /// Seed of its weights, where it was written down.
    pub seed: Option<u64>,
    /// What it is in the experiment, such as `teacher`, where that was written down.
    pub role: Option<String>,
}

/// How far two models' distributions are apart, in nats, each the mean over the contexts.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// One model's name.
    pub a: String,
    /// The other's.
    pub b: String,
    /// KL(A‖B).
    pub mean_kl_ab: f64,
    /// KL(B‖A).
    pub mean_kl_ba: f64,
    /// Their mean.
    pub mean_symmetric_kl: f64,
    /// Jensen-Shannon divergence.
    pub mean_js: f64,
    /// The level of equality.
    pub level: Level,
    /// On how many contexts.
    pub n_contexts: usize,
}

/// The file: numbers that are not finite are null, and so is a world that nobody knows.
#[derive(Deserialize)]
struct Written {
    models: Vec<WrittenMember>,
    pairs: Vec<WrittenPair>,
}

#[derive(Deserialize)]
struct WrittenMember {
    name: String,
    world: Option<String>,
    architecture: String,
    width: usize,
    seed: Option<u64>,
    role: Option<String>,
}

#[derive(Deserialize)]
struct WrittenPair {
    a: String,
    b: String,
    mean_kl_ab: Option<f64>,
    mean_kl_ba: Option<f64>,
    mean_symmetric_kl: Option<f64>,
    mean_js: Option<f64>,
    level: Level,
    n_contexts: usize,
}

impl WrittenMember {
    fn finished(self) -> Option<Member> {
        let Self { name, world, architecture, width, seed, role } = self;
        Some(Member { name, world: world?, architecture, width, seed, role })
    }
}

impl WrittenPair {
    fn finished(self) -> Option<Pair> {
        let Self { a, b, level, n_contexts, .. } = self;
        Some(Pair {
            a,
            b,
            mean_kl_ab: self.mean_kl_ab?,
            mean_kl_ba: self.mean_kl_ba?,
            mean_symmetric_kl: self.mean_symmetric_kl?,
            mean_js: self.mean_js?,
            level,
            n_contexts,
        })
    }
}

/// Why the family cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FamilyError {
    /// Not the JSON that was expected.
    #[error("models/matrix.json is not what this page expects ({0}): reload the page")]
    Json(String),
    /// A pair of a model that is not in the list.
    #[error("models/matrix.json has a pair with “{0}”, which is not among its models: reload the page")]
    UnknownModel(String),
}

impl Family {
    /// From the file; models that do not come with the page are left out, for nobody could open them.
    ///
    /// # Errors
    /// Not such a file, or a pair names a model that the file's list lacks.
    pub fn parse(text: &str, is_bundled: impl Fn(&str) -> bool) -> Result<Self, FamilyError> {
        let written: Written =
            serde_json::from_str(text).map_err(|error| FamilyError::Json(error.to_string()))?;
        let is_known = |name: &str| written.models.iter().any(|member| member.name == name);
        let unknown = written.pairs.iter().flat_map(|pair| [&pair.a, &pair.b]).find(|name| !is_known(name));
        if let Some(name) = unknown {
            return Err(FamilyError::UnknownModel(name.clone()));
        }
        let models = written.models.into_iter().filter_map(WrittenMember::finished);
        let models: Vec<Member> = models.filter(|member| is_bundled(&member.name)).collect();
        let is_shown = |name: &str| models.iter().any(|member| member.name == name);
        let pairs = written.pairs.into_iter().filter_map(WrittenPair::finished);
        let pairs = pairs.filter(|pair| is_shown(&pair.a) && is_shown(&pair.b)).collect();
        Ok(Self { models, pairs })
    }

    /// The worlds, in the order of their first models; only models of one world can be compared.
    pub fn worlds(&self) -> Vec<String> {
        let mut worlds: Vec<String> = Vec::new();
        for member in &self.models {
            if !worlds.contains(&member.world) {
                worlds.push(member.world.clone());
            }
        }
        worlds
    }

    /// The models of one world.
    pub fn members(&self, world: &str) -> Vec<Member> {
        self.models.iter().filter(|member| member.world == world).cloned().collect()
    }

    /// What was measured of two models, seen from `a`: a distance that was measured from the other side is turned round.
    pub fn between(&self, a: &str, b: &str) -> Option<Pair> {
        self.pairs.iter().find_map(|pair| match (pair.a.as_str(), pair.b.as_str()) {
            names if names == (a, b) => Some(pair.clone()),
            names if names == (b, a) => Some(pair.turned()),
            _ => None,
        })
    }
}

impl Member {
    /// As a row is headed: `width 32, seed 1, gpt2, teacher`.
    pub fn label(&self, locale: Locale) -> String {
        let (width, kind) = (self.width, self.kind(locale));
        match self.seed {
            Some(seed) => td_string!(locale, explorer.member.seeded, width, seed, kind),
            None => td_string!(locale, explorer.member.plain, width, kind),
        }
    }

    /// What tells models of one width and seed apart: `gpt2, teacher`.
    pub fn kind(&self, locale: Locale) -> String {
        let architecture = self.architecture.clone();
        let role = match self.role.as_deref() {
            None => return architecture,
            Some("teacher") => td_string!(locale, explorer.member.teacher),
            Some("student") => td_string!(locale, explorer.member.student),
            Some("trained") => td_string!(locale, explorer.member.trained),
            Some(other) => other,
        };
        td_string!(locale, explorer.member.kind, architecture, role = role.to_owned())
    }
}

impl Pair {
    /// The same pair seen from the other side.
    fn turned(&self) -> Self {
        Self {
            a: self.b.clone(),
            b: self.a.clone(),
            mean_kl_ab: self.mean_kl_ba,
            mean_kl_ba: self.mean_kl_ab,
            ..self.clone()
        }
    }

    /// The level as one sign, for a small cell; its words stand in the legend and in the cell's name.
    pub fn sign(&self) -> &'static str {
        match self.level {
            Level::Identical | Level::Constructed => "=",
            Level::Close => "≈",
            Level::Different => "≠",
            Level::Undecided => "?",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "models": [
            {"name": "w16", "world": "grove", "architecture": "gpt2", "width": 16, "seed": 1, "role": "student"},
            {"name": "d32", "world": "english", "architecture": "llama", "width": 32, "seed": 2, "role": "plain"},
            {"name": "w64", "world": "grove", "architecture": "gpt2", "width": 64, "seed": 3, "role": "teacher"}
        ],
        "pairs": [{"a": "w16", "b": "w64", "mean_kl_ab": 0.25, "mean_kl_ba": 0.5, "mean_symmetric_kl": 0.375,
            "mean_js": 0.0625, "level": "different", "n_contexts": 1000}]
    }"#;

    #[test]
    fn a_pair_is_found_from_both_sides() {
        let family = Family::parse(FILE, |_| true).unwrap();
        let there = family.between("w16", "w64").unwrap();
        let back = family.between("w64", "w16").unwrap();
        assert_eq!((there.mean_kl_ab, there.mean_kl_ba), (0.25, 0.5));
        assert_eq!((back.mean_kl_ab, back.mean_kl_ba), (0.5, 0.25));
        assert_eq!((back.a.as_str(), back.b.as_str()), ("w64", "w16"));
        assert_eq!(there.mean_symmetric_kl, back.mean_symmetric_kl);
        assert_eq!(there.sign(), "≠");
        assert_eq!(family.between("w16", "d32"), None);
        assert_eq!(family.between("w16", "w16"), None);
    }

    #[test]
    fn models_stand_by_world() {
        let family = Family::parse(FILE, |_| true).unwrap();
        assert_eq!(family.worlds(), ["grove", "english"]);
        let names: Vec<String> = family.members("grove").into_iter().map(|member| member.name).collect();
        assert_eq!(names, ["w16", "w64"]);
        assert_eq!(family.members("grove")[0].label(Locale::en), "width 16, seed 1, gpt2, student");
        assert_eq!(family.members("grove")[0].label(Locale::ja), "幅 16、シード 1、gpt2、生徒");
    }

    #[test]
    fn only_what_can_be_opened_and_measured_is_shown() {
        let without = Family::parse(FILE, |name| name != "w64").unwrap();
        assert_eq!((without.models.len(), without.pairs.len()), (2, 0));
        let infinite = FILE.replace(r#""mean_kl_ab": 0.25"#, r#""mean_kl_ab": null"#);
        let family = Family::parse(&infinite, |_| true).unwrap();
        assert_eq!((family.models.len(), family.pairs.len()), (3, 0));
        let of_no_world = FILE.replace(r#""world": "english""#, r#""world": null"#);
        assert_eq!(Family::parse(&of_no_world, |_| true).unwrap().worlds(), ["grove"]);
        let without_role = FILE.replace(r#""role": "plain""#, r#""role": null"#);
        assert_eq!(
            Family::parse(&without_role, |_| true).unwrap().models[1].label(Locale::en),
            "width 32, seed 2, llama"
        );
    }

    #[test]
    fn a_broken_file_is_refused_in_words() {
        let json = Family::parse("<!doctype html>", |_| true).unwrap_err().to_string();
        assert!(json.starts_with("models/matrix.json is not what this page expects"), "{json}");
        let stranger = FILE.replace(r#""b": "w64""#, r#""b": "w99""#);
        assert_eq!(Family::parse(&stranger, |_| true), Err(FamilyError::UnknownModel("w99".into())));
    }
}
