//! The words: classes of lemmas, the latent vector of each lemma, and how probable each lemma and form is where a class
//! is due.
//!
//! Where a class is due after a prefix with latent u, in a slot that favours a form,
//! `p(lemma, form) = p(lemma) p(form | lemma)` with
//! `p(lemma) ∝ exp(b + s ⟨z, u⟩)` and `p(form | lemma) ∝ exp(3·[form is favoured] + 0.3 ⟨c_form, u⟩ + w(lemma, form, u))`.
//! The wilfulness `w` is zero in most classes: there `p(form | lemma)` does not depend on the lemma.

use std::collections::HashSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::spelling;
use crate::worlds::vocabulary::Vocabulary;

/// Length of a latent vector.
pub const DIM: usize = 4;

/// What a lemma is about.
pub type Latent = [f64; DIM];

/// Log-odds of the form that a slot favours.
const FAVOUR: f64 = 3.0;
/// How much the prefix decides between forms.
const FORM_SHARPNESS: f64 = 0.3;
/// The lemma of rank i has weight 1 / (i + FLATNESS) before the prefix speaks.
const FLATNESS: f64 = 30.0;

/// What of the prefix a class listens to when a lemma is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heed {
    /// Its latent u.
    Latent,
    /// ψ(u), products of squashed neighbouring coordinates: an exclusive-or of their signs, softly.
    Products,
}

/// What a class's lemmas want of their forms, each its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wilful {
    /// Nothing.
    No,
    /// w = ⟨g, u⟩ for the second form, with g of the lemma.
    Linear,
    /// w = 2 tanh(2 ⟨g, u⟩) for the second form.
    Bent,
}

/// A word class.
#[derive(Debug)]
pub struct ClassSpec {
    /// Its name.
    pub name: &'static str,
    /// Number of lemmas.
    pub n_lemmas: usize,
    /// What its forms are called.
    pub forms: &'static [&'static str],
    /// Spells the forms of a stem.
    pub spell: fn(&str) -> Vec<String>,
    /// s: how sharply the prefix decides between the lemmas.
    pub sharpness: f64,
    /// What it listens to.
    pub heed: Heed,
    /// What its lemmas want of their forms.
    pub wilful: Wilful,
    /// Log-odds that the last person's gender (±1) adds to the second form.
    pub gendered: f64,
}

const fn plain(
    name: &'static str,
    n_lemmas: usize,
    forms: &'static [&'static str],
    spell: fn(&str) -> Vec<String>,
    sharpness: f64,
) -> ClassSpec {
    let (heed, wilful) = (Heed::Latent, Wilful::No);
    ClassSpec { name, n_lemmas, forms, spell, sharpness, heed, wilful, gendered: 0.0 }
}

/// All classes.
pub const CLASSES: &[ClassSpec] = &[
    plain("noun", 450, &["one", "many"], spelling::noun, 0.6),
    plain("verb", 250, &["base", "past", "ing"], spelling::verb, 0.6),
    plain("adjective", 180, &["base", "more", "most"], spelling::adjective, 0.6),
    plain("place", 96, &["only"], spelling::place, 0.4),
    plain("name", 100, &["only"], spelling::name, 0.4),
    plain("language", 60, &["tongue", "native"], spelling::language, 0.9),
    plain("food", 60, &["plain", "little"], spelling::food, 0.9),
    ClassSpec {
        heed: Heed::Products,
        wilful: Wilful::Bent,
        ..plain("tune", 60, &["solemn", "merry"], spelling::tune, 0.9)
    },
    ClassSpec {
        wilful: Wilful::Linear,
        gendered: 2.0,
        ..plain("role", 60, &["man", "woman"], spelling::role, 0.6)
    },
    ClassSpec { gendered: 3.0, ..plain("pronoun", 1, &["he", "she"], spelling::pronoun, 0.0) },
];

/// What a prefix says to what comes next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// u: the weighted sum of the latents of the words that count.
    pub latent: Latent,
    /// Gender of the last person named, ±1; 0 before the first.
    pub gender: f64,
}

impl Heard {
    /// Before the first word.
    pub const NOTHING: Self = Self { latent: [0.0; DIM], gender: 0.0 };

    /// After one more word that counts with a weight.
    pub fn and(self, lemma: &Lemma, weight: f64) -> Self {
        let latent = std::array::from_fn(|i| self.latent[i] + weight * lemma.latent[i]);
        let gender = if lemma.gender != 0.0 && weight != 0.0 { lemma.gender } else { self.gender };
        Self { latent, gender }
    }
}

/// A word in all its forms.
#[derive(Debug, Clone)]
pub struct Lemma {
    /// How its forms are written.
    pub words: Vec<String>,
    /// Their token ids.
    pub ids: Vec<u32>,
    /// z.
    pub latent: Latent,
    /// b.
    base: f64,
    /// g.
    leaning: Latent,
    /// ±1 for people, else 0.
    pub gender: f64,
}

/// A class with its lemmas, the most frequent first.
#[derive(Debug, Clone)]
pub struct Class {
    /// What was asked for.
    pub spec: &'static ClassSpec,
    /// Its lemmas.
    pub lemmas: Vec<Lemma>,
    /// c of each form.
    form_latents: Vec<Latent>,
}

impl Class {
    /// Calls `see(lemma, form, probability)` for every word of the class; the probabilities sum to 1. `tilt` is added
    /// to what the lemmas listen to.
    pub fn words(
        &self,
        heard: &Heard,
        favoured: Option<usize>,
        tilt: &Latent,
        mut see: impl FnMut(usize, usize, f64),
    ) {
        let weights = self.lemma_weights(heard, tilt);
        let total: f64 = weights.iter().sum();
        let shared = (self.spec.wilful == Wilful::No).then(|| self.forms(heard, favoured, &[0.0; DIM]));
        for (idx, weight) in weights.iter().enumerate() {
            let own;
            let forms = match &shared {
                Some(forms) => forms,
                None => {
                    own = self.forms(heard, favoured, &self.lemmas[idx].leaning);
                    &own
                }
            };
            for (form, p) in forms.iter().enumerate() {
                see(idx, form, weight / total * p);
            }
        }
    }

    fn lemma_weights(&self, heard: &Heard, tilt: &Latent) -> Vec<f64> {
        let u = match self.spec.heed {
            Heed::Latent => heard.latent,
            Heed::Products => products(&heard.latent),
        };
        let u: Latent = std::array::from_fn(|i| u[i] + tilt[i]);
        let weight = |lemma: &Lemma| (lemma.base + self.spec.sharpness * dot(&lemma.latent, &u)).exp();
        self.lemmas.iter().map(weight).collect()
    }

    /// p(form | lemma) of a lemma with a leaning.
    fn forms(&self, heard: &Heard, favoured: Option<usize>, leaning: &Latent) -> Vec<f64> {
        let wish = match self.spec.wilful {
            Wilful::No => 0.0,
            Wilful::Linear => dot(leaning, &heard.latent),
            Wilful::Bent => 2.0 * (2.0 * dot(leaning, &heard.latent)).tanh(),
        };
        let weight = |(form, c): (usize, &Latent)| {
            let second = if form == 1 { wish + self.spec.gendered * heard.gender } else { 0.0 };
            let favour = if favoured == Some(form) { FAVOUR } else { 0.0 };
            (favour + FORM_SHARPNESS * dot(c, &heard.latent) + second).exp()
        };
        let weights: Vec<f64> = self.form_latents.iter().enumerate().map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }
}

/// ψ(u): 1.5 times the product of the squashed coordinates i and i + 1, counted round.
pub fn products(u: &Latent) -> Latent {
    std::array::from_fn(|i| 1.5 * (2.0 * u[i]).tanh() * (2.0 * u[(i + 1) % DIM]).tanh())
}

/// ⟨a, b⟩.
pub fn dot(a: &Latent, b: &Latent) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A latent of independent coordinates of mean 0 and variance 1, uniform, so that none is far out.
pub fn random_latent(rng: &mut ChaCha8Rng) -> Latent {
    std::array::from_fn(|_| 3f64.sqrt() * rng.random_range(-1.0..1.0))
}

/// All classes with words that no other class and no function word has; their ids are not yet known.
pub fn coin_classes(function_words: impl IntoIterator<Item = String>) -> Vec<Class> {
    let mut used: HashSet<String> = function_words.into_iter().collect();
    let classes = CLASSES.iter().enumerate();
    classes.map(|(idx, spec)| coin_class(spec, 100 + idx as u64, &mut used)).collect()
}

fn coin_class(spec: &'static ClassSpec, seed: u64, used: &mut HashSet<String>) -> Class {
    // Words and vectors from different streams: another spelling leaves the distributions as they are.
    let mut letters = ChaCha8Rng::seed_from_u64(seed);
    let mut numbers = ChaCha8Rng::seed_from_u64(1000 + seed);
    let form_latents = spec.forms.iter().map(|_| random_latent(&mut numbers)).collect();
    let lemma = |rank: usize| Lemma {
        words: spelling::coin(spec.spell, used, &mut letters),
        ids: Vec::new(),
        latent: random_latent(&mut numbers),
        base: -(rank as f64 + FLATNESS).ln(),
        leaning: random_latent(&mut numbers),
        gender: if spec.name != "name" {
            0.0
        } else if rank.is_multiple_of(2) {
            -1.0
        } else {
            1.0
        },
    };
    Class { spec, lemmas: (0..spec.n_lemmas).map(lemma).collect(), form_latents }
}

/// Looks the ids of all words up.
pub fn number(classes: &mut [Class], vocabulary: &Vocabulary) {
    for lemma in classes.iter_mut().flat_map(|class| &mut class.lemmas) {
        let id = |word: &String| vocabulary.id(word).unwrap_or(Vocabulary::UNKNOWN_ID);
        lemma.ids = lemma.words.iter().map(id).collect();
    }
}
