//! A poll looks at its job, clones the waker, and looks again. The clone is other code, in which
//! everything may happen.
#![cfg(not(any(bridge_loom, bridge_shuttle)))]

mod common;

use std::{
    pin::{Pin, pin},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
    time::Duration,
};

use bridge_offload::cancellation;
use common::{plug, pool, wait};
use testkit::within;

/// A waker that runs a hook when it is first cloned, and notes that it was woken.
struct OnClone {
    hook: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    is_woken: AtomicBool,
}

/// All of them, so that a leak checker finds none that is lost.
static ALL: Mutex<Vec<&OnClone>> = Mutex::new(Vec::new());

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let hook = of(data).hook.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        RawWaker::new(data, &VTABLE)
    },
    |data| of(data).is_woken.store(true, Ordering::SeqCst),
    |data| of(data).is_woken.store(true, Ordering::SeqCst),
    |_data| (),
);

fn of(data: *const ()) -> &'static OnClone {
    // SAFETY: the pointer comes from `polled`, which leaks what it points to.
    unsafe { &*data.cast::<OnClone>() }
}

/// Polls a future once, while `hook` runs in the clone of the waker. Returns the answer, and whether
/// the future has woken its task since.
fn polled<F: Future>(
    future: Pin<&mut F>,
    hook: impl FnOnce() + Send + 'static,
) -> (Poll<F::Output>, bool) {
    let state: &'static OnClone = Box::leak(Box::new(OnClone {
        hook: Mutex::new(Some(Box::new(hook))),
        is_woken: AtomicBool::new(false),
    }));
    ALL.lock().unwrap().push(state);
    // SAFETY: the functions of the table keep the contract of a waker. The state is never freed, so
    // clones may live for any time, and it is `Sync`.
    let waker = unsafe { Waker::new((&raw const *state).cast(), &VTABLE) };
    let poll = future.poll(&mut Context::from_waker(&waker));
    (poll, state.is_woken.load(Ordering::SeqCst))
}

/// Polls a future until it asks for no further poll, and then once more, with this hook.
fn told<F: Future>(future: F, hook: impl FnOnce() + Send + 'static) -> bool {
    let mut future = pin!(future);
    while let (poll, true) = polled(future.as_mut(), || ()) {
        assert!(poll.is_pending());
    }
    let (poll, is_woken) = polled(future, hook);
    poll.is_ready() || is_woken
}

/// Otherwise the task of such a caller sleeps for ever.
#[test]
fn a_poll_sees_what_comes_while_it_clones_its_waker() {
    within(|| {
        // A shutdown refuses the job, which waits for room.
        let closing = pool(1, 1);
        let (plugged, release) = plug(&closing);
        let queued = closing.run(|| ()).start();
        let refused = closing.run(|| ()).start();
        let own = closing.clone();
        let close = move || {
            let mut shutdown = pin!(own.shutdown(Duration::MAX));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(shutdown.as_mut().poll(&mut cx).is_pending());
        };
        assert!(told(refused.outcome(), close));
        drop(release);
        wait(plugged);
        wait(queued);

        // The job ends.
        let open = pool(1, 8);
        let (plugged, release) = plug(&open);
        let other = open.clone();
        let end = move || {
            drop(release);
            while other.metrics().completed == 0 {
                std::thread::yield_now();
            }
        };
        assert!(told(plugged.outcome(), end));
    });
}

/// Otherwise a task hangs whose waker drops, as it is cloned, another future of the same job.
#[test]
fn a_cancellation_clones_its_waker_outside_its_lock() {
    within(|| {
        let pool = pool(1, 8);
        wait(pool.run(|| {
            let other = cancellation();
            let mut future = pin!(cancellation());
            let (looked, _is_woken) = polled(future.as_mut(), move || drop(other));
            assert!(looked.is_pending());
        }));
    });
}
