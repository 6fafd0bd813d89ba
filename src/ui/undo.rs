//! What the visitor can take back: the last thing that was removed or replaced.

use leptos_i18n::td_string;

use super::state::{Prompt, Slot, slot_name};
use crate::lab::{Experiment, ModelSource};
use crate::text::Locale;

/// What is gone, with all that brings it back.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// A prompt was removed.
    Prompt {
        /// Where it stood.
        index: usize,
        /// The prompt.
        prompt: Prompt,
    },
    /// Models that no list offers were replaced by others.
    Models(Vec<(Slot, ModelSource)>),
    /// A link, a file or a lesson replaced everything that was compared.
    Comparison(Box<Experiment>),
    /// Everything that was compared was brought back, and can be left again.
    Back(Box<Experiment>),
}

impl Undo {
    /// What is gone, in one sentence.
    pub fn words(&self, locale: Locale) -> String {
        match self {
            Undo::Prompt { prompt, .. } if prompt.is_blank() => {
                td_string!(locale, page.undo.blank_prompt).to_owned()
            }
            Undo::Prompt { prompt, .. } => {
                td_string!(locale, page.undo.prompt, text = prompt.text.trim().to_owned())
            }
            Undo::Models(models) => {
                let names: Vec<String> = models
                    .iter()
                    .map(|(slot, source)| {
                        let (model, name) = (slot_name(locale, *slot), source_name(source));
                        td_string!(locale, page.undo.model, model, name)
                    })
                    .collect();
                let names = names.join(td_string!(locale, models.separator));
                td_string!(locale, page.undo.models, names)
            }
            Undo::Comparison(_) => td_string!(locale, page.undo.comparison).to_owned(),
            Undo::Back(_) => td_string!(locale, page.undo.back).to_owned(),
        }
    }
}

/// Whether a model takes more than a choice from a list to have again: a download, files, a link, a workshop.
pub fn is_lost_when_replaced(source: &ModelSource) -> bool {
    match source {
        ModelSource::Bundled { .. } => false,
        ModelSource::Twin { recipe } => !recipe.is_plain(),
        ModelSource::Hub { .. } | ModelSource::Local { .. } => true,
    }
}

fn source_name(source: &ModelSource) -> String {
    match source {
        ModelSource::Bundled { name } | ModelSource::Local { name, .. } => name.clone(),
        ModelSource::Hub { repository, .. } => repository.clone(),
        ModelSource::Twin { recipe } => recipe.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(name: &str) -> ModelSource {
        ModelSource::Local { name: name.into(), sha256: String::new() }
    }

    #[test]
    fn what_is_gone_is_named_in_both_languages() {
        let prompt = |text: &str| Undo::Prompt { index: 0, prompt: Prompt { id: 3, text: text.into() } };
        let hub = ModelSource::Hub { repository: "org/one".into(), commit: None, sha256: String::new() };
        let pair = Undo::Models(vec![(Slot::A, hub), (Slot::B, files("mine"))]);
        for (undo, names) in [(prompt("emma is"), vec!["emma is"]), (pair, vec!["org/one", "mine"])] {
            for locale in [Locale::en, Locale::ja] {
                let sentence = undo.words(locale);
                assert!(names.iter().all(|name| sentence.contains(name)), "{sentence}");
            }
        }
        assert_eq!(prompt(" ").words(Locale::en), "An empty prompt was removed.");
    }

    #[test]
    fn only_what_no_list_offers_is_lost() {
        assert!(is_lost_when_replaced(&files("mine")));
        assert!(!is_lost_when_replaced(&ModelSource::Bundled { name: "world-d32".into() }));
        for (recipe, is_lost) in
            [("reduced", false), ("dark-both=4", true), ("reduced+change-of-basis", true)]
        {
            let twin = ModelSource::Twin { recipe: recipe.parse().unwrap() };
            assert_eq!(is_lost_when_replaced(&twin), is_lost, "{recipe}");
        }
    }
}
