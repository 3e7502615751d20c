//! The children that call `exit`, each in another place.

use std::{
    mem,
    panic::resume_unwind,
    pin::pin,
    process::exit,
    sync::{Arc, mpsc},
    task::{Context, Wake, Waker},
    thread,
    time::Duration,
};

use bridge::{Bridge, Lineage, Wait, WaitError, offload};

use crate::{
    ENDLESS,
    children::{STUCK, WORK, install_endless, work},
    log,
};

pub(crate) fn exit_in_task() {
    install_endless();
    work("other");
    let _task = bridge::spawn(async { exit(0) });
    thread::sleep(STUCK);
}

pub(crate) fn exit_in_blocking() {
    install_endless();
    work("other");
    async { tokio::task::spawn_blocking(|| exit(0)).await.unwrap() }.wait();
}

/// A value whose destructor calls `exit`, as a guard of a test harness may do.
struct Exits;

impl Drop for Exits {
    fn drop(&mut self) {
        exit(0)
    }
}

/// The destructor of a result runs on the pool's thread, if the caller has left.
pub(crate) fn exit_in_drop_of_result() {
    install_endless();
    work("other");
    let (end, ended) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let job = offload(move || {
        start.send(()).unwrap();
        let _ended = ended.recv();
        Exits
    });
    let job = job.start();
    started.recv().unwrap();
    drop(job);
    drop(end);
    thread::sleep(STUCK);
}

/// The payload of a panic that nobody awaits is dropped on the pool's thread.
pub(crate) fn exit_in_drop_of_payload() {
    install_endless();
    work("other");
    offload(|| resume_unwind(Box::new(Exits))).detach();
    thread::sleep(STUCK);
}

/// The waker of a caller runs on the pool's thread.
pub(crate) fn exit_in_waker() {
    struct ExitsAsWoken;
    impl Wake for ExitsAsWoken {
        fn wake(self: Arc<Self>) {
            exit(0)
        }
    }
    install_endless();
    work("other");
    let (end, ended) = mpsc::channel::<()>();
    let mut job = pin!(offload(move || ended.recv().is_err()));
    let waker = Waker::from(Arc::new(ExitsAsWoken));
    assert!(
        job.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(end);
    thread::sleep(STUCK);
}

pub(crate) fn exit_in_wait() {
    install_endless();
    work("other");
    async {
        tokio::task::yield_now().await;
        exit(0)
    }
    .wait();
}

/// A session that its thread closes when it ends.
struct Session;

impl Drop for Session {
    fn drop(&mut self) {
        let closed = async { tokio::task::yield_now().await }.try_wait();
        let told = matches!(closed, Err(WaitError::ThreadEnding { .. }));
        println!("told: {told}");
    }
}

thread_local! {
    static SESSION: Session = const { Session };
}

/// The destructor of a thread-local that is older than Tokio's waits, while the thread is
/// still inside the wait that exits.
pub(crate) fn exit_in_wait_with_session() {
    SESSION.with(|_session| ());
    install_endless();
    work("other");
    async { exit(0) }.wait();
}

pub(crate) fn job_exits_with_session() {
    Bridge::builder()
        .exit_grace(ENDLESS)
        .on_thread_start(|| SESSION.with(|_session| ()))
        .install_global()
        .unwrap();
    offload(|| {
        async { tokio::task::yield_now().await }.wait();
        exit(0)
    })
    .detach();
    thread::sleep(STUCK);
}

/// The hook runs because the thread has been idle.
pub(crate) fn exit_in_hook() {
    Bridge::builder()
        .exit_grace(ENDLESS)
        .keep_alive(Duration::from_millis(1))
        .on_thread_stop(|| exit(0))
        .install_global()
        .unwrap();
    offload(|| println!("job")).wait();
    thread::sleep(STUCK);
}

pub(crate) fn job_exits() {
    install_endless();
    work("other");
    offload(|| exit(0)).wait();
}

/// The grace is over when the exit looks for detached jobs.
pub(crate) fn detached_job_exits() {
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(Duration::from_millis(1));
    builder.install_global().unwrap();
    let (start, started) = mpsc::channel();
    let stuck = offload(move || {
        start.send(()).unwrap();
        thread::sleep(STUCK);
    });
    mem::forget(stuck.start());
    started.recv().unwrap();
    offload(|| exit(0)).detach();
    thread::sleep(STUCK);
}

pub(crate) fn ancestor() {
    install_endless();
    let outer = offload(|| offload(|| async { offload(|| exit(0)).await }.wait()).wait());
    outer.wait();
}

/// The job that waits for the job that exits has not submitted it.
pub(crate) fn exit_polled() {
    install_endless();
    let (go, may_go) = mpsc::channel();
    let exits = offload(move || {
        may_go.recv().unwrap();
        exit(0)
    });
    let exits = exits.start();
    offload(move || {
        go.send(()).unwrap();
        // The exit has begun when this job parks.
        thread::sleep(WORK);
        exits.wait()
    })
    .wait();
}

/// Like `exit_polled`, beside a job that never ends.
pub(crate) fn exit_polled_beside_a_stuck_job() {
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(10 * WORK);
    builder.install_global().unwrap();
    offload(|| thread::sleep(STUCK)).detach();
    let (go, may_go) = mpsc::channel();
    let exits = offload(move || {
        may_go.recv().unwrap();
        exit(0)
    });
    let exits = exits.start();
    offload(move || {
        go.send(()).unwrap();
        // The exit has begun when this job parks.
        thread::sleep(WORK);
        exits.wait()
    })
    .wait();
}

/// The job polls a future in the scope of the empty lineage.
pub(crate) fn exit_in_scope() {
    install_endless();
    work("other");
    let empty = Lineage::current();
    offload(move || {
        let mut exits = pin!(empty.scope(async { exit(0) }));
        let mut cx = Context::from_waker(Waker::noop());
        exits.as_mut().poll(&mut cx).is_ready()
    })
    .wait();
}

/// The job that has submitted the job that exits does not wait for it.
pub(crate) fn parent() {
    install_endless();
    offload(|| {
        offload(|| exit(0)).detach();
        thread::sleep(WORK);
        println!("parent");
    })
    .detach();
    thread::sleep(STUCK);
}

/// The wait that has submitted the job that exits is over by then.
pub(crate) fn over() {
    install_endless();
    offload(|| {
        let (end, ended) = mpsc::channel::<()>();
        let exits = async {
            let job = offload(move || {
                ended.recv().unwrap();
                exit(0)
            });
            job.detach();
        };
        exits.wait();
        end.send(()).unwrap();
        thread::sleep(WORK);
        println!("parent");
    })
    .detach();
    thread::sleep(STUCK);
}

pub(crate) fn exit_under_job() {
    install_endless();
    offload(|| {
        async {
            let task = bridge::spawn(async { exit(0) });
            task.await.unwrap();
        }
        .wait();
    })
    .wait();
}
