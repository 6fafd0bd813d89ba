//! The verdict: the first thing that the eye finds.

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use super::{Provenance, ShareButton};
use crate::lab::Report;
use crate::protocol::ErrorKind;
use crate::text::level::{level_name, level_sentence, plan};
use crate::text::numbers::number;
use crate::text::verdict::{FindingWords, Version, findings, mood};
use crate::text::{Locale, use_i18n};
use crate::ui::failure::Fault;
use crate::ui::plots::Ruler;
use crate::ui::session::use_session;
use crate::ui::state::{ModelStatus, Phase, slot_name, use_page};

/// The verdict that stands in the page before this program does, and stays until the stored report is there.
const OPENING: &str = include_str!("../../../public/opening.html");

/// Headline, scope, reasons, level, and what is going on now.
#[component]
pub fn VerdictPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    // The stored verdict answers what is asked at first, and waits for the live one; then it is as old as any.
    let is_stale = Memo::new(move |_| match page.report.read().as_ref() {
        None => false,
        Some(report) if page.is_stored.get() => !page.asks(&report.experiment),
        Some(_) => !matches!(*page.phase.read(), Phase::Done { .. }),
    });
    let body = move || match page.report.get() {
        Some(report) => {
            let locale = i18n.get_locale();
            view! { <Findings locale=locale report=report.as_ref().clone() /> }.into_any()
        }
        None => view! {
            <div class="verdict__findings">
                <div class="finding">
                    <p class="finding__about">{t!(i18n, page.same_question)}</p>
                    <h2 class="finding__headline finding__headline--waiting">{t!(i18n, page.comparing)}</h2>
                    <p class="finding__scope">{t!(i18n, page.comparing_lead)}</p>
                </div>
            </div>
        }
        .into_any(),
    };
    view! {
        <section
            class="verdict"
            class:verdict--stale=is_stale
            aria-label=move || t_string!(i18n, page.verdict)
            data-testid="verdict"
            data-stored=move || page.is_stored.get().to_string()
        >
            <Show
                when=move || page.awaits_stored.get()
                fallback=move || {
                    view! {
                        <Provenance />
                        {body}
                    }
                }
            >
                <div class="verdict__opening" inner_html=OPENING></div>
            </Show>
            <div class="verdict__foot">
                <StatusLine />
                <ShareButton />
            </div>
        </section>
    }
}

/// Both findings and the level of equality.
#[component]
fn Findings(locale: Locale, report: Report) -> impl IntoView {
    let equality = report.equality.clone();
    let page = use_page();
    let self_tests = move || {
        let tests: Vec<String> =
            [page.a, page.b].iter().filter_map(|model| model.self_test_sentence(locale)).collect();
        if tests.is_empty() {
            td_string!(locale, page.self_test.none).to_owned()
        } else {
            let tests = tests.join(td_string!(locale, page.self_test.separator));
            td_string!(locale, page.self_test.against, tests)
        }
    };
    let unit = td_string!(locale, page.nats);
    let facts = [
        (td_string!(locale, page.fact.mean_kl_ab), equality.mean_kl_ab, "mean-kl-ab"),
        (td_string!(locale, page.fact.mean_kl_ba), equality.mean_kl_ba, "mean-kl-ba"),
        (td_string!(locale, page.fact.mean_js), equality.mean_js, "mean-js"),
        (td_string!(locale, page.fact.noise_floor), equality.epsilon_num, "epsilon-num"),
    ];
    view! {
        <div class="verdict__findings">
            {report
                .lead()
                .map(|lead| findings(locale, &report, lead))
                .unwrap_or_default()
                .into_iter()
                .zip([true, false])
                .map(|(words, leads)| view! { <FindingView words=words leads=leads /> })
                .collect_view()}
        </div>
        <div class="verdict__level" data-testid="level" data-level=report.equality.level.name()>
            <p class="finding__about">{td_string!(locale, page.same_question)}</p>
            <h3 class="verdict__level-name">{level_name(locale, &equality)}</h3>
            <p>{level_sentence(locale, &equality)}</p>
            <Ruler locale=locale floor=equality.epsilon_num largest=equality.max_abs_dlogp />
            <dl class="facts">
                {facts
                    .map(|(name, value, testid)| view! { <Fact name=name value=value unit=unit testid=testid /> })
                    .into_iter()
                    .collect_view()}
            </dl>
            <p class="hint">
                {td_string!(
                    locale,
                    page.seen,
                    contexts = report.n_contexts,
                    texts = report.n_texts,
                    tokens = report.n_tokens,
                )}
            </p>
            <ul class="plan" data-testid="plan">
                {plan(locale, &report.plan, &equality)
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
                {number(value)}
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
    let i18n = use_i18n();
    let text = move || {
        let locale = i18n.get_locale();
        let loading = [page.a, page.b].into_iter().find_map(|model| match &*model.status.read() {
            ModelStatus::Loading => {
                Some(td_string!(locale, page.status.loading, model = slot_name(locale, model.slot)))
            }
            ModelStatus::Asking => Some(td_string!(locale, page.status.asking).to_owned()),
            ModelStatus::Failed(_) | ModelStatus::Cancelled => {
                Some(td_string!(locale, page.status.not_loaded, model = slot_name(locale, model.slot)))
            }
            _ => None,
        });
        loading.unwrap_or_else(|| match &*page.phase.read() {
            Phase::Waiting => td_string!(locale, page.status.waiting).to_owned(),
            Phase::Observing => td_string!(locale, page.status.observing).to_owned(),
            Phase::Analyzing { share } => {
                td_string!(locale, page.status.analyzing, percent = format!("{:.0}", 100.0 * share))
            }
            Phase::Stopped => td_string!(locale, page.status.stopped).to_owned(),
            Phase::Done { elapsed_millis } => {
                td_string!(locale, page.status.done, millis = format!("{elapsed_millis:.0}"))
            }
            Phase::Failed(failure) if failure.kind == ErrorKind::BadPrompt => {
                td_string!(locale, page.status.bad_prompt).to_owned()
            }
            Phase::Failed(_) => td_string!(locale, page.status.failed).to_owned(),
        })
    };
    let failure = move || match &*page.phase.read() {
        // A prompt's fault is shown beside the prompts.
        Phase::Failed(failure) if failure.kind != ErrorKind::BadPrompt => {
            Some(failure.words(i18n.get_locale()))
        }
        _ => None,
    };
    view! {
        <div class="status">
            <p role="status" data-testid="status" class:status--busy=move || page.phase.read().is_busy()>
                {text}
            </p>
            {move || {
                let stopped = match &*page.phase.read() {
                    Phase::Stopped => true,
                    // What died twice is started only when it is asked for.
                    Phase::Failed(failure) => matches!(failure.fault, Fault::DiedTwice(_)),
                    _ => false,
                };
                let busy = page.phase.read().is_busy();
                let testid = if stopped { "resume" } else { "stop" };
                let label = move || {
                    if stopped { t_string!(i18n, page.status.compute) } else { t_string!(i18n, page.status.stop) }
                };
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
