//! Requests in the order in which they came, without those that a newer one has made pointless.

use std::collections::VecDeque;
use std::mem::discriminant;

use crate::browser::attachment::Attachment;
use crate::protocol::Request;

/// A request and what is attached to it.
#[derive(Debug)]
pub struct Received {
    /// The request.
    pub request: Request,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// Requests that wait for their turn.
#[derive(Debug, Default)]
pub struct Queue(VecDeque<Received>);

impl Queue {
    /// Adds a request; returns the id of the older one of its kind that it replaces.
    pub fn push(&mut self, received: Received) -> Option<u32> {
        let kind = |received: &Received| discriminant(&received.request.body);
        let older = self.0.iter().position(|waiting| kind(waiting) == kind(&received));
        let replaced = older.and_then(|place| self.0.remove(place)).map(|waiting| waiting.request.id);
        self.0.push_back(received);
        replaced
    }

    /// Takes a request back; whether it was still waiting.
    pub fn remove(&mut self, id: u32) -> bool {
        let n_before = self.0.len();
        self.0.retain(|waiting| waiting.request.id != id);
        self.0.len() < n_before
    }

    /// The next in turn.
    pub fn next(&mut self) -> Option<Received> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::{Queue, Received};
    use crate::protocol::{ModelFilesSource, Request, RequestBody};

    fn received(id: u32, body: RequestBody) -> Received {
        Received { request: Request { id, body }, attachments: vec![] }
    }

    fn load(id: u32) -> Received {
        let source = ModelFilesSource::Folder { name: "m".into(), url: "/".into() };
        received(id, RequestBody::Load { source })
    }

    fn observe(id: u32) -> Received {
        received(id, RequestBody::Observe { prompts: vec![], concept_contexts: vec![], calibration: vec![] })
    }

    fn ids(mut queue: Queue) -> Vec<u32> {
        std::iter::from_fn(|| queue.next()).map(|received| received.request.id).collect()
    }

    #[test]
    fn the_newest_of_a_kind_replaces_older_ones_and_kinds_keep_their_order() {
        let mut queue = Queue::default();
        assert_eq!(queue.push(observe(1)), None);
        assert_eq!(queue.push(load(2)), None);
        assert_eq!(queue.push(observe(3)), Some(1));
        assert_eq!(ids(queue), [2, 3]);
    }

    #[test]
    fn what_is_given_up_has_no_turn() {
        let mut queue = Queue::default();
        queue.push(load(1));
        queue.push(observe(2));
        assert!(queue.remove(1));
        assert!(!queue.remove(1));
        assert_eq!(ids(queue), [2]);
    }
}
