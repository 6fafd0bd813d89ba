//! Which engine gave each model's numbers, and why; and the visitor's choice.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use crate::lab::{EngineKind, ModelSource};
use crate::text::use_i18n;
use crate::ui::session::use_session;
use crate::ui::state::{EngineChoice, GpuEngine, ModelState, Slot, use_page, why};

/// One line per model, and the choice.
#[component]
pub fn EngineLine() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let label = move |choice: EngineChoice| match choice {
        EngineChoice::Auto => t_string!(i18n, page.engine.auto),
        EngineChoice::Cpu => "CPU",
        EngineChoice::WebGpu => "WebGPU",
    };
    let option = move |choice: EngineChoice, value: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="engine"
                    value=value
                    data-testid=format!("engine-choice-{value}")
                    prop:checked=move || page.engine_choice.get() == choice
                    on:change=move |_| session.choose_engine(choice)
                />
                {move || label(choice)}
            </label>
        }
    };
    view! {
        <section class="engines" aria-label=move || t_string!(i18n, page.engine.label)>
            <fieldset class="choices">
                <legend>{t!(i18n, page.engine.run_on)}</legend>
                {option(EngineChoice::Auto, "auto")}
                {option(EngineChoice::Cpu, "cpu")}
                {option(EngineChoice::WebGpu, "webgpu")}
            </fieldset>
            <ul class="engines__list">
                <EngineOf model=page.a />
                <EngineOf model=page.b />
            </ul>
        </section>
    }
}

/// The engine behind one model's numbers on show.
#[component]
fn EngineOf(model: ModelState) -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let shown = move || {
        page.report.with(|report| {
            report.as_ref().map(|report| {
                let side = if model.slot == Slot::A { &report.model_a } else { &report.model_b };
                (side.engine, side.engine_detail.clone())
            })
        })
    };
    let engine = move || {
        shown().map_or(
            if matches!(*model.source.read(), ModelSource::Twin { .. }) {
                EngineKind::Twin
            } else {
                EngineKind::Cpu
            },
            |(kind, _)| kind,
        )
    };
    let sentence = move || {
        let gpu: GpuEngine = model.gpu.get();
        let locale = i18n.get_locale();
        let reason = why(locale, engine(), page.engine_choice.get(), &page.adapter.read(), &gpu);
        t_string!(i18n, page.engine.sentence, reason)
    };
    let name = move || match shown() {
        Some((_, detail)) if !detail.is_empty() => detail,
        _ => match engine() {
            EngineKind::Cpu => "CPU".to_owned(),
            EngineKind::WebGpu => "WebGPU".to_owned(),
            EngineKind::Twin => t_string!(i18n, page.engine.twin).to_owned(),
        },
    };
    view! {
        <li
            data-testid=format!("engine-{}", model.slot.letter())
            data-engine=move || engine_code(engine())
            data-self-test-cpu=move || model.cpu_self_test().map(|nats| nats.to_string())
            data-self-test-webgpu=move || model.gpu_self_test().map(|nats| nats.to_string())
            data-webgpu=move || gpu_code(&model.gpu.read())
            data-model=model.slot.letter()
        >
            <span class=format!("legend__{}", model.slot.letter())>{model.slot.letter().to_uppercase()}</span>
            " "
            <strong>{name}</strong>
            {sentence}
        </li>
    }
}

fn gpu_code(gpu: &GpuEngine) -> &'static str {
    match gpu {
        GpuEngine::Unused => "unused",
        GpuEngine::Spared => "spared",
        GpuEngine::Starting => "starting",
        GpuEngine::Ready { .. } => "ready",
        GpuEngine::Refused(_) => "refused",
    }
}

fn engine_code(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Cpu => "cpu",
        EngineKind::WebGpu => "webgpu",
        EngineKind::Twin => "twin",
    }
}
