//! Two futures side by side, so that two workers compute at the same time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Both results, when both are there.
pub async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut from_a, mut from_b) = (None, None);
    poll_fn(|context| {
        if from_a.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(context)
        {
            from_a = Some(output);
        }
        if from_b.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(context)
        {
            from_b = Some(output);
        }
        match (from_a.take(), from_b.take()) {
            (Some(output_a), Some(output_b)) => Poll::Ready((output_a, output_b)),
            (waiting_a, waiting_b) => {
                (from_a, from_b) = (waiting_a, waiting_b);
                Poll::Pending
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn both_start_at_once_and_neither_is_polled_after_it_is_done() {
        let (polls_a, polls_b) = (Cell::new(0), Cell::new(0));
        let ready_at = |polls: &Cell<u32>, n: u32| {
            polls.set(polls.get() + 1);
            if polls.get() == n { Poll::Ready(n) } else { Poll::Pending }
        };
        let mut joined = pin!(both(poll_fn(|_| ready_at(&polls_a, 1)), poll_fn(|_| ready_at(&polls_b, 3))));
        let mut context = Context::from_waker(Waker::noop());
        assert!(joined.as_mut().poll(&mut context).is_pending());
        assert_eq!((polls_a.get(), polls_b.get()), (1, 1));
        assert!(joined.as_mut().poll(&mut context).is_pending());
        assert_eq!(joined.as_mut().poll(&mut context), Poll::Ready((1, 3)));
        assert_eq!((polls_a.get(), polls_b.get()), (1, 3));
    }
}
