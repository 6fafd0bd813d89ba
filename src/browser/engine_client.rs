//! The page's end of a worker: an engine that is asked in futures.
//!
//! A future that is dropped gives its request up; a client that is dropped ends its worker, which gives the memory
//! back at once. A worker that cannot be fetched, panics or breaks down fails all that it was asked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::Array;
use thiserror::Error;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::attachment::Attachment;
use super::page::ChosenFiles;
use super::wire::{BROKE_DOWN, OTHER_VERSION, READY, pack, unpack};
use crate::lab::{EngineKind, Experiment, ModelCard, Report};
use crate::protocol::{
    Cause, Complaint, ErrorKind, FileProgress, HubPin, LoadNote, ModelFilesSource, Request, RequestBody,
    Response, ResponseBody, Wait,
};

/// Why an engine did not do what it was asked, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", .complaint.message)]
pub struct EngineFailure {
    /// What is told of it.
    pub complaint: Complaint,
    /// The worker is gone with it: it could not be fetched, panicked, or broke down.
    pub has_ended: bool,
}

/// Where a model's files are, as the page knows it.
#[derive(Debug, Clone)]
pub enum ModelLocation {
    /// A folder on the page's own host.
    Folder {
        /// What to call the model.
        name: String,
        /// Absolute address of the folder, ending in `/`.
        url: String,
    },
    /// Files of the visitor's own.
    Chosen(ChosenFiles),
    /// A repository of the Hub or of a mirror.
    Hub {
        /// `organisation/name`.
        repository: String,
        /// Branch, tag or commit; absent: the default branch.
        revision: Option<String>,
        /// [`HUB`](crate::hub::HUB) or a mirror's address, ending in `/`.
        base: String,
    },
}

/// How far a load is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadProgress {
    /// Bytes of a folder or of the visitor's files.
    Bytes {
        /// So far.
        done: u64,
        /// In all, where that is known.
        total: Option<u64>,
    },
    /// Files of the Hub; none while the Hub is being asked.
    Files {
        /// Each of them.
        files: Vec<FileProgress>,
        /// Until when nothing more comes, where a host has said so.
        wait: Option<Wait>,
    },
}

/// A model that is ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The model.
    pub model: ModelCard,
    /// The engine that will run it.
    pub engine: EngineKind,
    /// The adapter's name or the instruction set.
    pub engine_detail: String,
    /// Largest |log p − stored log p| on the model's stored self-test, nats; absent where none is stored.
    pub self_test: Option<f64>,
    /// Which state of which repository it is, where it comes from the Hub.
    pub pin: Option<HubPin>,
    /// What went otherwise than wished, such as weights that could not be kept in this browser.
    pub note: Option<LoadNote>,
    /// Most memory that the engine has had so far, bytes; 0 where that cannot be measured.
    pub memory_bytes: u64,
}

/// What a model's engine observed, as handles that the lab reads.
#[derive(Debug, Clone)]
pub struct ObservationHandles {
    /// The observation without its unembedding.
    pub states: Attachment,
    /// The unembedding, which is the same in every observation of a loaded model.
    pub unembedding: Attachment,
    /// Most memory that the engine has had so far, bytes; 0 where that cannot be measured.
    pub memory_bytes: u64,
}

/// An engine in a worker of its own.
pub struct EngineClient {
    line: Rc<Line>,
    on_message: Closure<dyn FnMut(MessageEvent)>,
    on_error: Closure<dyn FnMut(Event)>,
}

impl EngineClient {
    /// The CPU engine; it also runs the lab.
    pub fn cpu() -> Result<Self, EngineFailure> {
        Self::spawn("./worker_cpu_loader.js")
    }

    /// The WebGPU engine; its code is large, so ask for an adapter first.
    pub fn webgpu() -> Result<Self, EngineFailure> {
        Self::spawn("./worker_gpu_loader.js")
    }

    /// Fetches a model's files and loads it; `on_progress` is told how far that is.
    pub async fn load(
        &self,
        location: ModelLocation,
        on_progress: impl Fn(LoadProgress) + 'static,
    ) -> Result<Loaded, EngineFailure> {
        let (source, contents) = match location {
            ModelLocation::Folder { name, url } => (ModelFilesSource::Folder { name, url }, Vec::new()),
            ModelLocation::Chosen(ChosenFiles { name, files }) => {
                let (files, contents) = files.into_iter().unzip();
                (ModelFilesSource::Attached { name, files }, contents)
            }
            ModelLocation::Hub { repository, revision, base } => {
                (ModelFilesSource::Hub { repository, revision, base }, Vec::new())
            }
        };
        let answer = self.line.ask(RequestBody::Load { source }, &contents, Some(Rc::new(on_progress)));
        match answer.await? {
            (
                ResponseBody::Loaded { model, engine, engine_detail, self_test, pin, note, memory_bytes },
                _,
            ) => Ok(Loaded { model, engine, engine_detail, self_test, pin, note, memory_bytes }),
            other => Err(unexpected(&other)),
        }
    }

    /// Runs the loaded model on the prompts and on every place of the calibration texts; gives the observation.
    pub async fn observe(
        &self,
        prompts: Vec<String>,
        concept_contexts: Vec<String>,
        calibration: Vec<String>,
    ) -> Result<ObservationHandles, EngineFailure> {
        let body = RequestBody::Observe { prompts, concept_contexts, calibration };
        let answer = self.line.ask(body, &[], None).await?;
        match (&answer.0, answer.1.as_slice()) {
            (&ResponseBody::Observed { memory_bytes }, [states, unembedding]) => Ok(ObservationHandles {
                states: states.clone(),
                unembedding: unembedding.clone(),
                memory_bytes,
            }),
            _ => Err(unexpected(&answer)),
        }
    }

    /// Computes the report from the observations of A and, unless model B is a twin of A, of B; `on_progress` is told
    /// the share done, from 0 to 1. Needs no loaded model.
    pub async fn analyze(
        &self,
        experiment: Experiment,
        observations: &[ObservationHandles],
        on_progress: impl Fn(f64) + 'static,
    ) -> Result<Report, EngineFailure> {
        let body = RequestBody::Analyze { experiment: Box::new(experiment) };
        let share = move |progress| {
            if let LoadProgress::Bytes { done, total: Some(total) } = progress {
                on_progress(done as f64 / total.max(1) as f64);
            }
        };
        let attached: Vec<Attachment> = observations
            .iter()
            .flat_map(|observed| [observed.states.clone(), observed.unembedding.clone()])
            .collect();
        match self.line.ask(body, &attached, Some(Rc::new(share))).await? {
            (ResponseBody::Analyzed { report }, _) => Ok(*report),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends the worker at once, whoever still waits for it: what it was asked fails.
    pub fn close(&self) {
        self.line.fail(internal("the engine was closed".into()));
    }

    fn spawn(script: &str) -> Result<Self, EngineFailure> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options).map_err(|_| {
            let told = "this browser does not start workers, which every engine needs: use a current browser";
            failure(ErrorKind::Internal, told.into(), Some(Cause::NoWorkers))
        })?;
        let line = Rc::new(Line {
            worker,
            last_id: Cell::new(0),
            unsent: RefCell::new(Some(Vec::new())),
            asked: RefCell::default(),
            failure: RefCell::default(),
        });
        let (hearing, failing) = (line.clone(), line.clone());
        let on_message = Closure::new(move |event: MessageEvent| hearing.hear(&event));
        let on_error = Closure::new(move |event: Event| failing.fail(failing.failure_of(&event)));
        line.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        line.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { line, on_message, on_error })
    }
}

impl Drop for EngineClient {
    fn drop(&mut self) {
        self.line.worker.set_onmessage(None);
        self.line.worker.set_onerror(None);
        self.close();
        // The closures live exactly as long as JavaScript may call them.
        let _ = (&self.on_message, &self.on_error);
    }
}

/// What the page and the worker have said.
struct Line {
    worker: Worker,
    last_id: Cell<u32>,
    /// Messages that wait for the worker to listen; none once it does, for what is sent before would be lost.
    unsent: RefCell<Option<Vec<(Array, Array)>>>,
    asked: RefCell<BTreeMap<u32, Asked>>,
    /// Why the worker is gone, if it is.
    failure: RefCell<Option<EngineFailure>>,
}

type OnProgress = Rc<dyn Fn(LoadProgress)>;

/// What a worker answered, and what was attached.
type Answered = (ResponseBody, Vec<Attachment>);

/// A request on its way.
#[derive(Default)]
struct Asked {
    answer: Option<Result<Answered, EngineFailure>>,
    waker: Option<Waker>,
    on_progress: Option<OnProgress>,
}

impl Asked {
    fn settle(&mut self, answer: Result<Answered, EngineFailure>) {
        self.answer = Some(answer);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Line {
    fn ask(
        self: &Rc<Self>,
        body: RequestBody,
        attachments: &[Attachment],
        on_progress: Option<OnProgress>,
    ) -> Answer {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let mut asked = Asked { on_progress, ..Asked::default() };
        if let Some(failure) = self.failure.borrow().clone() {
            asked.settle(Err(failure));
        } else if let Err(failure) = self.send(&Request { id, body }, attachments) {
            asked.settle(Err(failure));
        }
        self.asked.borrow_mut().insert(id, asked);
        Answer { line: self.clone(), id }
    }

    fn send(&self, request: &Request, attachments: &[Attachment]) -> Result<(), EngineFailure> {
        let told = |what: &str| internal(format!("the request {what}"));
        let message =
            pack(request, attachments).map_err(|error| told(&format!("cannot be packed: {error}")))?;
        match self.unsent.borrow_mut().as_mut() {
            Some(unsent) => unsent.push(message),
            None => self.post(&message).map_err(|()| told("is too large for this browser"))?,
        }
        Ok(())
    }

    fn post(&self, (message, transferred): &(Array, Array)) -> Result<(), ()> {
        self.worker.post_message_with_transfer(message, transferred).map_err(|_| ())
    }

    fn hear(&self, event: &MessageEvent) {
        let data = event.data();
        match data.as_string() {
            Some(word) if word == READY => {
                for message in self.unsent.take().unwrap_or_default() {
                    if self.post(&message).is_err() {
                        self.fail(internal("a request is too large for this browser".into()));
                    }
                }
            }
            Some(words) => self.fail(last_words(words)),
            None => match unpack::<Response>(&data) {
                Some((response, attachments)) => self.deliver(response, attachments),
                None => self.fail(last_words(OTHER_VERSION.into())),
            },
        }
    }

    fn deliver(&self, response: Response, attachments: Vec<Attachment>) {
        let progress = match response.body {
            ResponseBody::Progress { done, total } => LoadProgress::Bytes { done, total },
            ResponseBody::Downloading { files, wait } => LoadProgress::Files { files, wait },
            body => return self.settle(response.id, body, attachments),
        };
        let on_progress = self.asked.borrow().get(&response.id).and_then(|asked| asked.on_progress.clone());
        if let Some(on_progress) = on_progress {
            on_progress(progress);
        }
    }

    fn settle(&self, id: u32, body: ResponseBody, attachments: Vec<Attachment>) {
        if let Some(asked) = self.asked.borrow_mut().get_mut(&id) {
            asked.settle(match body {
                ResponseBody::Failed(complaint) => Err(EngineFailure { complaint, has_ended: false }),
                body => Ok((body, attachments)),
            });
        }
    }

    /// Ends the worker; all that it was asked, and all that it will be, fails. The first reason stands.
    fn fail(&self, failure: EngineFailure) {
        self.worker.terminate();
        let failure = EngineFailure { has_ended: true, ..failure };
        let failure = self.failure.borrow_mut().get_or_insert(failure).clone();
        for asked in self.asked.borrow_mut().values_mut().filter(|asked| asked.answer.is_none()) {
            asked.settle(Err(failure.clone()));
        }
    }

    /// Before the worker listens, its code did not arrive; later it has met an error.
    fn failure_of(&self, event: &Event) -> EngineFailure {
        if self.unsent.borrow().is_some() {
            let told = "the engine's code could not be fetched: check the connection";
            return failure(ErrorKind::Network, told.into(), Some(Cause::NoEngine));
        }
        let detail = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
        internal(format!("the engine met an error of its own ({detail})"))
    }
}

/// The answer to one request.
struct Answer {
    line: Rc<Line>,
    id: u32,
}

impl Future for Answer {
    type Output = Result<Answered, EngineFailure>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut asked = self.line.asked.borrow_mut();
        let Some(entry) = asked.get_mut(&self.id) else {
            return Poll::Ready(Err(internal("an answer was asked for twice".into())));
        };
        match entry.answer.take() {
            Some(answer) => {
                asked.remove(&self.id);
                Poll::Ready(answer)
            }
            None => {
                entry.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let unanswered =
            self.line.asked.borrow_mut().remove(&self.id).is_some_and(|asked| asked.answer.is_none());
        if unanswered && self.line.failure.borrow().is_none() {
            let body = RequestBody::Cancel { request_id: self.id };
            // A worker that cannot be told finishes for nobody.
            let _ = self.line.send(&Request { id: 0, body }, &[]);
        }
    }
}

fn failure(kind: ErrorKind, message: String, cause: Option<Cause>) -> EngineFailure {
    EngineFailure { complaint: Complaint { kind, message, cause }, has_ended: false }
}

fn internal(message: String) -> EngineFailure {
    failure(ErrorKind::Internal, message, None)
}

fn last_words(words: String) -> EngineFailure {
    let cause = match words.as_str() {
        BROKE_DOWN => Some(Cause::BrokeDown),
        OTHER_VERSION => Some(Cause::OtherVersion),
        _ => None,
    };
    failure(ErrorKind::Internal, words, cause)
}

fn unexpected((answer, _): &Answered) -> EngineFailure {
    match answer {
        ResponseBody::Cancelled => internal("given up for a newer request".into()),
        _ => internal("the engine answered another question than was asked: reload the page".into()),
    }
}
