//! Checks the log lines of `#[smartasync(debug)]` for a call that became a job.
//!
//! This is a test target of its own, because the pool's threads log only to the
//! global subscriber.
#![deny(warnings)]

use std::{
    fmt::Write as _,
    pin::Pin,
    sync::{Mutex, mpsc},
    task::{Context, Waker},
};

use bridge::{BoxCall, Bridge, Offload, offload::Cancelled, smartasync};
use testkit::within;
use tracing::{Event, Metadata, Subscriber, field, span};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps each event as a line.
struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bridge"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl field::Visit for Line {
            fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{}={value:?} ", field.name()).unwrap();
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        LINES.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[smartasync(debug)]
fn run(name: &str, panics: bool) {
    assert!(!panics, "{name} panics on purpose");
}

/// Waits for a job and ignores how it ended.
fn finish(bridge: &Bridge, job: Offload<()>) {
    let _whatever_it_was = bridge.wait(job.outcome());
}

#[smartasync(debug)]
fn gated(start: mpsc::Sender<()>, gate: mpsc::Receiver<()>) {
    start.send(()).unwrap();
    assert!(gate.recv().is_err(), "the other side is dropped");
}

/// Drops a call whose function runs. The line comes at once, and no second line comes later.
fn dropped_while_it_runs(bridge: &Bridge) {
    let (start, started) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let mut call = gated(start, gate).on(bridge);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
    started.recv().unwrap();
    let lines = LINES.lock().unwrap().len();
    drop(call);
    assert_eq!(LINES.lock().unwrap().len(), lines + 1);
    drop(open);
    bridge.wait(bridge.offload(|| ()));
}

#[test]
fn a_job_logs_its_run() {
    tracing::subscriber::set_global_default(Lines).unwrap();
    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build()
            .unwrap();
        finish(&bridge, run("a", false).on(&bridge).offload());
        finish(&bridge, run("b", true).on(&bridge).offload());
        finish(&bridge, run("c", false).on(&bridge).try_offload().unwrap());
        let withdrawn = run("d", false).on(&bridge).offload();
        assert_eq!(withdrawn.cancel(), Cancelled::Withdrawn);
        drop(withdrawn);
        let (go, gate) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        let busy = bridge
            .offload(move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
            })
            .start();
        has_started.recv().unwrap();
        let queued = bridge.offload(|| ()).start();
        let refused = run("e", false).on(&bridge).try_offload().unwrap_err();
        refused.into_inner().wait();
        let refused = run("f", false).on(&bridge).try_offload().unwrap_err();
        BoxCall::new(refused.into_inner()).wait();
        // A call that was polled has its job, which goes on as the offload.
        let polled = |panics| {
            let mut call = run("g", panics).on(&bridge);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
            call
        };
        let jobs = [
            polled(false).offload(),
            polled(false).try_offload().unwrap(),
            polled(true).offload(),
        ];
        let ended = [polled(false), polled(true)];
        drop(polled(false));
        go.send(()).unwrap();
        bridge.wait(async { (busy.await, queued.await) });
        for job in jobs {
            finish(&bridge, job);
        }
        // The job of these calls has ended before the call becomes an offload.
        bridge.wait(bridge.offload(|| ()));
        for call in ended {
            finish(&bridge, call.offload());
        }
        dropped_while_it_runs(&bridge);
        // A job logs before its caller gets the result.
        let lines = LINES.lock().unwrap();
        let expected = [
            ("call finished", "route=Offload"),
            ("call panicked", "route=Offload"),
            ("call finished", "route=Offload"),
            ("call never ran", ""),
            ("call finished", "route=Direct"),
            ("call finished", "route=Direct"),
            ("call abandoned", "route=Offload"),
            ("call finished", "route=Offload"),
            ("call finished", "route=Offload"),
            ("call panicked", "route=Offload"),
            ("call finished", "route=Offload"),
            ("call panicked", "route=Offload"),
            ("call abandoned", "route=Offload"),
        ];
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (line, (message, route)) in lines.iter().zip(expected) {
            for part in [message, route, file!()] {
                assert!(line.contains(part), "{part} is not in {line}");
            }
            assert_eq!(line.contains("elapsed="), !route.is_empty(), "{line}");
        }
    });
}
