//! Public models that the page offers: in groups whose members share a tokenizer, with sizes and licences that are shown
//! before anything is fetched.
//!
//! Only repositories that ship safetensors on their main branch under a known licence. Sizes are approximate: the Hub's own
//! answer replaces them once a model is chosen.

/// Models that share a tokenizer, and so can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// What the tokenizer is called.
    pub tokenizer: &'static str,
    /// Size of its vocabulary.
    pub n_tokens: usize,
    /// The models, small ones first.
    pub models: &'static [Model],
}

/// A model of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// `organisation/name`.
    pub repository: &'static str,
    /// Number of parameters.
    pub parameters: u64,
    /// Approximate number of bytes that are fetched, stored masks left out.
    pub download_bytes: u64,
    /// Licence as the Hub writes it.
    pub licence: &'static str,
}

/// Two models worth comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Model A, a repository of the list.
    pub a: &'static str,
    /// Model B, a repository of the list.
    pub b: &'static str,
    /// What the comparison shows.
    pub why: Why,
}

/// What makes two models worth comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The same stories at two sizes.
    Sizes,
    /// The same architecture and data, another initialisation.
    Initialisation,
    /// The same data at two widths.
    Widths,
    /// A student that was trained to agree with its teacher.
    Student,
    /// Before and after training to follow instructions.
    Instructions,
}

const MB: u64 = 1_000_000;

const fn model(
    repository: &'static str,
    parameters: u64,
    download_bytes: u64,
    licence: &'static str,
) -> Model {
    Model { repository, parameters, download_bytes, licence }
}

/// All groups, those with the smallest models first.
pub const GROUPS: &[Group] = &[
    Group {
        tokenizer: "SimpleStories",
        n_tokens: 4_096,
        models: &[
            model("SimpleStories/SimpleStories-V2-1.25M", 1_240_000, 5 * MB, "mit"),
            model("SimpleStories/SimpleStories-V2-5M", 5_350_000, 21 * MB, "mit"),
            model("SimpleStories/SimpleStories-V2-11M", 11_000_000, 44 * MB, "mit"),
            model("SimpleStories/SimpleStories-V2-30M", 29_600_000, 118 * MB, "mit"),
            model("SimpleStories/SimpleStories-V2-35M", 35_100_000, 140 * MB, "mit"),
        ],
    },
    Group {
        tokenizer: "GPT-NeoX",
        n_tokens: 50_277,
        models: &[
            model("EleutherAI/pythia-14m", 14_067_712, 28 * MB, "apache-2.0"),
            model("EleutherAI/pythia-14m-seed1", 14_067_712, 28 * MB, "apache-2.0"),
            model("EleutherAI/pythia-14m-seed2", 14_067_712, 28 * MB, "apache-2.0"),
            model("EleutherAI/pythia-14m-seed3", 14_067_712, 28 * MB, "apache-2.0"),
            model("EleutherAI/pythia-31m", 30_494_720, 61 * MB, "apache-2.0"),
            model("EleutherAI/pythia-31m-seed1", 30_494_720, 61 * MB, "apache-2.0"),
            model("EleutherAI/pythia-70m", 70_426_624, 141 * MB, "apache-2.0"),
            model("EleutherAI/pythia-70m-seed1", 70_426_624, 141 * MB, "apache-2.0"),
            model("EleutherAI/pythia-160m", 162_322_944, 325 * MB, "apache-2.0"),
        ],
    },
    Group {
        tokenizer: "GPT-2",
        n_tokens: 50_257,
        models: &[
            model("distilbert/distilgpt2", 81_912_576, 328 * MB, "apache-2.0"),
            model("openai-community/gpt2", 124_439_808, 498 * MB, "mit"),
            model("openai-community/gpt2-medium", 354_823_168, 1_419 * MB, "mit"),
        ],
    },
    Group {
        tokenizer: "SmolLM2",
        n_tokens: 49_152,
        models: &[
            model("HuggingFaceTB/SmolLM2-135M", 134_515_008, 269 * MB, "apache-2.0"),
            model("HuggingFaceTB/SmolLM2-135M-Instruct", 134_515_008, 269 * MB, "apache-2.0"),
            model("HuggingFaceTB/SmolLM2-360M", 361_821_120, 724 * MB, "apache-2.0"),
            model("HuggingFaceTB/SmolLM2-360M-Instruct", 361_821_120, 724 * MB, "apache-2.0"),
        ],
    },
];

/// Suggested comparisons, the quickest first.
pub const PAIRS: &[Pair] = &[
    Pair {
        a: "SimpleStories/SimpleStories-V2-1.25M",
        b: "SimpleStories/SimpleStories-V2-5M",
        why: Why::Sizes,
    },
    Pair { a: "SimpleStories/SimpleStories-V2-5M", b: "SimpleStories/SimpleStories-V2-11M", why: Why::Sizes },
    Pair { a: "EleutherAI/pythia-14m", b: "EleutherAI/pythia-14m-seed1", why: Why::Initialisation },
    Pair { a: "EleutherAI/pythia-31m", b: "EleutherAI/pythia-31m-seed1", why: Why::Initialisation },
    Pair { a: "EleutherAI/pythia-70m", b: "EleutherAI/pythia-160m", why: Why::Widths },
    Pair { a: "distilbert/distilgpt2", b: "openai-community/gpt2", why: Why::Student },
    Pair {
        a: "HuggingFaceTB/SmolLM2-135M",
        b: "HuggingFaceTB/SmolLM2-135M-Instruct",
        why: Why::Instructions,
    },
    Pair { a: "openai-community/gpt2", b: "openai-community/gpt2-medium", why: Why::Widths },
];

/// The model of this name.
pub fn find(repository: &str) -> Option<&'static Model> {
    GROUPS.iter().flat_map(|group| group.models).find(|model| model.repository == repository)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::address::Address;
    use super::*;

    #[test]
    fn every_model_can_be_asked_for_and_stands_once() {
        let all: Vec<_> = GROUPS.iter().flat_map(|group| group.models).collect();
        for model in &all {
            let address = Address::parse(model.repository).unwrap();
            assert_eq!((address.repository.as_str(), address.revision), (model.repository, None));
            assert!(!model.licence.is_empty());
        }
        let names: BTreeSet<_> = all.iter().map(|model| model.repository).collect();
        assert_eq!(names.len(), all.len());
    }

    /// Weights are stored in two or four bytes a parameter, whatever the rounding.
    #[test]
    fn sizes_agree_with_parameters() {
        for model in GROUPS.iter().flat_map(|group| group.models) {
            let bytes = model.download_bytes as f64 / model.parameters as f64;
            assert!((1.95..2.05).contains(&bytes) || (3.9..4.1).contains(&bytes), "{model:?}: {bytes}");
        }
    }

    #[test]
    fn pairs_share_a_tokenizer() {
        for pair in PAIRS {
            let group =
                |name| GROUPS.iter().position(|group| group.models.iter().any(|m| m.repository == name));
            assert!(
                group(pair.a).is_some() && group(pair.a) == group(pair.b) && pair.a != pair.b,
                "{pair:?}"
            );
        }
        assert_eq!(find("openai-community/gpt2").map(|model| model.licence), Some("mit"));
        assert_eq!(find("gpt2"), None);
    }
}
