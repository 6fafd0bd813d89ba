//! One training of the family from its seed to its last model.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::family::{Course, Distillation, Lesson, Model, Stop};
use super::loss::Target;
use super::measure::{Distances, Watched};
use super::network::Network;
use super::teacher::Teacher;
use super::trainer::{Trainer, floats};
use crate::worlds::baseline::{Text, texts};
use crate::worlds::world::World;

/// Points of the curve of a plain model.
const N_POINTS: usize = 40;
/// Points of the curve of a student: where it stops, it stops at a point.
const N_STUDENT_POINTS: usize = 160;
/// Texts that a training looks at on its way.
const N_WATCHED: usize = 128;

/// A place on the way of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Updates made.
    pub step: usize,
    /// Mean loss of the updates since the point before.
    pub loss: f64,
    /// Mean KL(truth ‖ model) on the watched texts, weights rounded to 16 bits, nats per token.
    pub truth_kl: f64,
    /// Mean KL(teacher ‖ model) on them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub teacher_kl: Option<f64>,
}

/// Where a training computes, what it learns from, and who learns of its progress.
pub struct Classroom<'c> {
    /// The world.
    pub world: &'c dyn World,
    /// The teacher, where the course has one.
    pub teacher: Option<&'c Teacher>,
    /// The device, without autodiff.
    pub device: &'c Device,
    /// Called after every update, with the point where there is one.
    pub observe: &'c dyn Fn(usize, Option<&Point>),
}

/// Trains from the beginning until every wanted model of the course has left; hands each over, its weights rounded to
/// 16 bits, with the curve that led to it. Gives those that the training did not come near enough to leave.
///
/// # Errors
/// Those of `hand_over`.
pub fn attend<'m, E>(
    course: &Course,
    mut wanted: Vec<&'m Model>,
    classroom: &Classroom<'_>,
    mut hand_over: impl FnMut(&Model, &Network, &[Point]) -> Result<(), E>,
) -> Result<Vec<&'m Model>, E> {
    let Classroom { world, teacher, device, observe } = *classroom;
    let plan = &course.plan;
    let watched = Watched::new(world, N_WATCHED);
    let n_points = if teacher.is_some() { N_STUDENT_POINTS } else { N_POINTS };
    let every = plan.n_steps.div_ceil(n_points);
    let mut trainer = Trainer::new(&plan.shape, plan.seed, device);
    let mut stream = texts(world, plan.seed);
    let mut curve = Vec::new();
    let mut losses = Vec::with_capacity(every);
    for step in 1..=plan.n_steps {
        let texts: Vec<Text> = stream.by_ref().take(plan.n_texts).collect();
        let target = target(&texts, &course.lesson, teacher, device);
        let batch = Batch::new(&texts, trainer.device());
        let loss;
        (trainer, loss) = trainer.approach(&batch, &target, plan.rate(step - 1));
        losses.push(loss);
        if !step.is_multiple_of(every) && step != plan.n_steps {
            observe(step, None);
            continue;
        }
        let network = trainer.snapshot().rounded_to_f16();
        let distances = watched.distances(&network, teacher, device);
        curve.push(point(step, &losses, &distances));
        losses.clear();
        observe(step, curve.last());
        let (leaving, staying) =
            wanted.into_iter().partition(|model| leaves(model.stop, step, plan.n_steps, &distances));
        wanted = staying;
        leaving.into_iter().try_for_each(|model: &Model| hand_over(model, &network, &curve))?;
        if wanted.is_empty() {
            break;
        }
    }
    Ok(wanted)
}

fn target<'t>(texts: &'t [Text], lesson: &Lesson, teacher: Option<&Teacher>, device: &Device) -> Target<'t> {
    match (lesson, teacher) {
        (Lesson::Teacher { loss, .. }, Some(teacher)) => {
            let logits = floats(teacher.logits(&Batch::new(texts, device)));
            match loss {
                Distillation::Probabilities => Target::Probabilities(logits),
                Distillation::Logits => Target::Logits(logits),
            }
        }
        _ => Target::Truth(texts.iter().flat_map(|text| text.truth.iter().map(Vec::as_slice)).collect()),
    }
}

fn point(step: usize, losses: &[f64], distances: &Distances) -> Point {
    Point {
        step,
        loss: losses.iter().sum::<f64>() / losses.len() as f64,
        truth_kl: distances.truth.mean,
        teacher_kl: distances.teacher.map(|teacher| teacher.mean),
    }
}

fn leaves(stop: Stop, step: usize, n_steps: usize, distances: &Distances) -> bool {
    match stop {
        Stop::AtEnd => step == n_steps,
        Stop::BelowTeacherKl(kl) => distances.teacher.is_some_and(|teacher| teacher.mean < kl),
    }
}
