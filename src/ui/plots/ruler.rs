//! A logarithmic ruler: where the largest difference lies against the noise floor.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::geometry::LogAxis;
use crate::text::Locale;
use crate::text::numbers::number;

/// From 10⁻⁸ to 10² nats: from the rounding of f32 to models that exclude each other's words.
const AXIS: LogAxis = LogAxis { low: -8, high: 2 };

/// Noise floor, ten times the noise floor, and the largest difference, on one scale.
#[component]
pub fn Ruler(
    /// The language of its words.
    locale: Locale,
    /// ε_num, nats.
    floor: f64,
    /// Largest |Δ log p|, nats.
    largest: f64,
) -> impl IntoView {
    let at = |value: f64| format!("{:.2}%", AXIS.percent(value));
    let spoken = td_string!(
        locale,
        page.ruler.spoken,
        floor = number(floor),
        ten = number(10.0 * floor),
        largest = number(largest)
    );
    view! {
        <div class="ruler" role="img" aria-label=spoken>
            <div class="ruler__line">
                <span class="ruler__noise" style:--at=at(floor)></span>
                <span class="ruler__unclear" style:--at=at(floor) style:--to=at(10.0 * floor)></span>
                <span class="ruler__mark" style:--at=at(largest)></span>
            </div>
            <div class="ruler__ticks">
                {AXIS
                    .ticks()
                    .filter(|exponent| exponent % 2 == 0)
                    .map(|exponent| {
                        view! {
                            <span style:--at=at(10f64.powi(exponent))>"10" <sup>{exponent.to_string().replace('-', "−")}</sup></span>
                        }
                    })
                    .collect_view()}
            </div>
            <p class="ruler__keys">
                <span class="ruler__key ruler__key--noise">{td_string!(locale, page.ruler.noise)}</span>
                <span class="ruler__key ruler__key--mark">{td_string!(locale, page.ruler.largest)}</span>
            </p>
        </div>
    }
}
