//! The models that come with the project, as `public/models/catalogue.json` lists them.

use serde::{Deserialize, Serialize};

/// Every bundled model, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The models, each of another name.
    pub models: Vec<CatalogueModel>,
}

/// What is known of a bundled model before it is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueModel {
    /// Folder name under `public/models/`, see [`is_plain`].
    pub name: String,
    /// Folder name under `public/worlds/` of the world that it was trained on: whose prompts, concepts and calibration
    /// texts it reads.
    pub world: String,
    /// What people call it.
    pub label: String,
    /// `model_type` of its config, such as `llama`.
    pub architecture: String,
    /// Width of its hidden state.
    pub width: usize,
    /// Seed of its weights and texts, where it was written down.
    pub seed: Option<u64>,
    /// Name of the model whose distribution a student was trained on.
    pub teacher: Option<String>,
    /// How it came to be.
    pub role: Role,
}

/// How a model came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Trained on texts of its world.
    Trained,
    /// Trained on texts, and what students were then trained on.
    Teacher,
    /// Trained on the distribution of its teacher.
    Student,
}

/// Why a catalogue cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON that a catalogue is.
    #[error(
        "expected a catalogue of models, found something else ({0}): write it again with `all-or-none catalogue`"
    )]
    Malformed(String),
    /// Two models of one name.
    #[error("expected every model once, found {0:?} twice: take one of them out")]
    Twice(String),
    /// A name that is no plain folder name.
    #[error(
        "expected names and worlds of letters, digits, hyphens and single full stops, found {0:?}: rename its folder"
    )]
    Name(String),
    /// A student whose teacher is not there, or a teacher of a model that is no student.
    #[error(
        "expected the teacher of {name} to be another model of the list exactly where it is a student, found {found:?}"
    )]
    Teacher {
        /// The model.
        name: String,
        /// Its teacher.
        found: Option<String>,
    },
}

impl Catalogue {
    /// Reads and checks a catalogue.
    ///
    /// # Errors
    /// Text that is no catalogue, a name twice, a name that no link or path may hold, a student without its teacher.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self =
            serde_json::from_str(text).map_err(|error| CatalogueError::Malformed(error.to_string()))?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// The model of a name.
    pub fn find(&self, name: &str) -> Option<&CatalogueModel> {
        self.models.iter().find(|model| model.name == name)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        self.models.iter().map(|model| model.name.clone()).collect()
    }

    /// What [`Self::parse`] asks of a catalogue.
    ///
    /// # Errors
    /// See [`Self::parse`].
    pub fn check(&self) -> Result<(), CatalogueError> {
        for (i, model) in self.models.iter().enumerate() {
            if let Some(bad) = [&model.name, &model.world].into_iter().find(|name| !is_plain(name)) {
                return Err(CatalogueError::Name(bad.clone()));
            }
            if self.models[..i].iter().any(|other| other.name == model.name) {
                return Err(CatalogueError::Twice(model.name.clone()));
            }
            let teacher = model.teacher.as_ref();
            let is_known = teacher.is_some_and(|name| *name != model.name && self.find(name).is_some());
            if (model.role == Role::Student) != is_known || (teacher.is_some() && !is_known) {
                let (name, found) = (model.name.clone(), model.teacher.clone());
                return Err(CatalogueError::Teacher { name, found });
            }
        }
        Ok(())
    }
}

/// Whether a name may become part of a path or of an address on the page's own host: letters, digits, hyphens,
/// underscores and single full stops between them, so that no name leads out of its folder.
pub fn is_plain(name: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    name.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLED: &str = include_str!("../../public/models/catalogue.json");

    fn model(name: &str, role: Role, teacher: Option<&str>) -> CatalogueModel {
        CatalogueModel {
            name: name.into(),
            world: "english".into(),
            label: format!("Model {name}"),
            architecture: "llama".into(),
            width: 16,
            seed: Some(3),
            teacher: teacher.map(str::to_owned),
            role,
        }
    }

    fn parsed(models: Vec<CatalogueModel>) -> Result<Catalogue, CatalogueError> {
        Catalogue::parse(&serde_json::to_string(&Catalogue { models }).unwrap())
    }

    #[test]
    fn the_bundled_models_are_found_by_name() {
        let catalogue = Catalogue::parse(BUNDLED).unwrap();
        let found = catalogue.find("world-d48").unwrap();
        assert_eq!((found.world.as_str(), found.width, found.role), ("english", 48, Role::Trained));
        assert_eq!(&catalogue.names()[..2], ["world-d32", "world-d48"]);
        assert_eq!(catalogue.find("world-d33"), None);
    }

    #[test]
    fn every_listed_model_has_the_width_and_architecture_of_its_config() {
        for model in Catalogue::parse(BUNDLED).unwrap().models {
            let path = format!("public/models/{}/config.json", model.name);
            let config: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let width = config.get("hidden_size").or_else(|| config.get("n_embd"));
            assert_eq!(width.and_then(serde_json::Value::as_u64), Some(model.width as u64), "{path}");
            assert_eq!(config["model_type"], model.architecture.as_str(), "{path}");
        }
    }

    #[test]
    fn names_may_carry_numbers_with_a_full_stop() {
        assert!(["wugs-d32-kl-0.03", "a", "world_2", "v1.2.3"].into_iter().all(is_plain));
    }

    #[test]
    fn a_student_has_a_teacher_of_the_list_and_nobody_else_has() {
        let teacher = || model("t", Role::Teacher, None);
        assert!(parsed(vec![teacher(), model("s", Role::Student, Some("t"))]).is_ok());
        for bad in [
            model("s", Role::Student, None),
            model("s", Role::Student, Some("s")),
            model("s", Role::Student, Some("u")),
            model("s", Role::Trained, Some("t")),
            model("s", Role::Trained, Some("u")),
        ] {
            let error = parsed(vec![teacher(), bad.clone()]).unwrap_err();
            assert_eq!(error, CatalogueError::Teacher { name: "s".into(), found: bad.teacher });
        }
    }

    #[test]
    fn what_is_no_catalogue_is_refused() {
        let twice = parsed(vec![model("a", Role::Trained, None), model("a", Role::Trained, None)]);
        assert_eq!(twice, Err(CatalogueError::Twice("a".into())));
        for name in ["", "../a", "a b", "a/b", ".", "..", ".a", "a.", "a..b", "a\\b", "ä"] {
            assert_eq!(
                parsed(vec![model(name, Role::Trained, None)]),
                Err(CatalogueError::Name(name.into()))
            );
        }
        for text in ["", "[]", r#"{"models": [{"name": "a"}]}"#, r#"{"models": [], "model": 1}"#] {
            assert!(matches!(Catalogue::parse(text), Err(CatalogueError::Malformed(_))), "{text}");
        }
    }
}
