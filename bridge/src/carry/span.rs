//! The current `tracing` span: captures it, and runs other code in it and in no other span.
//!
//! A thread that runs a closure may have entered spans of its own. A closure may be lent to
//! a thread that waits inside a span, and a task may be polled inside one. The closure or
//! task must see the span of its submitter, and none of these.

use std::ptr;

use tracing::{Dispatch, Span, dispatcher, level_filters::LevelFilter};

/// A thread leaves at most this many spans. Without a limit the loop would never end under a
/// subscriber that shows a span as current after the thread has left it.
const MAX_LEFT: usize = 256;

/// The span of a submitter.
#[derive(Debug)]
pub(super) struct CapturedSpan {
    span: Span,
    /// The address of the span's subscriber, if that is the subscriber of the process.
    subscriber: Option<usize>,
}

/// Returns the current span of this thread, if there is one.
#[inline]
pub(super) fn current() -> Option<CapturedSpan> {
    let span = is_logging().then(Span::current).filter(is_some)?;
    let subscriber = process_subscriber();
    Some(CapturedSpan { span, subscriber })
}

/// Returns whether anything is logged in this process. Without a subscriber nothing is.
#[inline]
pub(super) fn is_logging() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

fn is_some(span: &Span) -> bool {
    !span.is_disabled()
}

/// Returns the address of the subscriber of the process. Returns `None` if any thread has a
/// subscriber of its own.
///
/// The address of such a subscriber says nothing: it is the same for each subscriber that
/// its thread sets. While there is one, an inner `get_default` finds no subscriber. So it
/// finds another address than the outer one.
fn process_subscriber() -> Option<usize> {
    dispatcher::get_default(|outer| {
        let outer = address(outer);
        let inner = dispatcher::get_default(address);
        (inner == outer).then_some(outer)
    })
}

fn address(subscriber: &Dispatch) -> usize {
    ptr::from_ref(subscriber).addr()
}

/// Runs `body` in the captured span, or in no span.
#[inline]
pub(super) fn within<R>(captured: Option<&CapturedSpan>, body: impl FnOnce() -> R) -> R {
    if captured.is_none() && !is_logging() {
        return body();
    }
    let _left = LeftSpans::leave_all();
    let Some(CapturedSpan { span, subscriber }) = captured else {
        return body();
    };
    let entered = span.enter();
    // Fast path: the span and this thread have the subscriber of the process. `is_current`
    // is slower, because it looks the span up among the spans of all threads.
    if *subscriber == Some(dispatcher::get_default(address)) || is_current(span) {
        return body();
    }
    drop(entered);
    under_its_subscriber(span, body)
}

/// Returns whether the subscriber of this thread takes `span` for the current one. The
/// thread has just entered `span`, and is in no other span.
fn is_current(span: &Span) -> bool {
    dispatcher::get_default(|subscriber| subscriber.current_span().id() == span.id().as_ref())
}

/// Runs `body` in `span` on a thread whose subscriber does not know that span.
#[cold]
fn under_its_subscriber<R>(span: &Span, body: impl FnOnce() -> R) -> R {
    let _subscriber = span.with_subscriber(|(_, subscriber)| dispatcher::set_default(subscriber));
    let _left = LeftSpans::leave_all();
    let _entered = span.enter();
    body()
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
        let mut left = Self(Vec::new());
        while left.0.len() < MAX_LEFT {
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

impl Drop for LeftSpans {
    fn drop(&mut self) {
        for span in self.0.iter().rev() {
            span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        }
    }
}
