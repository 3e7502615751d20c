//! Runs code in the `tracing` span that its submitter was in, and in no other span.
//!
//! A thread that runs a closure may have entered spans of its own. A closure may be lent to
//! a thread that waits inside a span, and a task may be polled inside one. The closure or
//! task must see the span of its submitter, and none of these.

use tracing::{Dispatch, Span, dispatcher, level_filters::LevelFilter};

use super::captured_span::CapturedSpan;

/// A thread leaves at most this many spans. Without a limit the loop would never end under a
/// subscriber that shows a span as current after the thread has left it.
const MAX_LEFT: usize = 256;

/// Returns whether anything is logged in this process. Without a subscriber nothing is.
#[inline]
pub(super) fn is_logging() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// Runs `body` in the captured span, or in no span.
#[inline]
pub(super) fn within<R>(captured: Option<&CapturedSpan>, body: impl FnOnce() -> R) -> R {
    if captured.is_none() && !is_logging() {
        return body();
    }
    let _left = LeftSpans::leave_all();
    let Some(span) = captured else {
        return body();
    };
    let entered = Entered::enter(span);
    // Fast path: the span and this thread have the subscriber of the process. `is_current`
    // is slower, because it looks the span up among the spans of all threads.
    if span.has_subscriber_here() || is_current(span) {
        return body();
    }
    drop(entered);
    under_its_subscriber(span, body)
}

/// Returns whether the subscriber of this thread takes `span` for the current one. The
/// thread has just entered `span`, and is in no other span.
fn is_current(span: &CapturedSpan) -> bool {
    let current = dispatcher::get_default(Dispatch::current_span);
    span.with(|id, _subscriber| current.id() == Some(id))
}

/// Runs `body` in `span` on a thread whose subscriber does not know that span.
#[cold]
fn under_its_subscriber<R>(span: &CapturedSpan, body: impl FnOnce() -> R) -> R {
    let _subscriber = span.with(|_id, subscriber| dispatcher::set_default(subscriber));
    let _left = LeftSpans::leave_all();
    let _entered = Entered::enter(span);
    body()
}

/// A span that this thread has entered. The drop leaves it.
struct Entered<'a>(&'a CapturedSpan);

impl<'a> Entered<'a> {
    fn enter(span: &'a CapturedSpan) -> Self {
        span.with(|id, subscriber| subscriber.enter(id));
        Self(span)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.with(|id, subscriber| subscriber.exit(id));
    }
}

/// The spans that this thread has left, innermost first. The drop enters them again.
///
/// A thread leaves its spans even if it enters another span next. The registry of
/// `tracing-subscriber` ignores a thread that enters the same span a second time. So
/// without this, an inner span of the thread would stay the current one.
struct LeftSpans(Vec<Span>);

impl LeftSpans {
    /// Leaves every span that this thread has entered.
    fn leave_all() -> Self {
        Self::leave(Span::current)
    }

    /// Leaves one span after the other, until there is no `current` one.
    fn leave(current: impl Fn() -> Span) -> Self {
        let mut left = Self(Vec::new());
        while left.0.len() < MAX_LEFT {
            let span = current();
            if span.is_disabled() {
                break;
            }
            span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
            left.0.push(span);
        }
        left
    }
}

impl Drop for LeftSpans {
    fn drop(&mut self) {
        for span in self.0.iter().rev() {
            span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tracing::{Event, Id, Metadata, Subscriber, info_span, span};

    use super::*;

    struct Enabled;

    impl Subscriber for Enabled {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    /// Otherwise a job never runs under a subscriber whose spans stay current.
    #[test]
    fn a_span_that_stays_current_is_left_a_limited_number_of_times() {
        let span = dispatcher::with_default(&Dispatch::new(Enabled), || info_span!("span"));
        let looks = Cell::new(0);
        let left = LeftSpans::leave(|| {
            looks.set(looks.get() + 1);
            assert!(looks.get() <= MAX_LEFT, "it never ends");
            span.clone()
        });
        assert_eq!(left.0.len(), MAX_LEFT);
    }
}
