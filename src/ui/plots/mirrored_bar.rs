//! One row of two bars that grow away from a shared label: model A to the left, model B to the right.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::geometry::share;
use crate::text::numbers::{number, probability};
use crate::text::use_i18n;

/// One token's probability in both models.
#[component]
pub fn MirroredBar(
    /// The token, as shown.
    label: String,
    /// log p_A, nats.
    log_prob_a: f64,
    /// log p_B, nats.
    log_prob_b: f64,
    /// The probability that fills a bar.
    full: f64,
    /// Stable name of the row for tests.
    testid: String,
    /// The token, exactly.
    token: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let (p_a, p_b) = (log_prob_a.exp(), log_prob_b.exp());
    let difference = log_prob_b - log_prob_a;
    let signed = if difference > 0.0 { format!("+{}", number(difference)) } else { number(difference) };
    let bar = |p: f64| format!("{:.2}%", share(p, full));
    // A bar that is longer than its place is drawn broken.
    let is_cut = |p: f64| (p > full * (1.0 + 1e-9)).then_some("");
    view! {
        <li
            class="mirrored-bar"
            data-testid=testid
            data-token=token
            data-logp-a=log_prob_a.to_string()
            data-logp-b=log_prob_b.to_string()
        >
            <span class="mirrored-bar__value mirrored-bar__value--a">
                <span class="visually-hidden">{t!(i18n, page.next.model_a)}</span>
                {probability(p_a)}
            </span>
            <span class="mirrored-bar__track mirrored-bar__track--a" aria-hidden="true">
                <span class="mirrored-bar__fill fill-a" style:--share=bar(p_a) data-cut=is_cut(p_a)></span>
            </span>
            <span class="mirrored-bar__label">{label}</span>
            <span class="mirrored-bar__track" aria-hidden="true">
                <span class="mirrored-bar__fill fill-b" style:--share=bar(p_b) data-cut=is_cut(p_b)></span>
            </span>
            <span class="mirrored-bar__value">
                <span class="visually-hidden">{t!(i18n, page.next.model_b)}</span>
                {probability(p_b)}
            </span>
            <span class="mirrored-bar__difference" title=move || t_string!(i18n, page.next.difference_title)>
                <span class="visually-hidden">{t!(i18n, page.next.difference)}</span>
                {signed}
            </span>
        </li>
    }
}
