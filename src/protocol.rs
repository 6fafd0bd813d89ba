//! What the page and its workers say to each other: plain data, no logic.
//!
//! Every model has a worker of its own; one more worker, the same program, runs the lab. What is large (a model's
//! files, an observation) is attached to a message as a handle that the page passes on without reading it.

mod cause;

use serde::{Deserialize, Serialize};

use crate::hub::NotKept;
use crate::lab::{EngineKind, Experiment, ModelCard, Report};

pub use cause::Cause;

/// Largest deviation from stored log-probabilities at which an engine may be trusted, nats: what WebGPU's arithmetic
/// may cost.
pub const SELF_TEST_TOLERANCE: f64 = 1e-3;

/// From the page to a worker. Replies carry the request's `id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the page, never reused.
    pub id: u32,
    /// What is asked.
    pub body: RequestBody,
}

/// What a worker can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RequestBody {
    /// Fetch or take the files of a model, load it, run the self-test where one is stored with it.
    Load {
        /// Where the files are.
        source: ModelFilesSource,
    },
    /// Run the loaded model on all prompts, the concepts' contexts and the calibration texts.
    Observe {
        /// The visitor's prompts.
        prompts: Vec<String>,
        /// Texts whose last position becomes a context.
        concept_contexts: Vec<String>,
        /// Texts whose every position becomes a context.
        calibration: Vec<String>,
    },
    /// Compute the report (lab worker). Attached: model A's observation and its unembedding, then B's unless B is a twin
    /// of A.
    Analyze {
        /// What is asked.
        experiment: Box<Experiment>,
    },
    /// Give up on the load or run with this id.
    Cancel {
        /// The id to give up on.
        request_id: u32,
    },
}

/// Where a model's files come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ModelFilesSource {
    /// A folder on the page's own host.
    Folder {
        /// What to call the model.
        name: String,
        /// Absolute address of the folder, ending in `/`.
        url: String,
    },
    /// Files that the visitor picked or dropped, attached in this order.
    Attached {
        /// What to call the model.
        name: String,
        /// Their names without folder.
        files: Vec<String>,
    },
    /// A repository of the Hugging Face Hub, or of a mirror that speaks its addresses.
    Hub {
        /// `organisation/name`.
        repository: String,
        /// Branch, tag or commit; absent: the default branch.
        revision: Option<String>,
        /// Where the Hub or its mirror is, ending in `/`.
        base: String,
    },
}

/// How far one file of a download is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProgress {
    /// Its name in the repository.
    pub name: String,
    /// Bytes that are here.
    pub done: u64,
    /// Bytes that are needed, once that is known: stored masks and the like are not.
    pub total: Option<u64>,
    /// Whether they come from this browser's own store and not over the network.
    pub from_cache: bool,
}

/// A host wants to be left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Which host.
    pub host: String,
    /// How long it asks to wait, in milliseconds.
    pub millis: u64,
}

/// What went otherwise than wished with a model that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadNote {
    /// The Hub did not answer: the model is what this browser keeps of it.
    Offline {
        /// Of which commit.
        commit: String,
    },
    /// Nothing of it stays for the next visit.
    NotKept(NotKept),
}

/// Which state of which repository a model was loaded from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubPin {
    /// `organisation/name`.
    pub repository: String,
    /// The commit, 40 hexadecimal digits: asked for again, it gives the same files.
    pub commit: String,
}

/// From a worker to the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Response {
    /// The request it answers.
    pub id: u32,
    /// The answer, or one of several.
    pub body: ResponseBody,
}

/// What a worker answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ResponseBody {
    /// More is done: bytes of a load, thousandths of a report. More answers follow.
    Progress {
        /// So far.
        done: u64,
        /// In all, where that is known.
        total: Option<u64>,
    },
    /// More of a model from the Hub is here; with no file yet, the Hub is being asked. More answers follow.
    Downloading {
        /// Every file that is needed, as far as that is known, in the order in which they are fetched.
        files: Vec<FileProgress>,
        /// Until when nothing more comes, where a host has said so.
        wait: Option<Wait>,
    },
    /// The model is ready.
    Loaded {
        /// The model.
        model: ModelCard,
        /// The engine that will run it.
        engine: EngineKind,
        /// The adapter's name or the instruction set.
        engine_detail: String,
        /// Largest |log p − stored log p| on the model's stored self-test, nats; absent where none is stored.
        self_test: Option<f64>,
        /// Where a model of the Hub comes from.
        pin: Option<HubPin>,
        /// What went otherwise than wished.
        note: Option<LoadNote>,
        /// Most memory that the worker has had so far, bytes; 0 where that cannot be measured.
        memory_bytes: u64,
    },
    /// The model has run on all contexts; attached: the observation, then its unembedding as f32 from the first row to
    /// the last.
    Observed {
        /// Most memory that the worker has had so far, bytes; 0 where that cannot be measured.
        memory_bytes: u64,
    },
    /// The report.
    Analyzed {
        /// The report.
        report: Box<Report>,
    },
    /// The request was given up, as asked.
    Cancelled,
    /// The request failed; the worker lives on.
    Failed(Complaint),
}

/// What is told of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// What kind of failure, for the page to offer the right way out.
    pub kind: ErrorKind,
    /// One sentence in English: what was expected, what was found, what to do.
    pub message: String,
    /// The same as a value, where a visitor can have caused it.
    pub cause: Option<Cause>,
}

/// Kinds of failure that the page answers differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorKind {
    /// A model's files are not what they should be.
    BadModel,
    /// A prompt cannot be run.
    BadPrompt,
    /// The two models cannot be compared.
    NotComparable,
    /// A file could not be fetched.
    Network,
    /// No WebGPU, or it gave wrong numbers.
    Gpu,
    /// A fault of ours.
    Internal,
    /// The model needs more memory than there is.
    TooLarge,
}
