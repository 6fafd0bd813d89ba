//! Sentence patterns as text: words, slots `{table.column}` and choices `(this|that|)`, expanded into plain sequences.

use thiserror::Error;

/// One place of a plain sequence; it yields exactly one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A fixed word.
    Word(String),
    /// A word of a table's row.
    Slot {
        /// The table, e.g. `person`.
        table: String,
        /// The row's name within the sentence, e.g. `person2`.
        variable: String,
        /// The form, e.g. `he`.
        column: String,
    },
}

/// A plain sequence and its probability within its pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// In (0, 1]; the sequences of a pattern sum to 1.
    pub probability: f64,
    /// Its places.
    pub parts: Vec<Part>,
}

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// A `(` without its `)`.
    #[error("a choice `(a|b)` is not closed in the pattern: {0}")]
    OpenChoice(String),
    /// A `{…}` that is not `{table.column}`.
    #[error("expected a slot like {{table.column}}, found `{0}`")]
    BadSlot(String),
}

/// All plain sequences of a pattern: the product of its choices, each option with equal chances.
pub fn expand(pattern: &str) -> Result<Vec<Sequence>, PatternError> {
    let mut sequences = vec![Sequence { probability: 1.0, parts: Vec::new() }];
    let mut rest = pattern;
    while let Some(open) = rest.find('(') {
        sequences = followed_by(&sequences, &[&rest[..open]])?;
        let close = rest.find(')').filter(|&close| close > open);
        let close = close.ok_or_else(|| PatternError::OpenChoice(pattern.to_owned()))?;
        let options: Vec<&str> = rest[open + 1..close].split('|').collect();
        sequences = followed_by(&sequences, &options)?;
        rest = &rest[close + 1..];
    }
    followed_by(&sequences, &[rest])
}

/// Every sequence, continued by every option.
fn followed_by(sequences: &[Sequence], options: &[&str]) -> Result<Vec<Sequence>, PatternError> {
    let mut longer = Vec::with_capacity(sequences.len() * options.len());
    for option in options {
        let continuation = option.split_whitespace().map(part).collect::<Result<Vec<_>, _>>()?;
        longer.extend(sequences.iter().map(|sequence| Sequence {
            probability: sequence.probability / options.len() as f64,
            parts: [sequence.parts.as_slice(), &continuation].concat(),
        }));
    }
    Ok(longer)
}

fn part(word: &str) -> Result<Part, PatternError> {
    let Some(slot) = word.strip_prefix('{') else {
        return Ok(Part::Word(word.to_owned()));
    };
    let (variable, column) = slot
        .strip_suffix('}')
        .and_then(|slot| slot.split_once('.'))
        .ok_or_else(|| PatternError::BadSlot(word.to_owned()))?;
    Ok(Part::Slot {
        table: variable.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(),
        variable: variable.to_owned(),
        column: column.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pattern: &str) -> Vec<(f64, String)> {
        let text = |part: &Part| match part {
            Part::Word(word) => word.clone(),
            Part::Slot { table, variable, column } => format!("<{table}:{variable}:{column}>"),
        };
        let sequences = expand(pattern).unwrap();
        sequences
            .iter()
            .map(|s| (s.probability, s.parts.iter().map(text).collect::<Vec<_>>().join(" ")))
            .collect()
    }

    #[test]
    fn choices_multiply_out_and_an_empty_option_adds_nothing() {
        assert_eq!(
            texts("it (is|was) (very|) cold ."),
            [
                (0.25, "it is very cold .".to_owned()),
                (0.25, "it was very cold .".to_owned()),
                (0.25, "it is cold .".to_owned()),
                (0.25, "it was cold .".to_owned()),
            ]
        );
    }

    #[test]
    fn a_digit_names_a_second_row_of_the_same_table() {
        assert_eq!(texts("{person2.he}"), [(1.0, "<person:person2:he>".to_owned())]);
    }

    #[test]
    fn what_cannot_be_read_is_quoted() {
        assert_eq!(expand("a (b|c"), Err(PatternError::OpenChoice("a (b|c".to_owned())));
        assert_eq!(expand("{animal}"), Err(PatternError::BadSlot("{animal}".to_owned())));
    }
}
