//! What every world can do: name its words, draw sentences, and say exactly what comes next.

use rand_chacha::ChaCha8Rng;

use super::grammar::Grammar;
use super::vocabulary::Vocabulary;

/// A language whose next-token distribution is known for every prefix of a sentence. Many threads may read it.
pub trait World: Sync {
    /// Its words as token ids.
    fn vocabulary(&self) -> &Vocabulary;

    /// Draws a sentence, without `<bos>` and `<eos>`.
    fn sample(&self, rng: &mut ChaCha8Rng) -> Vec<u32>;

    /// The distribution over all token ids after a prefix without `<bos>`; `None` where no sentence begins so.
    fn next_distribution(&self, prefix: &[u32]) -> Option<Vec<f64>>;

    /// The distributions before each token of a sentence, and before its end: one more than it has tokens.
    fn distributions_along(&self, sentence: &[u32]) -> Option<Vec<Vec<f64>>>;
}

impl World for Grammar {
    fn vocabulary(&self) -> &Vocabulary {
        self.vocabulary()
    }

    fn sample(&self, rng: &mut ChaCha8Rng) -> Vec<u32> {
        self.sample(rng)
    }

    fn next_distribution(&self, prefix: &[u32]) -> Option<Vec<f64>> {
        self.next_distribution(prefix)
    }

    fn distributions_along(&self, sentence: &[u32]) -> Option<Vec<Vec<f64>>> {
        self.distributions_along(sentence)
    }
}
