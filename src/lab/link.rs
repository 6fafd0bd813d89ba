//! A share link: a [`Shared`] in the fragment of an address, so that no server ever sees it; and the same as a file, for what
//! is too long for a link.
//!
//! A link is `VERSION "." base64url(deflate(postcard(experiment, pinned)))`, a file is JSON. Both come from strangers:
//! length, version, encoding and meaning are checked, and each failure is one sentence.
//!
//! Versions: 2 has the experiment only. 3 adds what it gave. Every later version must begin with the experiment in the
//! layout of version 2, so that an older page can still show what was asked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::permalink::{Impossible, Opened, Pinned, Shared, check};

/// Changes whenever the layout does.
pub const VERSION: u32 = 3;

/// The last version that has the experiment only.
const EXPERIMENT_ONLY: u32 = 2;

/// Longest fragment that is written or read, in characters: what mail and chat programs still pass on.
pub const MAX_LENGTH: usize = 8192;

/// Most bytes that a link may stand for: a small link must not ask for a large memory.
const MAX_INFLATED: usize = 1 << 18;

/// The compressor's slowest and smallest level.
const SMALLEST: u8 = 9;

/// How the name of a file ends that holds what a link would.
pub const FILE_EXTENSION: &str = ".allornone.json";

/// What such a file says it is.
const FILE_FORMAT: &str = "all-or-none";

/// Why a link cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// More text than a link can carry.
    #[error(
        "the link would have {found} characters and at most {MAX_LENGTH} travel safely: save it as a file instead, or remove some prompts"
    )]
    TooLongToWrite {
        /// Characters that it would have.
        found: usize,
    },
    /// The fragment is longer than any link of ours.
    #[error(
        "this link has {found} characters and a share link has at most {MAX_LENGTH}: it is not one of ours"
    )]
    TooLong {
        /// Characters found.
        found: usize,
    },
    /// No version before a full stop.
    #[error(
        "the part of the address after # is not a share link (expected a version, a full stop and letters)"
    )]
    NotALink,
    /// Made by a newer page.
    #[error(
        "this link was made by a newer page (version {found}, this page reads {VERSION}) and nothing of it can be read: reload the page"
    )]
    Newer {
        /// The link's version.
        found: u32,
    },
    /// Made by an older page, whose experiments had another layout.
    #[error(
        "this link was made by an older page (version {found}, this page reads {VERSION}): set the comparison up again and share it anew"
    )]
    Older {
        /// The link's version.
        found: u32,
    },
    /// Characters lost or changed on the way.
    #[error("this link is damaged: copy it again, whole ({detail})")]
    Damaged {
        /// What the decoder met.
        detail: String,
    },
    /// No file of ours.
    #[error("expected a file that this page has saved (*{FILE_EXTENSION}), found something else ({detail})")]
    NotAFile {
        /// What is wrong with it.
        detail: String,
    },
    /// Decodes, but asks for something impossible.
    #[error("this asks for {0}: ask whoever made it for another one")]
    Impossible(#[from] Impossible),
}

/// The fragment (without `#`) that restores what is shared.
pub fn encode(shared: &Shared) -> Result<String, LinkError> {
    // A link that the page would refuse to open is not written.
    check(shared)?;
    fragment_of(shared)
}

fn fragment_of(shared: &Shared) -> Result<String, LinkError> {
    let bytes =
        postcard::to_stdvec(shared).map_err(|error| LinkError::Damaged { detail: error.to_string() })?;
    if bytes.len() > MAX_INFLATED {
        return Err(LinkError::TooLongToWrite { found: bytes.len() });
    }
    let fragment = format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(compress_to_vec(&bytes, SMALLEST)));
    match fragment.len() {
        found if found > MAX_LENGTH => Err(LinkError::TooLongToWrite { found }),
        _ => Ok(fragment),
    }
}

/// What a fragment (with or without `#`) restores. Of a newer version's, the question, where it can be read.
pub fn decode(fragment: &str) -> Result<Opened, LinkError> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    if fragment.len() > MAX_LENGTH {
        return Err(LinkError::TooLong { found: fragment.chars().count() });
    }
    let (version, payload) = fragment.split_once('.').ok_or(LinkError::NotALink)?;
    let version = match version.parse::<u32>().map_err(|_| LinkError::NotALink)? {
        0 => return Err(LinkError::NotALink),
        found if found < EXPERIMENT_ONLY => return Err(LinkError::Older { found }),
        found => found,
    };
    let opened = opened(version, payload);
    match opened {
        Err(_) if version > VERSION => Err(LinkError::Newer { found: version }),
        opened => opened,
    }
}

fn opened(version: u32, payload: &str) -> Result<Opened, LinkError> {
    let damaged = |detail: String| LinkError::Damaged { detail };
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|error| damaged(error.to_string()))?;
    let bytes =
        decompress_to_vec_with_limit(&bytes, MAX_INFLATED).map_err(|error| damaged(error.to_string()))?;
    let (experiment, rest) =
        postcard::take_from_bytes::<Experiment>(&bytes).map_err(|error| damaged(error.to_string()))?;
    let (pinned, rest) = match version {
        VERSION => {
            postcard::take_from_bytes::<Option<Pinned>>(rest).map_err(|error| damaged(error.to_string()))?
        }
        EXPERIMENT_ONLY => (None, rest),
        _ => (None, &[][..]),
    };
    if !rest.is_empty() {
        return Err(damaged(format!("{} bytes too many", rest.len())));
    }
    let shared = Shared { experiment, pinned };
    check(&shared)?;
    Ok(Opened { shared, newer: (version > VERSION).then_some(version) })
}

/// What a link would share, as a file.
pub fn to_file(shared: &Shared) -> Result<String, LinkError> {
    check(shared)?;
    let Shared { experiment, pinned } = shared.clone();
    let file = File { format: FILE_FORMAT.into(), version: VERSION, experiment, pinned };
    serde_json::to_string_pretty(&file).map_err(|error| LinkError::Damaged { detail: error.to_string() })
}

/// What a file shares. Of a newer version's, the question, where it can be read.
pub fn from_file(text: &str) -> Result<Opened, LinkError> {
    let not_a_file = |error: serde_json::Error| LinkError::NotAFile { detail: error.to_string() };
    let Head { format, version } = serde_json::from_str(text).map_err(not_a_file)?;
    if format != FILE_FORMAT || version < VERSION {
        return Err(LinkError::NotAFile { detail: format!("{format:?}, version {version}") });
    }
    let shared = if version > VERSION {
        let question: Result<Asked, _> = serde_json::from_str(text);
        let question = question.map_err(|_| LinkError::Newer { found: version })?;
        Shared { experiment: question.experiment, pinned: None }
    } else {
        let File { experiment, pinned, .. } = serde_json::from_str(text).map_err(not_a_file)?;
        Shared { experiment, pinned }
    };
    check(&shared)?;
    Ok(Opened { shared, newer: (version > VERSION).then_some(version) })
}

/// A file, whole.
#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    experiment: Experiment,
    pinned: Option<Pinned>,
}

/// What every version of a file begins with.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// The part of a file that later versions keep.
#[derive(Deserialize)]
struct Asked {
    experiment: Experiment,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lab::permalink::tests::pinned;
    use crate::lab::{Concept, ModelSource, Thresholds};
    use crate::theory::statistics::{Stream, generator};
    use rand::Rng;

    fn experiment() -> Experiment {
        Experiment {
            model_a: ModelSource::Bundled { name: "world-d32".into() },
            model_b: twin("dark-unembedding"),
            prompts: vec!["the easiest".into(), "das größte 🦒 ".into()],
            concepts: vec![Concept {
                name: "superlatives".into(),
                pairs: vec![("easy".into(), "easiest".into())],
                ..Concept::default()
            }],
            seed: 7,
            thresholds: Thresholds::default(),
        }
    }

    fn asked(experiment: Experiment) -> Shared {
        Shared { experiment, pinned: None }
    }

    fn twin(recipe: &str) -> ModelSource {
        ModelSource::Twin { recipe: recipe.parse().unwrap() }
    }

    fn any_model_b() -> impl Strategy<Value = ModelSource> {
        prop_oneof![
            "[a-z0-9-]{1,20}".prop_map(|name| ModelSource::Bundled { name }),
            Just(twin("change-of-basis")),
            Just(twin("break-parallelism+dark-embedding=3+change-of-basis=50")),
            Just(twin("break-parallelism=1,4-6,64+observed-only=3")),
            (".{0,20}", "[0-9a-f]{64}").prop_map(|(name, sha256)| ModelSource::Local { name, sha256 }),
            ("[a-zA-Z0-9]{1,9}/[a-z0-9]{1,9}", prop::option::of("[0-9a-f]{40}"), "[0-9a-f]{64}")
                .prop_map(|(repository, commit, sha256)| ModelSource::Hub { repository, commit, sha256 }),
        ]
    }

    /// Links that were made before there were models of the Hub still open: the older kinds keep their numbers.
    #[test]
    fn kinds_of_models_keep_their_numbers() {
        let number = |source: &ModelSource| postcard::to_stdvec(source).unwrap()[0];
        let (name, sha256, repository) = (String::new(), String::new(), "a/b".to_owned());
        assert_eq!(number(&ModelSource::Bundled { name: name.clone() }), 0);
        assert_eq!(number(&twin("change-of-basis")), 1);
        assert_eq!(number(&ModelSource::Local { name, sha256: sha256.clone() }), 2);
        assert_eq!(number(&ModelSource::Hub { repository, commit: None, sha256 }), 3);
    }

    proptest! {
        #[test]
        fn links_and_files_restore_what_was_shared(
            model_b in any_model_b(),
            prompts in prop::collection::vec(any::<String>(), 0..8),
            pairs in prop::collection::vec(("[a-z]{1,8}", "[a-z]{1,8}"), 0..20),
            seed: u64,
            delta_mean in 1e-9f64..10.0,
            answered: bool,
        ) {
            let asked = Experiment {
                model_b,
                prompts,
                concepts: vec![Concept { name: "c".into(), pairs, ..Concept::default() }],
                seed,
                thresholds: Thresholds { delta_mean, ..Thresholds::default() },
                ..experiment()
            };
            let shared = Shared { experiment: asked, pinned: answered.then(pinned) };
            let fragment = encode(&shared).unwrap();
            prop_assert!(fragment.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
            let opened = Opened { shared: shared.clone(), newer: None };
            prop_assert_eq!(&decode(&fragment).unwrap(), &opened);
            prop_assert_eq!(&decode(&format!("#{fragment}")).unwrap(), &opened);
            let read = from_file(&to_file(&shared).unwrap()).unwrap().shared;
            // A number of JSON may come back with another last bit.
            let (found, expected) = (read.experiment.thresholds.delta_mean, delta_mean);
            prop_assert!((found - expected).abs() <= 1e-15 * expected);
            let thresholds = shared.experiment.thresholds;
            let read = Shared { experiment: Experiment { thresholds, ..read.experiment }, ..read };
            prop_assert_eq!(read, shared);
        }

        #[test]
        fn garbage_is_refused_without_a_panic(fragment in ".{0,200}") {
            prop_assert!(decode(&fragment).is_err());
            prop_assert!(from_file(&fragment).is_err());
        }

        #[test]
        fn garbage_behind_a_good_version_never_panics(
            version in 2u32..6,
            bytes in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let fragment = format!("{version}.{}", URL_SAFE_NO_PAD.encode(compress_to_vec(&bytes, SMALLEST)));
            if let Ok(opened) = decode(&fragment) {
                prop_assert_eq!(decode(&encode(&opened.shared).unwrap()).unwrap().shared, opened.shared);
            }
        }

        #[test]
        fn garbage_behind_a_good_experiment_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut all = postcard::to_stdvec(&experiment()).unwrap();
            all.extend(bytes);
            let fragment = format!("3.{}", URL_SAFE_NO_PAD.encode(compress_to_vec(&all, SMALLEST)));
            if let Ok(opened) = decode(&fragment) {
                prop_assert_eq!(opened.shared.experiment, experiment());
            }
        }

        #[test]
        fn a_shortened_link_is_damaged(cut in 1usize..40) {
            let whole = encode(&asked(experiment())).unwrap();
            let damaged = decode(&whole[..whole.len() - cut]);
            prop_assert!(matches!(damaged, Err(LinkError::Damaged { .. })), "{:?}", damaged);
        }
    }

    fn payload_of(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(compress_to_vec(bytes, SMALLEST))
    }

    /// In the layout that version 2 of the format had.
    #[test]
    fn a_link_that_was_made_before_still_opens() {
        let opened = decode(
            "2.XYs9CoNAFIT3hYCEpAo5wF4gTXIAy5xjYR-JIET2rYraegI7bewEG0vB2spjeAOP4A9q4dcMM3zDLv5f2fIp3y8AYKer_iFHQRaSvktB_Kvaus018iEvEg43ch1UttCWhwTnyQyMVWcTRvSoPn0Ym1k606xZHnLbu72zhcHc_iM",
        )
        .unwrap();
        assert_eq!(opened, Opened { shared: asked(experiment()), newer: None });
    }

    #[test]
    fn each_bad_link_gets_its_own_error() {
        let good = encode(&asked(experiment())).unwrap();
        let payload = good.strip_prefix("3.").unwrap();
        assert_eq!(decode(""), Err(LinkError::NotALink));
        assert_eq!(decode("section-2"), Err(LinkError::NotALink));
        assert_eq!(decode(&format!("0.{payload}")), Err(LinkError::NotALink));
        assert_eq!(decode(&format!("1.{payload}")), Err(LinkError::Older { found: 1 }));
        assert_eq!(decode(&format!("3.{}", "A".repeat(9000))), Err(LinkError::TooLong { found: 9002 }));
        assert!(matches!(decode("3.***"), Err(LinkError::Damaged { .. })));
        let mut bytes = postcard::to_stdvec(&asked(experiment())).unwrap();
        bytes.push(0);
        let longer = decode(&format!("3.{}", payload_of(&bytes)));
        assert_eq!(longer, Err(LinkError::Damaged { detail: "1 bytes too many".into() }));
    }

    #[test]
    fn of_a_newer_link_or_file_the_question_is_shown() {
        let mut bytes = postcard::to_stdvec(&experiment()).unwrap();
        bytes.extend(b"what nobody knows yet");
        let opened = decode(&format!("4.{}", payload_of(&bytes))).unwrap();
        assert_eq!(opened, Opened { shared: asked(experiment()), newer: Some(4) });
        assert_eq!(decode("5.AAAA"), Err(LinkError::Newer { found: 5 }));
        let file = to_file(&Shared { experiment: experiment(), pinned: Some(pinned()) }).unwrap();
        let newer = file.replace("\"version\": 3", "\"version\": 4").replace("\"weights\"", "\"heights\"");
        assert_eq!(from_file(&newer).unwrap(), Opened { shared: asked(experiment()), newer: Some(4) });
        let unreadable = newer.replace("\"experiment\"", "\"trial\"");
        assert_eq!(from_file(&unreadable), Err(LinkError::Newer { found: 4 }));
    }

    #[test]
    fn a_file_that_is_not_ours_is_told_so() {
        for text in
            ["", "[]", r#"{"format": "other", "version": 3}"#, r#"{"format": "all-or-none", "version": 3}"#]
        {
            let error = from_file(text).unwrap_err();
            assert!(matches!(error, LinkError::NotAFile { .. }), "{error}");
            assert!(error.to_string().contains(".allornone.json"), "{error}");
        }
    }

    #[test]
    fn impossible_wishes_are_neither_written_nor_read() {
        let case = asked(Experiment { prompts: vec![String::new(); 65], ..experiment() });
        let error = LinkError::Impossible(Impossible::Prompts { found: 65 });
        assert_eq!(encode(&case), Err(error.clone()));
        assert_eq!(to_file(&case), Err(error.clone()));
        assert_eq!(decode(&fragment_of(&case).unwrap()), Err(error.clone()));
        let whole =
            File { format: FILE_FORMAT.into(), version: VERSION, experiment: case.experiment, pinned: None };
        assert_eq!(from_file(&serde_json::to_string(&whole).unwrap()), Err(error));
    }

    #[test]
    fn what_does_not_fit_into_a_link_fits_into_a_file() {
        // Draws, because what repeats is compressed.
        let rng = &mut generator(1, Stream::Split);
        let digits = (0..20_000).map(|_| char::from(rng.random_range(b'a'..=b'z')));
        let long = asked(Experiment { prompts: vec![digits.collect()], ..experiment() });
        assert!(matches!(encode(&long), Err(LinkError::TooLongToWrite { found }) if found > MAX_LENGTH));
        assert_eq!(from_file(&to_file(&long).unwrap()).unwrap().shared, long);
        let repeated = asked(Experiment { prompts: vec!["word ".repeat(100_000)], ..experiment() });
        assert!(matches!(encode(&repeated), Err(LinkError::TooLongToWrite { .. })));
    }

    /// A few bytes that inflate to more than any experiment are not inflated.
    #[test]
    fn a_link_that_inflates_without_end_is_damaged() {
        let bomb = format!("3.{}", payload_of(&vec![0; 1 << 20]));
        assert!(matches!(decode(&bomb), Err(LinkError::Damaged { .. })));
    }
}
