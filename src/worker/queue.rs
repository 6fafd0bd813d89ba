//! Requests in the order in which they came, without those that a newer one has made pointless.

use std::collections::VecDeque;
use std::mem::discriminant;

use crate::protocol::Request;

/// Requests that wait for their turn.
#[derive(Debug, Default)]
pub struct Queue(VecDeque<Request>);

impl Queue {
    /// Adds a request; returns the id of the older one of its kind that it replaces.
    pub fn push(&mut self, request: Request) -> Option<u32> {
        let older =
            self.0.iter().position(|waiting| discriminant(&waiting.body) == discriminant(&request.body));
        let replaced = older.and_then(|place| self.0.remove(place)).map(|waiting| waiting.id);
        self.0.push_back(request);
        replaced
    }

    /// Takes a request back; whether it was still waiting.
    pub fn remove(&mut self, id: u32) -> bool {
        let n_before = self.0.len();
        self.0.retain(|waiting| waiting.id != id);
        self.0.len() < n_before
    }

    /// The next in turn.
    pub fn next(&mut self) -> Option<Request> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;
    use crate::protocol::{ModelFilesSource, Request, RequestBody};

    fn load(id: u32) -> Request {
        let source = ModelFilesSource::Folder { name: "m".into(), url: "/".into() };
        Request { id, body: RequestBody::Load { source } }
    }

    fn observe(id: u32) -> Request {
        Request { id, body: RequestBody::Observe { prompts: vec![], calibration: vec![] } }
    }

    fn ids(mut queue: Queue) -> Vec<u32> {
        std::iter::from_fn(|| queue.next()).map(|request| request.id).collect()
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
