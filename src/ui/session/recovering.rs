//! Engines that died: started again with all that the visitor has, or left, as [`recovery`](crate::ui::recovery) says.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Session;
use crate::browser::clock;
use crate::browser::engine_client::{EngineClient, EngineFailure, ModelLocation, ObservationHandles};
use crate::browser::webgpu::adapter_comes_back;
use crate::lab::{EngineKind, Experiment, Report};
use crate::ui::failure::{Failure, Fault};
use crate::ui::recovery::{Part, Recovery, Step, note};
use crate::ui::state::{GpuEngine, ModelStatus, Phase, Slot};

/// A network that failed a moment ago is given one.
const PAUSE_MILLIS: u32 = 500;

impl Session {
    /// Counts a death, says what follows, and gives it.
    fn died(self, part: Part, failure: EngineFailure) -> (Step, Fault) {
        let step = self.with(|inner| inner.restarts.after(part));
        let why = Failure::from(failure).fault;
        self.page.recovered.update(|told| note(told, part, step, why.clone()));
        (step, why)
    }

    /// A model is asked for anew: what happened to its engines is forgotten.
    pub(super) fn forgive(self, slot: Slot) {
        for kind in [EngineKind::Cpu, EngineKind::WebGpu] {
            self.forgive_part(Part::Engine(slot, kind));
        }
    }

    /// WebGPU is asked for anew, also where it has died twice.
    pub(super) fn forgive_webgpu(self) {
        for model in [self.page.a, self.page.b] {
            if matches!(model.gpu.get_untracked(), GpuEngine::Refused(Fault::DiedTwice(_))) {
                model.gpu.set(GpuEngine::Unused);
                self.forgive_part(Part::Engine(model.slot, EngineKind::WebGpu));
            }
        }
    }

    fn forgive_part(self, part: Part) {
        self.with(|inner| inner.restarts.forgive(part));
        if self.page.recovered.with_untracked(|told| told.iter().any(|one| one.part == part)) {
            self.page.recovered.update(|told| told.retain(|one| one.part != part));
        }
    }

    /// The CPU engine of a model died, in this load: it is started again, or left with the reason beside the model.
    pub(super) fn recover_cpu(self, slot: Slot, load: u64, failure: EngineFailure) {
        let kind = failure.complaint.kind;
        let (step, why) = self.died(Part::Engine(slot, EngineKind::Cpu), failure);
        self.with(|inner| {
            // Whoever waits for an answer waits for that of the next engine.
            inner.run += 1;
            inner.seat(slot).cpu = None;
        });
        self.page.phase.set(Phase::Waiting);
        let status = self.page.model(slot).status;
        if step != Step::StartAgain {
            return status.set(ModelStatus::Failed(Failure { kind, fault: Fault::DiedTwice(why.into()) }));
        }
        status.set(ModelStatus::Loading);
        self.after(clock::sleep(PAUSE_MILLIS), slot, load, Self::begin_load);
    }

    /// The WebGPU engine of a model died, in this load: it is started again, or the CPU takes over. The CPU answers
    /// what is asked meanwhile.
    pub(super) fn recover_webgpu(self, slot: Slot, load: u64, failure: EngineFailure) {
        let (step, why) = self.died(Part::Engine(slot, EngineKind::WebGpu), failure);
        if step != Step::StartAgain {
            return self.refuse_webgpu(slot, Fault::DiedTwice(why.into()));
        }
        self.with(|inner| inner.seat(slot).gpu = None);
        self.page.model(slot).gpu.set(GpuEngine::Starting);
        self.after(adapter_comes_back(), slot, load, Self::begin_load_on_webgpu);
    }

    /// WebGPU is not used for a model; where it was to be started again, that is told.
    pub(super) fn refuse_webgpu(self, slot: Slot, why: Fault) {
        let part = Part::Engine(slot, EngineKind::WebGpu);
        self.with(|inner| inner.seat(slot).gpu = None);
        let is_awaited = |told: &Vec<Recovery>| told.iter().any(|one| one.part == part && !one.falls_back);
        if self.page.recovered.with_untracked(is_awaited) {
            self.page.recovered.update(|told| note(told, part, Step::UseCpu, why.clone()));
        }
        self.page.model(slot).gpu.set(GpuEngine::Refused(why));
    }

    /// Loads a model's files once more, after a pause and unless another load has begun by then.
    fn after(
        self,
        pause: impl Future<Output = ()> + 'static,
        slot: Slot,
        load: u64,
        begin: fn(Self, Slot, u64, ModelLocation),
    ) {
        spawn_local(async move {
            pause.await;
            let files = self.with(|inner| inner.seat(slot).files.clone());
            if let Some(files) = files.filter(|_| self.is_newest(slot, load)) {
                begin(self, slot, load, files);
            }
        });
    }

    /// The report; a lab that dies over it is started again once.
    pub(super) async fn analyzed(
        self,
        number: u64,
        experiment: Experiment,
        observations: &[ObservationHandles],
    ) -> Result<Report, Failure> {
        let phase = self.page.phase;
        let is_newest = move || self.with(|inner| inner.run) == number;
        loop {
            let lab = self.lab()?;
            phase.set(Phase::Analyzing { share: 0.0 });
            let tell = move |share| {
                if is_newest() {
                    phase.set(Phase::Analyzing { share });
                }
            };
            self.with(|inner| inner.analyzing = Some(number));
            let outcome = lab.analyze(experiment.clone(), observations, tell).await;
            self.with(|inner| inner.analyzing = inner.analyzing.filter(|&newest| newest != number));
            match outcome {
                Err(failure) if failure.has_ended && is_newest() => self.recover_lab(&lab, failure).await?,
                outcome => {
                    if is_newest() && outcome.is_ok() {
                        self.with(|inner| inner.restarts.forgive(Part::Lab));
                    }
                    return outcome.map_err(Failure::from);
                }
            }
        }
    }

    /// Makes room for another lab, which the next question starts; tells where that was tried already.
    async fn recover_lab(self, lab: &Rc<EngineClient>, failure: EngineFailure) -> Result<(), Failure> {
        let kind = failure.complaint.kind;
        self.with(|inner| inner.lab.take_if(|current| Rc::ptr_eq(current, lab)));
        match self.died(Part::Lab, failure) {
            (Step::StartAgain, _) => {
                clock::sleep(PAUSE_MILLIS).await;
                Ok(())
            }
            (_, why) => {
                self.with(|inner| inner.restarts.forgive(Part::Lab));
                Err(Failure { kind, fault: Fault::DiedTwice(why.into()) })
            }
        }
    }
}
