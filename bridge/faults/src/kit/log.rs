//! A subscriber that keeps the warnings of the bridge, and writes them to stderr.

use std::{
    cell::RefCell,
    fmt::{Debug, Write as _},
    sync::Mutex,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    /// The usual subscribers keep a line for each thread. A log call on a thread
    /// whose locals are gone would panic here as it does there.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps each warning of the bridge, and writes it to stderr.
struct Keep;

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _never_fails = write!(self.0, "{field}={value:?} ");
    }
}

impl Subscriber for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("bridge")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            event.record(&mut Fields(line));
            eprintln!("{line}");
            WARNINGS.lock().expect("no panic").push(line.clone());
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Keeps the warnings that follow.
pub(crate) fn keep() {
    tracing::subscriber::set_global_default(Keep).expect("the first to be set");
}

/// Returns the warnings until now.
pub(crate) fn warnings() -> Vec<String> {
    WARNINGS.lock().expect("no panic").clone()
}
