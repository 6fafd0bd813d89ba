//! Known answers of a model: an engine that reproduces them runs it rightly on this machine.

use serde::{Deserialize, Serialize};

use super::session::{LoadError, RunError, Session};

/// The contents of `self_test.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// One entry per prompt.
    pub prompts: Vec<KnownAnswer>,
}

/// What a model says after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownAnswer {
    /// The prompt.
    pub text: String,
    /// Its token ids, with whatever the tokenizer adds.
    pub token_ids: Vec<u32>,
    /// Natural logarithms of the next-token probabilities, by token id.
    pub log_probs: Vec<f32>,
}

impl SelfTest {
    /// Parses `self_test.json`.
    ///
    /// # Errors
    /// Malformed, or without a prompt: no answers would prove nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, LoadError> {
        let parsed: Self =
            serde_json::from_slice(bytes).map_err(|error| LoadError::BadSelfTest(error.to_string()))?;
        if parsed.prompts.is_empty() {
            return Err(LoadError::BadSelfTest("no prompts".into()));
        }
        Ok(parsed)
    }

    /// Largest |log p − known log p| over all prompts and tokens, nats; infinite where shapes or ids differ.
    ///
    /// # Errors
    /// Those of a run.
    pub async fn deviation(&self, session: &Session) -> Result<f64, RunError> {
        let prompts: Vec<String> = self.prompts.iter().map(|known| known.text.clone()).collect();
        let answers = session.next_token(&prompts).await?;
        let deviations = self.prompts.iter().zip(&answers).map(|(known, answer)| {
            if known.token_ids != answer.token_ids || known.log_probs.len() != answer.log_probs.len() {
                return f64::INFINITY;
            }
            let pairs = known.log_probs.iter().zip(&answer.log_probs);
            pairs.map(|(known, found)| f64::from((known - found).abs())).fold(0.0, largest)
        });
        Ok(deviations.fold(0.0, largest))
    }
}

/// The larger one; NaN counts as infinite, so that a broken engine is never trusted.
fn largest(one: f64, other: f64) -> f64 {
    if other.is_nan() { f64::INFINITY } else { one.max(other) }
}

#[cfg(test)]
mod tests {
    use super::{SelfTest, largest};

    #[test]
    fn files_without_answers_are_refused() {
        for bytes in [&b""[..], b"[]", br#"{"prompts": [{"text": "a"}]}"#, br#"{"prompts": []}"#] {
            let error = SelfTest::parse(bytes).unwrap_err().to_string();
            assert!(
                error.starts_with("self_test.json: expected known answers, found something else"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_number_that_is_none_is_never_near() {
        assert_eq!(largest(0.0, f64::NAN), f64::INFINITY);
        assert_eq!(largest(f64::INFINITY, 1.0), f64::INFINITY);
    }
}
