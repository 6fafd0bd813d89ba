//! One row of two bars that grow away from a shared label: model A to the left, model B to the right.

use leptos::prelude::*;

use super::geometry::share;
use crate::lab::words::{number, probability};

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
    let (p_a, p_b) = (log_prob_a.exp(), log_prob_b.exp());
    let difference = log_prob_b - log_prob_a;
    let signed = if difference > 0.0 { format!("+{}", number(difference)) } else { number(difference) };
    let bar = |p: f64| format!("{:.2}%", share(p, full));
    view! {
        <li
            class="mirrored-bar"
            data-testid=testid
            data-token=token
            data-logp-a=log_prob_a.to_string()
            data-logp-b=log_prob_b.to_string()
        >
            <span class="mirrored-bar__value mirrored-bar__value--a">
                <span class="visually-hidden">"model A "</span>
                {probability(p_a)}
            </span>
            <span class="mirrored-bar__track mirrored-bar__track--a" aria-hidden="true">
                <span class="mirrored-bar__fill fill-a" style:--share=bar(p_a)></span>
            </span>
            <span class="mirrored-bar__label">{label}</span>
            <span class="mirrored-bar__track" aria-hidden="true">
                <span class="mirrored-bar__fill fill-b" style:--share=bar(p_b)></span>
            </span>
            <span class="mirrored-bar__value">
                <span class="visually-hidden">"model B "</span>
                {probability(p_b)}
            </span>
            <span class="mirrored-bar__difference" title="log p of B minus log p of A, nats">
                <span class="visually-hidden">"difference of log-probabilities, nats "</span>
                {signed}
            </span>
        </li>
    }
}
