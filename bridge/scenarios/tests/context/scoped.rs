//! A subscriber that is set for one thread travels with its span.

use bridge::Lineage;
use testkit::within;
use tracing::{
    dispatcher::{set_default, with_default},
    info_span,
    instrument::{Instrument as _, WithSubscriber as _},
};

use super::*;

/// Otherwise a test that sets a subscriber of its own does not see what its jobs do.
#[test]
fn a_job_logs_to_the_subscriber_of_its_span() {
    within(|| {
        let bridge = bridge();
        let scoped = Telemetry::new();
        with_default(&scoped.subscriber, || {
            let _entered = info_span!("scoped").entered();
            let child = || info_span!("of the job").in_scope(path);
            assert_eq!(bridge.wait(bridge.offload(child)), "scoped/of the job");
            let task = async { info_span!("of the task").in_scope(path) };
            assert_eq!(
                bridge.wait(bridge.spawn(task)).unwrap(),
                "scoped/of the task"
            );
        });
        scoped.check_chain(&["scoped", "of the job"]);
        scoped.check_chain(&["scoped", "of the task"]);
        let after = bridge.wait(bridge.offload(|| {
            let _entered = info_span!("after the scoped one").entered();
            path()
        }));
        assert_eq!(after, "after the scoped one");
        TELEMETRY.check_chain(&["after the scoped one"]);
    });
}

/// A thread keeps its subscriber in one place. So two subscribers that it has one after the
/// other are at the same address.
#[test]
fn a_task_keeps_its_subscriber_although_its_thread_has_changed_its_own() {
    within(|| {
        let (spawners, later) = (Telemetry::new(), Telemetry::new());
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let seen = runtime.unwrap().block_on(async {
            let task = with_default(&spawners.subscriber, || {
                let span = info_span!("spawner");
                span.in_scope(|| bridge().spawn(async { info_span!("of the task").in_scope(path) }))
            });
            let _later = set_default(&later.subscriber);
            task.await.unwrap()
        });
        assert_eq!(seen, "spawner/of the task");
        spawners.check_chain(&["spawner", "of the task"]);
    });
}

/// The spawner had the subscriber of the process, and the thread sets its own later.
#[test]
fn a_task_in_a_span_of_the_process_keeps_it_on_a_thread_with_its_own() {
    within(|| {
        LazyLock::force(&TELEMETRY);
        let later = Telemetry::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let seen = runtime.unwrap().block_on(async {
            let span = info_span!("spawner in the process");
            let work = async { info_span!("of its task").in_scope(path) };
            let task = span.in_scope(|| bridge().spawn(work));
            drop(span);
            let _later = set_default(&later.subscriber);
            task.await.unwrap()
        });
        assert_eq!(seen, "spawner in the process/of its task");
        TELEMETRY.check_chain(&["spawner in the process", "of its task"]);
    });
}

/// The lender's subscriber is none of the lent job's business, nor the other way round.
#[test]
fn a_lent_job_logs_to_its_own() {
    within(|| {
        let (lenders, submitters) = (Telemetry::new(), Telemetry::new());
        let (of_lender, of_submitter) = (lenders.subscriber.clone(), submitters.subscriber.clone());
        let seen = lent(
            move |wait| {
                with_default(&of_lender, || {
                    info_span!("lender").in_scope(|| {
                        wait();
                        assert_eq!(path(), "lender");
                        info_span!("still the lender").in_scope(|| ());
                    });
                });
            },
            move |bridge, job| {
                with_default(&of_submitter, || {
                    let span = info_span!(parent: None, "submitter");
                    Box::pin(span.in_scope(|| bridge.offload(job).start()))
                })
            },
        );
        assert_eq!(seen, "submitter");
        lenders.check_chain(&["lender", "still the lender"]);
        submitters.check_chain(&["submitter"]);
    });
}

/// The registry takes no notice if a span is entered a second time. So the job would see an
/// inner span of the lender, which has changed its subscriber since.
#[test]
fn a_lent_job_sees_a_span_that_the_lender_has_entered_before_it_changed_its_subscriber() {
    within(|| {
        let (submitters, lenders) = (Telemetry::new(), Telemetry::new());
        let shared = with_default(&submitters.subscriber, || info_span!("shared"));
        let (entered, of_lender) = (shared.clone(), lenders.subscriber.clone());
        let before = submitters.subscriber.clone();
        let seen = lent(
            move |wait| {
                with_default(&before, || {
                    let _entered = entered.enter();
                    info_span!("inner").in_scope(|| with_default(&of_lender, wait));
                });
            },
            move |bridge, job| {
                // A task submits the job, on a thread that has entered no other span.
                let submission = bridge.offload(job).instrument(shared);
                let submission = submission.with_subscriber(submitters.subscriber.clone());
                let submission = Lineage::current().scope(submission);
                Box::pin(async { tokio::spawn(submission).await.unwrap() })
            },
        );
        assert_eq!(seen, "shared");
    });
}
