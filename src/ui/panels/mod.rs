//! One panel, one file. Panels read the page's signals and compose drawings.

mod concept_picker;
mod coupled_map;
mod curated;
mod disclosure;
mod divergences;
mod engine_line;
mod explorer;
mod link_ask;
mod model_box;
mod model_status;
mod next_tokens;
mod press;
mod prompt_editor;
mod properties;
mod share;
mod storage;
mod verdict;
mod visibility;
mod workshop;

pub use concept_picker::ConceptPicker;
pub use coupled_map::CoupledMapPanel;
pub use curated::CuratedPanel;
pub use divergences::DivergencesPanel;
pub use engine_line::EngineLine;
pub use explorer::Explorer;
pub use link_ask::LinkAsk;
pub use model_box::ModelBox;
pub use next_tokens::NextTokensPanel;
pub use press::Press;
pub use prompt_editor::PromptEditor;
pub use properties::PropertiesPanel;
pub use share::ShareButton;
pub use storage::StoragePanel;
pub use verdict::VerdictPanel;
pub use visibility::VisibilityPanel;
pub use workshop::WorkshopPanel;
