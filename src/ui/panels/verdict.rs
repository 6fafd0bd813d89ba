//! The verdict: the first thing that the eye finds.

use leptos::prelude::*;

use super::ShareButton;
use crate::lab::Report;
use crate::lab::words::{self, FindingWords, Version};
use crate::protocol::ErrorKind;
use crate::theory::verdict::VerdictKind;
use crate::ui::plots::Ruler;
use crate::ui::session::use_session;
use crate::ui::state::{ModelStatus, Phase, use_page};

/// Headline, scope, reasons, level, and what is going on now.
#[component]
pub fn VerdictPanel() -> impl IntoView {
    let page = use_page();
    let is_stale = move || page.report.read().is_some() && !matches!(*page.phase.read(), Phase::Done { .. });
    let body = move || {
        match page.report.get() {
        Some(report) => view! { <Findings report=report.as_ref().clone() /> }.into_any(),
        None => view! {
            <div class="verdict__findings">
                <div class="finding">
                    <p class="finding__about">"Are the two distributions the same?"</p>
                    <h2 class="finding__headline finding__headline--waiting">"Comparing two models…"</h2>
                    <p class="finding__scope">
                        "Both models run on your prompts and on a set of calibration texts, in this browser. The verdict appears here."
                    </p>
                </div>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <section class="verdict" class:verdict--stale=is_stale aria-label="Verdict" data-testid="verdict">
            {body}
            <div class="verdict__foot">
                <StatusLine />
                <ShareButton />
            </div>
        </section>
    }
}

/// Both findings and the level of equality.
#[component]
fn Findings(report: Report) -> impl IntoView {
    let equality = report.equality.clone();
    let page = use_page();
    let self_tests = move || {
        let tests: Vec<String> =
            [page.a, page.b].iter().filter_map(|model| model.self_test_sentence()).collect();
        if tests.is_empty() {
            "No log-probabilities are stored with these models to test the engines against.".into()
        } else {
            format!("Against the stored log-probabilities: {}.", tests.join("; "))
        }
    };
    view! {
        <div class="verdict__findings">
            {report
                .lead()
                .map(|lead| words::findings(&report, lead))
                .unwrap_or_default()
                .into_iter()
                .zip([true, false])
                .map(|(words, leads)| view! { <FindingView words=words leads=leads /> })
                .collect_view()}
        </div>
        <div class="verdict__level" data-testid="level" data-level=level_code(&report)>
            <p class="finding__about">"Are the two distributions the same?"</p>
            <h3 class="verdict__level-name">{words::level_name(&equality)}</h3>
            <p>{words::level_sentence(&equality)}</p>
            <Ruler floor=equality.epsilon_num largest=equality.max_abs_dlogp />
            <dl class="facts">
                <Fact name="mean KL(A‖B)" value=equality.mean_kl_ab unit="nats" testid="mean-kl-ab" />
                <Fact name="mean KL(B‖A)" value=equality.mean_kl_ba unit="nats" testid="mean-kl-ba" />
                <Fact name="mean JS" value=equality.mean_js unit="nats" testid="mean-js" />
                <Fact name="noise floor ε" value=equality.epsilon_num unit="nats" testid="epsilon-num" />
            </dl>
            <p class="hint">
                {format!(
                    "{} contexts from {} texts, {} tokens.",
                    report.n_contexts,
                    report.n_texts,
                    report.n_tokens,
                )}
            </p>
            <ul class="plan" data-testid="plan">
                {words::plan(&report.plan, &equality)
                    .into_iter()
                    .map(|sentence| view! { <li>{sentence}</li> })
                    .collect_view()}
            </ul>
            <p class="hint" data-testid="self-tests">
                {self_tests}
            </p>
        </div>
    }
}

/// The finding on one version of the property.
#[component]
fn FindingView(words: FindingWords, leads: bool) -> impl IntoView {
    let testid = match words.version {
        Version::Visible => "verdict-visible",
        Version::Raw => "verdict-raw",
    };
    let (headline, headline_id) = (words.headline, format!("{testid}-headline"));
    let heading = if leads {
        view! { <h2 class="finding__headline" data-testid=headline_id>{headline}</h2> }.into_any()
    } else {
        view! { <h3 class="finding__headline" data-testid=headline_id>{headline}</h3> }.into_any()
    };
    view! {
        <div class="finding" data-mood=mood(words.kind)>
            <p class="finding__about">{words.about}</p>
            {heading}
            <p class="finding__scope" data-testid=format!("{testid}-scope")>
                {words.scope}
            </p>
            <Reasons reasons=words.reasons testid=format!("{testid}-reasons") />
        </div>
    }
}

/// One number with its name.
#[component]
fn Fact(name: &'static str, value: f64, unit: &'static str, testid: &'static str) -> impl IntoView {
    view! {
        <div class="facts__row">
            <dt>{name}</dt>
            <dd data-testid=testid data-value=value.to_string()>
                {words::number(value)}
                <span class="unit">{unit}</span>
            </dd>
        </div>
    }
}

/// Why, in words, with the codes that reports use.
#[component]
fn Reasons(reasons: Vec<(&'static str, &'static str)>, testid: String) -> impl IntoView {
    let codes = reasons.iter().map(|(code, _)| *code).collect::<Vec<_>>().join(" ");
    view! {
        <ul class="reasons" data-testid=testid data-codes=codes>
            {reasons
                .into_iter()
                .map(|(code, sentence)| {
                    view! {
                        <li>
                            {sentence}
                            " "
                            <code>{code}</code>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

/// What is going on now, read aloud as it changes.
#[component]
fn StatusLine() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let text = move || {
        let loading = [page.a, page.b].into_iter().find_map(|model| match &*model.status.read() {
            ModelStatus::Loading => Some(format!("Loading {}…", model.slot.name())),
            ModelStatus::Asking => Some("This link waits for your word before it downloads anything.".into()),
            ModelStatus::Failed(_) | ModelStatus::Cancelled => {
                Some(format!("{} is not loaded.", model.slot.name()))
            }
            _ => None,
        });
        loading.unwrap_or_else(|| match &*page.phase.read() {
            Phase::Waiting => "Waiting for the models…".into(),
            Phase::Observing => "Running both models…".into(),
            Phase::Analyzing { share } => format!("Computing the verdict… {:.0}%", 100.0 * share),
            Phase::Stopped => "Stopped: what is on show answers an earlier question.".into(),
            Phase::Done { elapsed_millis } => format!("Up to date, computed in {elapsed_millis:.0} ms."),
            Phase::Failed(failure) if failure.kind == ErrorKind::BadPrompt => {
                "No new verdict: a prompt cannot be run.".into()
            }
            Phase::Failed(_) => "No new verdict.".into(),
        })
    };
    let failure = move || match &*page.phase.read() {
        // A prompt's fault is shown beside the prompts.
        Phase::Failed(failure) if failure.kind != ErrorKind::BadPrompt => Some(failure.message.clone()),
        _ => None,
    };
    view! {
        <div class="status">
            <p role="status" data-testid="status" class:status--busy=move || page.phase.read().is_busy()>
                {text}
            </p>
            {move || {
                let stopped = *page.phase.read() == Phase::Stopped;
                let busy = page.phase.read().is_busy();
                let (label, testid) = if stopped { ("Compute", "resume") } else { ("Stop", "stop") };
                (stopped || busy)
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button button--small"
                                data-testid=testid
                                on:click=move |_| if stopped { session.run() } else { session.stop() }
                            >
                                {label}
                            </button>
                        }
                    })
            }}
            {move || {
                failure()
                    .map(|message| {
                        view! {
                            <p class="error" role="alert" data-testid="run-error">
                                {message}
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// The tone of a finding, for its colour; its words carry the meaning.
pub(super) fn mood(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::HeldByAll | VerdictKind::HeldByNone => "decided",
        VerdictKind::Mixed => "mixed",
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent | VerdictKind::OutOfClass => "silent",
        VerdictKind::TooLittleData => "short",
        VerdictKind::Inconsistent => "fault",
    }
}

fn level_code(report: &Report) -> &'static str {
    use crate::theory::equivalence::Level;
    match report.equality.level {
        Level::Constructed => "constructed",
        Level::Identical => "identical",
        Level::Close => "close",
        Level::Different => "different",
        Level::Undecided => "undecided",
    }
}
