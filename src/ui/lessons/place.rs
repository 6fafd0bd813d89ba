//! Where a reader is, as an address says it: `?lesson=NAME&step=N`. Names are the same in every language.

use super::catalogue::{LESSONS, Lesson, Step};

/// A step of a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which lesson, in [`LESSONS`].
    pub lesson: usize,
    /// Which step, from 0.
    pub step: usize,
}

/// Where a reader may turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The next step.
    Next,
    /// The step before.
    Previous,
    /// The first step.
    First,
    /// The last step.
    Last,
}

impl Place {
    /// The beginning of a lesson.
    pub fn start_of(lesson: usize) -> Self {
        Self { lesson, step: 0 }
    }

    /// From the values in an address; none for a lesson that there is not. A step that there is not becomes the nearest.
    pub fn parse(lesson: &str, step: Option<&str>) -> Option<Self> {
        let lesson = LESSONS.iter().position(|own| own.name == lesson)?;
        let steps = LESSONS[lesson].steps.len();
        let step = step.and_then(|step| step.parse::<usize>().ok()).unwrap_or(1);
        Some(Self { lesson, step: step.clamp(1, steps) - 1 })
    }

    /// The lesson.
    pub fn lesson(self) -> &'static Lesson {
        &LESSONS[self.lesson.min(LESSONS.len() - 1)]
    }

    /// The step.
    pub fn step(self) -> &'static Step {
        let steps = self.lesson().steps;
        &steps[self.step.min(steps.len() - 1)]
    }

    /// Where a turn leads; the same place at either end.
    pub fn turned(self, turn: Turn) -> Self {
        let last = self.lesson().steps.len() - 1;
        let step = match turn {
            Turn::Next => (self.step + 1).min(last),
            Turn::Previous => self.step.saturating_sub(1),
            Turn::First => 0,
            Turn::Last => last,
        };
        Self { step, ..self }
    }
}

/// The query of an address, without `?`, with a place and presenter mode in it; every other parameter stays as it is.
pub fn query(search: &str, place: Option<Place>, is_presenting: bool) -> String {
    let name = |part: &str| part.split('=').next().unwrap_or_default().to_owned();
    let others = search
        .trim_start_matches('?')
        .split('&')
        .filter(|part| !part.is_empty() && !["lesson", "step", "present"].contains(&name(part).as_str()));
    let own = place.map(|place| format!("lesson={}&step={}", place.lesson().name, place.step + 1));
    let present = is_presenting.then(|| "present=1".to_owned());
    others.map(str::to_owned).chain(own).chain(present).collect::<Vec<_>>().join("&")
}

/// What a key means to somebody who reads a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// To another step.
    Turn(Turn),
    /// Into presenter mode or out of it.
    Present,
    /// Out of presenter mode.
    StopPresenting,
}

/// The command behind a key. Outside the presenter mode the keys that scroll a page do so, unless the lesson has the
/// keyboard.
pub fn command(key: &str, is_presenting: bool, has_keyboard: bool) -> Option<Command> {
    let turn = match key {
        "ArrowRight" | " " | "PageDown" => Turn::Next,
        "ArrowLeft" | "PageUp" => Turn::Previous,
        "Home" => Turn::First,
        "End" => Turn::Last,
        "p" | "P" => return Some(Command::Present),
        "Escape" => return is_presenting.then_some(Command::StopPresenting),
        _ => return None,
    };
    (is_presenting || has_keyboard).then_some(Command::Turn(turn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_its_step_and_back() {
        for (lesson, own) in LESSONS.iter().enumerate() {
            for step in 0..own.steps.len() {
                let place = Place { lesson, step };
                let query = query("?lang=ja&step=9&mirror=x&lesson=old", Some(place), true);
                assert!(query.starts_with("lang=ja&mirror=x&lesson="), "{query}");
                let value = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name));
                assert_eq!(Place::parse(value("lesson=").unwrap(), value("step=")), Some(place));
                assert_eq!(value("present="), Some("1"));
            }
        }
        assert_eq!(query("?lesson=dark&step=2&present=1", None, false), "");
        assert_eq!(query("", None, true), "present=1");
    }

    #[test]
    fn a_step_that_there_is_not_becomes_the_nearest() {
        let last = LESSONS[0].steps.len() - 1;
        let step = |text: Option<&str>| Place::parse("distribution", text).unwrap().step;
        assert_eq!([step(None), step(Some("0")), step(Some("two")), step(Some("2"))], [0, 0, 0, 1]);
        assert_eq!(step(Some("99")), last);
        assert_eq!(Place::parse("Distribution", None), None);
    }

    #[test]
    fn turns_stay_within_a_lesson() {
        let first = Place::start_of(1);
        let last = first.turned(Turn::Last);
        assert_eq!(first.turned(Turn::Previous), first);
        assert_eq!(last.turned(Turn::Next), last);
        assert_eq!(last.turned(Turn::First), first);
        assert_eq!(first.turned(Turn::Next).turned(Turn::Previous), first);
        assert_ne!(first, last);
    }

    #[test]
    fn keys_that_scroll_belong_to_the_page_until_a_lesson_takes_them() {
        for key in ["ArrowRight", "ArrowLeft", " ", "Home", "End"] {
            assert_eq!(command(key, false, false), None);
            assert!(matches!(command(key, true, false), Some(Command::Turn(_))));
            assert_eq!(command(key, true, false), command(key, false, true));
        }
        assert_eq!(command("p", false, false), Some(Command::Present));
        assert_eq!(command("Escape", false, true), None);
        assert_eq!(command("Escape", true, false), Some(Command::StopPresenting));
        assert_eq!(command("x", true, true), None);
    }
}
