//! What a twin is made of: steps, their knobs, and how a recipe is written (theory.md §5.5).

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::pairs::{MOST_PAIRS, PairSet};

/// Which constructor makes a step of a twin. New kinds go to the end: links store a kind by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TwinKind {
    /// T1: invertible change of basis. Knob: its largest condition number κ, 1 to 100, 9 unless given.
    ChangeOfBasis,
    /// T2a: extra coordinates in g that no f reads. Breaks full parallelism. Knob: how many, 128 unless given.
    DarkUnembedding,
    /// T2b: extra coordinates in f that no difference of g reads. Knob: how many, 16 unless given.
    DarkEmbedding,
    /// T2c: both. Knob: how many on each side, 128 in g and 16 in f unless given.
    DarkBoth,
    /// T3: directions that the model itself does not use, without an extra dimension.
    InPlace,
    /// T3obs: directions that no hidden state of the contexts looked at reads, so that p is the same there and nowhere
    /// else. Knob: how many contexts, from the first on, were looked at; all unless given.
    ObservedOnly,
    /// T4: extra coordinates in g that turn the differences of a concept's pairs apart. Knob: which pairs, all unless
    /// given.
    BreakParallelism,
    /// T4 with one common direction: an extra coordinate in g that turns the differences towards one another. Knob: which
    /// pairs, all unless given.
    FakeParallelism,
    /// T5: the model of the smallest dimension.
    Reduced,
    /// T6: the k strongest dimensions of T5; not the same distribution. Knob: k, one less than there are unless given.
    Truncated,
}

/// Most dimensions that one step may add.
pub const MOST_DARK: u64 = 1024;
/// Largest condition number of one step, and of all of a recipe together (theory.md §4.3).
pub const MOST_CONDITION: u64 = 100;
/// Condition number of a change of basis that names none.
pub const DEFAULT_CONDITION: u64 = 9;
/// Most steps of a recipe: a damaged link must not ask for thousands.
pub const MOST_STEPS: usize = 8;

impl TwinKind {
    /// Every kind, in the order in which they are explained.
    pub const ALL: [Self; 10] = [
        Self::ChangeOfBasis,
        Self::DarkUnembedding,
        Self::DarkEmbedding,
        Self::DarkBoth,
        Self::InPlace,
        Self::ObservedOnly,
        Self::BreakParallelism,
        Self::FakeParallelism,
        Self::Reduced,
        Self::Truncated,
    ];

    /// What a recipe calls it, also in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChangeOfBasis => "change-of-basis",
            Self::DarkUnembedding => "dark-unembedding",
            Self::DarkEmbedding => "dark-embedding",
            Self::DarkBoth => "dark-both",
            Self::InPlace => "in-place",
            Self::ObservedOnly => "observed-only",
            Self::BreakParallelism => "break-parallelism",
            Self::FakeParallelism => "fake-parallelism",
            Self::Reduced => "reduced",
            Self::Truncated => "truncated",
        }
    }

    /// Values of a knob that is a number; `None` where it has none, or chooses pairs. The model may narrow them further.
    pub fn knob_range(self) -> Option<RangeInclusive<u64>> {
        match self {
            Self::ChangeOfBasis => Some(1..=MOST_CONDITION),
            Self::DarkUnembedding | Self::DarkEmbedding | Self::DarkBoth => Some(1..=MOST_DARK),
            Self::ObservedOnly | Self::Truncated => Some(1..=u64::from(u32::MAX)),
            Self::InPlace | Self::BreakParallelism | Self::FakeParallelism | Self::Reduced => None,
        }
    }

    /// It cannot be made without the pairs of a concept, and its knob chooses among them.
    pub fn needs_pairs(self) -> bool {
        matches!(self, Self::BreakParallelism | Self::FakeParallelism)
    }

    /// Its dark parts lie along coordinate axes, or along a direction that stands out, until the basis is changed.
    fn shows_dark_parts(self) -> bool {
        !self.mixes_all_directions()
    }

    fn mixes_all_directions(self) -> bool {
        matches!(self, Self::ChangeOfBasis | Self::Reduced | Self::Truncated)
    }
}

/// One constructor and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TwinStep {
    /// The constructor.
    pub kind: TwinKind,
    /// Its knob: a number in [`TwinKind::knob_range`], or the bits of a [`PairSet`] where it works on pairs; the default
    /// where there is none.
    pub knob: Option<u64>,
}

/// Constructors applied one after another: `break-parallelism+change-of-basis=50`, `break-parallelism=1,4-6`.
///
/// ```
/// use all_or_none::theory::twin::TwinRecipe;
///
/// let recipe: TwinRecipe = "dark-unembedding=8+reduced".parse()?;
/// assert_eq!(recipe.to_string(), "dark-unembedding=8+reduced");
/// assert!("change-of-basis=101".parse::<TwinRecipe>().is_err());
/// # Ok::<(), all_or_none::theory::twin::RecipeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TwinRecipe(pub Vec<TwinStep>);

/// Why a recipe cannot be followed, whatever the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// No constructor has this name.
    #[error("'{found}' makes no twin: expected one of {}", all_names())]
    UnknownKind {
        /// What stood there.
        found: String,
    },
    /// What follows `=` is no whole number, or one outside the range.
    #[error("'{}={found}' should have a whole number from {} to {} after '='", .kind.name(), .range.start(), .range.end())]
    Knob {
        /// The constructor.
        kind: TwinKind,
        /// What stood there.
        found: String,
        /// What it may be.
        range: RangeInclusive<u64>,
    },
    /// What follows `=` chooses no pairs.
    #[error("'{kind}={found}' should name pairs from 1 to {MOST_PAIRS} after '=', such as {kind}=1,4-6")]
    Pairs {
        /// The constructor.
        kind: TwinKind,
        /// What stood there.
        found: String,
    },
    /// A constructor without a knob was given one.
    #[error("'{}' takes no number, but '{}={found}' gives one", .kind.name(), .kind.name())]
    NoKnob {
        /// The constructor.
        kind: TwinKind,
        /// What stood there.
        found: String,
    },
    /// No step, or too many.
    #[error("a twin takes 1 to {MOST_STEPS} steps joined by '+', but this recipe has {found}")]
    Steps {
        /// How many steps it has.
        found: usize,
    },
    /// The condition numbers multiply to more than f32 storage bears.
    #[error(
        "the changes of basis multiply to a condition number of {found}, but more than {MOST_CONDITION} loses the distribution to rounding; where dark parts come last, a change of basis of {DEFAULT_CONDITION} follows by itself"
    )]
    Condition {
        /// Product of all of them.
        found: u64,
    },
}

fn all_names() -> String {
    TwinKind::ALL.map(TwinKind::name).join(", ")
}

impl TwinStep {
    fn validate(self) -> Result<(), RecipeError> {
        match (self.kind.knob_range(), self.knob) {
            (_, None) => Ok(()),
            (None, Some(_)) if self.pairs().is_some() => Ok(()),
            (Some(range), Some(knob)) if range.contains(&knob) => Ok(()),
            (range, Some(knob)) => Err(knob_error(self.kind, range, knob.to_string())),
        }
    }

    /// Which pairs it works on; `None` where that is all of them, or none at all.
    pub fn pairs(self) -> Option<PairSet> {
        self.knob.filter(|_| self.kind.needs_pairs()).and_then(PairSet::from_bits)
    }

    pub(super) fn condition(self) -> u64 {
        self.knob.unwrap_or(DEFAULT_CONDITION)
    }
}

fn knob_error(kind: TwinKind, range: Option<RangeInclusive<u64>>, found: String) -> RecipeError {
    match range {
        None if kind.needs_pairs() => RecipeError::Pairs { kind, found },
        Some(range) => RecipeError::Knob { kind, found, range },
        None => RecipeError::NoKnob { kind, found },
    }
}

impl TwinRecipe {
    /// Checks what can be checked without a model: number of steps, knobs, and the condition number of all together.
    ///
    /// # Errors
    /// [`RecipeError`], which says what was expected and what was found.
    pub fn validate(&self) -> Result<(), RecipeError> {
        if self.0.is_empty() || self.0.len() > MOST_STEPS {
            return Err(RecipeError::Steps { found: self.0.len() });
        }
        self.0.iter().try_for_each(|step| step.validate())?;
        let bases = self.hidden().into_iter().filter(|step| step.kind == TwinKind::ChangeOfBasis);
        let found = bases.map(TwinStep::condition).product::<u64>();
        if found > MOST_CONDITION { Err(RecipeError::Condition { found }) } else { Ok(()) }
    }

    /// Some step cannot be made without the pairs of a concept.
    pub fn needs_pairs(&self) -> bool {
        self.0.iter().any(|step| step.kind.needs_pairs())
    }

    /// One constructor with its default knob.
    pub fn is_plain(&self) -> bool {
        matches!(self.0[..], [TwinStep { knob: None, .. }])
    }

    /// It is equal to its model only where that was looked at: any other text tells the two apart.
    pub fn is_for_observed_contexts_only(&self) -> bool {
        self.0.iter().any(|step| step.kind == TwinKind::ObservedOnly)
    }

    /// A change of basis of the default size follows by itself, since the last steps would leave dark parts in sight.
    pub fn hides_by_itself(&self) -> bool {
        self.hidden().len() > self.0.len()
    }

    /// The steps, with a change of basis of the default size behind them where they would leave dark parts in sight.
    pub(super) fn hidden(&self) -> Vec<TwinStep> {
        let mut steps = self.0.clone();
        let in_sight = steps.iter().any(|step| step.kind.shows_dark_parts());
        if in_sight && !steps.last().is_some_and(|step| step.kind.mixes_all_directions()) {
            steps.push(TwinStep { kind: TwinKind::ChangeOfBasis, knob: None });
        }
        steps
    }
}

impl From<TwinKind> for TwinStep {
    fn from(kind: TwinKind) -> Self {
        Self { kind, knob: None }
    }
}

impl From<TwinKind> for TwinRecipe {
    fn from(kind: TwinKind) -> Self {
        Self(vec![kind.into()])
    }
}

impl fmt::Display for TwinKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for TwinStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.knob, self.pairs()) {
            (None, _) => write!(f, "{}", self.kind),
            (_, Some(pairs)) => write!(f, "{}={pairs}", self.kind),
            (Some(knob), None) => write!(f, "{}={knob}", self.kind),
        }
    }
}

impl fmt::Display for TwinRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let joint = if i == 0 { "" } else { "+" };
            write!(f, "{joint}{step}")?;
        }
        Ok(())
    }
}

impl FromStr for TwinKind {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| RecipeError::UnknownKind { found: text.to_owned() })
    }
}

impl FromStr for TwinStep {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let Some((name, number)) = text.split_once('=') else {
            return Ok(text.trim().parse::<TwinKind>()?.into());
        };
        let (kind, number) = (name.trim().parse::<TwinKind>()?, number.trim());
        let wrong = || knob_error(kind, kind.knob_range(), number.to_owned());
        let knob = match kind.needs_pairs() {
            true => number.parse::<PairSet>().map_err(|_| wrong())?.bits(),
            false => number.parse().map_err(|_| wrong())?,
        };
        let step = Self { kind, knob: Some(knob) };
        step.validate().map(|()| step)
    }
}

impl FromStr for TwinRecipe {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let recipe = Self(text.split('+').map(str::parse).collect::<Result<_, _>>()?);
        recipe.validate().map(|()| recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<TwinRecipe>().unwrap_err().to_string()
    }

    #[test]
    fn a_recipe_is_read_as_it_is_written() {
        for text in [
            "reduced",
            "change-of-basis=50",
            "break-parallelism+change-of-basis=50",
            "observed-only=4+in-place",
            "break-parallelism=1,4-6+fake-parallelism=64",
        ] {
            assert_eq!(text.parse::<TwinRecipe>().unwrap().to_string(), text);
        }
        for kind in TwinKind::ALL {
            assert_eq!(kind.to_string().parse::<TwinRecipe>().unwrap(), TwinRecipe::from(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        let recipe: TwinRecipe = "dark-both = 3 + truncated=2".parse().unwrap();
        let json = serde_json::to_string(&recipe).unwrap();
        assert_eq!(json, r#"[{"kind":"dark-both","knob":3},{"kind":"truncated","knob":2}]"#);
        assert_eq!(serde_json::from_str::<TwinRecipe>(&json).unwrap(), recipe);
        let bytes = postcard::to_stdvec(&recipe).unwrap();
        assert_eq!(bytes, [2, 3, 1, 3, 9, 1, 2]);
        assert_eq!(postcard::from_bytes::<TwinRecipe>(&bytes).unwrap(), recipe);
        // Pairs take the place of the number, so that links made before they could be chosen still open.
        let recipe: TwinRecipe = "break-parallelism=1,3".parse().unwrap();
        assert_eq!(postcard::to_stdvec(&recipe).unwrap(), [1, 6, 1, 0b101]);
    }

    #[test]
    fn what_follows_by_itself_is_told() {
        let hides = |text: &str| text.parse::<TwinRecipe>().unwrap().hides_by_itself();
        assert!(hides("dark-both") && hides("change-of-basis+in-place"));
        assert!(
            !hides("dark-both+change-of-basis=2") && !hides("change-of-basis") && !hides("dark-both+reduced")
        );
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_what_can() {
        let unknown = error("dark-matter");
        assert!(
            unknown.contains("'dark-matter'")
                && TwinKind::ALL.iter().all(|kind| unknown.contains(kind.name()))
        );
        for text in ["change-of-basis=0", "change-of-basis=101", "change-of-basis=", "change-of-basis=9.5"] {
            assert!(error(text).contains(text) && error(text).contains("from 1 to 100"), "{}", error(text));
        }
        for text in ["dark-unembedding=0", "dark-embedding=1025", "dark-both=-1"] {
            assert!(error(text).contains(text) && error(text).contains("from 1 to 1024"), "{}", error(text));
        }
        assert!(error("reduced=3").contains("takes no number"));
        assert!(error("in-place=x").contains("takes no number"));
        for text in
            ["break-parallelism=", "fake-parallelism=0", "break-parallelism=3-1", "break-parallelism=65"]
        {
            assert!(error(text).contains(text) && error(text).contains("such as"), "{}", error(text));
        }
        let none = TwinStep { kind: TwinKind::BreakParallelism, knob: Some(0) };
        assert!(matches!(TwinRecipe(vec![none]).validate(), Err(RecipeError::Pairs { .. })));
        assert!(error("").contains("''"));
        assert_eq!(TwinRecipe(vec![]).validate(), Err(RecipeError::Steps { found: 0 }));
        assert!(error(&["reduced"; 9].join("+")).contains("has 9"));
    }

    #[test]
    fn condition_numbers_multiply_with_the_one_that_hides_dark_parts() {
        assert!("change-of-basis=10+change-of-basis=10".parse::<TwinRecipe>().is_ok());
        assert!(error("change-of-basis=10+change-of-basis=11").contains("110"));
        assert!("change-of-basis=11+dark-both".parse::<TwinRecipe>().is_ok());
        assert!(error("change-of-basis=12+dark-both").contains("108"));
        assert!("dark-both+change-of-basis=100".parse::<TwinRecipe>().is_ok());
        assert!("change-of-basis=100+dark-both+reduced".parse::<TwinRecipe>().is_ok());
        let damaged = TwinRecipe(vec![TwinStep { kind: TwinKind::ChangeOfBasis, knob: Some(u64::MAX) }; 8]);
        assert!(matches!(damaged.validate(), Err(RecipeError::Knob { .. })));
    }
}
