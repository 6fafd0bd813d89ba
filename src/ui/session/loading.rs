//! Which model sits where: chosen, loaded, cancelled, tried again, on the CPU and on WebGPU.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Session;
use crate::browser::engine_client::{EngineClient, Loaded, ModelLocation};
use crate::browser::page::{self, ChosenFiles};
use crate::browser::{clock, model_cache};
use crate::hub::Address;
use crate::lab::{EngineKind, ModelSource};
use crate::protocol::{ErrorKind, HubPin, SELF_TEST_TOLERANCE};
use crate::ui::download::Download;
use crate::ui::failure::{Failure, Fault};
use crate::ui::state::{Adapter, EngineChoice, GpuEngine, ModelStatus, Phase, Slot};

/// How long after a cancelled load its half-written pieces are swept away.
const SWEEP_MILLIS: u32 = 500;

impl Session {
    /// Another model in one place.
    pub fn choose_model(self, slot: Slot, source: ModelSource) {
        self.page.model(slot).show_source(source);
        self.with(|inner| inner.seat(slot).files = None);
        self.enter_world();
        self.reload(slot);
    }

    /// Another pair.
    pub fn choose_pair(self, a: ModelSource, b: ModelSource) {
        self.offer_models(&[Slot::A, Slot::B], &a);
        self.choose_model(Slot::A, a);
        self.choose_model(Slot::B, b);
    }

    /// The model of the Hub that was typed; a wrong form is told beneath the box, and nothing else changes.
    pub fn choose_typed(self, slot: Slot) {
        let model = self.page.model(slot);
        let typed = model.typed.get_untracked();
        match Address::parse(&typed) {
            Ok(Address { repository, revision }) => {
                self.pick_model(
                    slot,
                    ModelSource::Hub { repository, commit: revision, sha256: String::new() },
                );
                // As it was typed, whatever its shorter form.
                model.typed.set(typed);
            }
            Err(error) => model.wrong.set(Some(Fault::Address(error))),
        }
    }

    /// The visitor's own files in one place.
    pub fn pick_files(self, slot: Slot, chosen: Option<ChosenFiles>) {
        let Some(chosen) = chosen else { return };
        // Whoever drops a shared comparison on a model's box means the comparison.
        if self.open_chosen(&chosen) {
            return;
        }
        let model = self.page.model(slot);
        // Only files that a link asks for can be the wrong ones.
        let expected = match model.source.get_untracked() {
            ModelSource::Local { sha256, .. } if self.with(|inner| inner.seat(slot).files.is_none()) => {
                sha256
            }
            _ => String::new(),
        };
        let source = ModelSource::Local { name: chosen.name.clone(), sha256: expected };
        self.offer_models(&[slot], &source);
        model.show_source(source);
        self.with(|inner| inner.seat(slot).files = Some(ModelLocation::Chosen(chosen)));
        self.enter_world();
        self.reload(slot);
    }

    /// Stops a load.
    pub fn cancel(self, slot: Slot) {
        self.vacate(slot);
        spawn_local(async move {
            // By then the browser knows that the worker has ended, and what it had written can go.
            clock::sleep(SWEEP_MILLIS).await;
            model_cache::sweep().await;
        });
        self.page.model(slot).status.set(ModelStatus::Cancelled);
        self.page.phase.set(Phase::Waiting);
    }

    /// Loads what a link or the last visit asks for; a model that would have to be downloaded waits for a word.
    pub(super) fn restore(self, slot: Slot) {
        let ModelSource::Hub { repository, commit, .. } = self.page.model(slot).source.get_untracked() else {
            return self.reload(slot);
        };
        let load = self.vacate(slot);
        self.page.phase.set(Phase::Waiting);
        self.page.model(slot).status.set(ModelStatus::Empty);
        spawn_local(async move {
            self.look_at_shelf().await;
            if self.with(|inner| inner.seat(slot).load) != load {
                return;
            }
            if commit.is_some_and(|commit| untrack(|| self.page.keeps(&repository, &commit))) {
                self.reload(slot);
            } else {
                self.page.model(slot).status.set(ModelStatus::Asking);
            }
        });
    }

    /// The visitor agrees to the downloads that a link asks for.
    pub fn agree(self) {
        for model in [self.page.a, self.page.b] {
            if model.status.get_untracked() == ModelStatus::Asking {
                self.reload(model.slot);
            }
        }
    }

    /// Loads what is chosen, from the start.
    pub fn reload(self, slot: Slot) {
        let model = self.page.model(slot);
        let load = self.vacate(slot);
        self.page.phase.set(Phase::Waiting);
        let files = match model.source.get_untracked() {
            ModelSource::Twin { .. } => {
                model.status.set(ModelStatus::Twin);
                return self.run();
            }
            ModelSource::Bundled { name } => {
                let url = page::address_of(&format!("models/{name}/"));
                ModelLocation::Folder { name, url }
            }
            ModelSource::Hub { repository, commit, .. } => ModelLocation::Hub {
                repository,
                revision: commit,
                base: self.page.mirror.read_value().base.clone(),
            },
            ModelSource::Local { name, sha256 } => match self.with(|inner| {
                inner.seat(slot).files.clone().or_else(|| inner.own_files.get(&sha256).cloned())
            }) {
                Some(files) => files,
                None => {
                    return model.status.set(ModelStatus::Failed(Failure {
                        kind: ErrorKind::BadModel,
                        fault: Fault::FilesOfLink(name),
                    }));
                }
            },
        };
        self.with(|inner| inner.seat(slot).files = Some(files.clone()));
        self.begin_load(slot, load, files);
    }

    /// Whether this is the newest load of a seat.
    pub(super) fn is_newest(self, slot: Slot, load: u64) -> bool {
        self.with(|inner| inner.seat(slot).load) == load
    }

    pub(super) fn begin_load(self, slot: Slot, load: u64, files: ModelLocation) {
        spawn_local(self.load(slot, load, files));
    }

    pub(super) fn begin_load_on_webgpu(self, slot: Slot, load: u64, files: ModelLocation) {
        spawn_local(self.load_on_webgpu(slot, load, files));
    }

    /// Ends a seat's workers and makes its pending load old; returns the number of the next load.
    fn vacate(self, slot: Slot) -> u64 {
        self.page.model(slot).gpu.set(GpuEngine::Unused);
        self.forgive(slot);
        self.with(|inner| {
            inner.run += 1;
            let seat = inner.seat(slot);
            seat.load += 1;
            // Whatever still waits for them holds them too.
            [seat.cpu.take(), seat.gpu.take()].into_iter().flatten().for_each(|client| client.close());
            seat.last = None;
            seat.load
        })
    }

    /// Loads a model on the CPU engine, which answers first.
    async fn load(self, slot: Slot, load: u64, files: ModelLocation) {
        let model = self.page.model(slot);
        model.download.set(Download::default());
        model.status.set(ModelStatus::Loading);
        let is_newest = move || self.is_newest(slot, load);
        let outcome = match EngineClient::cpu() {
            Ok(client) => {
                let client = Rc::new(client);
                self.with(|inner| inner.seat(slot).cpu = Some(client.clone()));
                client
                    .load(files, move |progress| {
                        if is_newest() {
                            model.download.update(|download| download.note(progress, clock::now_millis()));
                        }
                    })
                    .await
            }
            Err(failure) => Err(failure),
        };
        if !is_newest() {
            return;
        }
        let outcome = match outcome {
            Err(failure) if failure.has_ended => return self.recover_cpu(slot, load, failure),
            outcome => outcome.map_err(Failure::from),
        };
        match outcome.and_then(tested) {
            Ok(loaded) => {
                self.pin(slot, &loaded);
                model.memory.set(loaded.memory_bytes);
                model.status.set(ModelStatus::Ready(loaded));
                clock::mark(&format!("model {} is ready", slot.letter()));
                self.run();
                self.look_at_shelf().await;
                if is_newest() {
                    self.start_webgpu(slot);
                }
                if untrack(|| self.page.is_kept(model)) == Some(true) {
                    self.ask_to_keep().await;
                }
            }
            Err(failure) => {
                self.with(|inner| inner.seat(slot).cpu = None);
                model.status.set(ModelStatus::Failed(failure));
                self.replace_gone();
            }
        }
    }

    /// From now on the source says exactly which files these are; a link that meant others is told so.
    fn pin(self, slot: Slot, loaded: &Loaded) {
        let model = self.page.model(slot);
        let sha256 = loaded.model.sha256.clone();
        if let ModelSource::Local { .. } = model.source.get_untracked() {
            self.with(|inner| {
                if let Some(files) = inner.seat(slot).files.clone() {
                    inner.own_files.insert(sha256.clone(), files);
                }
            });
        }
        let (what, meant, pinned) = match (model.source.get_untracked(), &loaded.pin) {
            (ModelSource::Local { name, sha256: meant }, _) => {
                (Fault::OtherFiles(name.clone()), meant, ModelSource::Local { name, sha256 })
            }
            (ModelSource::Hub { sha256: meant, .. }, Some(HubPin { repository, commit })) => {
                let base = self.page.mirror.read_value().base.clone();
                let (repository, commit) = (repository.clone(), commit.clone());
                // The same files again, even where the branch has moved on meanwhile.
                let files = ModelLocation::Hub {
                    repository: repository.clone(),
                    revision: Some(commit.clone()),
                    base,
                };
                self.with(|inner| inner.seat(slot).files = Some(files));
                let what = Fault::OtherWeights(repository.clone());
                (what, meant, ModelSource::Hub { repository, commit: Some(commit), sha256 })
            }
            _ => return,
        };
        if !meant.is_empty() && meant != loaded.model.sha256 {
            self.page.link_error.set(Some(what));
        }
        model.source.set(pinned);
    }

    /// Asks the browser for an adapter, within a time limit.
    pub(super) async fn ask_for_webgpu(self) {
        let answer = crate::browser::webgpu::adapter_answers().await;
        self.page.adapter.set(match answer {
            Ok(()) => Adapter::Found,
            Err(why) => Adapter::Absent(why),
        });
        self.start_webgpu(Slot::A);
        self.start_webgpu(Slot::B);
    }

    /// Fetches and tests the WebGPU engine of a model that is ready, unless the visitor wants the CPU only. It reads the
    /// model's files again: those of the Hub only where this browser keeps them, or where the visitor asks for WebGPU.
    pub(super) fn start_webgpu(self, slot: Slot) {
        let model = self.page.model(slot);
        let choice = self.page.engine_choice.get_untracked();
        let is_wanted = choice != EngineChoice::Cpu
            && self.page.adapter.get_untracked() == Adapter::Found
            && matches!(model.status.get_untracked(), ModelStatus::Ready(_))
            && matches!(model.gpu.get_untracked(), GpuEngine::Unused | GpuEngine::Spared);
        if !is_wanted {
            return;
        }
        if choice == EngineChoice::Auto && untrack(|| self.page.is_kept(model)) == Some(false) {
            return model.gpu.set(GpuEngine::Spared);
        }
        let files = self.with(|inner| inner.seat(slot).files.clone());
        if let Some(files) = files {
            model.gpu.set(GpuEngine::Starting);
            let load = self.with(|inner| inner.seat(slot).load);
            self.begin_load_on_webgpu(slot, load, files);
        }
    }

    async fn load_on_webgpu(self, slot: Slot, load: u64, files: ModelLocation) {
        let model = self.page.model(slot);
        let outcome = match EngineClient::webgpu() {
            Ok(client) => {
                let client = Rc::new(client);
                self.with(|inner| inner.seat(slot).gpu = Some(client.clone()));
                client.load(files, |_| {}).await
            }
            Err(failure) => Err(failure),
        };
        if !self.is_newest(slot, load) {
            return;
        }
        match outcome.map(|loaded| (failed_self_test(loaded.self_test), loaded.self_test)) {
            Ok((None, self_test)) => {
                model.gpu.set(GpuEngine::Ready { self_test });
                self.run();
            }
            Ok((Some(deviation), _)) => self.refuse_webgpu(slot, Fault::OffBy(deviation)),
            Err(failure) if failure.has_ended => self.recover_webgpu(slot, load, failure),
            Err(failure) => self.refuse_webgpu(slot, Failure::from(failure).fault),
        }
    }

    /// The engine that should run a model now.
    pub(super) fn engine(self, slot: Slot) -> Option<(EngineKind, Rc<EngineClient>)> {
        let takes_over =
            match (self.page.engine_choice.get_untracked(), self.page.model(slot).gpu.get_untracked()) {
                (EngineChoice::Auto, GpuEngine::Ready { self_test }) => self_test.is_some(),
                (EngineChoice::WebGpu, GpuEngine::Ready { .. }) => true,
                _ => false,
            };
        self.with(|inner| {
            let seat = inner.seat(slot);
            match &seat.gpu {
                Some(gpu) if takes_over => Some((EngineKind::WebGpu, gpu.clone())),
                _ => seat.cpu.clone().map(|cpu| (EngineKind::Cpu, cpu)),
            }
        })
    }
}

/// A model whose stored log-probabilities are not its own is refused.
fn tested(loaded: Loaded) -> Result<Loaded, Failure> {
    match failed_self_test(loaded.self_test) {
        None => Ok(loaded),
        Some(deviation) => Err(Failure { kind: ErrorKind::BadModel, fault: Fault::WrongNumbers(deviation) }),
    }
}

/// How far an engine's answers are from those stored with the model, nats, where that is too far; nothing where none
/// are stored.
fn failed_self_test(deviation: Option<f64>) -> Option<f64> {
    deviation.filter(|nats| nats.is_nan() || *nats > SELF_TEST_TOLERANCE)
}
