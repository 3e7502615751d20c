//! Spans that travel to jobs and tasks, seen by a real subscriber: the registry of
//! `tracing-subscriber` with OpenTelemetry's layer, whose SDK keeps finished spans in
//! memory.
//!
//! This is a test target of its own, because it needs a subscriber for all threads.
#![deny(warnings)]

mod joined;
mod lending;
mod opentelemetry;
mod scoped;
mod travels;

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{LazyLock, Mutex},
    thread,
};

use ::opentelemetry::trace::TracerProvider as _;
use bridge::{Bridge, Builder};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tokio::sync::oneshot;
use tracing::{Dispatch, Id, Span, Subscriber, dispatcher};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

/// The names of the spans that have closed. OpenTelemetry exports a span when it closes.
static CLOSED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Notes which spans have closed.
struct NotesClosed;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for NotesClosed {
    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        CLOSED.lock().unwrap().insert(span.name().to_owned());
    }
}

/// A subscriber, and the exporter to which it gives the finished spans.
struct Telemetry {
    subscriber: Dispatch,
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Telemetry {
    fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = Registry::default().with(NotesClosed).with(layer);
        Self {
            subscriber: Dispatch::new(subscriber),
            exporter,
            provider,
        }
    }

    /// Returns the finished span of this name. There must be one.
    fn finished(&self, name: &str) -> SpanData {
        let spans = self.exporter.get_finished_spans().unwrap();
        let mut named = spans.into_iter().filter(|span| span.name == name);
        let span = named.next();
        assert!(named.next().is_none(), "two spans are called {name}");
        span.unwrap_or_else(|| panic!("no finished span is called {name}"))
    }

    /// Checks that the finished spans of these names are parents and children in this
    /// order, in one trace, and that the first is a root.
    fn check_chain(&self, names: &[&str]) {
        let spans: Vec<_> = names.iter().map(|name| self.finished(name)).collect();
        assert_eq!(
            spans[0].parent_span_id,
            ::opentelemetry::SpanId::INVALID,
            "a root"
        );
        for pair in spans.windows(2) {
            let [parent, child] = pair else {
                unreachable!()
            };
            let (above, below) = (&parent.span_context, &child.span_context);
            assert_eq!(
                child.parent_span_id,
                above.span_id(),
                "{} is the child",
                child.name
            );
            assert_eq!(below.trace_id(), above.trace_id());
        }
    }
}

/// The subscriber of all threads.
static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
    let telemetry = Telemetry::new();
    dispatcher::set_global_default(telemetry.subscriber.clone()).unwrap();
    telemetry
});

/// Returns the names of the current span and its parents, outermost first.
fn path() -> String {
    let path = Span::current().with_subscriber(|(id, subscriber)| {
        let registry = subscriber.downcast_ref::<Registry>().unwrap();
        let span = registry.span(id).unwrap();
        let names: Vec<_> = span.scope().from_root().map(|span| span.name()).collect();
        names.join("/")
    });
    path.unwrap_or_default()
}

/// Returns the settings of a bridge with one thread in its pool, so that each job runs on
/// the thread of the one before.
fn one_thread() -> Builder {
    LazyLock::force(&TELEMETRY);
    Bridge::builder().worker_threads(1).max_threads(1)
}

fn bridge() -> Bridge {
    one_thread().build().unwrap()
}

/// Runs `jobs`, and returns the current span of the pool's thread after them.
fn left_by(jobs: impl FnOnce(&Bridge)) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    let bridge = one_thread().on_thread_stop(move || tell.send(path()).unwrap());
    let bridge = bridge.build().unwrap();
    jobs(&bridge);
    drop(bridge);
    told.recv().unwrap()
}

/// A job, which returns with its value whether it was lent.
type Job = Box<dyn FnOnce() -> (bool, String) + Send>;
type Submitted = Pin<Box<dyn Future<Output = (bool, String)> + Send>>;

/// Lends a job to an outer job that waits for it, and returns the path that the lent job
/// sees.
///
/// The outer job runs `around` around its wait, and `submit` inside that wait. The pool has
/// two threads and can start no third one. A third job parks one thread for the whole test.
fn lent(
    around: impl FnOnce(&mut dyn FnMut()) + Send + 'static,
    submit: impl FnOnce(&Bridge, Job) -> Submitted + Send + 'static,
) -> String {
    let bridge = one_thread().max_blocked_threads(1).build().unwrap();
    let (release, released) = oneshot::channel::<()>();
    let inner = bridge.clone();
    let parked = bridge.offload(move || inner.wait(released).is_err());
    let parked = parked.start();
    while bridge.metrics().blocked == 0 {
        thread::yield_now();
    }
    let inner = bridge.clone();
    let outer = bridge.offload(move || {
        let here = thread::current().id();
        let mut submit = Some(submit);
        let mut result = None;
        around(&mut || {
            let job: Job = Box::new(move || (thread::current().id() == here, path()));
            let submit = submit.take().unwrap();
            result = Some(inner.wait(async { submit(&inner, job).await }));
        });
        result.unwrap()
    });
    let (was_lent, path) = bridge.wait(outer);
    assert!(
        was_lent,
        "the job ran on the thread of the job that waits for it"
    );
    drop(release);
    assert!(bridge.wait(parked));
    path
}
