//! Checks that all jobs that a job submits are its descendants, before its wait
//! and during it. The jobs below finish on a pool of one permit and two
//! threads.

use std::sync::{Arc, Mutex, mpsc};

use bridge_scenarios::{Job, SHORT, World, finishes, runtime};
use futures::future::join_all;
use tokio::{sync::oneshot, time::sleep};

/// When a job submits the job that it waits for.
#[derive(Clone, Copy)]
enum Submission {
    /// At the first poll of the wait.
    InTheWait,
    Start,
    TryStart,
}

/// Makes a test for each world.
macro_rules! everywhere {
    ($($program:ident)+) => {$(
        mod $program {
            everywhere!(@ $program: tokio default_pool max_threads_1 one_and_one);
        }
    )+};
    (@ $program:ident: $($world:ident)+) => {$(
        #[test]
        fn $world() {
            bridge_scenarios::finishes(&bridge_scenarios::World::$world(), 1, |world, _| {
                super::$program(world);
            });
        }
    )+};
}

everywhere! {
    a_wait_for_a_lazy_job
    a_wait_for_a_started_job
    a_wait_for_a_tried_job
    several_started_jobs
    a_started_job_behind_a_crowd
    a_tried_job_behind_a_crowd
    a_grandchild
    a_grandchild_behind_a_crowd
    a_task_that_starts_a_job
    a_task_that_starts_a_job_behind_a_crowd
}

/// Runs `body` in a job.
fn in_a_job<T: Send + 'static>(
    world: &World,
    body: impl FnOnce(&World) -> T + Send + 'static,
) -> T {
    let inner = world.clone();
    runtime().block_on(world.offload(move || body(&inner)))
}

fn nest(world: &World, depth: usize, submission: Submission) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = world.clone();
    let level = move || nest(&inner, depth - 1, submission);
    let job = match submission {
        Submission::InTheWait => world.offload(level),
        Submission::Start => world.start(level),
        Submission::TryStart => world.try_start(level),
    };
    world.wait(job) + 1
}

fn nests(world: &World, submission: Submission) {
    for depth in [1, 2, 3, 4, 8, 16, 32, 64] {
        let reached = in_a_job(world, move |world| nest(world, depth, submission));
        assert_eq!(reached, depth);
    }
}

/// The control for the next two programs.
fn a_wait_for_a_lazy_job(world: &World) {
    nests(world, Submission::InTheWait);
}

fn a_wait_for_a_started_job(world: &World) {
    nests(world, Submission::Start);
}

fn a_wait_for_a_tried_job(world: &World) {
    nests(world, Submission::TryStart);
}

fn several_started_jobs(world: &World) {
    let values = in_a_job(world, |world| {
        let jobs: Vec<_> = (0..16).map(|n| world.start(move || n)).collect();
        world.wait(join_all(jobs))
    });
    assert_eq!(values, (0..16).collect::<Vec<_>>());
}

/// Runs `body` in a job that holds a lock. 40 other jobs block on that lock,
/// and they were queued before `body` submitted anything.
fn before_a_crowd<T: Send + 'static>(
    world: &World,
    body: impl FnOnce(&World) -> T + Send + 'static,
) -> T {
    let lock = Arc::new(Mutex::new(()));
    let ((locked, is_locked), (queued, is_queued)) = (mpsc::channel(), mpsc::channel());
    let (inner, held) = (world.clone(), Arc::clone(&lock));
    runtime().block_on(async {
        let holder = world.start(move || {
            let _held = held.lock().unwrap();
            locked.send(()).unwrap();
            is_queued.recv().unwrap();
            body(&inner)
        });
        is_locked.recv().unwrap();
        let crowd: Vec<_> = (0..40)
            .map(|_| {
                let lock = Arc::clone(&lock);
                world.start(move || drop(lock.lock().unwrap()))
            })
            .collect();
        queued.send(()).unwrap();
        let value = holder.await;
        join_all(crowd).await;
        value
    })
}

fn a_started_job_behind_a_crowd(world: &World) {
    let value = before_a_crowd(world, |world| world.wait(world.start(|| 7)));
    assert_eq!(value, 7);
}

fn a_tried_job_behind_a_crowd(world: &World) {
    let value = before_a_crowd(world, |world| world.wait(world.try_start(|| 7)));
    assert_eq!(value, 7);
}

/// A job starts a second job, which starts a third job and ends. The first job
/// waits for a message from the third.
fn wait_for_a_grandchild(world: &World) -> u32 {
    let (send, receive) = oneshot::channel();
    let third: Arc<Mutex<Option<Job<()>>>> = Arc::default();
    let (inner, keep) = (world.clone(), Arc::clone(&third));
    let second = world.start(move || {
        let job = inner.start(move || send.send(7).unwrap());
        // A job whose future is dropped is withdrawn, so the future is kept
        // here.
        *keep.lock().unwrap() = Some(job);
    });
    let value = world.wait(receive).unwrap();
    drop((second, third));
    value
}

fn a_grandchild(world: &World) {
    assert_eq!(in_a_job(world, wait_for_a_grandchild), 7);
}

fn a_grandchild_behind_a_crowd(world: &World) {
    assert_eq!(before_a_crowd(world, wait_for_a_grandchild), 7);
}

/// A job spawns a task that starts another job, and waits for the task.
fn wait_for_a_task(world: &World) -> u32 {
    let inner = world.clone();
    let task = world.spawn(async move {
        sleep(SHORT).await;
        inner.start(|| 7).await
    });
    world.wait(task).unwrap()
}

fn a_task_that_starts_a_job(world: &World) {
    assert_eq!(in_a_job(world, wait_for_a_task), 7);
}

fn a_task_that_starts_a_job_behind_a_crowd(world: &World) {
    assert_eq!(before_a_crowd(world, wait_for_a_task), 7);
}

/// Otherwise a job that a task submits before the wait begins would not count
/// as a descendant.
#[test]
fn a_task_that_has_started_its_job_before_the_wait() {
    finishes(&World::one_and_one(), 1, |world, _| {
        let value = before_a_crowd(world, |world| {
            let (inner, (started, is_started)) = (world.clone(), mpsc::channel());
            let task = world.spawn(async move {
                let job = inner.start(|| 7);
                started.send(()).unwrap();
                job.await
            });
            is_started.recv().unwrap();
            world.wait(task).unwrap()
        });
        assert_eq!(value, 7);
    });
}
