//! Running both models and the lab. The newest request wins.

use std::rc::Rc;

use futures::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Observed, Session};
use crate::browser::clock;
use crate::browser::engine_client::{EngineClient, ObservationHandles};
use crate::lab::{EngineKind, ModelSource, Question, Report};
use crate::protocol::ErrorKind;
use crate::ui::failure::{Failure, Fault};
use crate::ui::recovery::is_over;
use crate::ui::state::{ModelStatus, Phase, Slot};
use crate::ui::turns::all_turns;
use crate::ui::world::World;

impl Session {
    /// Runs everything that is asked now, and forgets what was asked before.
    pub fn run(self) {
        let number = self.with(|inner| {
            inner.run += 1;
            inner.run
        });
        let is_ready = |slot| {
            matches!(self.page.model(slot).status.get_untracked(), ModelStatus::Ready(_) | ModelStatus::Twin)
        };
        // The texts of another world say nothing of these models: theirs are on the way.
        let wanted = self.wanted_world();
        let Some(world) =
            self.page.world.get_untracked().filter(|world| Some(&world.name) == wanted.as_ref())
        else {
            return;
        };
        if !is_ready(Slot::A) || !is_ready(Slot::B) {
            return;
        }
        self.give_up_analysis();
        if self.page.prompt_texts().is_empty() {
            self.page
                .phase
                .set(Phase::Failed(Failure { kind: ErrorKind::BadPrompt, fault: Fault::NoPrompt }));
            return;
        }
        spawn_local(async move {
            let started = clock::now_millis();
            self.page.phase.set(Phase::Observing);
            let outcome = self.compare(number, &world).await;
            if self.with(|inner| inner.run) != number {
                return;
            }
            match outcome {
                Ok(Some(report)) => {
                    clock::mark("the report is there");
                    self.show_live(report);
                    all_turns().await;
                    if self.with(|inner| inner.run) != number {
                        return;
                    }
                    self.page.phase.set(Phase::Done { elapsed_millis: clock::now_millis() - started });
                }
                Ok(None) => {}
                Err(failure) => self.page.phase.set(Phase::Failed(failure)),
            }
        });
    }

    /// Both observations, then the report; none where a newer run has begun.
    async fn compare(self, number: u64, world: &World) -> Result<Option<Report>, Failure> {
        let experiment = self.experiment();
        let is_twin = matches!(experiment.model_b, ModelSource::Twin { .. });
        let question = Question::of(&experiment, &world.calibration);
        let (a, b) = join(self.observe(Slot::A, &question), async {
            match is_twin {
                true => Ok(None),
                false => self.observe(Slot::B, &question).await.map(Some),
            }
        })
        .await;
        if self.with(|inner| inner.run) != number {
            return Ok(None);
        }
        let observations: Vec<ObservationHandles> = std::iter::once(a?).chain(b?).collect();
        clock::mark("both models ran");
        self.analyzed(number, experiment, &observations).await.map(Some)
    }

    /// Stops whatever runs; what is on show stays.
    pub fn stop(self) {
        self.with(|inner| inner.run += 1);
        self.give_up_analysis();
        self.page.phase.set(Phase::Stopped);
    }

    /// A report that nobody waits for any more would keep the lab from the next one: its worker is ended.
    fn give_up_analysis(self) {
        self.with(|inner| {
            if inner.analyzing.take().is_some()
                && let Some(lab) = inner.lab.take()
            {
                lab.close();
            }
        });
    }

    /// One model on everything that is asked; the last answer is kept while it still answers.
    async fn observe(self, slot: Slot, question: &Question) -> Result<ObservationHandles, Failure> {
        let load = self.with(|inner| inner.seat(slot).load);
        let is_newest = || self.is_newest(slot, load);
        loop {
            let not_loaded = || Failure { kind: ErrorKind::Internal, fault: Fault::NotLoaded(slot) };
            let (engine, client) = self.engine(slot).ok_or_else(not_loaded)?;
            let kept = self.with(|inner| inner.seat(slot).last.clone());
            if let Some(kept) = kept.filter(|kept| kept.engine == engine && kept.question == *question) {
                return Ok(kept.observation);
            }
            let Question { prompts, concept_contexts, calibration } = question.clone();
            let failure = match client.observe(prompts, concept_contexts, calibration).await {
                Ok(observation) => {
                    self.remember(slot, load, engine, question, &observation);
                    return Ok(observation);
                }
                Err(failure) => failure,
            };
            let is_over = is_newest() && is_over(engine, &failure);
            match engine {
                // A graphics card that fails half-way must not cost the visitor the answer: the CPU gives it.
                EngineKind::WebGpu if is_over => self.recover_webgpu(slot, load, failure),
                EngineKind::WebGpu if is_newest() && failure.complaint.kind != ErrorKind::BadPrompt => {
                    self.refuse_webgpu(slot, Failure::from(failure).fault);
                }
                EngineKind::Cpu if is_over => {
                    self.recover_cpu(slot, load, failure.clone());
                    return Err(failure.into());
                }
                _ => return Err(self.blame(slot, failure.into())),
            }
        }
    }

    fn remember(
        self,
        slot: Slot,
        load: u64,
        engine: EngineKind,
        question: &Question,
        observation: &ObservationHandles,
    ) {
        if !self.is_newest(slot, load) {
            return;
        }
        let (question, observation) = (question.clone(), observation.clone());
        if engine == EngineKind::Cpu {
            self.page.model(slot).memory.set(observation.memory_bytes);
        }
        self.with(|inner| inner.seat(slot).last = Some(Observed { engine, question, observation }));
    }

    /// A failure names its model, and a model's own fault is shown beside the model.
    fn blame(self, slot: Slot, failure: Failure) -> Failure {
        let kind = failure.kind;
        let fault = Fault::Of(slot, Box::new(failure.fault.clone()));
        if kind == ErrorKind::BadModel {
            self.page.model(slot).status.set(ModelStatus::Failed(failure));
        }
        Failure { kind, fault }
    }

    /// The worker that computes reports.
    pub(super) fn lab(self) -> Result<Rc<EngineClient>, Failure> {
        if let Some(lab) = self.with(|inner| inner.lab.clone()) {
            return Ok(lab);
        }
        let lab = Rc::new(EngineClient::cpu().map_err(Failure::from)?);
        self.with(|inner| inner.lab = Some(lab.clone()));
        Ok(lab)
    }
}
