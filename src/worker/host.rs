//! A worker's state: its device, its model, and the request in hand.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::ControlFlow;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::download::download;
use super::failure::Failure;
use super::files::{Files, Tell, fetch_folder, read_attached};
use super::queue::{Queue, Received};
use crate::browser::attachment::Attachment;
use crate::browser::clock;
use crate::browser::fetch::Abort;
use crate::browser::worker_scope::{WorkerScope, memory_bytes};
use crate::engine::{Device, DeviceError, Estimate, Limits, ModelFiles, SelfTest, Session};
use crate::hub::Address;
use crate::lab::observation::Floats;
use crate::lab::progress::Listener;
use crate::lab::{Experiment, LabError, Observation, Report};
use crate::models::NetworkConfig;
use crate::protocol::{ModelFilesSource, Request, RequestBody, Response, ResponseBody};

/// Parts in which the progress of a report is told.
const WHOLE_REPORT: u64 = 1000;

/// How a report is computed: [`lab::analyze`](crate::lab::analyze()).
pub type Analyze =
    fn(&Experiment, &Observation, Option<&Observation>, &mut Listener<'_>) -> Result<Report, LabError>;

/// Serves the page for as long as the worker lives. The device is opened by the first load and kept: a second one
/// cannot be opened in one worker. The lab comes as an argument so that a program without it stays small.
pub fn serve<F>(open_device: impl Fn() -> F + 'static, analyze: Option<Analyze>)
where
    F: Future<Output = Result<Device, DeviceError>> + 'static,
{
    let Some(scope) = WorkerScope::current() else { return };
    let host = Rc::new(Host {
        scope: scope.clone(),
        open_device,
        analyze,
        device: RefCell::default(),
        session: RefCell::default(),
        unembedding: RefCell::default(),
        queue: RefCell::default(),
        in_hand: RefCell::default(),
        is_busy: Cell::new(false),
    });
    scope.serve(move |request, attachments| host.receive(Received { request, attachments }));
}

struct Host<O> {
    scope: WorkerScope,
    open_device: O,
    analyze: Option<Analyze>,
    device: RefCell<Option<Device>>,
    session: RefCell<Option<Session>>,
    /// That of the session's model, once it was asked for: it never changes.
    unembedding: RefCell<Option<Attachment>>,
    queue: RefCell<Queue>,
    /// The request being served, and the word that gives it up.
    in_hand: RefCell<Option<(u32, Abort)>>,
    is_busy: Cell<bool>,
}

impl<O, F> Host<O>
where
    O: Fn() -> F + 'static,
    F: Future<Output = Result<Device, DeviceError>> + 'static,
{
    fn receive(self: &Rc<Self>, received: Received) {
        if let RequestBody::Cancel { request_id } = received.request.body {
            self.give_up(request_id);
            return;
        }
        let older = self.queue.borrow_mut().push(received);
        if let Some(older) = older {
            self.respond(older, Answer::from(ResponseBody::Cancelled));
        }
        if !self.is_busy.replace(true) {
            let host = self.clone();
            spawn_local(async move { host.work().await });
        }
    }

    fn give_up(&self, id: u32) {
        if self.queue.borrow_mut().remove(id) {
            self.respond(id, ResponseBody::Cancelled.into());
        } else if let Some((in_hand, abort)) = &*self.in_hand.borrow()
            && *in_hand == id
        {
            abort.abort();
        }
    }

    /// Serves until nothing waits.
    async fn work(&self) {
        loop {
            // Newer requests and cancellations that have arrived count before the next step begins.
            clock::next_turn().await;
            let next = self.queue.borrow_mut().next();
            let Some(Received { request: Request { id, body }, attachments }) = next else { break };
            let abort = Abort::new();
            self.in_hand.replace(Some((id, abort.clone())));
            let answer = self.answer(id, body, attachments, &abort).await;
            self.in_hand.replace(None);
            let answer = if abort.is_aborted() { Err(Failure::Cancelled) } else { answer };
            self.respond(id, answer.unwrap_or_else(|failure| ResponseBody::from(failure).into()));
        }
        self.is_busy.set(false);
    }

    async fn answer(
        &self,
        id: u32,
        body: RequestBody,
        attachments: Vec<Attachment>,
        abort: &Abort,
    ) -> Result<Answer, Failure> {
        match body {
            RequestBody::Load { source } => self.load(id, source, attachments, abort).await.map(Answer::from),
            RequestBody::Observe { prompts, concept_contexts, calibration } => {
                self.observe(&prompts, &concept_contexts, &calibration).await
            }
            RequestBody::Analyze { experiment } => {
                self.analyze(id, &experiment, &attachments).await.map(Answer::from)
            }
            RequestBody::Cancel { .. } => Err(Failure::Cancelled),
        }
    }

    async fn load(
        &self,
        id: u32,
        source: ModelFilesSource,
        contents: Vec<Attachment>,
        abort: &Abort,
    ) -> Result<ResponseBody, Failure> {
        // The model before gives its memory back first.
        self.session.replace(None);
        self.unembedding.replace(None);
        let scope = self.scope.clone();
        let report: Tell = Rc::new(move |done, total| {
            scope.respond(&Response { id, body: ResponseBody::Progress { done, total } }, &[]);
        });
        let mut origin = None;
        let (name, files) = match source {
            ModelFilesSource::Attached { name, files } => {
                let named = files.into_iter().zip(contents).collect();
                (name, read_attached(named, abort, report).await?)
            }
            ModelFilesSource::Folder { name, url } => (name, fetch_folder(&url, abort, report).await?),
            ModelFilesSource::Hub { repository, revision, base } => {
                let address = Address { repository, revision };
                let tell = |files, wait| self.respond(id, ResponseBody::Downloading { files, wait }.into());
                let (files, found) = download(&address, &base, abort, &check_config, &tell).await?;
                origin = Some(found);
                (address.to_string(), files)
            }
        };
        let mut outcome = self.open(name, files, abort).await;
        match (&mut outcome, origin) {
            (Ok(ResponseBody::Loaded { pin, note, .. }), Some(origin)) => {
                let (found, told) = origin.keep().await;
                (*pin, *note) = (Some(found), told);
            }
            (_, Some(origin)) => origin.discard().await,
            (_, None) => {}
        }
        outcome
    }

    /// Makes a model of its files.
    async fn open(
        &self,
        name: String,
        (small, weights): Files,
        abort: &Abort,
    ) -> Result<ResponseBody, Failure> {
        let files = ModelFiles::from_named(name, small, weights)?;
        let self_test = files.self_test.as_deref().map(SelfTest::parse).transpose()?;
        let device = self.device().await?;
        if abort.is_aborted() {
            return Err(Failure::Cancelled);
        }
        let session = Session::load(files, device).await?;
        let self_test = match self_test {
            Some(known) => Some(known.deviation(&session).await?),
            None => None,
        };
        let answer = ResponseBody::Loaded {
            model: session.card().clone(),
            engine: session.device().kind,
            engine_detail: session.device().detail.clone(),
            self_test,
            pin: None,
            note: None,
            memory_bytes: memory_bytes(),
        };
        self.session.replace(Some(session));
        Ok(answer)
    }

    async fn observe(
        &self,
        prompts: &[String],
        concept_contexts: &[String],
        calibration: &[String],
    ) -> Result<Answer, Failure> {
        // Requests are served one by one, so nobody misses the session while it is away.
        let session =
            self.session.take().ok_or_else(|| Failure::internal("no model is loaded in this engine"))?;
        let answer = self.observed(&session, prompts, concept_contexts, calibration).await;
        self.session.replace(Some(session));
        answer
    }

    async fn observed(
        &self,
        session: &Session,
        prompts: &[String],
        concept_contexts: &[String],
        calibration: &[String],
    ) -> Result<Answer, Failure> {
        let states = session.observe_states(prompts, concept_contexts, calibration).await?;
        let states = Attachment::of(&states)
            .map_err(|error| Failure::internal(&format!("the observation cannot be packed: {error}")))?;
        let kept = self.unembedding.borrow().clone();
        let unembedding = match kept {
            Some(unembedding) => unembedding,
            None => unembedding_of(session).await?,
        };
        self.unembedding.replace(Some(unembedding.clone()));
        let body = ResponseBody::Observed { memory_bytes: memory_bytes() };
        Ok(Answer { body, attachments: vec![states, unembedding] })
    }

    /// The second observation is absent when model B is a twin of A.
    async fn analyze(
        &self,
        id: u32,
        experiment: &Experiment,
        observations: &[Attachment],
    ) -> Result<ResponseBody, Failure> {
        let (Some(analyze), Some(a)) = (self.analyze, observations.get(..2)) else {
            return Err(Failure::internal("this engine has no lab, or nothing to analyze"));
        };
        let a = observation(a).await?;
        let b = match observations.get(2..) {
            Some(b) if !b.is_empty() => Some(observation(b).await?),
            _ => None,
        };
        let mut told = 0;
        let mut tell = |share: f64| {
            let done = (share * WHOLE_REPORT as f64) as u64;
            // The page is told every fiftieth, not every context.
            if done >= told + WHOLE_REPORT / 50 {
                told = done;
                self.respond(id, ResponseBody::Progress { done, total: Some(WHOLE_REPORT) }.into());
            }
            // Nothing is heard while this computes: the page gives a report up by ending the worker.
            ControlFlow::Continue(())
        };
        let report = Box::new(analyze(experiment, &a, b.as_ref(), &mut tell)?);
        Ok(ResponseBody::Analyzed { report })
    }

    async fn device(&self) -> Result<Device, Failure> {
        let kept = self.device.borrow().clone();
        if let Some(device) = kept {
            return Ok(device);
        }
        let device = (self.open_device)().await?;
        self.device.replace(Some(device.clone()));
        Ok(device)
    }

    fn respond(&self, id: u32, Answer { body, attachments }: Answer) {
        self.scope.respond(&Response { id, body }, &attachments);
    }
}

/// The unembedding, read back from the device and handed to the browser part by part.
async fn unembedding_of(session: &Session) -> Result<Attachment, Failure> {
    let mut parts = Vec::new();
    session.read_unembedding(|rows| parts.push(Attachment::of_floats(rows))).await?;
    let joined =
        parts.into_iter().collect::<Result<Vec<_>, _>>().and_then(|parts| Attachment::joined(&parts));
    joined.map_err(|_| Failure::internal("this browser has no room for the unembedding"))
}

/// An observation from its two attachments.
async fn observation(attachments: &[Attachment]) -> Result<Observation, Failure> {
    let lost = |_| Failure::internal("an observation was lost on its way");
    let [states, unembedding] = attachments else {
        return Err(Failure::internal("an observation should have two parts"));
    };
    let mut observation: Observation = states.value().await.map_err(lost)?;
    observation.unembedding = Floats(unembedding.floats().await.map_err(lost)?);
    Ok(observation)
}

/// Refuses a model of the Hub before any of its weights is fetched.
fn check_config(config: &[u8]) -> Result<NetworkConfig, Failure> {
    // Every model is loaded on the CPU first, also one that a graphics card will run.
    Estimate::of_config(config)?.check_fits(Limits::WASM)?;
    Ok(NetworkConfig::parse(config)?)
}

/// An answer and what is attached to it.
struct Answer {
    body: ResponseBody,
    attachments: Vec<Attachment>,
}

impl From<ResponseBody> for Answer {
    fn from(body: ResponseBody) -> Self {
        Self { body, attachments: Vec::new() }
    }
}
