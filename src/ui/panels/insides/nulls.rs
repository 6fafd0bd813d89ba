//! A property's scores over what chance gives, where the property stands.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::t;

use super::Unfolded;
use crate::figures::of_report::nulls;
use crate::lab::Report;
use crate::text::{Locale, use_i18n};
use crate::ui::figure::Figure;
use crate::ui::panels::disclosure::Disclosure;

/// The picture, folded; nothing where a property has no scores.
#[component]
pub fn NullDraws(
    /// Language.
    locale: Locale,
    /// All that is known.
    report: Arc<Report>,
    /// Which of its properties.
    index: usize,
    /// What stays unfolded.
    unfolded: Unfolded,
) -> impl IntoView {
    let i18n = use_i18n();
    let sentences = report.properties.get(index).map(|property| nulls::in_words(locale, property))?;
    if sentences.is_empty() {
        return None;
    }
    let name = format!("nulls-{index}");
    let (testid, of_words) = (format!("{name}-open"), format!("{name}-words"));
    let is_open = unfolded.of(&name);
    Some(view! {
        <Disclosure testid=testid class="inside" is_open=is_open summary=move || t!(i18n, insides.nulls.open)>
            {
                let report = report.clone();
                let picture = move |()| nulls::picture(locale, report.properties.get(index));
                view! { <Figure name=name.clone() picture=picture /> }
            }
            <ul class="inside__finding" data-testid=of_words.clone()>
                {sentences.iter().map(|sentence| view! { <li>{sentence.clone()}</li> }).collect_view()}
            </ul>
        </Disclosure>
    })
}
