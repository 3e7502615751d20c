//! The children. Each is a `main` that leaves work behind.

use std::{
    cell::RefCell,
    env, mem,
    process::{abort, exit},
    sync::{Mutex, Once, mpsc},
    thread,
    time::Duration,
};

use bridge::{Bridge, Pool, Wait, offload, try_wait};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, stdout},
};

use crate::{ENDLESS, FILE, log};

/// The number of bytes that go into the file, in unflushed writes of 64 KiB.
pub(crate) const BYTES: usize = 64 * 64 * 1024;

/// Longer than an exit that does not wait.
pub(crate) const WORK: Duration = Duration::from_millis(150);

/// Far longer than [`WORK`]. No test waits this long.
pub(crate) const STUCK: Duration = Duration::from_mins(10);

/// Detaches a job that prints `text` after it has worked.
pub(crate) fn work(text: &'static str) {
    offload(move || {
        thread::sleep(WORK);
        println!("{text}");
    })
    .detach();
}

pub(crate) fn to_stdout() {
    async { stdout().write_all(b"done\n").await.unwrap() }.wait();
}

pub(crate) fn dropped() {
    let bridge = Bridge::builder().worker_threads(1).build().unwrap();
    bridge.wait(async { stdout().write_all(b"done\n").await.unwrap() });
}

/// The task takes longer than the exit allows for the log. Of its bridge, only the threads of
/// home are left.
pub(crate) fn long_of_a_dropped_bridge() {
    let builder = Bridge::builder().worker_threads(1).exit_grace(ENDLESS);
    builder.build().unwrap().wait(async {
        let (start, started) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(Duration::from_secs(2));
            println!("blocking");
        });
        started.await.unwrap();
    });
}

pub(crate) fn to_file() {
    let path = env::var(FILE).unwrap();
    async {
        let mut file = File::create(path).await.unwrap();
        for _ in 0..64 {
            file.write_all(&vec![7; BYTES / 64]).await.unwrap();
        }
    }
    .wait();
}

pub(crate) fn timed_out() {
    let (start, started) = mpsc::channel();
    let job = offload(move || {
        start.send(()).unwrap();
        thread::sleep(WORK);
        println!("late");
    });
    let job = job.start();
    // One that had not started would be withdrawn.
    started.recv().unwrap();
    job.wait_timeout(Duration::from_millis(20)).unwrap_err();
}

pub(crate) fn queued() {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    for number in 0..5 {
        let job = bridge.offload(move || {
            thread::sleep(WORK / 5);
            println!("{number}");
        });
        mem::forget(job.start());
    }
}

pub(crate) fn detached() {
    work("detached");
}

pub(crate) fn chain() {
    offload(|| {
        thread::sleep(WORK);
        work("two");
        println!("one");
    })
    .detach();
}

pub(crate) fn nested() {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    let own = bridge.clone();
    let outer = bridge.offload(move || {
        thread::sleep(WORK);
        let inner = own.offload(|| println!("inner"));
        own.wait(async {
            tokio::time::sleep(WORK).await;
            inner.await;
        });
        println!("outer");
    });
    outer.detach();
}

pub(crate) fn own_pool() {
    let pool = Pool::builder().max_threads(1).build().unwrap();
    pool.run(|| {
        thread::sleep(WORK);
        println!("pool");
    })
    .detach();
}

pub(crate) fn parked() {
    offload(|| {
        async { tokio::time::sleep(WORK).await }.wait();
        println!("slept");
    })
    .detach();
}

pub(crate) fn blocking_task() {
    async {
        let (start, started) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(WORK);
            println!("blocking");
        });
        started.await.unwrap();
    }
    .wait();
}

pub(crate) fn without_a_limit() {
    let builder = Bridge::builder().exit_grace(Duration::MAX);
    builder.install_global().unwrap();
    work("job");
}

/// Installs a bridge whose exit grace is longer than a test may wait.
pub(crate) fn install_endless() {
    Bridge::builder()
        .exit_grace(ENDLESS)
        .install_global()
        .unwrap();
}

/// One pool has a grace that is shorter than the work of the other.
pub(crate) fn graces() {
    let pool = |grace| {
        let builder = Pool::builder().max_threads(1).exit_grace(grace);
        builder.build().unwrap()
    };
    let (short, long): (Pool, Pool) = (pool(Duration::from_millis(1)), pool(ENDLESS));
    let job = long.run(|| {
        // Longer than the short grace and the time that the exit allows for logging.
        thread::sleep(Duration::from_millis(1500));
        println!("long");
    });
    job.detach();
    mem::forget((short, long));
}

/// An exit that waited for the pool or for home would see the end of this work.
pub(crate) fn zero() {
    const LATER: Duration = Duration::from_secs(2);
    log::to_stderr(); // what is not waited for is no news
    Bridge::builder()
        .exit_grace(Duration::ZERO)
        .install_global()
        .unwrap();
    offload(|| {
        thread::sleep(LATER);
        println!("never");
    })
    .detach();
    async {
        let (start, started) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(LATER);
            println!("never");
        });
        started.await.unwrap();
    }
    .wait();
}

/// A thread writes what it has buffered when it ends.
pub(crate) fn thread_locals() {
    struct Buffered;

    impl Drop for Buffered {
        fn drop(&mut self) {
            thread::sleep(WORK);
            println!("buffered");
        }
    }

    thread_local! {
        static BUFFERED: RefCell<Option<Buffered>> = const { RefCell::new(None) };
    }

    offload(|| BUFFERED.set(Some(Buffered))).wait();
}

/// The thread still starts when `main` returns, and ends later.
pub(crate) fn stop_hook() {
    let stop = || {
        thread::sleep(WORK);
        println!("stopped");
    };
    Bridge::builder()
        .on_thread_start(|| thread::sleep(WORK))
        .on_thread_stop(stop)
        .install_global()
        .unwrap();
    work("job");
}

/// The thread looks for work without end, unless the machine is busy.
pub(crate) fn spins() {
    Bridge::builder()
        .exit_grace(ENDLESS)
        .spin(ENDLESS)
        .on_thread_stop(|| println!("stopped"))
        .install_global()
        .unwrap();
    offload(|| ()).wait();
}

pub(crate) fn hook_detaches() {
    static ONCE: Once = Once::new();
    let stop = || {
        ONCE.call_once(|| {
            thread::sleep(WORK);
            work("late");
        });
    };
    let builder = Bridge::builder().on_thread_stop(stop);
    builder.install_global().unwrap();
    work("job");
}

/// Other threads offload without end.
pub(crate) fn storm() {
    install_endless();
    for _ in 0..2 {
        thread::spawn(|| {
            loop {
                offload(|| ()).wait();
            }
        });
    }
    thread::sleep(WORK);
}

pub(crate) fn idle() {
    install_endless();
    offload(|| ()).wait();
    async { tokio::task::yield_now().await }.wait();
}

/// Other threads go on submitting. The exit waits only for jobs that were
/// admitted before it.
pub(crate) fn strangers() {
    install_endless();
    work("job");
    for _ in 0..2 {
        thread::spawn(|| {
            // Each job ends once the next one is submitted. So the pool is never without a
            // job of theirs.
            let submit = || {
                let (end, ended) = mpsc::channel::<()>();
                (end, offload(move || ended.recv()).start())
            };
            let (mut end, mut last) = submit();
            loop {
                let (next_end, next) = submit();
                drop(mem::replace(&mut end, next_end));
                let _closed = mem::replace(&mut last, next).wait();
            }
        });
    }
    thread::sleep(Duration::from_millis(20));
}

pub(crate) fn given() {
    let runtime = Box::leak(Box::new(tokio::runtime::Runtime::new().unwrap()));
    let bridge = Bridge::builder()
        .runtime(runtime.handle().clone())
        .exit_grace(ENDLESS)
        .build()
        .unwrap();
    let job = bridge.offload(|| {
        thread::sleep(WORK);
        println!("job");
    });
    job.detach();
    runtime.spawn_blocking(|| thread::sleep(STUCK));
}

pub(crate) fn exit_called() {
    work("job");
    exit(3)
}

pub(crate) fn panics() {
    work("job");
    panic!("in main");
}

pub(crate) fn stuck() {
    log::to_stderr();
    let bridge = Bridge::builder()
        .name("db")
        .max_threads(1)
        .exit_grace(Duration::from_millis(200))
        .build()
        .unwrap();
    let (start, started) = mpsc::channel();
    bridge
        .offload(move || {
            start.send(()).unwrap();
            thread::sleep(STUCK);
        })
        .detach();
    started.recv().unwrap();
    bridge.offload(|| ()).detach();
    bridge.offload(|| ()).detach();
}

pub(crate) fn stuck_task() {
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(Duration::from_millis(200));
    builder.build().unwrap().wait(async {
        let (start, started) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(STUCK);
        });
        started.await.unwrap();
    });
}

pub(crate) fn lock_held() {
    static LOCK: Mutex<()> = Mutex::new(());
    log::to_stderr();
    let builder = Bridge::builder().exit_grace(Duration::from_millis(200));
    builder.install_global().unwrap();
    let _held = LOCK.lock();
    offload(|| drop(LOCK.lock())).detach();
    thread::sleep(Duration::from_millis(20));
    exit(0)
}

pub(crate) fn detached_panic() {
    log::to_stderr();
    Bridge::builder().name("db").install_global().unwrap();
    offload(|| panic!("boom")).detach();
}

pub(crate) fn detached_refused() {
    log::to_stderr();
    let bridge = Bridge::builder().build().unwrap();
    assert!(bridge.shutdown(Duration::ZERO).wait().running.is_empty());
    let before = bridge.metrics().rejected;
    bridge.offload(|| ()).detach();
    assert_eq!(bridge.metrics().rejected, before + 1);
    assert!(try_wait(async {}).is_ok());
}

pub(crate) fn aborts() {
    install_endless();
    work("never");
    abort()
}
