//! A concept's words as tokens of one vocabulary, and the tokens that random pairs are drawn from.

use std::collections::{HashMap, HashSet};

use super::experiment::Concept;

/// A concept found in a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedConcept {
    /// (base, changed) rows of Y.
    pub pairs: Vec<(usize, usize)>,
    /// The same pairs as strings, as the vocabulary has them.
    pub words: Vec<(String, String)>,
    /// Pairs that are not two different single tokens, or that came before (in either order), as typed.
    pub dropped: Vec<(String, String)>,
    /// Rows of Y to draw random pairs from: alphabetic tokens of the same leading-space class.
    pub pool: Vec<usize>,
}

/// Looks the words up, with or without a leading space: whichever convention finds more pairs serves for all of them,
/// because a difference between conventions would be a direction of its own.
pub fn resolve(concept: &Concept, tokens: &[&str]) -> ResolvedConcept {
    let mut row_of: HashMap<&str, usize> = HashMap::new();
    for (row, token) in tokens.iter().enumerate() {
        row_of.entry(token).or_insert(row);
    }
    let with_space = look_up(concept, &row_of, " ");
    let without_space = look_up(concept, &row_of, "");
    let (prefix, found) = if with_space.iter().flatten().count() >= without_space.iter().flatten().count() {
        (" ", with_space)
    } else {
        ("", without_space)
    };
    let pairs: Vec<(usize, usize)> = found.iter().copied().flatten().collect();
    let dropped =
        concept.pairs.iter().zip(&found).filter(|(_, rows)| rows.is_none()).map(|(pair, _)| pair.clone());
    ResolvedConcept {
        words: pairs
            .iter()
            .map(|&(base, changed)| (tokens[base].to_owned(), tokens[changed].to_owned()))
            .collect(),
        dropped: dropped.collect(),
        pool: null_pool(tokens, prefix, pairs.len()),
        pairs,
    }
}

/// Rows of each pair, `None` where a word is empty or no single token, both are one token, or the pair came before in
/// either order: a pair and its copy are parallel for no reason of the model's.
fn look_up(concept: &Concept, row_of: &HashMap<&str, usize>, prefix: &str) -> Vec<Option<(usize, usize)>> {
    let row = |word: &str| match word {
        "" => None,
        _ => row_of.get(format!("{prefix}{word}").as_str()).copied(),
    };
    let mut seen = HashSet::new();
    concept
        .pairs
        .iter()
        .map(|(base, changed)| {
            let rows = row(base.trim()).zip(row(changed.trim()))?;
            is_new_pair(rows, &mut seen).then_some(rows)
        })
        .collect()
}

/// Two different tokens that are not yet in `seen` as a pair, in either order.
pub(super) fn is_new_pair((base, changed): (usize, usize), seen: &mut HashSet<(usize, usize)>) -> bool {
    base != changed && seen.insert((base.min(changed), base.max(changed)))
}

/// Words like those of the concept; all tokens where these are too few for as many pairs of distinct tokens.
fn null_pool(tokens: &[&str], prefix: &str, n_pairs: usize) -> Vec<usize> {
    let is_alike = |token: &str| {
        let word = if prefix.is_empty() { Some(token) } else { token.strip_prefix(prefix) };
        word.is_some_and(|word| !word.is_empty() && word.chars().all(char::is_alphabetic))
    };
    let alike: Vec<usize> = (0..tokens.len()).filter(|&row| is_alike(tokens[row])).collect();
    if alike.len() >= 2 * n_pairs.max(1) { alike } else { (0..tokens.len()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concept(pairs: &[(&str, &str)]) -> Concept {
        let pairs = pairs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
        Concept { name: "superlatives".into(), pairs }
    }

    #[test]
    fn one_convention_serves_all_pairs() {
        let tokens = ["easy", "easiest", " easy", " easiest", " big", " biggest", "!", " 9"];
        let found = resolve(&concept(&[("easy", "easiest"), ("big", "biggest")]), &tokens);
        assert_eq!(found.pairs, [(2, 3), (4, 5)]);
        assert_eq!(found.words[0], (" easy".to_owned(), " easiest".to_owned()));
        assert_eq!(found.pool, [2, 3, 4, 5]);
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
        let found = resolve(&concept(&asked), &tokens);
        assert_eq!(found.pairs, [(0, 1)]);
        assert_eq!(found.dropped, concept(&asked[1..]).pairs);
        assert_eq!(found.pool, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_small_pool_falls_back_to_all_tokens() {
        let tokens = [" a", " b", "x", "y"];
        assert_eq!(resolve(&concept(&[("a", "b"), ("b", "x")]), &tokens).pool, [0, 1]);
        assert_eq!(resolve(&concept(&[("x", "y")]), &[" a", "x", "?", "y", "!"]).pool, [1, 3]);
        let wide = [" a", " 1", " 2", "x"];
        assert_eq!(resolve(&concept(&[("a", "1"), ("a", "2")]), &wide).pool, [0, 1, 2, 3]);
    }

    #[test]
    fn an_empty_concept_has_no_pairs() {
        let found = resolve(&concept(&[]), &["a", "b", " c"]);
        assert!(found.pairs.is_empty() && found.words.is_empty() && found.dropped.is_empty());
    }
}
