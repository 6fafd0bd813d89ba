//! The page as a guest in another one: the verdict, the level, the main numbers, and a way to everything else.

use leptos::prelude::*;
use leptos_i18n::{t, td_string};

use super::{LinkAsk, LinkNotes, Provenance, ReproductionPanel};
use crate::browser::page;
use crate::lab::Report;
use crate::lab::visible::visible_text;
use crate::text::level::level_name;
use crate::text::numbers::number;
use crate::text::verdict::{findings, mood};
use crate::text::{Locale, use_i18n};
use crate::ui::address;
use crate::ui::state::{Phase, use_page};

/// The compact view.
#[component]
pub fn EmbedView() -> impl IntoView {
    let i18n = use_i18n();
    let signals = use_page();
    let body = move || match signals.report.get() {
        Some(report) => {
            let locale = i18n.get_locale();
            view! { <Said locale=locale report=report.as_ref().clone() /> }.into_any()
        }
        None => view! {
            <h2 class="finding__headline finding__headline--waiting">{t!(i18n, share.embedded.waiting)}</h2>
            <p class="finding__scope">{t!(i18n, share.embedded.waiting_scope)}</p>
        }
        .into_any(),
    };
    let error = move || {
        let failed = match &*signals.phase.read() {
            Phase::Failed(failure) => Some(failure.words(i18n.get_locale())),
            _ => None,
        };
        signals.link_error.get().map(|fault| fault.words(i18n.get_locale())).or(failed).map(|message| {
            view! {
                <p class="error" role="alert" data-testid="link-error">
                    {message}
                </p>
            }
        })
    };
    view! {
        <section class="embed" data-testid="embed">
            {error}
            <LinkNotes />
            <LinkAsk />
            <Provenance />
            <div role="status">{body}</div>
            <ReproductionPanel />
            <p>
                <a
                    href=move || {
                        // The fragment may have changed with what is asked.
                        signals.report.track();
                        address::full(&page::address())
                    }
                    target="_blank"
                    rel="noopener"
                    data-testid="embed-full"
                >
                    {t!(i18n, share.embedded.full)}
                </a>
            </p>
        </section>
    }
}

/// What the report says, in short.
#[component]
fn Said(locale: Locale, report: Report) -> impl IntoView {
    let [a, b] = [&report.model_a, &report.model_b].map(|side| visible_text(&side.model.name));
    let title = td_string!(locale, share.embedded.title, a, b);
    let equality = &report.equality;
    let facts = [
        ("KL(A‖B)", equality.mean_kl_ab),
        ("KL(B‖A)", equality.mean_kl_ba),
        ("JS", equality.mean_js),
        ("max |Δ log p|", equality.max_abs_dlogp),
    ];
    let nats = td_string!(locale, page.nats);
    let findings = report.lead().map(|lead| findings(locale, &report, lead)).unwrap_or_default();
    view! {
        <h1 class="finding__about">{title}</h1>
        {findings
            .into_iter()
            .map(|finding| {
                view! {
                    <div class="finding" data-mood=mood(finding.kind)>
                        <h2 class="finding__headline">{finding.headline}</h2>
                        <p class="finding__scope">{finding.scope}</p>
                    </div>
                }
            })
            .collect_view()}
        <p>
            <strong>{level_name(locale, equality)}</strong>
        </p>
        <dl class="embed__facts">
            {facts
                .map(|(name, value)| {
                    view! {
                        <div>
                            <dt>{name}</dt>
                            <dd>{number(value)} " " {nats}</dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
    }
}
