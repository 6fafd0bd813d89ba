//! What this browser keeps of models from the Hub, as the page last saw it.

use crate::browser::model_cache::{KeptModel, Room};
use crate::hub::NotKept;

/// The models, and how much room there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shelf {
    /// The models, the newest first; none before the first look.
    pub models: Option<Vec<KeptModel>>,
    /// Why nothing can be kept here.
    pub absent: Option<NotKept>,
    /// Room in this browser for this page, where it says so.
    pub room: Option<Room>,
}

impl Shelf {
    /// A commit of a repository, if it is kept.
    pub fn find(&self, repository: &str, commit: &str) -> Option<&KeptModel> {
        self.models.iter().flatten().find(|model| model.repository == repository && model.commit == commit)
    }

    /// Whether any commit of a repository is kept.
    pub fn keeps_some(&self, repository: &str) -> bool {
        self.models.iter().flatten().any(|model| model.repository == repository)
    }

    /// Bytes of all models.
    pub fn n_bytes(&self) -> u64 {
        self.models.iter().flatten().map(|model| model.n_bytes).sum()
    }
}
