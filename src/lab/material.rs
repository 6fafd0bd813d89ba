//! A concept's words and texts as rows of G and of F: what each property is measured on, and what had to be left out.

use std::collections::{HashMap, HashSet};

use super::experiment::{Concept, Relation};
use super::report::Property;
use crate::theory::properties::relational::Gamma;

/// What a concept gives to measure. Rows of G are places in Y; rows of F are contexts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Material {
    /// The concept's name.
    pub name: String,
    /// (base, changed) rows of G; present where the concept has pairs or contexts to steer between.
    pub pairs: Option<Found<(usize, usize)>>,
    /// Rows of G to draw random pairs from: alphabetic tokens of the same leading-space class.
    pub pool: Vec<usize>,
    /// The concept's relation.
    pub relation: Option<RelationRows>,
    /// (context, label), rows of F.
    pub labelled: Option<Found<(usize, bool)>>,
    /// (base, changed) rows of F.
    pub steering: Option<Found<(usize, usize)>>,
    /// Pairs of the other concepts, rows of G: what steering should leave alone.
    pub off_target: Vec<(usize, usize)>,
    /// Last token of each context, where contexts are known as tokens.
    pub last_tokens: Option<Vec<u32>>,
}

/// Rows that were found, what they are as people read them, and what was not found, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub rows: Vec<T>,
    pub used: Vec<String>,
    pub dropped: Vec<String>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { rows: vec![], used: vec![], dropped: vec![] }
    }
}

/// A relation's subjects and answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RelationRows {
    /// (row of s, row of s∘q) of F.
    pub subjects: Found<(usize, usize)>,
    /// Y_q: rows of G.
    pub answers: Found<usize>,
    /// On which subspace the relation is asked.
    pub gamma: Gamma,
}

impl Material {
    /// What is asked of this concept, in the order in which reports show it; parallelism of nothing where it is empty.
    pub fn properties(&self) -> Vec<Property> {
        let has_pairs =
            self.pairs.as_ref().is_some_and(|pairs| !(pairs.rows.is_empty() && pairs.dropped.is_empty()));
        let relation = self.relation.is_some();
        let nothing_else = !relation && self.labelled.is_none() && self.steering.is_none();
        [
            (Property::Parallelism, has_pairs || nothing_else),
            (Property::RelationalLinearity, relation),
            (Property::LinearSubspace, relation),
            (Property::LinearProbing, self.labelled.is_some()),
            (Property::LinearSteering, self.steering.is_some()),
        ]
        .into_iter()
        .filter_map(|(property, is_asked)| is_asked.then_some(property))
        .collect()
    }

    /// What takes part in a property, and what was left out.
    pub fn used_and_dropped(&self, property: Property) -> (Vec<String>, Vec<String>) {
        fn of<T>(found: Option<&Found<T>>) -> (Vec<String>, Vec<String>) {
            found.map(|found| (found.used.clone(), found.dropped.clone())).unwrap_or_default()
        }
        match property {
            Property::Parallelism => of(self.pairs.as_ref()),
            Property::RelationalLinearity | Property::LinearSubspace => {
                let (used, mut dropped) = of(self.relation.as_ref().map(|relation| &relation.subjects));
                dropped.extend(of(self.relation.as_ref().map(|relation| &relation.answers)).1);
                (used, dropped)
            }
            Property::LinearProbing => of(self.labelled.as_ref()),
            Property::LinearSteering => {
                let (used, mut dropped) = of(self.steering.as_ref());
                dropped.extend(of(self.pairs.as_ref()).1);
                (used, dropped)
            }
        }
    }

    /// Every row of G that it names.
    pub fn tokens(&self) -> impl Iterator<Item = usize> {
        let pairs = self.pairs.iter().flat_map(|found| &found.rows).chain(&self.off_target);
        let answers = self.relation.iter().flat_map(|relation| &relation.answers.rows).copied();
        pairs.flat_map(|&(base, changed)| [base, changed]).chain(answers)
    }

    /// The same with every row of G renamed; rows of the pool without a new name are left out.
    pub fn on_tokens(&self, new_row: impl Fn(usize) -> Option<usize>) -> Self {
        let pair = |&(base, changed): &(usize, usize)| new_row(base).zip(new_row(changed));
        let mut renamed = self.clone();
        renamed.pool = self.pool.iter().filter_map(|&row| new_row(row)).collect();
        renamed.off_target = self.off_target.iter().filter_map(pair).collect();
        if let Some(pairs) = &mut renamed.pairs {
            pairs.rows = pairs.rows.iter().filter_map(pair).collect();
        }
        if let Some(relation) = &mut renamed.relation {
            relation.answers.rows = relation.answers.rows.iter().filter_map(|&row| new_row(row)).collect();
        }
        renamed
    }
}

/// Finds every concept's material. `row_of_text` has the row of F of each context that could be observed.
pub(super) fn resolve(
    concepts: &[Concept],
    tokens: &[&str],
    row_of_text: &HashMap<&str, usize>,
    last_tokens: Option<&[u32]>,
) -> Vec<Material> {
    let vocabulary = Vocabulary::new(tokens);
    let mut materials: Vec<Material> = concepts
        .iter()
        .map(|concept| {
            let (prefix, pairs) = vocabulary.pairs(&concept.pairs);
            Material {
                name: concept.name.clone(),
                pool: vocabulary.alike(prefix, pairs.rows.len()),
                pairs: Some(pairs),
                relation: concept.relation.as_ref().map(|relation| RelationRows {
                    subjects: subjects(relation, row_of_text),
                    answers: vocabulary.answers(&relation.answers),
                    gamma: concept.gamma,
                }),
                labelled: (!concept.labelled.is_empty()).then(|| labelled(&concept.labelled, row_of_text)),
                steering: (!concept.steering.is_empty()).then(|| steering(&concept.steering, row_of_text)),
                off_target: vec![],
                last_tokens: last_tokens.map(<[u32]>::to_vec),
            }
        })
        .collect();
    if materials.is_empty() {
        materials.push(Material { pairs: Some(Found::default()), ..Material::default() });
    }
    add_off_target_pairs(&mut materials);
    materials
}

/// What steering one concept should leave alone: the other concepts' pairs, except those that share a token with its own.
pub(super) fn add_off_target_pairs(materials: &mut [Material]) {
    let all: Vec<Vec<(usize, usize)>> = materials
        .iter()
        .map(|m| m.pairs.as_ref().map_or_else(Vec::new, |pairs| pairs.rows.clone()))
        .collect();
    for (own, material) in materials.iter_mut().enumerate() {
        let own_tokens: HashSet<usize> =
            all[own].iter().flat_map(|&(base, changed)| [base, changed]).collect();
        let others = all.iter().enumerate().filter(|(other, _)| *other != own).flat_map(|(_, pairs)| pairs);
        let is_apart = |&&(base, changed): &&(usize, usize)| {
            !own_tokens.contains(&base) && !own_tokens.contains(&changed)
        };
        material.off_target = others.filter(is_apart).copied().collect();
    }
}

/// Two different rows that are not yet in `seen` as a pair, in either order.
pub(super) fn is_new_pair((base, changed): (usize, usize), seen: &mut HashSet<(usize, usize)>) -> bool {
    base != changed && seen.insert((base.min(changed), base.max(changed)))
}

/// Subjects whose two contexts were both observed, each context once.
fn subjects(relation: &Relation, row_of_text: &HashMap<&str, usize>) -> Found<(usize, usize)> {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for (subject, (context, asked)) in relation.subjects.iter().zip(relation.contexts()) {
        let rows = row_of_text.get(context.as_str()).zip(row_of_text.get(asked.as_str()));
        match rows {
            Some((&context, &asked)) if seen.insert(context) => {
                found.rows.push((context, asked));
                found.used.push(subject.clone());
            }
            _ => found.dropped.push(subject.clone()),
        }
    }
    found
}

/// Contexts that were observed, each once.
fn labelled(contexts: &[(String, bool)], row_of_text: &HashMap<&str, usize>) -> Found<(usize, bool)> {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for (text, label) in contexts {
        match row_of_text.get(text.as_str()) {
            Some(&row) if seen.insert(row) => {
                found.rows.push((row, *label));
                found.used.push(text.clone());
            }
            _ => found.dropped.push(text.clone()),
        }
    }
    found
}

/// Pairs of contexts that were both observed, each pair once.
fn steering(contexts: &[(String, String)], row_of_text: &HashMap<&str, usize>) -> Found<(usize, usize)> {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for (base, changed) in contexts {
        let name = format!("{base} → {changed}");
        match row_of_text.get(base.as_str()).copied().zip(row_of_text.get(changed.as_str()).copied()) {
            Some(rows) if is_new_pair(rows, &mut seen) => {
                found.rows.push(rows);
                found.used.push(name);
            }
            _ => found.dropped.push(name),
        }
    }
    found
}

/// The strings of Y and where they stand.
struct Vocabulary<'a> {
    tokens: &'a [&'a str],
    row_of: HashMap<&'a str, usize>,
}

impl<'a> Vocabulary<'a> {
    fn new(tokens: &'a [&'a str]) -> Self {
        let mut row_of = HashMap::new();
        for (row, token) in tokens.iter().enumerate() {
            row_of.entry(*token).or_insert(row);
        }
        Self { tokens, row_of }
    }

    fn row(&self, prefix: &str, word: &str) -> Option<usize> {
        match word.trim() {
            "" => None,
            word => self.row_of.get(format!("{prefix}{word}").as_str()).copied(),
        }
    }

    /// Words are looked up with or without a leading space: whichever convention finds more serves for all of them,
    /// because a difference between conventions would be a direction of its own.
    fn better_convention<T>(found: impl Fn(&'static str) -> Found<T>) -> (&'static str, Found<T>) {
        let (with_space, without_space) = (found(" "), found(""));
        if with_space.rows.len() >= without_space.rows.len() {
            (" ", with_space)
        } else {
            ("", without_space)
        }
    }

    /// Pairs of two different single tokens; a pair that came before, in either order, is dropped: a pair and its copy
    /// are parallel for no reason of the model's.
    fn pairs(&self, pairs: &[(String, String)]) -> (&'static str, Found<(usize, usize)>) {
        Self::better_convention(|prefix| {
            let mut found = Found::default();
            let mut seen = HashSet::new();
            for (base, changed) in pairs {
                match self.row(prefix, base).zip(self.row(prefix, changed)) {
                    Some(rows) if is_new_pair(rows, &mut seen) => {
                        found.rows.push(rows);
                        found.used.push(format!("{} → {}", self.tokens[rows.0], self.tokens[rows.1]));
                    }
                    _ => found.dropped.push(format!("{base} → {changed}")),
                }
            }
            found
        })
    }

    /// Single tokens, each once.
    fn answers(&self, words: &[String]) -> Found<usize> {
        Self::better_convention(|prefix| {
            let mut found = Found::default();
            let mut seen = HashSet::new();
            for word in words {
                match self.row(prefix, word) {
                    Some(row) if seen.insert(row) => {
                        found.rows.push(row);
                        found.used.push(self.tokens[row].to_owned());
                    }
                    _ => found.dropped.push(word.clone()),
                }
            }
            found
        })
        .1
    }

    /// Words like those of the concept; all tokens where these are too few for as many pairs of distinct tokens.
    fn alike(&self, prefix: &str, n_pairs: usize) -> Vec<usize> {
        let is_alike = |token: &str| {
            let word = if prefix.is_empty() { Some(token) } else { token.strip_prefix(prefix) };
            word.is_some_and(|word| !word.is_empty() && word.chars().all(char::is_alphabetic))
        };
        let alike: Vec<usize> = (0..self.tokens.len()).filter(|&row| is_alike(self.tokens[row])).collect();
        if alike.len() >= 2 * n_pairs.max(1) { alike } else { (0..self.tokens.len()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    fn found(pairs: &[(&str, &str)], tokens: &[&str]) -> (Found<(usize, usize)>, Vec<usize>) {
        let concept = Concept { name: "superlatives".into(), pairs: owned(pairs), ..Concept::default() };
        let material = resolve(&[concept], tokens, &HashMap::new(), None).remove(0);
        (material.pairs.unwrap(), material.pool)
    }

    #[test]
    fn one_convention_serves_all_pairs() {
        let tokens = ["easy", "easiest", " easy", " easiest", " big", " biggest", "!", " 9"];
        let (pairs, pool) = found(&[("easy", "easiest"), ("big", "biggest")], &tokens);
        assert_eq!(pairs.rows, [(2, 3), (4, 5)]);
        assert_eq!(pairs.used[0], " easy →  easiest");
        assert_eq!(pool, [2, 3, 4, 5]);
    }

    #[test]
    fn missing_repeated_and_degenerate_pairs_are_dropped_as_typed() {
        let tokens = ["easy", "easiest", "big", "sheep", "a", "b", "?"];
        let asked = [
            ("easy", "easiest"),
            ("big", "biggest"),
            ("sheep", "sheep"),
            ("easy", "easiest"),
            ("easiest", "easy"),
            ("", "easy"),
        ];
        let (pairs, pool) = found(&asked, &tokens);
        assert_eq!(pairs.rows, [(0, 1)]);
        let dropped: Vec<String> = asked[1..].iter().map(|(a, b)| format!("{a} → {b}")).collect();
        assert_eq!(pairs.dropped, dropped);
        assert_eq!(pool, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_small_pool_falls_back_to_all_tokens() {
        let tokens = [" a", " b", "x", "y"];
        assert_eq!(found(&[("a", "b"), ("b", "x")], &tokens).1, [0, 1]);
        assert_eq!(found(&[("x", "y")], &[" a", "x", "?", "y", "!"]).1, [1, 3]);
        let wide = [" a", " 1", " 2", "x"];
        assert_eq!(found(&[("a", "1"), ("a", "2")], &wide).1, [0, 1, 2, 3]);
    }

    #[test]
    fn no_concept_is_one_without_anything_to_measure() {
        let materials = resolve(&[], &["a", "b"], &HashMap::new(), None);
        assert_eq!(materials.len(), 1);
        assert_eq!(materials[0].properties(), [Property::Parallelism]);
    }

    #[test]
    fn a_relation_keeps_the_subjects_whose_contexts_were_both_observed() {
        let relation = Relation {
            subjects: ["france", "peru", "france", "atlantis"].map(str::to_owned).into(),
            context: "in {}".into(),
            query: " people speak".into(),
            answers: ["french", "spanish", "klingon", "french"].map(str::to_owned).into(),
        };
        let concept = Concept { name: "languages".into(), relation: Some(relation), ..Concept::default() };
        let rows =
            [("in france", 3), ("in france people speak", 4), ("in peru", 5), ("in peru people speak", 6)];
        let rows = rows.into_iter().chain([("in atlantis", 7)]).collect();
        let material = resolve(&[concept], &["x", "french", "spanish"], &rows, None).remove(0);
        let relation = material.relation.as_ref().unwrap();
        assert_eq!(relation.subjects.rows, [(3, 4), (5, 6)]);
        assert_eq!(relation.subjects.dropped, ["france", "atlantis"]);
        assert_eq!((&relation.answers.rows[..], relation.answers.dropped.len()), (&[1, 2][..], 2));
        assert_eq!(material.properties(), [Property::RelationalLinearity, Property::LinearSubspace]);
    }

    #[test]
    fn labelled_and_steering_contexts_are_found_once_and_texts_that_could_not_be_read_are_named() {
        let concept = Concept {
            name: "past".into(),
            labelled: [("a", true), ("b", false), ("a", true), ("c", true)]
                .map(|(t, l)| (t.to_owned(), l))
                .into(),
            steering: owned(&[("a", "b"), ("b", "a"), ("a", "c"), ("a", "a")]),
            ..Concept::default()
        };
        let rows = [("a", 0), ("b", 1)].into_iter().collect();
        let material = resolve(&[concept], &["x"], &rows, Some(&[5, 6])).remove(0);
        let labelled = material.labelled.as_ref().unwrap();
        assert_eq!(
            (&labelled.rows[..], &labelled.dropped[..]),
            (&[(0, true), (1, false)][..], &["a".to_owned(), "c".into()][..])
        );
        let steering = material.steering.as_ref().unwrap();
        assert_eq!((&steering.rows[..], steering.dropped.len()), (&[(0, 1)][..], 3));
        assert_eq!(material.properties(), [Property::LinearProbing, Property::LinearSteering]);
    }

    #[test]
    fn other_concepts_without_a_common_word_are_off_target() {
        let concept = |pairs: &[(&str, &str)]| Concept { pairs: owned(pairs), ..Concept::default() };
        let tokens = ["a", "b", "c", "d", "e"];
        let concepts = [concept(&[("a", "b")]), concept(&[("c", "d"), ("b", "e")])];
        let materials = resolve(&concepts, &tokens, &HashMap::new(), None);
        assert_eq!(materials[0].off_target, [(2, 3)]);
        assert!(materials[1].off_target.is_empty(), "b is its own");
    }

    #[test]
    fn material_survives_a_sample_of_the_tokens() {
        let concept = Concept { pairs: owned(&[("a", "d")]), ..Concept::default() };
        let material = resolve(&[concept], &["a", "b", "c", "d"], &HashMap::new(), None).remove(0);
        assert_eq!(material.tokens().collect::<Vec<_>>(), [0, 3]);
        let sampled = material.on_tokens(|row| {
            [(0, 0), (2, 1), (3, 2)].iter().find(|(old, _)| *old == row).map(|(_, new)| *new)
        });
        assert_eq!(sampled.pairs.unwrap().rows, [(0, 2)]);
        assert_eq!(sampled.pool, [0, 1, 2]);
    }
}
