//! A link that asks for models of the Hub: nothing is downloaded before the visitor agrees.

use leptos::prelude::*;

use super::press::Press;
use crate::lab::ModelSource;
use crate::ui::curated;
use crate::ui::session::use_session;
use crate::ui::state::{ModelStatus, use_page};
use crate::ui::text::bytes;

/// The question, while it is open.
#[component]
pub fn LinkAsk() -> impl IntoView {
    let page = use_page();
    let session = use_session();
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
                <div class="ask" role="region" aria-label="Question of the link">
                    <p>{question(&wanted, page.mirror.read_value().base == crate::hub::HUB)}</p>
                    <Press testid="link-load" is_main=true on_press=move |()| session.agree()>
                        "Load"
                    </Press>
                </div>
            }
        })
    }
}

/// What a link wants to download, with the size where it is known.
fn question(wanted: &[String], is_hub: bool) -> String {
    let from = if is_hub { "the Hub" } else { "the mirror" };
    let names = wanted.join(" and ");
    let sizes: Option<Vec<u64>> =
        wanted.iter().map(|repository| curated::download_bytes(repository)).collect();
    match sizes {
        Some(sizes) => {
            format!(
                "This link compares {names}: {} from {from}, not in this browser yet.",
                bytes(sizes.iter().sum())
            )
        }
        None => format!(
            "This link compares {names}, which must be downloaded from {from}: their sizes are shown as soon as it answers, and you can cancel."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_models_and_size() {
        let known = question(&["EleutherAI/pythia-14m".into(), "EleutherAI/pythia-31m".into()], true);
        assert!(
            known.starts_with("This link compares EleutherAI/pythia-14m and EleutherAI/pythia-31m: "),
            "{known}"
        );
        assert!(known.contains(" MB from the Hub"), "{known}");
        let unknown = question(&["somebody/something".into()], false);
        assert!(
            unknown.contains("somebody/something, which must be downloaded from the mirror"),
            "{unknown}"
        );
    }
}
