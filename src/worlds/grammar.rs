//! A probabilistic grammar with agreement: it draws sentences, and it knows the exact distribution of the next token
//! after any prefix.
//!
//! A sentence is a path (a plain sequence of words and slots) with a row of a table for each of the path's variables.
//! A [`Reader`] keeps every reading of the prefix, a path and the rows seen so far, with its probability; the next
//! token's distribution is the mixture of what the readings expect.

use std::collections::BTreeSet;

use rand::Rng;
use thiserror::Error;

use super::english::{FAMILIES, Family, TABLES, Table};
use super::pattern::{Part, PatternError, expand};
use super::vocabulary::Vocabulary;

/// Row `i` of a table has weight `1 / (i + FLATNESS)`: some words are more frequent than others, none is rare.
const FLATNESS: f64 = 10.0;

/// A known distribution over sentences.
#[derive(Debug, Clone)]
pub struct Grammar {
    vocabulary: Vocabulary,
    lexicon: Vec<Lexemes>,
    paths: Vec<Path>,
}

/// A table in token ids.
#[derive(Debug, Clone)]
struct Lexemes {
    /// `forms[row][column]`.
    forms: Vec<Vec<u32>>,
    /// Relative frequency of each row.
    weights: Vec<f64>,
}

/// A plain sequence of steps, one token each.
#[derive(Debug, Clone)]
struct Path {
    family: usize,
    probability: f64,
    steps: Vec<Step>,
    /// The table of each variable.
    variables: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Word(u32),
    Slot { variable: usize, column: usize },
}

/// Why tables and patterns do not make a grammar.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrammarError {
    /// A pattern that cannot be read.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A slot of a table that does not exist.
    #[error("a pattern has a slot of the table `{0}`, which does not exist")]
    NoTable(String),
    /// A slot of a column that does not exist.
    #[error("a pattern asks the table `{table}` for the form `{column}`, which it does not have")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A row that is too short or too long.
    #[error("a row of the table `{table}` should have {expected} forms: {row}")]
    RaggedRow {
        /// The table.
        table: String,
        /// Its number of columns.
        expected: usize,
        /// The row.
        row: String,
    },
}

impl Grammar {
    /// The English world.
    pub fn english() -> Result<Self, GrammarError> {
        Self::new(TABLES, FAMILIES)
    }

    /// A grammar of words and patterns.
    pub fn new(tables: &[Table], families: &[Family]) -> Result<Self, GrammarError> {
        let forms = tables.iter().map(rows_of).collect::<Result<Vec<_>, _>>()?;
        let total_weight: f64 = families.iter().map(|family| family.weight).sum();
        let mut sequences = Vec::new();
        for (family_idx, family) in families.iter().enumerate() {
            let pattern_probability = family.weight / total_weight / family.patterns.len() as f64;
            for pattern in family.patterns {
                for sequence in expand(pattern)? {
                    sequences.push((family_idx, pattern_probability * sequence.probability, sequence.parts));
                }
            }
        }

        let fixed_words = sequences.iter().flat_map(|(_, _, parts)| parts).filter_map(|part| match part {
            Part::Word(word) => Some(word.clone()),
            Part::Slot { .. } => None,
        });
        let words: BTreeSet<String> = forms.iter().flatten().flatten().cloned().chain(fixed_words).collect();
        let vocabulary = Vocabulary::new(words);

        let id = |word: &String| vocabulary.id(word).unwrap_or(Vocabulary::UNKNOWN_ID);
        let lexicon = forms
            .iter()
            .map(|rows| Lexemes {
                forms: rows.iter().map(|row| row.iter().map(id).collect()).collect(),
                weights: (0..rows.len()).map(|row| 1.0 / (row as f64 + FLATNESS)).collect(),
            })
            .collect();
        let paths = sequences
            .iter()
            .map(|(family, probability, parts)| path(*family, *probability, parts, tables, &id))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { vocabulary, lexicon, paths })
    }

    /// Its tokens.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Draws a sentence; the end token is not part of it.
    pub fn sample(&self, rng: &mut impl Rng) -> Vec<u32> {
        let path_idx = draw(self.paths.iter().map(|path| path.probability), rng);
        self.fill(&self.paths[path_idx], rng)
    }

    /// Draws a sentence of one family, by the family's index.
    pub fn sample_family(&self, family: usize, rng: &mut impl Rng) -> Vec<u32> {
        let weight = |path: &Path| if path.family == family { path.probability } else { 0.0 };
        let path_idx = draw(self.paths.iter().map(weight), rng);
        self.fill(&self.paths[path_idx], rng)
    }

    /// Draws a row for each variable of a path, different rows where they come from one table.
    fn fill(&self, path: &Path, rng: &mut impl Rng) -> Vec<u32> {
        let mut rows: Vec<usize> = Vec::with_capacity(path.variables.len());
        for &table in &path.variables {
            let taken = |row: usize| rows.iter().zip(&path.variables).any(|(&r, &t)| t == table && r == row);
            let weights = self.lexicon[table].weights.iter().enumerate();
            let row = draw(weights.map(|(row, &weight)| if taken(row) { 0.0 } else { weight }), rng);
            rows.push(row);
        }
        let token = |step: &Step| match *step {
            Step::Word(id) => id,
            Step::Slot { variable, column } => {
                self.lexicon[path.variables[variable]].forms[rows[variable]][column]
            }
        };
        path.steps.iter().map(token).collect()
    }

    /// Begins to read a sentence.
    pub fn reader(&self) -> Reader<'_> {
        let reading = |(path_idx, path): (usize, &Path)| Reading {
            path_idx,
            rows: vec![None; path.variables.len()],
            probability: path.probability,
        };
        Reader { grammar: self, position: 0, readings: self.paths.iter().enumerate().map(reading).collect() }
    }

    /// Exact distribution of the token after a prefix of a sentence (without `<bos>`), over all token ids;
    /// `None` where no sentence begins so.
    pub fn next_distribution(&self, prefix: &[u32]) -> Option<Vec<f64>> {
        let mut reader = self.reader();
        prefix.iter().all(|&token| reader.read(token)).then(|| reader.next_distribution())
    }

    /// Exact distributions of every token of a sentence and of its end: one more than the sentence has tokens;
    /// `None` where it is not a prefix of any sentence.
    pub fn distributions_along(&self, sentence: &[u32]) -> Option<Vec<Vec<f64>>> {
        let mut reader = self.reader();
        let mut distributions = vec![reader.next_distribution()];
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
#[derive(Debug, Clone)]
pub struct Reader<'g> {
    grammar: &'g Grammar,
    position: usize,
    readings: Vec<Reading>,
}

/// A path and the rows of its variables that the prefix has shown.
#[derive(Debug, Clone)]
struct Reading {
    path_idx: usize,
    rows: Vec<Option<usize>>,
    /// Posterior probability given the prefix.
    probability: f64,
}

impl Reader<'_> {
    /// Exact distribution of the next token, over all token ids; it sums to 1.
    pub fn next_distribution(&self) -> Vec<f64> {
        let mut distribution = vec![0.0; self.grammar.vocabulary.len()];
        for reading in &self.readings {
            self.continuations(reading, |token, _, probability| distribution[token as usize] += probability);
        }
        distribution
    }

    /// Reads one more token; false (and nothing is read) where no sentence goes on so.
    pub fn read(&mut self, token: u32) -> bool {
        let mut readings = Vec::new();
        for reading in &self.readings {
            self.continuations(reading, |next, bound, probability| {
                if next == token && next != Vocabulary::END_ID {
                    let mut rows = reading.rows.clone();
                    if let Some((variable, row)) = bound {
                        rows[variable] = Some(row);
                    }
                    readings.push(Reading { path_idx: reading.path_idx, rows, probability });
                }
            });
        }
        let total: f64 = readings.iter().map(|reading| reading.probability).sum();
        if readings.is_empty() {
            return false;
        }
        for reading in &mut readings {
            reading.probability /= total;
        }
        self.readings = readings;
        self.position += 1;
        true
    }

    /// Calls `see(token, (variable, row) bound by it, joint probability)` for everything that may come next in a
    /// reading.
    fn continuations(&self, reading: &Reading, mut see: impl FnMut(u32, Option<(usize, usize)>, f64)) {
        let path = &self.grammar.paths[reading.path_idx];
        match path.steps.get(self.position) {
            None => see(Vocabulary::END_ID, None, reading.probability),
            Some(&Step::Word(id)) => see(id, None, reading.probability),
            Some(&Step::Slot { variable, column }) => {
                let table = path.variables[variable];
                let lexemes = &self.grammar.lexicon[table];
                if let Some(row) = reading.rows[variable] {
                    return see(lexemes.forms[row][column], None, reading.probability);
                }
                let taken = |row: usize| {
                    reading.rows.iter().zip(&path.variables).any(|(&r, &t)| t == table && r == Some(row))
                };
                let free = || (0..lexemes.forms.len()).filter(|&row| !taken(row));
                let total: f64 = free().map(|row| lexemes.weights[row]).sum();
                for row in free() {
                    let probability = reading.probability * lexemes.weights[row] / total;
                    see(lexemes.forms[row][column], Some((variable, row)), probability);
                }
            }
        }
    }
}

/// An index with probability proportional to its weight.
fn draw(weights: impl Iterator<Item = f64> + Clone, rng: &mut impl Rng) -> usize {
    let total: f64 = weights.clone().sum();
    let mut left = rng.random::<f64>() * total;
    let mut last_possible = 0;
    for (i, weight) in weights.enumerate() {
        if weight > 0.0 {
            last_possible = i;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
    }
    last_possible
}

/// The rows of a table, each with the article of its first form at the end.
fn rows_of(table: &Table) -> Result<Vec<Vec<String>>, GrammarError> {
    let expected = table.columns.split_whitespace().count();
    let lines = table.rows.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut row: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            if row.len() != expected {
                let (table, row) = (table.name.to_owned(), line.to_owned());
                return Err(GrammarError::RaggedRow { table, expected, row });
            }
            let article = if line.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            row.push(article.to_owned());
            Ok(row)
        })
        .collect()
}

fn path(
    family: usize,
    probability: f64,
    parts: &[Part],
    tables: &[Table],
    id: &impl Fn(&String) -> u32,
) -> Result<Path, GrammarError> {
    let mut names: Vec<&str> = Vec::new();
    let mut variables = Vec::new();
    let mut steps = Vec::with_capacity(parts.len());
    for part in parts {
        steps.push(match part {
            Part::Word(word) => Step::Word(id(word)),
            Part::Slot { table: table_name, variable: variable_name, column: column_name } => {
                let table = tables.iter().position(|table| table.name == table_name);
                let table = table.ok_or_else(|| GrammarError::NoTable(table_name.clone()))?;
                let columns = tables[table].columns.split_whitespace().chain(["a"]);
                let column = columns.into_iter().position(|column| column == column_name);
                let column = column.ok_or_else(|| GrammarError::NoColumn {
                    table: table_name.clone(),
                    column: column_name.clone(),
                })?;
                let known = names.iter().position(|name| name == variable_name);
                let variable = known.unwrap_or_else(|| {
                    names.push(variable_name);
                    variables.push(table);
                    names.len() - 1
                });
                Step::Slot { variable, column }
            }
        });
    }
    Ok(Path { family, probability, steps, variables })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two people, one of them bound twice: small enough to know by hand.
    fn small() -> Grammar {
        let tables = [Table { name: "person", columns: "name he", rows: "tom he\nmary she\njohn he" }];
        let patterns = &["{person.name} saw {person2.name} .", "{person.name} said {person.he} (sang|ran) ."];
        Grammar::new(&tables, &[Family { name: "all", weight: 3.0, patterns }]).unwrap()
    }

    fn probability(grammar: &Grammar, prefix: &str, next: &str) -> f64 {
        let prefix = grammar.vocabulary().encode(prefix).unwrap();
        grammar.next_distribution(&prefix).unwrap()[grammar.vocabulary().id(next).unwrap() as usize]
    }

    #[test]
    fn probabilities_are_those_found_by_hand() {
        let grammar = small();
        let (tom, mary, john) = (1.0 / 10.0, 1.0 / 11.0, 1.0 / 12.0);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} is not {b}");
        close(probability(&grammar, "", "tom"), tom / (tom + mary + john));
        close(probability(&grammar, "mary", "saw"), 0.5);
        close(probability(&grammar, "mary saw", "tom"), tom / (tom + john));
        close(probability(&grammar, "mary saw", "mary"), 0.0);
        close(probability(&grammar, "mary said", "she"), 1.0);
        close(probability(&grammar, "john said he", "ran"), 0.5);
        close(probability(&grammar, "mary saw tom .", "<eos>"), 1.0);
    }

    #[test]
    fn what_no_sentence_begins_with_has_no_distribution() {
        let grammar = small();
        let ids = |text| grammar.vocabulary().encode(text).unwrap();
        assert_eq!(grammar.next_distribution(&ids("mary said he")), None);
        assert_eq!(grammar.next_distribution(&ids("mary saw tom . <eos>")), None);
        assert_eq!(grammar.next_distribution(&ids("mary saw tom . mary")), None);
    }

    #[test]
    fn mistakes_in_tables_and_patterns_are_named() {
        let tables = || [Table { name: "animal", columns: "one many", rows: "dog dogs" }];
        let build = |pattern: &'static str| {
            let patterns: &'static [&'static str] = Vec::leak(vec![pattern]);
            Grammar::new(&tables(), &[Family { name: "all", weight: 1.0, patterns }]).unwrap_err()
        };
        assert_eq!(build("the {plant.one}"), GrammarError::NoTable("plant".to_owned()));
        let (table, column) = ("animal".to_owned(), "past".to_owned());
        assert_eq!(build("the {animal.past}"), GrammarError::NoColumn { table, column });
        let ragged = [Table { name: "animal", columns: "one many", rows: "dog" }];
        let (table, row) = ("animal".to_owned(), "dog".to_owned());
        assert_eq!(
            Grammar::new(&ragged, &[]).unwrap_err(),
            GrammarError::RaggedRow { table, expected: 2, row }
        );
    }
}
