//! Every lesson as plain data: its words, the part of the page that a step speaks of, what it compares, its exercise.

use leptos_i18n::td_string;

use super::exercise::{Exercise, Prediction, Quantity, Task};
use crate::lab::Concept;
use crate::lab::ModelSource;
use crate::text::Locale;

/// A text in the reader's language.
pub type Words = fn(Locale) -> &'static str;

macro_rules! words {
    ($($key:tt)*) => {
        |locale| td_string!(locale, lessons.$($key)*)
    };
}

/// One lesson.
pub struct Lesson {
    /// Its name in addresses.
    pub name: &'static str,
    /// What people call it.
    pub title: Words,
    /// Three to six steps.
    pub steps: &'static [Step],
}

/// One step of a lesson.
pub struct Step {
    /// Its heading.
    pub title: Words,
    /// Two or three sentences.
    pub text: Words,
    /// The part of the page that they speak of.
    pub part: Part,
    /// What is compared from here on; what the step before compared, where there is none.
    pub setup: Option<&'static Setup>,
    /// What the reader is asked to do.
    pub exercise: Option<Exercise>,
}

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The verdict and the level of equality.
    Verdict,
    /// The boxes of both models.
    Models,
    /// The visitor's prompts.
    Prompts,
    /// The most likely next tokens.
    NextTokens,
    /// The distances between the two distributions.
    Divergences,
    /// The linear properties.
    Properties,
    /// Widths, ranks and what is dark.
    Visibility,
}

impl Part {
    /// Where it stands in the page, as CSS selects it.
    pub fn selector(self) -> &'static str {
        match self {
            Part::Verdict => "[data-testid='verdict']",
            Part::Models => ".setup__models",
            Part::Prompts => "section[aria-labelledby='prompts-title']",
            Part::NextTokens => "section[aria-labelledby='next-title']",
            Part::Divergences => "section[aria-labelledby='divergences-title']",
            Part::Properties => "section[aria-labelledby='properties-title']",
            Part::Visibility => "section[aria-labelledby='visibility-title']",
        }
    }
}

/// What a step compares; model A is always [`MODEL_A`].
#[derive(Debug, PartialEq, Eq)]
pub struct Setup {
    /// Model B.
    pub b: Other,
    /// The prompts.
    pub prompts: &'static [&'static str],
    /// The concept.
    pub concept: About,
}

/// Model A of every lesson.
pub const MODEL_A: &str = "world-d32";

/// Model B of a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// A model that comes with the page.
    Bundled(&'static str),
    /// A twin of model A, by its recipe.
    Twin(&'static str),
}

impl Other {
    /// As the session takes it; none where a recipe cannot be read, which a test rules out.
    pub fn source(self) -> Option<ModelSource> {
        match self {
            Other::Bundled(name) => Some(ModelSource::Bundled { name: name.into() }),
            Other::Twin(recipe) => Some(ModelSource::Twin { recipe: recipe.parse().ok()? }),
        }
    }
}

/// The concept of a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// One of model A's world, by name.
    Bundled(&'static str),
    /// [`UNRELATED`], under its name.
    Unrelated,
}

impl About {
    /// As the session takes it; none where the world has no such concept, which a test rules out.
    pub fn concept(self, bundled: &[Concept]) -> Option<Concept> {
        match self {
            About::Bundled(name) => bundled.iter().find(|concept| concept.name == name).cloned(),
            About::Unrelated => Some(Concept {
                name: "unrelated words".into(),
                pairs: UNRELATED.iter().map(|&(from, to)| (from.into(), to.into())).collect(),
                ..Concept::default()
            }),
        }
    }
}

/// Pairs of words drawn at random from different kinds of words, so that no change is common to them.
const UNRELATED: [(&str, &str); 32] = [
    ("danish", "duck"),
    ("french", "paris"),
    ("german", "laughs"),
    ("talked", "polish"),
    ("door", "thai"),
    ("heavy", "walked"),
    ("book", "smart"),
    ("chair", "waited"),
    ("norway", "greek"),
    ("italy", "rested"),
    ("jumped", "oslo"),
    ("travels", "bottle"),
    ("calm", "bag"),
    ("peru", "quiet"),
    ("bear", "spain"),
    ("sleeps", "clean"),
    ("lima", "dog"),
    ("large", "rome"),
    ("proud", "swam"),
    ("horse", "wise"),
    ("song", "played"),
    ("madrid", "danced"),
    ("painted", "japan"),
    ("sang", "car"),
    ("strong", "bird"),
    ("france", "big"),
    ("cat", "tokyo"),
    ("smiles", "tall"),
    ("egypt", "hat"),
    ("small", "cairo"),
    ("coat", "slow"),
    ("busy", "cup"),
];

const SUPERLATIVES: About = About::Bundled("superlatives");
const DEGREES: &[&str] = &["this is the", "tom is strong , but mary is", "the easiest of all"];

const fn twin(recipe: &'static str) -> Setup {
    Setup { b: Other::Twin(recipe), prompts: DEGREES, concept: SUPERLATIVES }
}

const fn unrelated(recipe: &'static str) -> Setup {
    Setup { b: Other::Twin(recipe), prompts: DEGREES, concept: About::Unrelated }
}

const fn trained_pair(prompts: &'static [&'static str]) -> Setup {
    Setup { b: Other::Bundled("world-d48"), prompts, concept: SUPERLATIVES }
}

static SHARP_AND_FLAT: Setup = trained_pair(&["tom is", "the capital of france is", "this is the"]);
static FLAT: Setup = trained_pair(&["tom is"]);
static TRAINED: Setup = trained_pair(DEGREES);
static OTHER_BASIS: Setup = twin("change-of-basis=50");
static NARROWEST: Setup = twin("reduced");
static DARK_UNEMBEDDING: Setup = twin("dark-unembedding=8");
static DARK_EMBEDDING: Setup = twin("dark-embedding=16");
static DARK_BOTH: Setup = twin("dark-both=8");
static BROKEN: Setup = twin("break-parallelism");
static CUT: Setup = twin("truncated");
static OBSERVED_ONLY: Setup = twin("observed-only=3");
static UNRELATED_TWIN: Setup = unrelated("change-of-basis=50");
static UNRELATED_FAKED: Setup = unrelated("fake-parallelism");

/// A distance between two distributions that nobody overlooks, nats JS.
const APART: f64 = 0.1;

/// A step of the lesson `$lesson` in the words: `step!(lesson.s1, Part)`, then what it sets up and asks, if anything.
macro_rules! step {
    ($lesson:ident.$n:ident, $part:ident $(, set $setup:ident)? $(, ask $task:expr)?) => {
        Step {
            title: words!($lesson.$n.title),
            text: words!($lesson.$n.text),
            part: Part::$part,
            setup: step!(@option $(&$setup)?),
            exercise: step!(@option $(Exercise { question: words!($lesson.$n.ask), task: $task })?),
        }
    };
    (@option) => { None };
    (@option $value:expr) => { Some($value) };
}

/// Every lesson, in the order in which they are best read.
pub static LESSONS: [Lesson; 7] = [
    Lesson {
        name: "distribution",
        title: words!(distribution.title),
        steps: &[
            step!(distribution.s1, Prompts, set SHARP_AND_FLAT),
            step!(distribution.s2, NextTokens),
            step!(distribution.s3, NextTokens),
            step!(distribution.s4, Divergences),
            step!(distribution.s5, NextTokens, ask Task::Read(Quantity::TopPercent)),
            step!(distribution.s6, Prompts, set FLAT, ask Task::Confident { above: 0.9 }),
        ],
    },
    Lesson {
        name: "insides",
        title: words!(insides.title),
        steps: &[
            step!(insides.s1, Models, set OTHER_BASIS),
            step!(insides.s2, Divergences),
            step!(insides.s3, Properties),
            step!(insides.s4, Properties, set NARROWEST, ask Task::Predict(Prediction::VisibleScore)),
            step!(insides.s5, Models, set OTHER_BASIS, ask Task::RawMoves { by: 0.1 }),
        ],
    },
    Lesson {
        name: "dark",
        title: words!(dark.title),
        steps: &[
            step!(dark.s1, Models, set DARK_UNEMBEDDING),
            step!(dark.s2, Visibility),
            step!(dark.s3, Visibility, ask Task::Read(Quantity::DarkDimensions)),
            step!(dark.s4, Visibility, set DARK_EMBEDDING),
            step!(dark.s5, Models, ask Task::RawBelow { below: 0.1 }),
        ],
    },
    Lesson {
        name: "all-or-none",
        title: words!(all_or_none.title),
        steps: &[
            step!(all_or_none.s1, Verdict, set OTHER_BASIS),
            step!(all_or_none.s2, Properties),
            step!(all_or_none.s3, Properties, set UNRELATED_TWIN, ask Task::Predict(Prediction::VisibleVerdict)),
            step!(all_or_none.s4, Properties, set BROKEN, ask Task::Predict(Prediction::RawVerdict)),
            step!(all_or_none.s5, Verdict),
            step!(all_or_none.s6, Properties, set UNRELATED_FAKED, ask Task::Predict(Prediction::VisibleVerdict)),
        ],
    },
    Lesson {
        name: "closeness",
        title: words!(closeness.title),
        steps: &[
            step!(closeness.s1, Verdict, set TRAINED, ask Task::Predict(Prediction::VisibleVerdict)),
            step!(closeness.s2, Verdict),
            step!(closeness.s3, Divergences),
            step!(closeness.s4, Prompts, ask Task::Apart { js_above: APART, prompts_before: 0 }),
            step!(closeness.s5, Verdict, set CUT),
        ],
    },
    Lesson {
        name: "prompts",
        title: words!(prompts.title),
        steps: &[
            step!(prompts.s1, Divergences, set OBSERVED_ONLY, ask Task::Predict(Prediction::VisibleVerdict)),
            step!(prompts.s2, Verdict),
            step!(prompts.s3, Prompts, ask Task::Apart { js_above: APART, prompts_before: 3 }),
            step!(prompts.s4, Verdict),
            step!(prompts.s5, Verdict, ask Task::Read(Quantity::PromptsFor { share: 0.01 })),
            step!(prompts.s6, Visibility),
        ],
    },
    Lesson {
        name: "widths",
        title: words!(widths.title),
        steps: &[
            step!(widths.s1, Visibility, set DARK_BOTH),
            step!(widths.s2, Visibility),
            step!(widths.s3, Visibility, ask Task::Read(Quantity::NarrowestWidth)),
            step!(widths.s4, Verdict, set CUT),
            step!(widths.s5, Models, ask Task::Wider { times: 3 }),
        ],
    },
];

impl Lesson {
    /// What is compared at a step: what it sets up, or the nearest step before it that does.
    pub fn setup_at(&self, step: usize) -> Option<&'static Setup> {
        self.steps.iter().take(step + 1).rev().find_map(|step| step.setup)
    }

    /// Which name a solved exercise of this lesson is remembered by; `step` counts from 0.
    pub fn exercise_id(&self, step: usize) -> String {
        format!("{}.{}", self.name, step + 1)
    }

    /// The names of all its exercises.
    pub fn exercise_ids(&self) -> impl Iterator<Item = String> + '_ {
        let asked = self.steps.iter().enumerate().filter(|(_, step)| step.exercise.is_some());
        asked.map(|(i, _)| self.exercise_id(i))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::exercise::Prediction;
    use super::*;
    use crate::lab::catalogue::Catalogue;
    use crate::ui::world::{FIRST_WORLD, World};

    fn public(path: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("public").join(path)).unwrap()
    }

    fn steps() -> impl Iterator<Item = (&'static Lesson, usize, &'static Step)> {
        LESSONS
            .iter()
            .flat_map(|lesson| lesson.steps.iter().enumerate().map(move |(i, step)| (lesson, i, step)))
    }

    fn setups() -> Vec<&'static Setup> {
        steps().filter_map(|(.., step)| step.setup).collect()
    }

    #[test]
    fn every_lesson_is_short_and_asks_something() {
        assert!(LESSONS.len() >= 6);
        for lesson in &LESSONS {
            assert!((3..=6).contains(&lesson.steps.len()), "{}", lesson.name);
            assert!(lesson.exercise_ids().next().is_some(), "{} asks nothing", lesson.name);
            assert!(lesson.steps[0].setup.is_some(), "{} begins with whatever is there", lesson.name);
            assert!(lesson.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        }
        let names: BTreeSet<_> = LESSONS.iter().map(|lesson| lesson.name).collect();
        assert_eq!(names.len(), LESSONS.len());
    }

    #[test]
    fn every_step_says_something_of_its_own_in_both_languages() {
        let mut seen = BTreeSet::new();
        for (lesson, i, step) in steps() {
            let question = step.exercise.as_ref().map(|exercise| exercise.question);
            for words in [Some(step.title), Some(step.text), question].into_iter().flatten() {
                let [english, japanese] = [words(Locale::en), words(Locale::ja)];
                assert_ne!(english, japanese, "{} {i}", lesson.name);
                assert!(seen.insert(english), "{} {i} repeats {english:?}", lesson.name);
                assert!(seen.insert(japanese), "{} {i} repeats {japanese:?}", lesson.name);
            }
            let sentences = (step.text)(Locale::en).matches(['.', '?', ':']).count();
            assert!((1..=6).contains(&sentences), "{} {i} is too long", lesson.name);
        }
    }

    #[test]
    fn a_step_compares_what_the_nearest_before_it_set_up() {
        let lesson = &LESSONS[1];
        assert_eq!(lesson.setup_at(2), Some(&OTHER_BASIS));
        assert_eq!(lesson.setup_at(3), Some(&NARROWEST));
        assert_eq!(lesson.setup_at(4), Some(&OTHER_BASIS));
        assert_eq!(lesson.exercise_ids().collect::<Vec<_>>(), ["insides.4", "insides.5"]);
    }

    #[test]
    fn what_is_set_up_comes_with_the_page() {
        let bundled = Catalogue::parse(&public("models/catalogue.json")).unwrap();
        let model_a = bundled.find(MODEL_A).unwrap();
        assert_eq!(model_a.world, FIRST_WORLD);
        let [texts, concepts, prompts] = World::files(FIRST_WORLD).map(|path| public(&path));
        let world = World::parse(FIRST_WORLD, &texts, &concepts, &prompts).unwrap();
        for setup in setups() {
            if let Other::Bundled(name) = setup.b {
                assert_eq!(bundled.find(name).map(|model| model.world.as_str()), Some(FIRST_WORLD), "{name}");
            }
            assert!(setup.b.source().is_some(), "{:?} cannot be made", setup.b);
            let concept = setup.concept.concept(&world.concepts).unwrap();
            assert!(concept.pairs.len() >= 20, "{}", concept.name);
            assert!(!setup.prompts.is_empty());
        }
    }

    #[test]
    fn every_word_that_is_set_up_is_one_token_of_both_models() {
        let tokenizer: serde_json::Value =
            serde_json::from_str(&public(&format!("models/{MODEL_A}/tokenizer.json"))).unwrap();
        let is_known = |word: &str| tokenizer["model"]["vocab"].get(word).is_some();
        for setup in setups() {
            for word in setup.prompts.iter().flat_map(|prompt| prompt.split(' ')) {
                assert!(is_known(word), "{word}");
            }
        }
        let words: Vec<&str> = UNRELATED.iter().flat_map(|&(from, to)| [from, to]).collect();
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "a word stands in two pairs");
        for word in words {
            assert!(is_known(word), "{word}");
        }
        // The example in the step's own words.
        let text: Words = words!(all_or_none.s3.text);
        for (from, to) in [UNRELATED[0], UNRELATED[20]] {
            assert!(text(Locale::en).contains(&format!("{from} → {to}")), "{from} → {to}");
        }
    }

    #[test]
    fn predictions_of_a_verdict_are_made_before_it_is_shown() {
        for (lesson, i, step) in steps() {
            let predicts = step.exercise.as_ref().is_some_and(|own| {
                matches!(own.task, Task::Predict(Prediction::VisibleVerdict | Prediction::RawVerdict))
            });
            assert!(!predicts || step.setup.is_some(), "{} {i} asks what its reader has seen", lesson.name);
        }
    }
}
