//! What the distribution can see of each model: widths, ranks, effective complexity, dark energies.

use leptos::prelude::*;
use leptos_i18n::{t, td_string};

use super::insides::RankPictures;
use crate::lab::report::Side;
use crate::text::numbers::{grouped, number, percent};
use crate::text::{Locale, use_i18n};
use crate::ui::plots::geometry::share;
use crate::ui::state::use_page;

/// Both models, one beside the other.
#[component]
pub fn VisibilityPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let sides = move || {
        page.report.get().map(|report| {
            let locale = i18n.get_locale();
            let widest = report.model_a.subspace.d.max(report.model_b.subspace.d);
            view! {
                <SideView locale=locale letter="a" side=report.model_a.clone() widest=widest />
                <SideView locale=locale letter="b" side=report.model_b.clone() widest=widest />
            }
        })
    };
    view! {
        <section class="panel" aria-labelledby="visibility-title">
            <header class="panel__head">
                <h2 id="visibility-title">{t!(i18n, page.visibility.title)}</h2>
                <p>{t!(i18n, page.visibility.lead)}</p>
            </header>
            <div class="pair" data-testid="visibility">{sides}</div>
            <RankPictures />
        </section>
    }
}

/// One model.
#[component]
fn SideView(locale: Locale, letter: &'static str, side: Side, widest: usize) -> impl IntoView {
    let s = side.subspace;
    let of_widest = |n: usize| format!("{:.2}%", share(n as f64, widest as f64));
    let id = move |name: &str| format!("{name}-{letter}");
    let whole = |name, testid, n: usize| (name, testid, n.to_string(), n.to_string());
    let rows = [
        whole(td_string!(locale, page.visibility.width), "d", s.d),
        whole(td_string!(locale, page.visibility.rank_f), "rank-f", s.rank_f),
        whole(td_string!(locale, page.visibility.rank_g), "rank-g", s.rank_g),
        whole(td_string!(locale, page.visibility.r), "r", s.effective_complexity),
        (td_string!(locale, page.visibility.dark_f), "dark-f", percent(s.dark_f), s.dark_f.to_string()),
        (td_string!(locale, page.visibility.dark_g), "dark-g", percent(s.dark_g), s.dark_g.to_string()),
        (
            td_string!(locale, page.visibility.min_cosine),
            "min-cosine",
            number(s.min_cosine),
            s.min_cosine.to_string(),
        ),
    ];
    view! {
        <article class="side" data-model=letter>
            <h3 class="side__name">
                <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
                " "
                {side.model.name}
            </h3>
            <p class="hint">
                {td_string!(
                    locale,
                    page.visibility.card,
                    architecture = side.model.architecture,
                    parameters = grouped(side.model.parameters),
                    vocabulary = grouped(side.model.vocab_size),
                )}
            </p>
            <div
                class="extent"
                role="img"
                aria-label=td_string!(locale, page.visibility.visible_of, visible = s.effective_complexity, all = s.d)
                style:--share=of_widest(s.d)
            >
                <span
                    class=format!("extent__visible fill-{letter}")
                    style:--share=format!("{:.2}%", share(s.effective_complexity as f64, s.d as f64))
                ></span>
            </div>
            <dl class="facts">
                {rows
                    .into_iter()
                    .map(|(name, testid, value, exact)| {
                        view! { <Row name=name testid=id(testid) value=value exact=exact /> }
                    })
                    .collect_view()}
            </dl>
            <p class="hint">
                {if s.rank_unresolved {
                    td_string!(locale, page.visibility.unresolved)
                } else {
                    ""
                }}
                {if s.f_diversity_tested {
                    td_string!(locale, page.visibility.enough)
                } else {
                    td_string!(locale, page.visibility.too_few)
                }}
            </p>
        </article>
    }
}

/// One number with its name.
#[component]
fn Row(name: &'static str, testid: String, value: String, exact: String) -> impl IntoView {
    view! {
        <div class="facts__row">
            <dt>{name}</dt>
            <dd data-testid=testid data-value=exact>
                {value}
            </dd>
        </div>
    }
}
