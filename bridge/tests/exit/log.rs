//! A `tracing` subscriber that writes to stderr and needs a thread-local.

use std::{
    cell::RefCell,
    fmt::{Debug, Write},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

thread_local! {
    /// Most subscribers have such a thread-local. If a thread logged after the
    /// thread-local was destroyed, the subscriber would panic.
    static LINE: RefCell<String> = RefCell::default();
}

struct ToStderr {
    panics: bool,
}

/// Sends all log events to stderr from now on.
pub(crate) fn to_stderr() {
    set(ToStderr { panics: false });
}

/// Panics at each log event from now on.
pub(crate) fn panics() {
    set(ToStderr { panics: true });
}

fn set(subscriber: ToStderr) {
    tracing::subscriber::set_global_default(subscriber).expect("the first to be set");
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _never_fails = write!(self.0, "{field}={value:?} ");
    }
}

impl Subscriber for ToStderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("bridge")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        assert!(!self.panics, "a log event");
        LINE.with_borrow_mut(|line| {
            line.clear();
            event.record(&mut Fields(line));
            eprintln!("{line}");
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
