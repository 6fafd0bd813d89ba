//! The trained family: which models of one world there are, and how each is made. Data, no more.
//!
//! Plain models learn the truth: `wugs-d32-s1` is Llama-shaped, of width 32 and seed 1; `wugs-d32-gpt2-s1` is
//! GPT-2-shaped. Students learn a teacher: `wugs-d32-kl-0.1` has width 32, learned the teacher's probabilities and was
//! stopped when its mean KL(teacher ‖ student) fell below 0.1 nats; `wugs-d32-logits-end` learned the teacher's logits
//! and went through its whole plan.

use serde::{Deserialize, Serialize};

use super::network::{Architecture, Shape};
use super::run::Plan;

/// Widths of the plain models.
pub const WIDTHS: [usize; 5] = [16, 24, 32, 48, 64];
/// Seeds of the plain models, for every width.
pub const SEEDS: [u64; 3] = [1, 2, 3];
/// Width that both architectures have.
pub const GPT2_WIDTH: usize = 32;
/// Width of the teacher, which is the plain model of the first seed.
pub const TEACHER_WIDTH: usize = 64;
/// Widths of the students.
pub const STUDENT_WIDTHS: [usize; 2] = [32, 48];
/// Seed of all students: other weights and texts than any plain model's.
const STUDENT_SEED: u64 = 11;

const N_STEPS: usize = 6000;
const N_TEXTS: usize = 32;
const LEARNING_RATE: f64 = 0.006;
/// Longest text; the worlds' sentences are shorter.
const CONTEXT_LENGTH: usize = 64;

/// One training, and the models that it leaves on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The network and its schedule.
    pub plan: Plan,
    /// What it learns.
    pub lesson: Lesson,
    /// The models that it leaves; the stops are on one path, so that a later one has been through the earlier ones.
    pub models: Vec<Model>,
}

/// One model of the family.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its folder's name.
    pub name: String,
    /// When it leaves the training.
    pub stop: Stop,
}

/// What a network learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lesson {
    /// The world's exact next-token distribution.
    Truth,
    /// Another model of the family, along texts of the world.
    Teacher {
        /// The teacher's name.
        name: String,
        /// What of it.
        loss: Distillation,
    },
}

/// What a student learns of its teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distillation {
    /// KL(teacher ‖ student) over the whole next-token distribution.
    Probabilities,
    /// Mean square of the difference of the logits from its mean over the vocabulary.
    Logits,
}

/// When a model leaves its training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// After the last update.
    AtEnd,
    /// When the mean KL(teacher ‖ student) on watched texts is first below this many nats per token.
    BelowTeacherKl(f64),
}

impl Course {
    /// The teacher's name, where there is one.
    pub fn teacher(&self) -> Option<&str> {
        match &self.lesson {
            Lesson::Truth => None,
            Lesson::Teacher { name, .. } => Some(name),
        }
    }

    /// Whether it leaves a model of this name.
    pub fn leaves(&self, name: &str) -> bool {
        self.models.iter().any(|model| model.name == name)
    }
}

/// The family of a world of `n_tokens`, the teacher first and what is wanted most before what is wanted last.
pub fn family(world: &str, n_tokens: usize) -> Vec<Course> {
    let shape = |architecture, width| Shape {
        architecture,
        n_tokens,
        width,
        // A gated layer has three matrices, the other two: so many weights in both.
        inner_width: if architecture == Architecture::Llama { 3 * width } else { 4 * width },
        n_layers: 2,
        n_heads: 4,
        context_length: CONTEXT_LENGTH,
    };
    let plan = |architecture, width, seed| Plan {
        shape: shape(architecture, width),
        n_steps: N_STEPS,
        n_texts: N_TEXTS,
        learning_rate: LEARNING_RATE,
        seed,
    };
    let llama = |width: usize, seed: u64| Course {
        plan: plan(Architecture::Llama, width, seed),
        lesson: Lesson::Truth,
        models: vec![Model { name: format!("{world}-d{width}-s{seed}"), stop: Stop::AtEnd }],
    };
    let gpt2 = |seed: u64| Course {
        plan: plan(Architecture::Gpt2, GPT2_WIDTH, seed),
        lesson: Lesson::Truth,
        models: vec![Model { name: format!("{world}-d{GPT2_WIDTH}-gpt2-s{seed}"), stop: Stop::AtEnd }],
    };
    let student = |width: usize, loss: Distillation| Course {
        plan: plan(Architecture::Llama, width, STUDENT_SEED),
        lesson: Lesson::Teacher { name: format!("{world}-d{TEACHER_WIDTH}-s{}", SEEDS[0]), loss },
        models: student_models(&format!("{world}-d{width}"), loss),
    };
    let of_seed = |seed: u64| WIDTHS.iter().rev().map(move |&width| llama(width, seed));
    let students = [Distillation::Probabilities, Distillation::Logits]
        .into_iter()
        .flat_map(|loss| STUDENT_WIDTHS.iter().map(move |&width| student(width, loss)));
    of_seed(SEEDS[0])
        .chain(students)
        .chain([gpt2(SEEDS[0])])
        .chain(SEEDS[1..].iter().flat_map(|&seed| of_seed(seed).chain([gpt2(seed)])))
        .collect()
}

fn student_models(prefix: &str, loss: Distillation) -> Vec<Model> {
    let (kind, thresholds) = match loss {
        Distillation::Probabilities => ("kl", [0.1, 0.03]),
        Distillation::Logits => ("logits", [0.3, 0.1]),
    };
    let below = |kl: f64| Model { name: format!("{prefix}-{kind}-{kl}"), stop: Stop::BelowTeacherKl(kl) };
    let end = Model { name: format!("{prefix}-{kind}-end"), stop: Stop::AtEnd };
    thresholds.into_iter().map(below).chain([end]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_has_every_width_seed_architecture_and_distance_under_a_name_of_its_own() {
        let family = family("wugs", 3000);
        let names: Vec<&str> =
            family.iter().flat_map(|course| &course.models).map(|m| m.name.as_str()).collect();
        assert_eq!(names.len(), 5 * 3 + 3 + 2 * 2 * 3);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in ["wugs-d16-s3", "wugs-d32-gpt2-s2", "wugs-d48-kl-0.1", "wugs-d32-logits-end"] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        assert!(
            names.iter().all(|name| name.chars().all(is_plain)),
            "a name is a folder and a part of an address"
        );
    }

    #[test]
    fn every_teacher_comes_before_its_students_and_the_first_is_the_teacher() {
        let family = family("wugs", 3000);
        assert_eq!(family[0].models[0].name, "wugs-d64-s1");
        for (at, course) in family.iter().enumerate() {
            if let Some(teacher) = course.teacher() {
                assert!(family[..at].iter().any(|earlier| earlier.leaves(teacher)));
            }
        }
    }

    #[test]
    fn widths_divide_into_even_heads_and_no_two_trainings_are_the_same() {
        let family = family("wugs", 3000);
        assert!(family.iter().all(|course| course.plan.shape.width % (2 * course.plan.shape.n_heads) == 0));
        for (at, course) in family.iter().enumerate() {
            assert!(
                family[..at].iter().all(|other| other.plan != course.plan || other.lesson != course.lesson)
            );
        }
    }
}
