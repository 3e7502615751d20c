//! The context of a job, in every order of the job's start and of what its caller does. See
//! `loom.rs`.
#![cfg(bridge_loom)]

mod common;

use std::{
    cell::Cell,
    panic::{Location, resume_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bridge_offload::{Ambient, Builder, Cancelled, Config, Offload, OffloadError, Pool, PoolName};
use common::{
    exploring::{LONG, explore},
    wait,
};
use loom::thread::{self, ThreadId};

loom::thread_local! {
    /// The number that the code on this thread sees, or 0. A job in a context sees the number
    /// of its submitter.
    static SEEN: Cell<usize> = Cell::new(0);
}

fn seen() -> usize {
    SEEN.with(Cell::get)
}

/// Shows `number` to `body`.
fn within<R>(number: usize, body: impl FnOnce() -> R) -> R {
    let before = SEEN.with(|seen| seen.replace(number));
    let result = body();
    SEEN.with(|seen| seen.set(before));
    result
}

/// Carries the number that the submitting code sees.
struct Carrying;

/// A context. Its destructor looks at the pool, so it blocks for ever under the pool's lock.
struct Number {
    number: usize,
    books: Arc<Books>,
}

/// The notes about all contexts and bodies of one execution.
#[derive(Default)]
struct Books {
    pool: Mutex<Option<Pool<Carrying>>>,
    captured: AtomicUsize,
    dropped: AtomicUsize,
    /// The thread of the last drop.
    dropper: Mutex<Option<ThreadId>>,
    /// A bit for the number of each body that runs.
    running: AtomicUsize,
    ended: AtomicUsize,
    /// The first broken rule. The pool catches the panics of bodies and destructors.
    wrong: Mutex<Option<&'static str>>,
}

impl Ambient for Carrying {
    type Context = Number;

    fn context(config: &Config) -> Option<Number> {
        let books = config.get::<Arc<Books>>().map(Arc::clone)?;
        let number = seen();
        (number != 0).then(|| {
            books.captured.fetch_add(1, Ordering::Relaxed);
            Number { number, books }
        })
    }

    fn capture() -> Self {
        Self
    }

    /// A job without a context sees what the worker sees.
    fn enter<R>(&self, context: Option<&Number>, closure: impl FnOnce() -> R) -> R {
        match context {
            Some(context) => within(context.number, closure),
            None => closure(),
        }
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        let pool = self.books.pool.lock().unwrap().clone();
        let pool = pool.expect("the execution has not ended");
        drop(pool.metrics());
        let running = self.books.running.load(Ordering::Relaxed);
        self.books.check(
            running & 1 << self.number == 0,
            "a context was dropped during its body",
        );
        *self.books.dropper.lock().unwrap() = Some(thread::current().id());
        self.books.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl Books {
    fn check(&self, is_right: bool, rule: &'static str) {
        if !is_right {
            self.wrong.lock().unwrap().get_or_insert(rule);
        }
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A pool of one, its notes, and the number that its jobs see.
struct World {
    pool: Pool<Carrying>,
    books: Arc<Books>,
}

impl World {
    fn new() -> Self {
        let books = Arc::new(Books::default());
        let pool = Builder::<Carrying>::default()
            .max_threads(1)
            .max_blocked_threads(1)
            .queue_capacity(1)
            .spin(Duration::ZERO)
            .config(Config::new(Arc::clone(&books)))
            .build()
            .unwrap();
        *books.pool.lock().unwrap() = Some(pool.clone());
        Self { pool, books }
    }

    /// Returns a closure that checks that it sees `number`.
    fn body(&self, number: usize) -> impl FnOnce() + Send + use<> {
        let books = Arc::clone(&self.books);
        move || {
            books.running.fetch_or(1 << number, Ordering::Relaxed);
            books.check(seen() == number, "a body has not seen its context");
            thread::yield_now();
            books.running.fetch_and(!(1 << number), Ordering::Relaxed);
            books.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Submits a job in a context.
    fn start(&self, number: usize) -> Offload<()> {
        within(number, || self.pool.run(self.body(number)).start())
    }

    /// Runs one more job, which sees what the worker is left with. Then checks that each
    /// context was dropped once.
    fn end(self) {
        if let Ok(left) = wait(self.pool.run(seen).outcome()) {
            assert_eq!(left, 0, "the worker is not clean");
        }
        let _report = self.pool.shutdown(LONG).wait();
        let Books {
            captured, dropped, ..
        } = &*self.books;
        let captured = captured.load(Ordering::Relaxed);
        assert_eq!(dropped.load(Ordering::Relaxed), captured, "not once each");
        assert_eq!(*self.books.wrong.lock().unwrap(), None);
        // The pool holds the notes, and the notes hold the pool.
        drop(self.books.pool.lock().unwrap().take());
    }
}

/// Explores a race that ends in one of two ways, and checks that each of them came.
fn explore_both(race: impl Fn() -> bool + Sync + Send + 'static) {
    let ends = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let count = Arc::clone(&ends);
    let all_tried = explore(move || {
        count[usize::from(race())].fetch_add(1, Ordering::Relaxed);
    });
    let came = ends.iter().all(|end| end.load(Ordering::Relaxed) > 0);
    assert!(
        came || !all_tried,
        "in each order the race ended in the same way: {ends:?}"
    );
}

/// Otherwise a caller that has its result finds its own span open.
#[test]
fn loom_a_context_is_gone_when_its_caller_sees_the_result() {
    explore(|| {
        let world = World::new();
        wait(world.start(1));
        assert_eq!(world.books.dropped(), 1);
        let dropper = *world.books.dropper.lock().unwrap();
        assert_eq!(dropper, Some(thread::current().id()));
        world.end();
    });
}

/// Otherwise the context of a withdrawn job lives on, perhaps until a thread drops it under
/// the pool's lock.
#[test]
fn loom_a_context_is_dropped_once_when_its_caller_leaves() {
    explore_both(|| {
        let world = World::new();
        drop(world.start(1));
        let is_withdrawn = world.pool.metrics().cancelled == 1;
        if is_withdrawn {
            assert_eq!(world.books.dropped(), 1);
        }
        world.end();
        is_withdrawn
    });
}

/// Otherwise a caller that never looks at the result leaves the context to a thread that may
/// hold the pool's lock.
#[test]
fn loom_a_context_is_dropped_when_its_caller_leaves_a_job_that_has_ended() {
    explore_both(|| {
        let world = World::new();
        let job = world.start(1);
        let has_ended = world.pool.metrics().completed == 1;
        drop(job);
        if has_ended {
            assert_eq!(world.books.dropped(), 1);
        }
        world.end();
        has_ended
    });
}

/// Otherwise a job that is cancelled as it starts loses its context, or keeps it.
#[test]
fn loom_a_context_is_dropped_once_when_its_job_is_cancelled() {
    explore_both(|| {
        let world = World::new();
        let job = world.start(1);
        let is_withdrawn = job.cancel() == Cancelled::Withdrawn;
        if is_withdrawn {
            assert_eq!(world.books.dropped(), 1);
        }
        assert_eq!(wait(job.outcome()).is_ok(), !is_withdrawn);
        assert_eq!(world.books.dropped(), 1);
        world.end();
        is_withdrawn
    });
}

/// Otherwise a detached job runs without its context, or nobody drops it.
#[test]
fn loom_a_context_is_dropped_once_when_its_job_is_detached() {
    explore_both(|| {
        let world = World::new();
        world.start(1).detach();
        let has_ended = world.pool.metrics().completed == 1;
        if has_ended {
            assert_eq!(world.books.dropped(), 1);
        }
        let books = Arc::clone(&world.books);
        world.end();
        assert_eq!(books.ended.load(Ordering::Relaxed), 1);
        has_ended
    });
}

/// Otherwise a shutdown that abandons a queued or running job leaks its context, or drops it
/// under the body.
#[test]
fn loom_a_context_is_dropped_once_when_its_pool_shuts_down() {
    explore_both(|| {
        let world = World::new();
        let job = world.start(1);
        let books = Arc::clone(&world.books);
        let caller = thread::spawn(move || match wait(job.outcome()) {
            Ok(()) => assert_eq!(books.dropped(), 1),
            Err(error) => assert!(matches!(error, OffloadError::ShutDown { .. }), "{error}"),
        });
        let report = world.pool.shutdown(Duration::ZERO).wait();
        caller.join().unwrap();
        world.end();
        report.abandoned == 1
    });
}

/// Otherwise the context of a queued job lives on as long as its caller keeps the future.
#[test]
fn loom_a_context_is_dropped_by_the_shutdown_that_abandons_its_job() {
    explore_both(|| {
        let world = World::new();
        let job = world.start(1);
        let report = world.pool.shutdown(Duration::ZERO).wait();
        let is_abandoned = report.abandoned == 1;
        if is_abandoned {
            assert_eq!(world.books.dropped(), 1);
        }
        let _value_or_told = wait(job.outcome());
        world.end();
        is_abandoned
    });
}

/// Otherwise a job that is refused in the backlog, or taken back by its caller, keeps its
/// context.
#[test]
fn loom_a_context_is_dropped_once_when_its_job_is_refused() {
    explore_both(|| {
        let world = World::new();
        let (queued, behind) = (world.start(1), world.start(2));
        let _report = world.pool.shutdown(LONG).wait();
        assert!(wait(queued.outcome()).is_ok());
        let is_refused = world.pool.metrics().rejected == 1;
        if is_refused {
            assert_eq!(world.books.dropped(), 2);
        }
        assert_eq!(wait(behind.outcome()).is_err(), is_refused);
        assert_eq!(world.books.dropped(), 2);
        world.end();
        is_refused
    });
}

/// Otherwise `try_run` gives the closure back, and keeps the context.
#[test]
fn loom_a_context_is_dropped_once_when_the_closure_is_given_back() {
    explore_both(|| {
        let world = World::new();
        let other = world.pool.clone();
        let ending = thread::spawn(move || {
            let _report = other.shutdown(LONG).wait();
        });
        let submitted = within(1, || world.pool.try_run(world.body(1)));
        let is_rejected = submitted.map(wait).is_err();
        assert_eq!(world.books.dropped(), 1);
        ending.join().unwrap();
        world.end();
        is_rejected
    });
}

/// Counts the reports of lost jobs. One test uses it.
struct Counting;

static LOST: AtomicUsize = AtomicUsize::new(0);

impl Ambient for Counting {
    type Context = ();

    fn context(_config: &Config) -> Option<()> {
        None
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&()>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn lost(_: &PoolName, _: &'static Location<'static>, _: &OffloadError) {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// Otherwise nobody hears of a panic if the job ends as it is detached.
#[test]
fn loom_the_panic_of_a_job_that_is_detached_is_reported_once() {
    explore(|| {
        LOST.store(0, Ordering::Relaxed);
        let builder = Builder::<Counting>::default().max_threads(1);
        let pool = builder.spin(Duration::ZERO).build().unwrap();
        let job = pool.run(|| resume_unwind(Box::new(()))).start();
        job.detach();
        let report = pool.shutdown(LONG).wait();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        assert_eq!(LOST.load(Ordering::Relaxed), 1);
    });
}
