//! The carrier of a Tokio task-local.

use bridge::{Lineage, carry::TaskLocal, smartasync};
use testkit::within;

use super::*;

tokio::task_local! {
    static NAME: String;
    static NUMBER: u32;
}

fn carries_name() -> Builder {
    one_thread().carry(TaskLocal::of(&NAME))
}

fn name() -> Option<String> {
    NAME.try_get().ok()
}

#[smartasync]
fn smart_name() -> Option<String> {
    name()
}

#[test]
fn a_job_and_a_task_see_the_value_of_their_submitter() {
    within(|| {
        let bridge = carries_name()
            .carry(TaskLocal::of(&NUMBER))
            .build()
            .unwrap();
        let all = NAME.scope("ann".to_owned(), async {
            assert_eq!(smart_name().on(&bridge).await, Some("ann".to_owned()));
            assert_eq!(
                bridge.try_offload(name).unwrap().await,
                Some("ann".to_owned())
            );
            assert_eq!(
                bridge.spawn(async { name() }).await.unwrap(),
                Some("ann".to_owned())
            );
            let both = NUMBER
                .scope(7, bridge.offload(|| (name(), NUMBER.get())))
                .await;
            assert_eq!(both, (Some("ann".to_owned()), 7));
            bridge.offload(name).await
        });
        assert_eq!(bridge.wait(all), Some("ann".to_owned()));
        assert_eq!(bridge.wait(bridge.offload(name)), None);
        let is_unset = bridge.offload(|| NUMBER.try_get().is_err());
        assert!(bridge.wait(is_unset));
    });
}

#[test]
fn siblings_have_their_own_values() {
    within(|| {
        let bridge = carries_name().build().unwrap();
        let names = bridge.wait(async {
            let job = |text: &str| NAME.scope(text.to_owned(), bridge.offload(name));
            tokio::join!(job("ann"), job("bob"), bridge.offload(name))
        });
        assert_eq!(
            names,
            (Some("ann".to_owned()), Some("bob".to_owned()), None)
        );
    });
}

#[test]
fn a_lent_job_sees_its_own_value() {
    within(|| {
        let name = lent(
            carries_name(),
            |wait| NAME.sync_scope("lender".to_owned(), wait),
            |bridge, job| Box::pin(NAME.scope("submitter".to_owned(), bridge.offload(job))),
            name,
        );
        assert_eq!(name, Some("submitter".to_owned()));
    });
}

/// Otherwise a job without a value sees that of a stranger.
#[test]
fn a_lent_job_without_a_value_sees_none() {
    within(|| {
        let (tell, told) = std::sync::mpsc::channel();
        let name = lent(
            carries_name(),
            move |wait| {
                NAME.sync_scope("lender".to_owned(), || {
                    wait();
                    tell.send(name()).unwrap();
                });
            },
            |bridge, job| {
                // A task without a value submits the job.
                let submission = Lineage::current().scope(bridge.offload(job));
                Box::pin(async { tokio::spawn(submission).await.unwrap() })
            },
            name,
        );
        assert_eq!(name, None);
        assert_eq!(
            told.recv().unwrap(),
            Some("lender".to_owned()),
            "it has its value back"
        );
    });
}
