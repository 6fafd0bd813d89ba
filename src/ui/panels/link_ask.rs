//! A link that asks for models of the Hub: nothing is downloaded before the visitor agrees.

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use super::press::Press;
use crate::lab::ModelSource;
use crate::text::{Locale, use_i18n};
use crate::ui::curated;
use crate::ui::session::use_session;
use crate::ui::state::{ModelStatus, use_page};
use crate::ui::text::bytes;

/// The question, while it is open.
#[component]
pub fn LinkAsk() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let models = [page.a, page.b];
    let wanted = move || -> Vec<String> {
        models
            .iter()
            .filter(|model| *model.status.read() == ModelStatus::Asking)
            .filter_map(|model| match &*model.source.read() {
                ModelSource::Hub { repository, .. } => Some(repository.clone()),
                _ => None,
            })
            .collect()
    };
    move || {
        let wanted = wanted();
        (!wanted.is_empty()).then(|| {
            view! {
                <div class="ask" role="region" aria-label=move || t_string!(i18n, page.link.label)>
                    <p>{question(i18n.get_locale(), &wanted, page.mirror.read_value().base == crate::hub::HUB)}</p>
                    <Press testid="link-load" is_main=true on_press=move |()| session.agree()>
                        {t!(i18n, page.link.load)}
                    </Press>
                </div>
            }
        })
    }
}

/// What a link wants to download, with the size where it is known.
fn question(locale: Locale, wanted: &[String], is_hub: bool) -> String {
    let names = wanted.join(td_string!(locale, page.link.and));
    let sizes: Option<Vec<u64>> =
        wanted.iter().map(|repository| curated::download_bytes(repository)).collect();
    let size = sizes.map(|sizes| bytes(sizes.iter().sum()));
    match (size, is_hub) {
        (Some(size), true) => td_string!(locale, page.link.sized_hub, names, size),
        (Some(size), false) => td_string!(locale, page.link.sized_mirror, names, size),
        (None, true) => td_string!(locale, page.link.unsized_hub, names),
        (None, false) => td_string!(locale, page.link.unsized_mirror, names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_models_and_size() {
        let known =
            question(Locale::en, &["EleutherAI/pythia-14m".into(), "EleutherAI/pythia-31m".into()], true);
        assert!(
            known.starts_with("This link compares EleutherAI/pythia-14m and EleutherAI/pythia-31m: "),
            "{known}"
        );
        assert!(known.contains(" MB from the Hub"), "{known}");
        let unknown = question(Locale::en, &["somebody/something".into()], false);
        assert!(
            unknown.contains("somebody/something, which must be downloaded from the mirror"),
            "{unknown}"
        );
    }
}
