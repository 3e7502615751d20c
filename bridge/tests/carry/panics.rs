//! Panics of a job, of a carrier, and of a context's destructor.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use bridge::OffloadError;
use testkit::{panic_text, within};

use super::*;

/// Where a carrier panics.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Capture,
    Enter,
    Drop,
}

struct Panics(At);

struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "the context panics");
    }
}

impl Carrier for Panics {
    type Context = Bomb;

    fn capture(&self) -> Option<Bomb> {
        assert!(self.0 != At::Capture, "capture panics");
        Some(Bomb(self.0 == At::Drop))
    }

    fn enter<R>(&self, _: &Bomb, body: impl FnOnce() -> R) -> R {
        assert!(self.0 != At::Enter, "enter panics");
        body()
    }
}

fn panics(at: At) -> Bridge {
    one_thread().carry(Panics(at)).build().unwrap()
}

/// Returns the text of the panic in `f`.
fn text_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("it does not panic");
    };
    panic_text(&*payload).to_owned()
}

/// Returns the text of the panic of a job.
fn text_of_job<T>(outcome: Result<T, OffloadError>) -> String {
    match outcome {
        Err(OffloadError::Panicked(panic)) => panic_text(&*panic.into_payload()).to_owned(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it does not panic"),
    }
}

/// Otherwise a careless carrier leaves its word on the thread, and the next job sees it.
#[test]
fn a_thread_is_clean_after_a_job_that_panics() {
    within(|| {
        let bridge = carries_word();
        let job = with_word("first", || bridge.offload(|| panic_any(7)).start());
        let outcome: Result<(), _> = bridge.wait(job.outcome());
        let Err(OffloadError::Panicked(panic)) = outcome else {
            panic!("it panics");
        };
        assert_eq!(panic.into_payload().downcast_ref(), Some(&7));
        assert_eq!(bridge.wait(bridge.offload(|| WORD.get())), "");
        let task = with_word("second", || bridge.spawn(async { panic_any(8) }));
        let error = bridge.wait(task).unwrap_err();
        assert_eq!(error.into_panic().downcast_ref(), Some(&8));
        let task = bridge.handle().unwrap().spawn(async { WORD.get() });
        assert_eq!(bridge.wait(task).unwrap(), "");
    });
}

#[test]
fn a_capture_that_panics_is_the_submitters_panic() {
    within(|| {
        let bridge = panics(At::Capture);
        let ran = Arc::new(());
        let job = || {
            let ran = Arc::clone(&ran);
            move || drop(ran)
        };
        let texts = [
            text_of(|| bridge.wait(bridge.offload(job()))),
            text_of(|| bridge.wait(bridge.offload(job()).outcome())),
            text_of(|| bridge.offload(job()).start()),
            text_of(|| bridge.offload(job()).detach()),
            text_of(|| bridge.try_offload(job()).is_ok()),
            text_of(|| bridge.spawn(async {})),
        ];
        assert_eq!(texts, [const { "capture panics" }; 6]);
        let metrics = bridge.metrics();
        assert_eq!(
            (metrics.completed, metrics.cancelled, metrics.queued),
            (0, 0, 0)
        );
        assert_eq!(Arc::strong_count(&ran), 1, "every closure was dropped");
    });
}

/// A poll after such a panic submits the job once more.
#[test]
fn a_capture_that_panics_once_loses_no_job() {
    struct Once(AtomicUsize);
    impl Carrier for Once {
        type Context = ();

        fn capture(&self) -> Option<()> {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "the first time");
            Some(())
        }

        fn enter<R>(&self, (): &(), body: impl FnOnce() -> R) -> R {
            body()
        }
    }
    within(|| {
        let bridge = one_thread()
            .carry(Once(AtomicUsize::new(0)))
            .build()
            .unwrap();
        let mut offload = bridge.offload(|| 7);
        assert_eq!(text_of(|| bridge.wait(&mut offload)), "the first time");
        assert_eq!(bridge.wait(&mut offload), 7);
        assert_eq!(bridge.metrics().completed, 1);
    });
}

#[test]
fn an_enter_that_panics_is_the_panic_of_the_job() {
    within(|| {
        let bridge = panics(At::Enter);
        let outcome = bridge.wait(bridge.offload(|| ()).outcome());
        assert_eq!(text_of_job(outcome), "enter panics");
        let error = bridge.wait(bridge.spawn(async {})).unwrap_err();
        assert_eq!(panic_text(&*error.into_panic()), "enter panics");
        assert_eq!(bridge.metrics().threads, 1, "the thread goes on");
    });
}

#[test]
fn a_context_whose_drop_panics_is_the_panic_of_the_job() {
    within(|| {
        let bridge = panics(At::Drop);
        let outcome = bridge.wait(bridge.offload(|| ()).outcome());
        assert_eq!(text_of_job(outcome), "the context panics");
        let outcome = bridge.wait(bridge.offload(|| panic!("the job panics")).outcome());
        assert_eq!(
            text_of_job::<()>(outcome),
            "the job panics",
            "two would abort"
        );
        assert_eq!(bridge.metrics().threads, 1, "the thread goes on");
    });
}

/// Otherwise the worker may drop the context while it holds the pool's lock.
#[test]
fn detaching_a_job_that_has_ended_drops_its_context_and_catches_the_panic() {
    within(|| {
        let bridge = panics(At::Drop);
        let offload = bridge.offload(|| ()).start();
        while bridge.metrics().completed == 0 {
            thread::yield_now();
        }
        offload.detach();
        assert!(bridge.wait(bridge.offload(|| 7).outcome()).is_err());
        assert_eq!(bridge.metrics().threads, 1, "the thread goes on");
    });
}
