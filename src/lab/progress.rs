//! How far a computation is, and whether it is still wanted.

use std::ops::ControlFlow;

use super::error::LabError;

/// Told the share done, from 0 to 1; answers whether to go on.
pub type Listener<'a> = dyn FnMut(f64) -> ControlFlow<()> + 'a;

/// The part of a computation that one of its steps fills.
pub(super) struct Progress<'a> {
    listener: &'a mut Listener<'a>,
    start: f64,
    end: f64,
}

impl<'a> Progress<'a> {
    pub fn new(listener: &'a mut Listener<'a>) -> Self {
        Self { listener, start: 0.0, end: 1.0 }
    }

    /// This share of the part is done.
    ///
    /// # Errors
    /// [`LabError::Cancelled`] where the computation is not wanted any more.
    pub fn reach(&mut self, share: f64) -> Result<(), LabError> {
        match (self.listener)(self.start + share * (self.end - self.start)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(LabError::Cancelled),
        }
    }

    /// What follows fills the part from `start` to `end` of this one.
    pub fn part(&mut self, start: f64, end: f64) -> Progress<'_> {
        let at = |share: f64| self.start + share * (self.end - self.start);
        let (start, end) = (at(start), at(end));
        Progress { listener: &mut *self.listener, start, end }
    }
}
