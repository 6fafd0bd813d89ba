//! A drawing with its words and its numbers.

use std::sync::Arc;

use super::scene::Scene;
use super::table::FigureData;

/// Width of a drawing in a file, in pixels.
const FILE_WIDTH: f64 = 720.0;

/// A drawing for any width.
pub type Draw = Arc<dyn Fn(f64) -> Scene + Send + Sync>;

/// A picture with its words and numbers.
#[derive(Clone)]
pub struct Picture {
    /// What is drawn, in a few words.
    pub title: String,
    /// What to see in it, in one sentence.
    pub description: String,
    /// The numbers that are drawn.
    pub table: FigureData,
    /// The drawing; its height is the same for every width, so that nothing below it moves.
    pub draw: Draw,
}

impl Picture {
    /// The drawing as a file.
    pub fn file(&self) -> (Scene, String) {
        let scene = (self.draw)(FILE_WIDTH);
        let svg = scene.as_file(&self.title, &self.description);
        (scene, svg)
    }

    /// The drawing within a saved page. `id` is unlike that of any other drawing in it.
    pub fn in_file(&self, id: &str) -> String {
        (self.draw)(FILE_WIDTH).in_file(id, &self.title, &self.description)
    }
}
