//! What is known of a model of the family: how it was made, its way, its distances, and its weights' digest. No clock:
//! the same training gives the same bytes.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::course::Point;
use super::family::{Course, Lesson, Model, Stop};
use super::measure::{Distances, HeldOut};
use super::run::Plan;
use crate::models::hexadecimal;

/// Name of the record's file, which is written last of a model's.
pub const RECORD_FILE: &str = "training.json";

/// The contents of `training.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The model.
    pub name: String,
    /// The world that it speaks of.
    pub world: String,
    /// The command that trains it again.
    pub command: String,
    /// The network, its seed and its schedule.
    pub plan: Plan,
    /// What it learned.
    pub lesson: Lesson,
    /// When it left its training.
    pub stop: Stop,
    /// Updates made until then.
    pub n_steps_made: usize,
    /// The way there.
    pub curve: Vec<Point>,
    /// The held-out texts, the entropy floor and the baselines.
    pub held_out: HeldOut,
    /// The model's distances on the held-out texts.
    pub distances: Distances,
    /// SHA-256 of `model.safetensors`.
    pub weights_sha256: String,
}

impl Record {
    /// Whether a folder holds the model that this training would leave, whole.
    pub fn is_finished(
        folder: &Path,
        world: &str,
        course: &Course,
        model: &Model,
        held_out: &HeldOut,
    ) -> bool {
        Self::read(folder).is_some_and(|record| {
            // A world that was changed since shows in its entropy; another machine's logarithms do not.
            let floor = |held_out: &HeldOut| held_out.baselines.entropy_floor.mean;
            let is_same_world = (floor(&record.held_out) - floor(held_out)).abs() < 1e-9;
            (&record.name, record.world.as_str(), &record.plan, &record.lesson, record.stop)
                == (&model.name, world, &course.plan, &course.lesson, model.stop)
                && is_same_world
        })
    }

    /// The record of a folder; none where it cannot be read or the weights are not those it was written with.
    pub fn read(folder: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(folder.join(RECORD_FILE)).ok()?).ok()?;
        let weights = fs::read(folder.join("model.safetensors")).ok()?;
        (record.weights_sha256 == sha256(&weights)).then_some(record)
    }
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
