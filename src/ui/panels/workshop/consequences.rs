//! What a setting did: the numbers that stay still beside those that move, and the same for the last settings.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::bench::Bench;
use crate::text::level::level_name;
use crate::text::numbers::number;
use crate::text::use_i18n;
use crate::ui::state::{Phase, use_page};
use crate::ui::workshop::history::{Distribution, Score, Setting};
use crate::ui::workshop::words;

/// The strip, one sentence on it, and the history.
#[component]
pub fn Consequences(
    /// The bench.
    bench: Bench,
) -> impl IntoView {
    let i18n = use_i18n();
    let page = use_page();
    let is_stale = move || !matches!(*page.phase.read(), Phase::Done { .. });
    let failure = move || match &*page.phase.read() {
        Phase::Failed(failure) if bench.is_twin.get() => Some(failure.words(i18n.get_locale())),
        _ => None,
    };
    let sentence = move || {
        let locale = i18n.get_locale();
        match (bench.is_twin.get(), bench.current.get()) {
            _ if page.phase.read().is_busy() => t_string!(i18n, workshop.strip.stale).to_owned(),
            (true, Some(setting)) => words::outcome(locale, &setting).join(" "),
            _ => t_string!(i18n, workshop.strip.waiting).to_owned(),
        }
    };
    view! {
        <section class="workshop__strip" aria-labelledby="workshop-strip-title">
            <h3 id="workshop-strip-title">{t!(i18n, workshop.strip.title)}</h3>
            <dl class="workshop__tiles" class:workshop__tiles--stale=is_stale>
                {move || bench.current.get().map(|setting| view! { <Tiles setting=setting /> })}
            </dl>
            <p class="workshop__outcome" aria-live="polite" data-testid="workshop-outcome">
                {sentence}
            </p>
            {move || {
                failure()
                    .map(|message| view! { <p class="error" role="alert" data-testid="workshop-failure">{message}</p> })
            }}
            <History bench=bench />
        </section>
    }
}

/// Five numbers, each with what became of it.
#[component]
fn Tiles(setting: Setting) -> impl IntoView {
    let i18n = use_i18n();
    let distribution = setting.distribution();
    let (raw, visible) = (setting.raw, setting.visible.map(|(a, b, _)| (a, b)));
    let (raw_score, visible_score) = (setting.raw_score(), setting.visible_score());
    let equality = setting.equality;
    let (dlogp, epsilon, kl) = (equality.max_abs_dlogp, equality.epsilon_num, equality.mean_kl_ab);
    let (is_still, floor, level) = (dlogp <= epsilon, number(epsilon), equality.level.name());
    view! {
        <div class="workshop__tile" data-moved=(!is_still).to_string()>
            <dt>{t!(i18n, workshop.strip.dlogp)}</dt>
            <dd
                data-testid="workshop-dlogp"
                data-value=dlogp.to_string()
                data-floor=epsilon.to_string()
            >
                <strong>{number(dlogp)}</strong>
                <span class="unit">{t!(i18n, workshop.strip.nats)}</span>
                <span class="workshop__became">
                    {move || words::short_distribution(i18n.get_locale(), distribution)}
                </span>
                <span class="hint">{move || t_string!(i18n, workshop.strip.floor, floor = floor.clone())}</span>
            </dd>
        </div>
        <div class="workshop__tile" data-moved=(!is_still).to_string()>
            <dt>{t!(i18n, workshop.strip.kl)}</dt>
            <dd data-testid="workshop-kl" data-value=kl.to_string()>
                <strong>{number(kl)}</strong>
                <span class="unit">{t!(i18n, workshop.strip.nats)}</span>
                <span class="workshop__became">
                    {move || words::short_distribution(i18n.get_locale(), distribution)}
                </span>
            </dd>
        </div>
        <ScoreTile testid="workshop-raw" scores=raw became=raw_score>
            {t!(i18n, workshop.strip.raw)}
        </ScoreTile>
        <ScoreTile testid="workshop-visible" scores=visible became=visible_score>
            {t!(i18n, workshop.strip.visible)}
        </ScoreTile>
        <div
            class="workshop__tile workshop__tile--wide"
            data-moved=(distribution == Distribution::Moved).to_string()
        >
            <dt>{t!(i18n, workshop.strip.level)}</dt>
            <dd data-testid="workshop-level" data-level=level>
                <strong>{move || level_name(i18n.get_locale(), &equality)}</strong>
            </dd>
        </div>
    }
}

/// A score of A and of B, as numbers and as bars.
#[component]
fn ScoreTile(
    testid: &'static str,
    scores: Option<(f64, f64)>,
    became: Score,
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let has_moved = matches!(became, Score::Fell | Score::Rose);
    let bars = scores.map(|(a, b)| {
        [("a", a), ("b", b)].map(|(letter, value)| {
            view! {
                <span class="workshop__score">
                    <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
                    <Bar value=value letter=letter />
                    <strong>{words::score(value)}</strong>
                </span>
            }
        })
    });
    view! {
        <div class="workshop__tile" data-moved=has_moved.to_string()>
            <dt>{children()}</dt>
            <dd
                data-testid=testid
                data-a=scores.map(|(a, _)| a.to_string())
                data-b=scores.map(|(_, b)| b.to_string())
            >
                {bars}
                <span class="workshop__became">{move || words::short_score(i18n.get_locale(), became)}</span>
            </dd>
        </div>
    }
}

/// A share of 1 as a bar; the number stands beside it.
#[component]
fn Bar(value: f64, letter: &'static str) -> impl IntoView {
    let share = format!("{:.1}%", 100.0 * value.clamp(0.0, 1.0));
    view! {
        <span class="workshop__bar" aria-hidden="true">
            <span class=format!("workshop__fill fill-{letter}") style:--share=share></span>
        </span>
    }
}

/// The last settings.
#[component]
fn History(bench: Bench) -> impl IntoView {
    let i18n = use_i18n();
    let rows = move || {
        bench
            .history
            .get()
            .into_iter()
            .map(|setting| {
                let score = |value: Option<f64>| match value {
                    Some(value) => view! {
                        <span class="workshop__score">
                            <Bar value=value letter="b" />
                            {words::score(value)}
                        </span>
                    }
                    .into_any(),
                    None => "–".into_any(),
                };
                let (raw, visible) = (setting.raw.map(|(_, b)| b), setting.visible.map(|(_, b, _)| b));
                view! {
                    <tr>
                        <th scope="row" class="cell-text">
                            <code>{setting.recipe}</code>
                        </th>
                        <td>{setting.prompts.len()}</td>
                        <td>{number(setting.equality.max_abs_dlogp)}</td>
                        <td>{score(raw)}</td>
                        <td>{score(visible)}</td>
                        <td class="cell-text">{move || level_name(i18n.get_locale(), &setting.equality)}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    view! {
        <div
            class="workshop__history table-scroll"
            tabindex="0"
            role="group"
            aria-labelledby="workshop-history-title"
        >
            <table class="stacked stacked--named" data-testid="workshop-history">
                <caption id="workshop-history-title">{t!(i18n, workshop.history.title)}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="cell-text">{t!(i18n, workshop.recipe)}</th>
                        <th scope="col">{t!(i18n, workshop.history.prompts)}</th>
                        <th scope="col">{t!(i18n, workshop.strip.dlogp)}</th>
                        <th scope="col">{t!(i18n, workshop.history.raw)}</th>
                        <th scope="col">{t!(i18n, workshop.history.visible)}</th>
                        <th scope="col" class="cell-text">{t!(i18n, workshop.facts.distribution)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <Show when=move || bench.history.read().is_empty()>
                <p class="hint">{t!(i18n, workshop.history.empty)}</p>
            </Show>
        </div>
    }
}
