//! The family's trainings, one thread per job: what is finished is skipped, what was interrupted starts again, and a
//! student waits for its teacher.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use burn::tensor::Device;
use thiserror::Error;

use super::card;
use super::course::{Classroom, Point, attend};
use super::family::{Course, Model};
use super::hub::{Content, Precision, WriteError, prompts_of, weights, write, write_model};
use super::measure::{HeldOut, distances};
use super::network::Network;
use super::record::{RECORD_FILE, Record, sha256};
use super::teacher::{Teacher, TeacherError};
use crate::worlds::world::World;

/// Why a family could not be trained.
#[derive(Debug, Error)]
pub enum FamilyError {
    /// A name that no model has.
    #[error("expected the name of a model of the family, found `{found}`; the names are {names}")]
    NoSuchModel {
        /// What was asked for.
        found: String,
        /// What there is.
        names: String,
    },
    /// A finished folder could not be put in its place.
    #[error("cannot put a finished model at {path}: {source}")]
    Place {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of a model.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The teacher.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
}

/// What all trainings share.
pub struct Workshop<'w> {
    /// The world's name.
    pub world_name: &'w str,
    /// The world.
    pub world: &'w dyn World,
    /// Folder with one folder per model.
    pub out: &'w Path,
    /// What every model is measured on.
    pub held_out: HeldOut,
    /// Called as the work goes on, from every thread.
    pub observe: &'w (dyn Fn(&Event<'_>) + Sync),
}

/// What happens.
#[derive(Debug)]
pub enum Event<'e> {
    /// A training begins.
    Begun(&'e Task<'e>),
    /// An update was made.
    Step {
        /// In which training.
        task: &'e Task<'e>,
        /// Updates made.
        step: usize,
        /// A place of its curve.
        point: Option<&'e Point>,
    },
    /// A model was written.
    Written(&'e Record),
    /// A training has ended.
    Ended {
        /// Which.
        task: &'e Task<'e>,
        /// The models that it did not come near enough to leave.
        not_reached: &'e [&'e Model],
    },
}

/// A training, and the models that are still wanted of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task<'c> {
    /// The training.
    pub course: &'c Course,
    /// The models.
    pub wanted: Vec<&'c Model>,
}

impl Workshop<'_> {
    /// What is to be done for the models of these names (all for none), in the courses' order: what is not finished,
    /// and the teachers that it needs.
    ///
    /// # Errors
    /// A name that no model has.
    pub fn tasks<'c>(&self, courses: &'c [Course], only: &[String]) -> Result<Vec<Task<'c>>, FamilyError> {
        if let Some(found) = only.iter().find(|name| !courses.iter().any(|course| course.leaves(name))) {
            let names: Vec<&str> =
                courses.iter().flat_map(|course| &course.models).map(|model| model.name.as_str()).collect();
            return Err(FamilyError::NoSuchModel { found: found.clone(), names: names.join(", ") });
        }
        let missing = |course: &'c Course, is_asked: &dyn Fn(&str) -> bool| {
            let is_missing = |model: &&Model| is_asked(&model.name) && !self.is_finished(course, model);
            Task { course, wanted: course.models.iter().filter(is_missing).collect() }
        };
        let is_asked = |name: &str| only.is_empty() || only.iter().any(|asked| asked == name);
        let asked: Vec<Task<'c>> = courses.iter().map(|course| missing(course, &is_asked)).collect();
        let teachers: Vec<&str> = asked
            .iter()
            .filter(|task| !task.wanted.is_empty())
            .filter_map(|task| task.course.teacher())
            .collect();
        let is_needed = |name: &str| is_asked(name) || teachers.contains(&name);
        let needed = courses.iter().map(|course| missing(course, &is_needed));
        Ok(needed.filter(|task| !task.wanted.is_empty()).collect())
    }

    fn is_finished(&self, course: &Course, model: &Model) -> bool {
        Record::is_finished(&self.out.join(&model.name), self.world_name, course, model, &self.held_out)
    }

    /// Does the tasks, `n_jobs` at once. Gives the names of the models that a training did not come near enough to
    /// leave.
    ///
    /// # Errors
    /// The first thing that went wrong, after the trainings that had begun.
    pub fn train(&self, tasks: Vec<Task<'_>>, n_jobs: NonZeroUsize) -> Result<Vec<String>, FamilyError> {
        let queue = Queue::new(tasks);
        let results: Vec<_> = thread::scope(|scope| {
            let jobs: Vec<_> = (0..n_jobs.get()).map(|_| scope.spawn(|| self.work_through(&queue))).collect();
            jobs.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut not_reached = Vec::new();
        for result in results {
            match result {
                Ok(names) => not_reached.extend(names?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(not_reached)
    }

    fn work_through(&self, queue: &Queue<'_>) -> Result<Vec<String>, FamilyError> {
        let mut not_reached = Vec::new();
        while let Some(turn) = queue.next() {
            not_reached.extend(self.do_task(&turn.task).inspect_err(|_| queue.give_up())?);
        }
        Ok(not_reached)
    }

    fn do_task(&self, task: &Task<'_>) -> Result<Vec<String>, FamilyError> {
        let device = Device::flex();
        let read = |name: &str| Teacher::read(&self.out.join(name), &device);
        let teacher = task.course.teacher().map(read).transpose()?;
        (self.observe)(&Event::Begun(task));
        let observe = |step, point: Option<&Point>| (self.observe)(&Event::Step { task, step, point });
        let classroom =
            Classroom { world: self.world, teacher: teacher.as_ref(), device: &device, observe: &observe };
        let not_reached = attend(task.course, task.wanted.clone(), &classroom, |model, network, curve| {
            self.write(task.course, model, network, curve, &classroom)
        })?;
        (self.observe)(&Event::Ended { task, not_reached: &not_reached });
        Ok(not_reached.into_iter().map(|model| model.name.clone()).collect())
    }

    /// Writes a model beside its place and moves it there: a folder with its name is whole.
    fn write(
        &self,
        course: &Course,
        model: &Model,
        network: &Network,
        curve: &[Point],
        classroom: &Classroom<'_>,
    ) -> Result<(), FamilyError> {
        let weights = weights(network, Precision::Half)?;
        let held_out = self.held_out.texts(self.world);
        let record = Record {
            name: model.name.clone(),
            world: self.world_name.to_owned(),
            command: format!(
                "cargo run --release --features train --bin train -- family --world {} --only {}",
                self.world_name, model.name
            ),
            plan: course.plan,
            lesson: course.lesson.clone(),
            stop: model.stop,
            n_steps_made: curve.last().map_or(0, |point| point.step),
            curve: curve.to_vec(),
            held_out: self.held_out,
            distances: distances(network, classroom.teacher, held_out, classroom.device),
            weights_sha256: sha256(&weights),
        };
        let partial = self.out.join(format!(".{}.partial", model.name));
        let folder = self.out.join(&model.name);
        remove(&partial)?;
        let content = Content {
            network,
            shape: &course.plan.shape,
            world: self.world,
            prompts: &prompts_of(self.world),
            card: &card::of_family(&record),
        };
        write_model(&partial, &content, &weights, Precision::Half, classroom.device)?;
        let json = serde_json::to_string_pretty(&record).map_err(WriteError::from)?;
        write(&partial.join(RECORD_FILE), format!("{json}\n").as_bytes())?;
        remove(&folder)?;
        fs::rename(&partial, &folder).map_err(|source| FamilyError::Place { path: folder, source })?;
        (self.observe)(&Event::Written(&record));
        Ok(())
    }
}

/// Removes a folder, if there is one.
fn remove(folder: &Path) -> Result<(), FamilyError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FamilyError::Place { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Tasks in their order, except that nobody begins before its teacher has ended.
struct Queue<'c> {
    state: Mutex<State<'c>>,
    changed: Condvar,
}

struct State<'c> {
    waiting: Vec<Task<'c>>,
    running: Vec<Task<'c>>,
}

/// A task that a thread does; ends with it, also where the thread panics.
struct Turn<'q, 'c> {
    queue: &'q Queue<'c>,
    task: Task<'c>,
}

impl<'c> Queue<'c> {
    fn new(waiting: Vec<Task<'c>>) -> Self {
        Self { state: Mutex::new(State { waiting, running: Vec::new() }), changed: Condvar::new() }
    }

    fn next(&self) -> Option<Turn<'_, 'c>> {
        let mut state = self.lock();
        while !state.waiting.is_empty() {
            if let Some(at) = (0..state.waiting.len()).find(|&at| state.may_begin(&state.waiting[at])) {
                let task = state.waiting.remove(at);
                state.running.push(task.clone());
                return Some(Turn { queue: self, task });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Nothing more begins.
    fn give_up(&self) {
        self.lock().waiting.clear();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<'c>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State<'_> {
    fn may_begin(&self, task: &Task<'_>) -> bool {
        let is_unfinished =
            |name: &str| self.waiting.iter().chain(&self.running).any(|t| t.course.leaves(name));
        !task.course.teacher().is_some_and(is_unfinished)
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        self.queue.lock().running.retain(|task| task != &self.task);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::engine::{ModelFiles, SelfTest, Session};
    use crate::training::family::{Distillation, Lesson, Stop};
    use crate::training::network::{Architecture, Shape};
    use crate::training::run::Plan;
    use crate::worlds::english::{Family, Table};
    use crate::worlds::grammar::Grammar;

    fn pets() -> Grammar {
        let tables =
            [Table { name: "pet", columns: "name sound", rows: "dog barks\ncat purrs\ncow moos\nowl hoots" }];
        let patterns = &["the {pet.name} here {pet.sound} .", "here {pet.sound} the {pet.name} !"];
        Grammar::new(&tables, &[Family { name: "all", weight: 1.0, patterns }]).unwrap()
    }

    fn courses(n_tokens: usize) -> Vec<Course> {
        let plan = |architecture, width, seed, n_steps| Plan {
            shape: Shape {
                architecture,
                n_tokens,
                width,
                inner_width: 16,
                n_layers: 1,
                n_heads: 2,
                context_length: 16,
            },
            n_steps,
            n_texts: 8,
            learning_rate: 0.01,
            seed,
        };
        let model = |name: &str, stop| Model { name: name.to_owned(), stop };
        let plain =
            |name, plan| Course { plan, lesson: Lesson::Truth, models: vec![model(name, Stop::AtEnd)] };
        let student = |name: &str, loss| Course {
            plan: plan(Architecture::Llama, 8, 7, 160),
            lesson: Lesson::Teacher { name: "teacher".to_owned(), loss },
            models: vec![
                model(&format!("{name}-far"), Stop::BelowTeacherKl(0.3)),
                model(&format!("{name}-end"), Stop::AtEnd),
            ],
        };
        vec![
            plain("teacher", plan(Architecture::Llama, 16, 1, 120)),
            student("kl", Distillation::Probabilities),
            student("logits", Distillation::Logits),
            plain("gpt2", plan(Architecture::Gpt2, 16, 2, 300)),
        ]
    }

    fn with_workshop<T>(
        out: &Path,
        observe: &(dyn Fn(&Event<'_>) + Sync),
        act: impl FnOnce(&Workshop<'_>, &[Course]) -> T,
    ) -> T {
        let world = pets();
        let held_out = HeldOut::new(&world, 60, 200);
        let workshop = Workshop { world_name: "pets", world: &world, out, held_out, observe };
        act(&workshop, &courses(world.vocabulary().len()))
    }

    fn train_all(out: &Path, n_jobs: usize, observe: &(dyn Fn(&Event<'_>) + Sync)) -> Vec<String> {
        with_workshop(out, observe, |workshop, courses| {
            let tasks = workshop.tasks(courses, &[]).unwrap();
            let begun = tasks.iter().flat_map(|task| &task.wanted).map(|model| model.name.clone()).collect();
            assert_eq!(workshop.train(tasks, NonZeroUsize::new(n_jobs).unwrap()).unwrap(), [""; 0]);
            begun
        })
    }

    fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut contents = BTreeMap::new();
        for model in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            for file in fs::read_dir(&model).unwrap().map(|entry| entry.unwrap().path()) {
                let name = file.strip_prefix(folder).unwrap().display().to_string();
                contents.insert(name, fs::read(&file).unwrap());
            }
        }
        contents
    }

    fn check_engine(folder: &Path) {
        let (mut small, mut weights) = (Vec::new(), Vec::new());
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if crate::models::WeightsFile::is_one(&name) {
                let file = crate::engine::DiskFile::open(&path).unwrap();
                weights.push(crate::models::WeightsFile::new(name, file));
            } else {
                small.push((name, fs::read(path).unwrap()));
            }
        }
        let files = ModelFiles::from_named("model".into(), small, weights).unwrap();
        let self_test = SelfTest::parse(files.self_test.as_ref().unwrap()).unwrap();
        let device = crate::engine::Device::cpu().unwrap();
        let session = pollster::block_on(Session::load(files, device)).unwrap();
        assert_eq!(
            Some(session.card().sha256.clone()),
            Record::read(folder).map(|record| record.weights_sha256)
        );
        let deviation = pollster::block_on(self_test.deviation(&session)).unwrap();
        // Half a unit of the fourth decimal, and the engine's rounding.
        assert!(deviation < 6e-5, "{}: {deviation}", folder.display());
    }

    #[test]
    fn a_family_is_the_same_whether_or_not_it_was_interrupted() {
        let (whole, interrupted) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(train_all(whole.path(), 1, &|_| ()).len(), 6);

        let die = |event: &Event<'_>| {
            if let Event::Step { task, step: 150, .. } = event {
                assert!(!task.course.leaves("kl-end"), "killed");
            }
        };
        let killed = catch_unwind(AssertUnwindSafe(|| train_all(interrupted.path(), 1, &die)));
        assert!(killed.is_err());
        let is_there = |name: &str| interrupted.path().join(name).exists();
        assert!(is_there("teacher") && is_there("kl-far") && !is_there("kl-end"));
        // Killed once more, while writing.
        let partial = interrupted.path().join(".kl-end.partial");
        fs::create_dir(&partial).unwrap();
        fs::write(partial.join("model.safetensors"), "half").unwrap();

        let again = train_all(interrupted.path(), 2, &|_| ());
        assert_eq!(again, ["kl-end", "logits-far", "logits-end", "gpt2"]);
        assert_eq!(contents(whole.path()), contents(interrupted.path()));
        assert_eq!(train_all(whole.path(), 1, &|_| ()), [""; 0], "nothing is left to do");

        let record = |name: &str| Record::read(&whole.path().join(name)).unwrap();
        for loss in ["kl", "logits"] {
            let (far, end) = (record(&format!("{loss}-far")), record(&format!("{loss}-end")));
            let kl = |record: &Record| record.distances.teacher.unwrap().mean;
            assert!(kl(&end) < 0.5 * kl(&far), "{loss}: {} {}", kl(&far), kl(&end));
            let at_stop = |record: &Record| record.curve.last().unwrap().teacher_kl.unwrap();
            assert!(
                at_stop(&far) < 0.3 && far.curve.iter().rev().skip(1).all(|p| p.teacher_kl.unwrap() >= 0.3)
            );
            assert!(end.curve.starts_with(&far.curve), "a later stop is on the same path");
            assert_eq!(end.n_steps_made, 160);
        }
        for name in ["teacher", "gpt2"] {
            let Record { distances, held_out, .. } = record(name);
            assert!(distances.truth.mean < 0.5 * held_out.baselines.bigram_kl.mean, "{name}: {distances:?}");
        }
        for name in ["teacher", "kl-far", "logits-end", "gpt2"] {
            check_engine(&whole.path().join(name));
        }
    }

    #[test]
    fn only_what_is_asked_for_is_trained_with_the_teacher_that_it_needs() {
        let out = tempfile::tempdir().unwrap();
        with_workshop(out.path(), &|_| (), |workshop, courses| {
            let names = |only: &[&str]| {
                let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
                let tasks = workshop.tasks(courses, &only).unwrap();
                tasks.iter().flat_map(|task| &task.wanted).map(|model| model.name.clone()).collect::<Vec<_>>()
            };
            assert_eq!(names(&["gpt2"]), ["gpt2"]);
            assert_eq!(names(&["logits-far"]), ["teacher", "logits-far"]);
            assert_eq!(names(&[]).len(), 6);
            let error = workshop.tasks(courses, &["tutor".to_owned()]).unwrap_err().to_string();
            assert!(
                error.starts_with("expected the name of a model of the family, found `tutor`"),
                "{error}"
            );
            assert!(error.contains("logits-end, gpt2"), "{error}");
        });
    }

    #[test]
    fn a_folder_that_was_touched_or_is_of_another_plan_is_not_finished() {
        let out = tempfile::tempdir().unwrap();
        let gpt2 = ["gpt2".to_owned()];
        with_workshop(out.path(), &|_| (), |workshop, courses| {
            let mut short = courses[3].clone();
            short.plan.n_steps = 2;
            let short = [short];
            let n_tasks = |courses: &[Course]| workshop.tasks(courses, &gpt2).unwrap().len();
            workshop.train(workshop.tasks(&short, &gpt2).unwrap(), NonZeroUsize::MIN).unwrap();
            assert_eq!((n_tasks(&short), n_tasks(courses)), (0, 1), "another number of updates");
            let weights = out.path().join("gpt2/model.safetensors");
            let mut bytes = fs::read(&weights).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&weights, &bytes).unwrap();
            assert_eq!(n_tasks(&short), 1, "other weights");
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&weights, &bytes).unwrap();
            assert_eq!(n_tasks(&short), 0);
            fs::remove_file(out.path().join("gpt2").join(RECORD_FILE)).unwrap();
            assert_eq!(n_tasks(&short), 1, "no record");
        });
    }

    #[test]
    fn a_distance_that_is_never_reached_is_named_and_nothing_is_written_for_it() {
        let out = tempfile::tempdir().unwrap();
        with_workshop(out.path(), &|_| (), |workshop, courses| {
            let mut courses = courses.to_vec();
            courses[0].plan.n_steps = 2;
            courses[1].plan.n_steps = 2;
            courses[1].models[0].stop = Stop::BelowTeacherKl(1e-12);
            let tasks = workshop.tasks(&courses[..2], &[]).unwrap();
            assert_eq!(workshop.train(tasks, NonZeroUsize::MIN).unwrap(), ["kl-far"]);
        });
        assert!(out.path().join("kl-end").exists() && !out.path().join("kl-far").exists());
    }

    #[test]
    fn a_student_without_its_teacher_says_so() {
        let out = tempfile::tempdir().unwrap();
        with_workshop(out.path(), &|_| (), |workshop, courses| {
            let course = &courses[1];
            let task = Task { course, wanted: course.models.iter().collect() };
            let error = workshop.train(vec![task], NonZeroUsize::MIN).unwrap_err().to_string();
            assert!(
                error.starts_with("expected the teacher's file") && error.contains("train the teacher first"),
                "{error}"
            );
        });
    }
}
