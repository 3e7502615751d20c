//! The current span of a submitter, in two words.
//!
//! Every job has room for a captured context, so a large context would make every job
//! larger, whether it carries anything or not. A [`Span`] takes five words, because it
//! holds its subscriber. Nearly all spans have the subscriber of the process, which is kept
//! once for all of them here.

use std::{ptr, sync::OnceLock};

use tracing::{Dispatch, Id, Span, dispatcher};

/// The span of a submitter.
#[derive(Debug)]
pub(super) enum CapturedSpan {
    OfProcess(ProcessSpan),
    /// A span of another subscriber. It is in a box, because it is large and rare: threads
    /// with a subscriber of their own are mostly those of tests.
    OfOther(Box<Span>),
}

impl CapturedSpan {
    /// Returns the current span of this thread, if there is one.
    pub(super) fn current() -> Option<Self> {
        if let Ok(current) = ProcessSpan::current() {
            return current.map(Self::OfProcess);
        }
        let span = Span::current();
        (!span.is_disabled()).then(|| Self::OfOther(Box::new(span)))
    }

    /// Calls a function with the span's number and its subscriber.
    pub(super) fn with<R>(&self, call: impl FnOnce(&Id, &Dispatch) -> R) -> R {
        match self {
            Self::OfProcess(ProcessSpan(id)) => call(id, &process().dispatch),
            Self::OfOther(span) => span
                .with_subscriber(|(id, subscriber)| call(id, subscriber))
                .unwrap_or_else(|| unreachable!("a span that is disabled is not captured")),
        }
    }

    /// Returns whether it is sure that this thread has the subscriber of the span. No look at
    /// the subscriber is needed for that.
    pub(super) fn has_subscriber_here(&self) -> bool {
        match self {
            Self::OfProcess(_) => dispatcher::get_default(address) == process().address,
            Self::OfOther(_) => false,
        }
    }
}

/// A span of the process's subscriber. It counts as one reference to that span.
#[derive(Debug)]
pub(super) struct ProcessSpan(Id);

impl ProcessSpan {
    /// Returns the current span of this thread, if there is one.
    ///
    /// # Errors
    ///
    /// Returns [`OtherSubscriber`] if any thread has a subscriber of its own.
    ///
    /// While there is such a subscriber, an inner `get_default` finds none. So it finds
    /// another address than the outer one. The address of a thread's subscriber would say
    /// nothing: it is the same for each that the thread sets.
    fn current() -> Result<Option<Self>, OtherSubscriber> {
        dispatcher::get_default(|outer| {
            let address_of_outer = address(outer);
            if dispatcher::get_default(address) != address_of_outer {
                return Err(OtherSubscriber);
            }
            let current = outer.current_span();
            let Some(id) = current.id() else {
                return Ok(None);
            };
            PROCESS.get_or_init(|| Process {
                dispatch: outer.clone(),
                address: address_of_outer,
            });
            Ok(Some(Self(outer.clone_span(id))))
        })
    }
}

/// This thread, or another one, has a subscriber of its own.
struct OtherSubscriber;

impl Drop for ProcessSpan {
    fn drop(&mut self) {
        process().dispatch.try_close(self.0.clone());
    }
}

/// The subscriber of the process. It is set at most once, and never ends.
struct Process {
    dispatch: Dispatch,
    /// The address at which threads without a subscriber of their own find it.
    address: usize,
}

/// Set before the first [`ProcessSpan`] is made.
static PROCESS: OnceLock<Process> = OnceLock::new();

fn process() -> &'static Process {
    (PROCESS.get()).unwrap_or_else(|| unreachable!("it is set before a `ProcessSpan` is made"))
}

fn address(subscriber: &Dispatch) -> usize {
    ptr::from_ref(subscriber).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise every job of every pool is larger.
    #[test]
    fn it_takes_two_words_or_none() {
        assert!(size_of::<Option<CapturedSpan>>() <= 2 * size_of::<u64>());
    }
}
