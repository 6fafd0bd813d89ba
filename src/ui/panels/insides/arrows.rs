//! The differences of a concept's pairs, where the property stands.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::t;

use super::Unfolded;
use crate::figures::of_report::arrows;
use crate::lab::Report;
use crate::text::{Locale, use_i18n};
use crate::ui::figure::Figure;
use crate::ui::panels::disclosure::Disclosure;

/// The picture, folded; nothing where a property has no arrows.
#[component]
pub fn PairArrows(
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
    let property = report.properties.get(index)?;
    let found = property.arrows.clone()?;
    let finding = arrows::finding(locale, report.equality.level, &found);
    let name = format!("arrows-{index}");
    let (testid, of_finding) = (format!("{name}-open"), format!("{name}-finding"));
    let is_open = unfolded.of(&name);
    Some(view! {
        <Disclosure testid=testid class="inside" is_open=is_open summary=move || t!(i18n, insides.arrows.open)>
            {
                let report = report.clone();
                let picture = move |()| arrows::picture(locale, report.properties.get(index));
                view! { <Figure name=name.clone() picture=picture /> }
            }
            <p class="inside__finding" data-testid=of_finding.clone()>
                {finding.clone()}
            </p>
        </Disclosure>
    })
}
