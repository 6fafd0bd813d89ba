//! One panel, one file. Panels read the page's signals and compose drawings.

mod concept_picker;
mod coupled_map;
mod divergences;
mod engine_line;
mod model_box;
mod next_tokens;
mod prompt_editor;
mod properties;
mod share;
mod verdict;
mod visibility;

pub use concept_picker::ConceptPicker;
pub use coupled_map::CoupledMapPanel;
pub use divergences::DivergencesPanel;
pub use engine_line::EngineLine;
pub use model_box::ModelBox;
pub use next_tokens::NextTokensPanel;
pub use prompt_editor::PromptEditor;
pub use properties::PropertiesPanel;
pub use share::ShareButton;
pub use verdict::VerdictPanel;
pub use visibility::VisibilityPanel;
