//! The children: each is a `main` that leaves work behind.

use std::{
    env,
    process::{abort, exit},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use bridge::{Bridge, Pool, Wait, offload, try_wait};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, stdout},
};

use crate::{Case, ENDLESS, Expect, FILE, log};

/// How much is written to the file, in writes of 64 KiB that nobody flushes.
const BYTES: usize = 64 * 64 * 1024;

/// Long enough that an exit which does not wait cuts it off.
const WORK: Duration = Duration::from_millis(150);

/// Far more than [`WORK`], and no time that a test waits for.
const STUCK: Duration = Duration::from_secs(600);

pub(crate) fn all() -> Vec<Case> {
    let case = |name, child, stdout| Case {
        name,
        child,
        runs: 6,
        expect: Expect {
            stdout,
            ..Expect::default()
        },
    };
    let mut cases = vec![
        case("what_tokio_writes_to_stdout_comes_out", to_stdout, "done\n"),
        case("stdout_of_a_dropped_bridge_comes_out", dropped, "done\n"),
        case("a_job_whose_caller_timed_out_finishes", timed_out, "late\n"),
        case("queued_jobs_run", queued, "0\n1\n2\n3\n4\n"),
        case("a_detached_job_finishes", detached, "detached\n"),
        case("what_a_detached_job_detaches_finishes", chain, "one\ntwo\n"),
        case(
            "a_job_that_waits_for_others_finishes",
            nested,
            "inner\nouter\n",
        ),
        case("a_pool_of_its_own_is_finished", own_pool, "pool\n"),
        case("a_parked_job_finishes", parked, "slept\n"),
        case(
            "a_blocking_task_of_home_finishes",
            blocking_task,
            "blocking\n",
        ),
        case(
            "exit_in_a_task_of_home_waits_for_others",
            exit_in_task,
            "other\n",
        ),
        case("a_job_that_exits_is_not_waited_for", job_exits, "other\n"),
        case("an_ancestor_of_a_job_that_exits_is_not", ancestor, ""),
        case("a_task_that_exits_under_a_job_is_not", exit_under_job, ""),
        case("zero_turns_it_off", zero, ""),
        case("nothing_to_wait_for_costs_nothing", idle, ""),
        case("strangers_do_not_keep_it_alive", strangers, "job\n"),
        case("a_given_runtime_is_left_alone", given, "job\n"),
    ];
    cases.push(Case {
        name: "a_file_of_tokio_is_complete",
        child: to_file,
        runs: 6,
        expect: Expect {
            file: Some(BYTES),
            ..Expect::default()
        },
    });
    let code = |name, child, stdout, code| Case {
        name,
        child,
        runs: 6,
        expect: Expect {
            stdout,
            code,
            ..Expect::default()
        },
    };
    cases.push(code("exit_waits_too", exit_called, "job\n", 3));
    cases.push(code("a_panic_in_main_waits_too", panics, "job\n", 101));
    let logs = |name, child, stderr| Case {
        name,
        child,
        runs: 2,
        expect: Expect {
            stderr,
            ..Expect::default()
        },
    };
    cases.push(logs(
        "stuck_jobs_are_cut_off_and_logged",
        stuck,
        &["1 running (", "cases.rs", "2 queued ("],
    ));
    cases.push(logs(
        "a_stuck_blocking_task_is_cut_off_and_logged",
        stuck_task,
        &["threads=1", "home runtime"],
    ));
    cases.push(logs(
        "a_lock_that_main_holds_does_not_hang_it",
        lock_held,
        &["1 running ("],
    ));
    cases.push(logs(
        "a_detached_panic_is_logged",
        detached_panic,
        &["a detached closure is lost", "at=", "boom"],
    ));
    cases.push(logs(
        "a_detached_job_that_is_refused_is_logged",
        detached_refused,
        &["a detached closure is lost", "shut down", "cases.rs"],
    ));
    #[cfg(unix)]
    cases.push(Case {
        name: "abort_waits_for_nothing",
        child: aborts,
        runs: 2,
        expect: Expect {
            aborts: true,
            ..Expect::default()
        },
    });
    cases
}

/// A job that says so when it has worked.
fn work(text: &'static str) {
    offload(move || {
        thread::sleep(WORK);
        println!("{text}");
    })
    .detach();
}

fn to_stdout() {
    async { stdout().write_all(b"done\n").await.unwrap() }.wait();
}

fn dropped() {
    let bridge = Bridge::builder().worker_threads(1).build().unwrap();
    bridge.wait(async { stdout().write_all(b"done\n").await.unwrap() });
}

fn to_file() {
    let path = env::var(FILE).unwrap();
    async {
        let mut file = File::create(path).await.unwrap();
        for _ in 0..64 {
            file.write_all(&[7; BYTES / 64]).await.unwrap();
        }
    }
    .wait();
}

fn timed_out() {
    let job = offload(|| {
        thread::sleep(WORK);
        println!("late");
    });
    job.wait_timeout(Duration::from_millis(20)).unwrap_err();
}

fn queued() {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    for number in 0..5 {
        let job = bridge.offload(move || {
            thread::sleep(WORK / 5);
            println!("{number}");
        });
        std::mem::forget(job.start());
    }
}

fn detached() {
    work("detached");
}

fn chain() {
    offload(|| {
        thread::sleep(WORK);
        work("two");
        println!("one");
    })
    .detach();
}

fn nested() {
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

fn own_pool() {
    let pool = Pool::builder().max_threads(1).build().unwrap();
    pool.run(|| {
        thread::sleep(WORK);
        println!("pool");
    })
    .detach();
}

fn parked() {
    offload(|| {
        async { tokio::time::sleep(WORK).await }.wait();
        println!("slept");
    })
    .detach();
}

fn blocking_task() {
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

/// With a grace that would be far too long to be waited for.
fn install_endless() {
    Bridge::builder()
        .exit_grace(ENDLESS)
        .install_global()
        .unwrap();
}

fn exit_in_task() {
    install_endless();
    work("other");
    let _task = bridge::spawn(async { exit(0) });
    thread::sleep(STUCK);
}

fn job_exits() {
    install_endless();
    work("other");
    offload(|| exit(0)).wait();
}

fn ancestor() {
    install_endless();
    let outer = offload(|| offload(|| async { offload(|| exit(0)).await }.wait()).wait());
    outer.wait();
}

fn exit_under_job() {
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

fn zero() {
    Bridge::builder()
        .exit_grace(Duration::ZERO)
        .install_global()
        .unwrap();
    offload(|| {
        thread::sleep(STUCK);
        println!("never");
    })
    .detach();
}

fn idle() {
    install_endless();
    offload(|| ()).wait();
    async { tokio::task::yield_now().await }.wait();
}

/// Other threads go on submitting: their jobs are not what was accepted before.
fn strangers() {
    install_endless();
    work("job");
    for _ in 0..2 {
        thread::spawn(|| {
            loop {
                offload(|| thread::sleep(Duration::from_millis(1))).wait();
            }
        });
    }
    thread::sleep(Duration::from_millis(20));
}

fn given() {
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

fn exit_called() {
    work("job");
    exit(3)
}

fn panics() {
    work("job");
    panic!("in main");
}

fn stuck() {
    log::to_stderr();
    let bridge = Bridge::builder()
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

fn stuck_task() {
    log::to_stderr();
    let bridge = Bridge::builder()
        .exit_grace(Duration::from_millis(200))
        .build()
        .unwrap();
    bridge.wait(async {
        let (start, started) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(STUCK);
        });
        started.await.unwrap();
    });
}

fn lock_held() {
    static LOCK: Mutex<()> = Mutex::new(());
    log::to_stderr();
    Bridge::builder()
        .exit_grace(Duration::from_millis(200))
        .install_global()
        .unwrap();
    let _held = LOCK.lock();
    offload(|| drop(LOCK.lock())).detach();
    thread::sleep(Duration::from_millis(20));
    exit(0)
}

fn detached_panic() {
    log::to_stderr();
    offload(|| panic!("boom")).detach();
}

fn detached_refused() {
    log::to_stderr();
    let bridge = Bridge::builder().build().unwrap();
    assert!(bridge.shutdown(Duration::ZERO).wait().running.is_empty());
    let before = bridge.metrics().rejected;
    bridge.offload(|| ()).detach();
    assert_eq!(bridge.metrics().rejected, before + 1);
    assert!(try_wait(async {}).is_ok());
}

fn aborts() {
    install_endless();
    work("never");
    abort()
}
