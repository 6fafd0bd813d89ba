//! An experiment with everything that its file only names: models, pairs, texts. Its digest says when two are the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::{ExperimentFile, Models, PairRule};
use super::models::{Model, ModelFacts, Shelf};
use super::pairs::{Pair, Partner, Shard, pairs};
use super::store::Manifest;
use crate::cli::error::CliError;
use crate::cli::files::{self, World};
use crate::lab::report::Property;
use crate::lab::{Concept, Experiment, ModelSource, Thresholds};
use crate::models::hexadecimal;
use crate::theory::twin::TwinRecipe;

/// Digits of the digest that every row carries.
const DIGEST_DIGITS: usize = 16;

/// What is computed.
#[derive(Debug, Clone)]
pub struct Plan {
    pub models: Vec<Model>,
    pub pairs: Vec<Pair>,
    pub question: Question,
    /// Of the question, the models' files and the pairs.
    pub digest: String,
}

/// What every pair is asked.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    pub prompts: Vec<String>,
    pub calibration: Vec<String>,
    /// Without what no property that is asked for reads.
    pub concepts: Vec<Concept>,
    pub properties: Vec<Property>,
    pub seed: u64,
    pub thresholds: Thresholds,
}

impl Plan {
    /// Finds all that a file names.
    pub fn of_file(path: &Path) -> Result<Self, CliError> {
        let file = ExperimentFile::read(path)?;
        // What is wrong with a name is said with the file that has it; what is wrong with another file names that file.
        let here = |error: CliError| match error {
            CliError::BadModel(message) => CliError::BadExperiment { path: path.to_owned(), message },
            other => other,
        };
        let bad =
            |message: &str| CliError::BadExperiment { path: path.to_owned(), message: message.to_owned() };
        let groups = match &file.models {
            Models::List(items) if items.is_empty() => BTreeMap::new(),
            Models::List(items) => BTreeMap::from([("models".to_owned(), items.clone())]),
            Models::Groups(groups) => groups.clone(),
        };
        let mut rules = file.pairs.clone();
        if rules.is_empty() {
            // All groups are one: a pair within two of them counts once, and pairs across them are pairs too.
            rules.extend(all_of(&groups));
        }
        let mut shelf = Shelf::of_groups(&groups).map_err(here)?;
        let pairs = pairs(&rules, &mut shelf).map_err(here)?;
        if pairs.is_empty() {
            return Err(bad(
                "expected at least one pair of models, found none; name two models, or pairs with a and b",
            ));
        }
        let models = shelf.into_models();
        let facts: Vec<&ModelFacts> = models.iter().map(|model| &model.facts).collect();
        let world = world(file.world.as_deref(), &facts).map_err(here)?;
        let question = question(&file, &world, &pairs).map_err(here)?;
        let digest = digest(&question, &facts, &pairs)?;
        Ok(Self { models, pairs, question, digest })
    }

    /// What a folder of its rows says of itself.
    pub fn manifest(&self, shard: Shard) -> Manifest {
        Manifest {
            format: Manifest::FORMAT,
            experiment: self.digest.clone(),
            shard,
            n_pairs: self.pairs.len(),
            seed: self.question.seed,
            thresholds: self.question.thresholds,
            properties: self.question.properties.clone(),
            concepts: self.question.concepts.iter().map(|concept| concept.name.clone()).collect(),
            n_prompts: self.question.prompts.len(),
            n_calibration_texts: self.question.calibration.len(),
            models: self.models.iter().map(|model| model.facts.clone()).collect(),
        }
    }

    /// The comparison of one pair.
    pub fn experiment(&self, pair: &Pair) -> Experiment {
        let source = |model: usize| {
            let facts = &self.models[model].facts;
            ModelSource::Local { name: facts.name.clone(), sha256: facts.sha256.clone() }
        };
        let Question { prompts, concepts, seed, thresholds, .. } = self.question.clone();
        Experiment {
            model_a: source(pair.a),
            model_b: match &pair.b {
                Partner::Model(b) => source(*b),
                Partner::Twin(recipe) => ModelSource::Twin { recipe: recipe.clone() },
            },
            prompts,
            concepts,
            seed,
            thresholds,
        }
    }
}

fn all_of(groups: &BTreeMap<String, Vec<String>>) -> Option<PairRule> {
    let names: Vec<String> = groups.keys().cloned().collect();
    (!names.is_empty()).then(|| PairRule::within(names))
}

/// The world that is named, or that of all models.
fn world(named: Option<&str>, models: &[&ModelFacts]) -> Result<World, CliError> {
    let mut known = models.iter().filter_map(|model| Some((&model.name, model.world.as_ref()?)));
    let first = known.next();
    if let Some((name, world)) = first
        && let Some((other, other_world)) = known.find(|(_, other)| *other != world)
    {
        return Err(CliError::BadModel(format!(
            "expected models of one world, found {name} of the world {world} and {other} of the world {other_world}; \
             write an experiment for each"
        )));
    }
    match (named, first) {
        (Some(named), _) => World::find(named),
        (None, Some((_, world))) => World::find(world),
        (None, None) => Err(CliError::BadModel(
            "expected models whose world is known, or world = \"…\" with its name or folder, found neither"
                .into(),
        )),
    }
}

fn question(file: &ExperimentFile, world: &World, pairs: &[Pair]) -> Result<Question, CliError> {
    let concepts = files::concepts(world, file.concepts.as_deref(), &file.concept_names)?;
    let needs_pairs = pairs.iter().any(|pair| match &pair.b {
        Partner::Twin(TwinRecipe(steps)) => steps.iter().any(|step| step.kind.needs_pairs()),
        Partner::Model(_) => false,
    });
    Ok(Question {
        prompts: match &file.prompts {
            Some(path) => files::read_prompts(path)?,
            None => world.default_prompts()?,
        },
        calibration: match &file.calibration {
            Some(path) => files::read_calibration(path)?,
            None => world.calibration_texts()?,
        },
        concepts: concepts.into_iter().map(|concept| only(concept, &file.properties, needs_pairs)).collect(),
        properties: file.properties.clone(),
        seed: file.seed,
        thresholds: file.thresholds().map_err(CliError::BadModel)?,
    })
}

/// The parts of a concept that these properties read, so that nothing else is computed or adjusted for.
fn only(mut concept: Concept, properties: &[Property], needs_pairs: bool) -> Concept {
    let asked = |any: &[Property]| any.iter().any(|property| properties.contains(property));
    if !needs_pairs && !asked(&[Property::Parallelism, Property::LinearSteering]) {
        concept.pairs.clear();
    }
    if !asked(&[Property::RelationalLinearity, Property::LinearSubspace]) {
        concept.relation = None;
    }
    if !asked(&[Property::LinearProbing]) {
        concept.labelled.clear();
    }
    if !asked(&[Property::LinearSteering]) {
        concept.steering.clear();
    }
    concept
}

fn digest(question: &Question, models: &[&ModelFacts], pairs: &[Pair]) -> Result<String, CliError> {
    let partner = |b: &Partner| match b {
        Partner::Model(b) => models[*b].name.clone(),
        Partner::Twin(recipe) => format!("twin:{recipe}"),
    };
    let pairs: Vec<[String; 2]> =
        pairs.iter().map(|pair| [models[pair.a].name.clone(), partner(&pair.b)]).collect();
    // Another version may compute other numbers.
    let meaning = (Manifest::FORMAT, env!("CARGO_PKG_VERSION"), question, models, pairs);
    let text = serde_json::to_vec(&meaning).map_err(|error| CliError::Internal(error.to_string()))?;
    let mut digits = hexadecimal(&Sha256::digest(&text));
    digits.truncate(DIGEST_DIGITS);
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, CliError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiment.toml");
        std::fs::write(&path, text).unwrap();
        Plan::of_file(&path)
    }

    fn message(text: &str) -> String {
        plan(text).unwrap_err().to_string()
    }

    const TWO: &str = r#"models = ["bundled:world-d32", "bundled:world-d48"]"#;

    #[test]
    fn without_pairs_all_models_of_all_groups_are_compared_in_the_world_they_come_from() {
        let found =
            plan("[models]\nx = [\"bundled:world-d32\"]\ny = [\"bundled:world-d48\", \"bundled:world-d32\"]")
                .unwrap();
        assert_eq!(found.pairs, [Pair { a: 0, b: Partner::Model(1) }]);
        assert_eq!(found.question.prompts, World::English.default_prompts().unwrap());
        assert_eq!(found.question.calibration.len(), World::English.calibration_texts().unwrap().len());
        assert_eq!(found.question.concepts.len(), 7);
        assert_eq!(found.digest.len(), 16);
    }

    #[test]
    fn the_digest_is_of_the_meaning_not_of_the_words() {
        let digest = |text: &str| plan(text).unwrap().digest;
        let first = digest(TWO);
        assert_eq!(first, digest(&format!("# the same\n{TWO}\nseed = 1\nworld = \"english\"")));
        assert_eq!(first, digest(r#"models = ["public/models/world-d*"]"#));
        for other in ["seed = 2", "properties = [\"parallelism\"]", "concept_names = [\"plurals\"]"] {
            assert_ne!(first, digest(&format!("{TWO}\n{other}")), "{other}");
        }
        assert_ne!(first, digest(&format!("{TWO}\n[thresholds]\nmax_p = 0.02")));
        assert_ne!(first, digest(&format!("{TWO}\n[[pairs]]\na = \"models\"\nb = \"twin:reduced\"")));
    }

    #[test]
    fn parts_that_no_property_reads_are_left_out() {
        let found = plan(&format!("{TWO}\nproperties = [\"linear_probing\"]")).unwrap();
        for concept in &found.question.concepts {
            assert!(concept.pairs.is_empty() && concept.relation.is_none() && concept.steering.is_empty());
            assert!(!concept.labelled.is_empty());
        }
        let twin = "[[pairs]]\na = \"models\"\nb = \"twin:break-parallelism\"";
        let found = plan(&format!("{TWO}\nproperties = [\"linear_probing\"]\n{twin}")).unwrap();
        assert!(!found.question.concepts[0].pairs.is_empty(), "the twin is built from pairs");
    }

    #[test]
    fn what_names_nothing_is_refused() {
        assert!(message("").contains("at least one pair"));
        assert!(message(r#"models = ["bundled:world-d32"]"#).contains("at least one pair"));
        assert!(message(&format!("{TWO}\nworld = \"mars\"")).contains("\"mars\""));
        assert!(message(&format!("{TWO}\nconcept_names = [\"smells\"]")).contains("smells"));
        assert!(message(&format!("{TWO}\nprompts = \"none.txt\"")).contains("none.txt"));
    }

    #[test]
    fn models_of_two_worlds_are_not_one_experiment() {
        let facts = |name: &str, world: Option<&str>| ModelFacts {
            name: name.into(),
            world: world.map(str::to_owned),
            architecture: "llama".into(),
            width: 16,
            seed: None,
            teacher: None,
            role: None,
            sha256: String::new(),
            training: None,
        };
        let (a, b, c) = (facts("a", Some("english")), facts("b", Some("wugs")), facts("c", None));
        let message = world(None, &[&a, &c, &b]).unwrap_err().to_string();
        assert!(message.contains("a of the world english and b of the world wugs"), "{message}");
        assert_eq!(world(None, &[&c, &a]).unwrap(), World::English);
        assert!(world(None, &[&c]).unwrap_err().to_string().contains("world ="));
        assert_eq!(world(Some("english"), &[&c]).unwrap(), World::English);
    }
}
