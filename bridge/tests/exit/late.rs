//! The children whose work comes while the process exits already.

use std::{mem, process::exit, sync::mpsc, thread, time::Duration};

use bridge::{Bridge, Wait, offload};
use tokio::{sync::oneshot, task::spawn_blocking};

use crate::{
    ENDLESS,
    children::{STUCK, WORK, work},
    log,
};

/// Runs `body` on a blocking thread of the home runtime, after some work. Waits until that
/// thread has begun.
fn in_blocking(body: impl FnOnce() + Send + 'static) {
    async {
        let (start, started) = oneshot::channel();
        spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(WORK);
            body();
        });
        started.await.unwrap();
    }
    .wait();
}

/// Detaches a job of a bridge of its own, which runs `body` after some work.
fn in_another_pool(body: impl FnOnce() + Send + 'static) {
    let other = Bridge::builder().max_threads(1).build().unwrap();
    let job = other.offload(|| {
        thread::sleep(WORK);
        body();
    });
    job.detach();
}

/// The home runtime starts during the exit.
pub(crate) fn home() {
    offload(|| {
        thread::sleep(WORK);
        in_blocking(|| println!("blocking"));
    })
    .detach();
}

/// The global pool exists when the exit begins, and has nothing to do.
pub(crate) fn pool() {
    let _global = Bridge::global();
    in_another_pool(|| work("audit"));
}

/// The global bridge does not exist when the exit begins. Its grace is longer than that of
/// the other bridge and the time that the exit allows for logging.
pub(crate) fn bridge() {
    let short = Bridge::builder()
        .exit_grace(Duration::from_millis(400))
        .build()
        .unwrap();
    let job = short.offload(|| {
        Bridge::builder()
            .exit_grace(ENDLESS)
            .install_global()
            .unwrap();
        offload(|| {
            thread::sleep(Duration::from_secs(2));
            println!("audit");
        })
        .detach();
    });
    thread::sleep(Duration::from_millis(1));
    job.detach();
}

/// The job is over when the exit looks at its pool again, and its thread is not.
pub(crate) fn stop_hook() {
    let stop = || {
        thread::sleep(5 * WORK);
        println!("stopped");
    };
    let builder = Bridge::builder().on_thread_stop(stop);
    builder.install_global().unwrap();
    in_another_pool(|| {
        offload(|| println!("job")).detach();
        thread::sleep(WORK);
    });
}

/// A blocking task of home submits the job, so the jobs before it are over by then.
pub(crate) fn after_home() {
    in_blocking(|| work("late"));
}

/// The exit waits for home's threads before it waits for the job of the other pool. It must not
/// wait for them again after that.
pub(crate) fn stuck_beside_a_late_job() {
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(10 * WORK);
    builder.install_global().unwrap();
    in_blocking(|| thread::sleep(STUCK));
    in_blocking(|| {
        in_another_pool(|| {
            thread::sleep(20 * WORK);
            println!("late");
        });
    });
}

/// The job waits on home, which the exit has ended by then.
pub(crate) fn wait_after_home() {
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(ENDLESS);
    builder.install_global().unwrap();
    in_blocking(|| {
        offload(|| async { tokio::time::sleep(WORK).await }.wait()).detach();
    });
}

/// The task waits on home, which the exit has ended. The exit waits for the thread of the task.
pub(crate) fn blocking_waits_after_home() {
    let builder = Bridge::builder().exit_grace(ENDLESS);
    builder.install_global().unwrap();
    in_blocking(|| async { tokio::time::sleep(WORK).await }.wait());
}

/// The thread of a late job waits on home in its stop hook. The exit has ended home by then.
pub(crate) fn hook_waits_after_home() {
    let builder = Bridge::builder()
        .exit_grace(ENDLESS)
        .on_thread_stop(|| async { tokio::task::yield_now().await }.wait());
    builder.install_global().unwrap();
    in_blocking(|| {
        let (tell, told) = mpsc::channel();
        mem::forget(offload(move || tell.send(())).start());
        told.recv().unwrap();
        thread::sleep(WORK);
    });
}

/// The job is submitted when the grace of its pool is over.
pub(crate) fn too_late() {
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(Duration::from_millis(1));
    builder.install_global().unwrap();
    in_another_pool(|| {
        offload(|| thread::sleep(STUCK)).detach();
        thread::sleep(WORK);
    });
}

/// Each job submits the next one.
pub(crate) fn endless_chain() {
    fn next() {
        offload(|| {
            thread::sleep(Duration::from_millis(1));
            next();
        })
        .detach();
    }

    log::to_stderr();
    let builder = Bridge::builder().exit_grace(Duration::from_millis(200));
    builder.install_global().unwrap();
    next();
    exit(3)
}

/// The log of the first pool panics while the second pool has work.
pub(crate) fn log_panics() {
    log::panics();
    let stuck = Bridge::builder()
        .exit_grace(Duration::from_millis(1))
        .build()
        .unwrap();
    stuck.offload(|| thread::sleep(STUCK)).detach();
    let other = Bridge::builder().max_threads(1).exit_grace(ENDLESS);
    let job = other.build().unwrap().offload(|| {
        // Longer than a panic takes.
        thread::sleep(Duration::from_secs(2));
        println!("job");
    });
    job.detach();
}

/// Prints whether a thread has the name that the exit gives to its own. The exit may begin late on
/// a busy machine, so the job looks for some time.
#[cfg(target_os = "linux")]
pub(crate) fn thread_name() {
    offload(|| {
        let seen = (0..20).any(|_| {
            thread::sleep(WORK / 2);
            testkit::has_thread("bridge-exit")
        });
        println!("{seen}");
    })
    .detach();
}

/// The idle thread of a pool that was built during the exit has a stop hook.
pub(crate) fn late_stop_hook() {
    offload(|| {
        thread::sleep(WORK);
        let late = Bridge::builder()
            .on_thread_stop(|| println!("stopped"))
            .build()
            .unwrap();
        late.offload(|| println!("job")).wait();
        mem::forget(late);
    })
    .detach();
}

/// A job of one pool never ends, and the idle thread of another pool has a stop hook. The stuck
/// job uses up the grace, so the hook must run beside it.
pub(crate) fn idle_beside_a_stuck_job() {
    let stop = || {
        thread::sleep(4 * WORK);
        println!("stopped");
    };
    let builder = Bridge::builder().exit_grace(20 * WORK);
    let idle = builder.on_thread_stop(stop).build().unwrap();
    idle.offload(|| println!("job")).wait();
    let stuck = Bridge::builder().exit_grace(20 * WORK).build().unwrap();
    stuck.offload(|| thread::sleep(STUCK)).detach();
    mem::forget((idle, stuck));
}
