//! A job that is lent to a job that waits runs on a thread that is in the waiting job's
//! spans. It must see its own submitter's span.

use bridge::Lineage;
use testkit::within;
use tracing::{Instrument as _, info_span};

use super::*;

/// Checks that the thread is in this span before and after a wait.
fn keeps(path_before: &str, wait: &mut dyn FnMut()) {
    assert_eq!(path(), path_before);
    wait();
    assert_eq!(path(), path_before, "the lender is back in its span");
}

#[test]
fn it_sees_the_span_in_which_it_was_submitted() {
    within(|| {
        let path = lent(
            |wait| info_span!("lender").in_scope(|| keeps("lender", wait)),
            |bridge, job| {
                let span = info_span!(parent: None, "submitter");
                Box::pin(span.in_scope(|| bridge.offload(job).start()))
            },
        );
        assert_eq!(path, "submitter");
    });
}

/// The registry takes no notice if a span is entered a second time. So it would take the
/// inner span for the current one.
#[test]
fn it_sees_a_span_that_the_lender_has_entered_too() {
    within(|| {
        LazyLock::force(&TELEMETRY);
        let shared = info_span!("shared");
        let submitters = shared.clone();
        let path = lent(
            move |wait| {
                let _shared = shared.enter();
                info_span!("inner").in_scope(|| keeps("shared/inner", wait));
                keeps("shared", &mut || ());
            },
            move |bridge, job| {
                // A task submits the job, on a thread that has entered no other span.
                let submission = bridge.offload(job).instrument(submitters);
                let submission = Lineage::current().scope(submission);
                Box::pin(async { tokio::spawn(submission).await.unwrap() })
            },
        );
        assert_eq!(path, "shared");
    });
}

#[test]
fn it_sees_no_span_if_its_submitter_had_none() {
    within(|| {
        let path = lent(
            |wait| {
                let outer = info_span!("outer");
                let _outer = outer.enter();
                let inner = info_span!("inner");
                let nested = inner.enter();
                let again = outer.enter();
                keeps("outer/inner", wait);
                drop(again);
                keeps("outer/inner", &mut || ());
                drop(nested);
                keeps("outer", &mut || ());
            },
            |bridge, job| {
                // A task without a span submits the job.
                let submission = Lineage::current().scope(bridge.offload(job));
                Box::pin(async { tokio::spawn(submission).await.unwrap() })
            },
        );
        assert_eq!(path, "");
    });
}

/// Each of these jobs but the first two is lent to the one above it.
#[test]
fn a_chain_of_lent_jobs_is_a_chain_of_spans() {
    fn descend(bridge: &Bridge, depth: usize) -> usize {
        if depth == 0 {
            return path().split('/').filter(|name| *name == "level").count();
        }
        let inner = bridge.clone();
        let span = info_span!("level");
        let _entered = span.enter();
        let job = bridge.offload(move || descend(&inner, depth - 1));
        let above = path();
        let found = bridge.wait(job);
        assert_eq!(path(), above);
        found
    }
    within(|| {
        let bridge = one_thread().max_blocked_threads(1).build().unwrap();
        assert_eq!(descend(&bridge, 20), 20);
        assert_eq!(bridge.metrics().peak_threads, 2);
    });
}
