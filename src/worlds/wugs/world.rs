//! The world as a tree of sentence beginnings: it draws sentences, and it filters exactly over the readings of a prefix.
//!
//! A sentence is a path from the root; each edge yields one token. Edges that yield the same token make a prefix
//! ambiguous: a [`Reader`] keeps every reading with its posterior probability.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::lexicon::{Class, DIM, Heard, Latent, Lemma, coin_classes, number, random_latent};
use super::patterns::{FAMILIES, KINDS};
use crate::worlds::grammar::GrammarError;
use crate::worlds::pattern::{Part, expand};
use crate::worlds::vocabulary::Vocabulary;
use crate::worlds::world::World;

/// A large world of made-up words with latent vectors.
#[derive(Debug, Clone)]
pub struct Wugs {
    vocabulary: Vocabulary,
    classes: Vec<Class>,
    /// `words[token]`: (class, lemma, form) of a content word.
    words: Vec<Option<Word>>,
    /// What each kind of slot adds to what its lemmas listen to.
    tilts: Vec<Latent>,
    /// The root is the first.
    nodes: Vec<Node>,
    /// The root of each family's own tree, for drawing from one family.
    family_roots: Vec<usize>,
}

/// Which word a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    class: usize,
    lemma: usize,
    form: usize,
}

#[derive(Debug, Clone, Default)]
struct Node {
    edges: Vec<Edge>,
}

#[derive(Debug, Clone)]
struct Edge {
    step: Step,
    /// Given its node; the edges of a node sum to 1.
    probability: f64,
    to: usize,
}

/// What yields one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    End,
    Word(u32),
    Slot {
        kind: usize,
        class: usize,
        /// The favoured form.
        favoured: Option<usize>,
    },
}

/// A sentence pattern without choices.
#[derive(Debug, Clone)]
struct Path {
    family: usize,
    probability: f64,
    steps: Vec<Step>,
}

impl Wugs {
    /// The world.
    ///
    /// # Errors
    /// A pattern that cannot be read, or that names a kind or a form that is not there.
    pub fn new() -> Result<Self, GrammarError> {
        let sequences = sequences()?;
        let fixed_words: BTreeSet<String> = sequences
            .iter()
            .flat_map(|(_, _, parts)| parts)
            .filter_map(|part| match part {
                Part::Word(word) => Some(word.clone()),
                Part::Slot { .. } => None,
            })
            .collect();
        let mut classes = coin_classes(fixed_words.iter().cloned());
        let content = classes.iter().flat_map(|class| &class.lemmas).flat_map(|lemma| &lemma.words).cloned();
        let vocabulary = Vocabulary::new(fixed_words.iter().cloned().chain(content).collect());
        number(&mut classes, &vocabulary);

        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let tilt = |tilted: bool| if tilted { random_latent(&mut rng) } else { [0.0; DIM] };
        let tilts = KINDS.iter().map(|kind| kind.tilted).map(tilt).collect();
        let words = words_of_tokens(&classes, vocabulary.len());
        let mut world =
            Self { vocabulary, classes, words, tilts, nodes: Vec::new(), family_roots: Vec::new() };
        let paths = paths(&sequences, &world.vocabulary)?;
        world.plant(&paths);
        for family in 0..FAMILIES.len() {
            let own: Vec<Path> = paths.iter().filter(|path| path.family == family).cloned().collect();
            let root = world.plant(&own);
            world.family_roots.push(root);
        }
        Ok(world)
    }

    /// Adds the tree of some paths and returns its root.
    fn plant(&mut self, paths: &[Path]) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node::default());
        self.grow(node, 0, &paths.iter().collect::<Vec<_>>());
        node
    }

    /// Splits paths that agree up to a depth by their next step.
    fn grow(&mut self, node: usize, depth: usize, paths: &[&Path]) {
        let total: f64 = paths.iter().map(|path| path.probability).sum();
        let mut groups: Vec<(Step, Vec<&Path>)> = Vec::new();
        for &path in paths {
            let step = path.steps.get(depth).copied().unwrap_or(Step::End);
            match groups.iter_mut().find(|(other, _)| *other == step) {
                Some((_, group)) => group.push(path),
                None => groups.push((step, vec![path])),
            }
        }
        for (step, group) in groups {
            let to = self.nodes.len();
            self.nodes.push(Node::default());
            let probability = group.iter().map(|path| path.probability).sum::<f64>() / total;
            self.nodes[node].edges.push(Edge { step, probability, to });
            if step != Step::End {
                self.grow(to, depth + 1, &group);
            }
        }
    }

    /// A class by name, with its lemmas.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.spec.name == name)
    }

    /// Number of families of sentences.
    pub fn n_families(&self) -> usize {
        self.family_roots.len()
    }

    /// Draws a sentence of one family, `family` below [`Self::n_families`].
    pub fn sample_family(&self, family: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
        self.draw_from(self.family_roots[family], rng)
    }

    fn draw_from(&self, root: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
        let (mut node, mut heard, mut sentence) = (root, Heard::NOTHING, Vec::new());
        loop {
            let edges = &self.nodes[node].edges;
            let Some(edge) = draw(edges.iter().map(|edge| (edge, edge.probability)), rng) else {
                return sentence;
            };
            match edge.step {
                Step::End => return sentence,
                Step::Word(id) => sentence.push(id),
                Step::Slot { kind, class, favoured } => {
                    let mut words = Vec::new();
                    self.classes[class].words(&heard, favoured, &self.tilts[kind], |lemma, form, p| {
                        words.push(((lemma, form), p));
                    });
                    let Some((lemma, form)) = draw(words.into_iter(), rng) else {
                        return sentence;
                    };
                    let lemma = &self.classes[class].lemmas[lemma];
                    sentence.push(lemma.ids[form]);
                    heard = heard.and(lemma, KINDS[kind].weight);
                }
            }
            node = edge.to;
        }
    }

    fn reader(&self) -> Reader<'_> {
        Reader { world: self, readings: vec![Reading { node: 0, heard: Heard::NOTHING, probability: 1.0 }] }
    }

    fn lemma(&self, word: Word) -> &Lemma {
        &self.classes[word.class].lemmas[word.lemma]
    }
}

impl World for Wugs {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn sample(&self, rng: &mut ChaCha8Rng) -> Vec<u32> {
        self.draw_from(0, rng)
    }

    fn next_distribution(&self, prefix: &[u32]) -> Option<Vec<f64>> {
        let mut reader = self.reader();
        prefix.iter().all(|&token| reader.read(token)).then(|| reader.next_distribution())
    }

    fn distributions_along(&self, sentence: &[u32]) -> Option<Vec<Vec<f64>>> {
        let mut reader = self.reader();
        let mut distributions = Vec::with_capacity(sentence.len() + 1);
        distributions.push(reader.next_distribution());
        for &token in sentence {
            if !reader.read(token) {
                return None;
            }
            distributions.push(reader.next_distribution());
        }
        Some(distributions)
    }
}

/// All readings of a prefix.
struct Reader<'w> {
    world: &'w Wugs,
    readings: Vec<Reading>,
}

/// A place in the tree and what was heard on the way; its probability is posterior to the prefix.
#[derive(Debug, Clone, Copy)]
struct Reading {
    node: usize,
    heard: Heard,
    probability: f64,
}

impl Reader<'_> {
    fn next_distribution(&self) -> Vec<f64> {
        let mut distribution = vec![0.0; self.world.vocabulary.len()];
        for reading in &self.readings {
            for edge in &self.world.nodes[reading.node].edges {
                let probability = reading.probability * edge.probability;
                match edge.step {
                    Step::End => distribution[Vocabulary::END_ID as usize] += probability,
                    Step::Word(id) => distribution[id as usize] += probability,
                    Step::Slot { kind, class, favoured } => {
                        let (class, tilt) = (&self.world.classes[class], &self.world.tilts[kind]);
                        class.words(&reading.heard, favoured, tilt, |lemma, form, p| {
                            distribution[class.lemmas[lemma].ids[form] as usize] += probability * p;
                        });
                    }
                }
            }
        }
        distribution
    }

    /// Reads one more token; false where no sentence goes on so.
    fn read(&mut self, token: u32) -> bool {
        let Some(&word) = self.world.words.get(token as usize) else {
            return false;
        };
        let mut steps: Vec<(Reading, &Edge)> = Vec::new();
        for &reading in &self.readings {
            let edges = self.world.nodes[reading.node].edges.iter();
            steps.extend(edges.filter(|edge| yields(edge.step, token, word)).map(|edge| (reading, edge)));
        }
        // The only reading is certain, however improbable the token was.
        let is_only = steps.len() == 1;
        let follow = |(reading, edge): (Reading, &Edge)| {
            let likelihood = if is_only { 1.0 } else { self.likelihood(&reading, edge, word) };
            let heard = match (edge.step, word) {
                (Step::Slot { kind, .. }, Some(word)) => {
                    reading.heard.and(self.world.lemma(word), KINDS[kind].weight)
                }
                _ => reading.heard,
            };
            Reading { node: edge.to, heard, probability: reading.probability * edge.probability * likelihood }
        };
        let mut readings: Vec<Reading> = steps.into_iter().map(follow).collect();
        let total: f64 = readings.iter().map(|reading| reading.probability).sum();
        if readings.is_empty() {
            return false;
        }
        readings.iter_mut().for_each(|reading| reading.probability /= total);
        self.readings = readings;
        true
    }

    /// Probability of a word on an edge that can yield it.
    fn likelihood(&self, reading: &Reading, edge: &Edge, word: Option<Word>) -> f64 {
        let (Step::Slot { kind, class, favoured }, Some(word)) = (edge.step, word) else {
            return 1.0;
        };
        let mut likelihood = 0.0;
        self.world.classes[class].words(
            &reading.heard,
            favoured,
            &self.world.tilts[kind],
            |lemma, form, p| {
                if (lemma, form) == (word.lemma, word.form) {
                    likelihood = p;
                }
            },
        );
        likelihood
    }
}

fn yields(step: Step, token: u32, word: Option<Word>) -> bool {
    match step {
        Step::End => false,
        Step::Word(id) => id == token,
        Step::Slot { class, .. } => word.is_some_and(|word| word.class == class),
    }
}

/// (family, probability, parts) of every pattern without choices.
fn sequences() -> Result<Vec<(usize, f64, Vec<Part>)>, GrammarError> {
    let total: f64 = FAMILIES.iter().map(|family| family.weight).sum();
    let mut sequences = Vec::new();
    for (idx, family) in FAMILIES.iter().enumerate() {
        let share = family.weight / total / family.patterns.len() as f64;
        for pattern in family.patterns {
            let expanded = expand(pattern)?;
            sequences.extend(expanded.into_iter().map(|s| (idx, share * s.probability, s.parts)));
        }
    }
    Ok(sequences)
}

fn paths(sequences: &[(usize, f64, Vec<Part>)], vocabulary: &Vocabulary) -> Result<Vec<Path>, GrammarError> {
    let path = |(family, probability, parts): &(usize, f64, Vec<Part>)| {
        let steps = parts.iter().map(|part| step(part, vocabulary)).collect::<Result<_, _>>()?;
        Ok(Path { family: *family, probability: *probability, steps })
    };
    sequences.iter().map(path).collect()
}

fn step(part: &Part, vocabulary: &Vocabulary) -> Result<Step, GrammarError> {
    let (table, column) = match part {
        Part::Word(word) => return Ok(Step::Word(vocabulary.id(word).unwrap_or(Vocabulary::UNKNOWN_ID))),
        Part::Slot { table, column, .. } => (table, column),
    };
    let no_table = || GrammarError::NoTable(table.clone());
    let kind = KINDS.iter().position(|kind| kind.name == table).ok_or_else(no_table)?;
    let specs = super::lexicon::CLASSES;
    let class = specs.iter().position(|spec| spec.name == KINDS[kind].class).ok_or_else(no_table)?;
    let favoured = specs[class].forms.iter().position(|form| form == column);
    if favoured.is_none() && column != "any" {
        return Err(GrammarError::NoColumn { table: table.clone(), column: column.clone() });
    }
    Ok(Step::Slot { kind, class, favoured })
}

fn words_of_tokens(classes: &[Class], n_tokens: usize) -> Vec<Option<Word>> {
    let mut words = vec![None; n_tokens];
    for (class, content) in classes.iter().enumerate() {
        for (lemma, forms) in content.lemmas.iter().enumerate() {
            for (form, &id) in forms.ids.iter().enumerate() {
                words[id as usize] = Some(Word { class, lemma, form });
            }
        }
    }
    words
}

/// One of some things with probabilities that sum to 1.
fn draw<T>(options: impl Iterator<Item = (T, f64)>, rng: &mut impl Rng) -> Option<T> {
    let mut left: f64 = rng.random();
    let mut last = None;
    for (option, probability) in options {
        left -= probability;
        last = Some(option);
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths_of(world: &Wugs) -> Vec<Path> {
        paths(&sequences().unwrap(), &world.vocabulary).unwrap()
    }

    /// p(prefix) by adding up every pattern, with no tree and no filter: probabilities of patterns times those of the
    /// words, each from the formula in the head of the lexicon.
    fn prefix_probability(world: &Wugs, paths: &[Path], prefix: &[u32]) -> f64 {
        let along = |path: &Path| {
            let (mut p, mut heard) = (path.probability, Heard::NOTHING);
            for (i, &token) in prefix.iter().enumerate() {
                match path.steps.get(i) {
                    None | Some(Step::End) => return 0.0,
                    Some(&Step::Word(id)) => p *= f64::from(u8::from(id == token)),
                    Some(&Step::Slot { kind, class, favoured }) => {
                        let mut found = 0.0;
                        let mut next = heard;
                        world.classes[class].words(&heard, favoured, &world.tilts[kind], |lemma, form, q| {
                            let lemma = &world.classes[class].lemmas[lemma];
                            if lemma.ids[form] == token {
                                found = q;
                                next = heard.and(lemma, KINDS[kind].weight);
                            }
                        });
                        p *= found;
                        heard = next;
                    }
                }
                if p == 0.0 {
                    return 0.0;
                }
            }
            p
        };
        paths.iter().map(along).sum()
    }

    #[test]
    fn the_filter_agrees_with_adding_up_all_patterns() {
        let world = Wugs::new().unwrap();
        let paths = paths_of(&world);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut n_ambiguous = 0;
        for _ in 0..60 {
            let sentence = world.sample(&mut rng);
            let along = world.distributions_along(&sentence).unwrap();
            for i in 0..sentence.len() {
                let before = prefix_probability(&world, &paths, &sentence[..i]);
                let other = if i > 0 { sentence[i - 1] } else { sentence[i] };
                for token in [sentence[i], other] {
                    let longer: Vec<u32> = sentence[..i].iter().copied().chain([token]).collect();
                    let expected = prefix_probability(&world, &paths, &longer) / before;
                    let found = along[i][token as usize];
                    assert!(
                        (found - expected).abs() < 1e-12 * expected.max(1e-3),
                        "{found} is not {expected}"
                    );
                }
            }
            let mut reader = world.reader();
            n_ambiguous +=
                usize::from(sentence.iter().any(|&token| reader.read(token) && reader.readings.len() > 1));
        }
        assert!(n_ambiguous > 2, "{n_ambiguous} ambiguous sentences");
    }

    #[test]
    fn the_reading_hangs_on_the_lemma() {
        let world = Wugs::new().unwrap();
        let the = world.vocabulary.id("the").unwrap();
        let near = world.vocabulary.id("near").unwrap();
        let verb = world.class("verb").unwrap().lemmas[0].ids[0];
        let names: Vec<u32> = world.class("name").unwrap().lemmas.iter().map(|lemma| lemma.ids[0]).collect();
        let persons = |noun: u32| -> f64 {
            let next = world.next_distribution(&[the, noun, verb, near]).unwrap();
            names.iter().map(|&id| next[id as usize]).sum()
        };
        let nouns = &world.class("noun").unwrap().lemmas;
        let shares: Vec<f64> = nouns.iter().map(|lemma| persons(lemma.ids[0])).collect();
        let (least, most) = shares.iter().fold((1.0f64, 0.0f64), |(a, b), &p| (a.min(p), b.max(p)));
        assert!(least < 0.25 && most > 0.75, "a person follows with {least} to {most}");
        for lemma in nouns {
            let (one, many) = (persons(lemma.ids[0]), persons(lemma.ids[1]));
            assert!((one - many).abs() < 1e-12, "the number of the noun says nothing of the reading");
        }
    }

    #[test]
    fn what_no_sentence_begins_with_has_no_distribution() {
        let world = Wugs::new().unwrap();
        let the = world.vocabulary.id("the").unwrap();
        assert!(world.next_distribution(&[the]).is_some());
        assert_eq!(world.next_distribution(&[the, the]), None);
        assert_eq!(world.next_distribution(&[Vocabulary::END_ID]), None);
        assert_eq!(world.next_distribution(&[u32::MAX]), None);
        assert_eq!(world.distributions_along(&[the, the]), None);
    }
}
