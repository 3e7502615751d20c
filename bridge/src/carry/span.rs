//! The current `tracing` span, and how other code runs in it and in no other.
//!
//! A thread that runs a closure may have entered spans of its own: if the closure was lent
//! to a closure that waits, or if a task is polled inside `span.enter()`. The closure must
//! see its submitter's span and not these.

use std::ptr;

use tracing::{Span, dispatcher, level_filters::LevelFilter};

/// At most this many spans of a thread are left. A subscriber that shows a span as current
/// although it was left would otherwise never come to an end.
const MOST: usize = 256;

/// A span, and where its thread kept its subscriber.
#[derive(Debug)]
pub(super) struct Live {
    span: Span,
    place: usize,
}

/// Returns the current span of this thread, if there is one.
#[inline]
pub(super) fn current() -> Option<Live> {
    let span = is_logging().then(Span::current).filter(is_some)?;
    let place = place();
    Some(Live { span, place })
}

/// Returns the address at which this thread keeps its subscriber.
///
/// As long as no thread of the process has a subscriber of its own, this is one static for
/// all threads.
fn place() -> usize {
    dispatcher::get_default(|subscriber| ptr::from_ref(subscriber).addr())
}

/// Returns whether anything is logged in this process. Without a subscriber nothing is.
#[inline]
pub(super) fn is_logging() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

fn is_some(span: &Span) -> bool {
    !span.is_disabled()
}

/// Runs `body` with `live` as the current span, or with none.
#[inline]
pub(super) fn within<R>(live: Option<&Live>, body: impl FnOnce() -> R) -> R {
    if live.is_none() && !is_logging() {
        return body();
    }
    let left = Left::all();
    let Some(Live { span, place }) = live else {
        return body();
    };
    let entered = span.enter();
    // The first check spares the second one, which looks the span up among those of all
    // threads. It says that both threads have the subscriber of the process.
    if (left.0.is_empty() && *place == self::place()) || is_current(span) {
        return body();
    }
    drop(entered);
    under_its_subscriber(span, body)
}

/// Returns whether the subscriber of this thread takes `span` for the current one. The
/// thread has just entered it, and no other.
fn is_current(span: &Span) -> bool {
    dispatcher::get_default(|subscriber| subscriber.current_span().id() == span.id().as_ref())
}

/// Runs `body` in `span` on a thread whose subscriber does not know that span.
#[cold]
fn under_its_subscriber<R>(span: &Span, body: impl FnOnce() -> R) -> R {
    let _subscriber = span.with_subscriber(|(_, subscriber)| dispatcher::set_default(subscriber));
    let _left = Left::all();
    let _entered = span.enter();
    body()
}

/// The spans that this thread has left, outermost last. It enters them again when this is
/// dropped.
///
/// Spans are left even if the body has one of its own. The registry of `tracing-subscriber`
/// takes no notice if a thread enters a span for the second time. So a span that was entered
/// in between would stay the current one.
struct Left(Vec<Span>);

impl Left {
    /// Leaves every span that this thread has entered.
    fn all() -> Self {
        let mut left = Self(Vec::new());
        while left.0.len() < MOST {
            let span = Span::current();
            if span.is_disabled() {
                break;
            }
            span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
            left.0.push(span);
        }
        left
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        for span in self.0.iter().rev() {
            span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        }
    }
}
