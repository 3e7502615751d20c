//! Checks the table of the exit, and the order of its turns.

use std::{
    pin::Pin,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Wake, Waker},
    thread,
};

use testkit::within;

use super::*;
use crate::{Ambient, Config, CutOff, Pool, worker::this_worker::Worker};

struct Nothing;

impl BeforeExit for Nothing {
    fn grace(&self) -> Duration {
        Duration::ZERO
    }

    fn begin(self: Arc<Self>, _: &Arc<ProcessExit>, _: Turn) -> Option<Box<dyn FnOnce() + Send>> {
        None
    }
}

#[test]
fn the_table_does_not_grow_with_what_is_gone() {
    let kept: Arc<dyn BeforeExit> = Arc::new(Nothing);
    register(Arc::downgrade(&kept));
    for _ in 0..1_000 {
        let gone: Arc<dyn BeforeExit> = Arc::new(Nothing);
        register(Arc::downgrade(&gone));
    }
    TABLE.with(|table| {
        let entries = &table.entries;
        assert!(entries.len() < 100, "{}", entries.len());
        let kept = Arc::downgrade(&kept);
        assert!(entries.iter().any(|entry| entry.ptr_eq(&kept)));
    });
}

/// Notes its steps, and has work in these turns, once in each.
struct Noting {
    name: &'static str,
    turns: Mutex<Vec<Turn>>,
    notes: Arc<Mutex<Vec<String>>>,
}

impl BeforeExit for Noting {
    fn grace(&self) -> Duration {
        Duration::ZERO
    }

    fn begin(
        self: Arc<Self>,
        _: &Arc<ProcessExit>,
        turn: Turn,
    ) -> Option<Box<dyn FnOnce() + Send>> {
        self.turns
            .lock()
            .unwrap()
            .extract_if(.., |it| *it == turn)
            .next()?;
        let note = move |step| {
            let text = format!("{} {step} {turn:?}", self.name);
            self.notes.lock().unwrap().push(text);
        };
        note("begins");
        Some(Box::new(move || note("waits for")))
    }
}

/// Otherwise a pool that is stuck takes time from the others, the exit waits for jobs that
/// others submit meanwhile, or jobs come that nobody looks for any more.
#[test]
fn the_turns_go_on_until_no_job_has_come() {
    static OWN: PerProcess<Table> = PerProcess::new();

    let notes = Arc::default();
    let entry = |name, turns: &[Turn]| {
        let entry: Arc<dyn BeforeExit> = Arc::new(Noting {
            name,
            turns: Mutex::new(turns.to_vec()),
            notes: Arc::clone(&notes),
        });
        OWN.with(|table| table.add(Arc::downgrade(&entry)));
        entry
    };
    let _entries = [
        entry("runtime", &[Turn::Runtimes, Turn::RuntimeThreads]),
        entry("first", &[Turn::Jobs, Turn::LateJobs]),
        entry("second", &[Turn::Jobs, Turn::PoolThreads]),
    ];
    finish(&ProcessExit::begin(&OWN));
    assert_eq!(
        *notes.lock().unwrap(),
        [
            "first begins Jobs",
            "second begins Jobs",
            "first waits for Jobs",
            "second waits for Jobs",
            "second begins PoolThreads",
            "second waits for PoolThreads",
            "first begins LateJobs",
            "first waits for LateJobs",
            "runtime begins Runtimes",
            "runtime waits for Runtimes",
            "runtime begins RuntimeThreads",
            "runtime waits for RuntimeThreads",
        ]
    );
}

/// Otherwise a chain of jobs that each detach the next one keeps the process, with a warning for
/// each of them.
#[test]
fn late_jobs_have_the_rest_of_the_grace() {
    static OWN: PerProcess<Table> = PerProcess::new();

    within(|| {
        let builder = Pool::builder().max_threads(1);
        let pool: Pool = builder
            .exit_grace(Duration::from_millis(50))
            .build()
            .unwrap();
        let own = || Arc::clone(&Worker::current().unwrap().core);
        let core = pollster::block_on(pool.run(own));
        let exit = ProcessExit::begin(&OWN);
        thread::sleep(Duration::from_millis(60));
        let (start, started) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let late = move || {
            start.send(()).unwrap();
            ends.recv().is_err()
        };
        pool.run(late).detach();
        started.recv().unwrap();
        assert!(
            core.begin(&exit, Turn::LateJobs).is_none(),
            "the grace is over"
        );
        assert_eq!(exit.cut_off().len(), 1);
        drop(end);
    });
}

/// Counts the reports of closures that were cut off.
struct Counts;

static REPORTS: AtomicUsize = AtomicUsize::new(0);

impl Ambient for Counts {
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

    fn cut_off(_left: &CutOff) {
        REPORTS.fetch_add(1, Ordering::SeqCst);
    }
}

/// Tells when it is called, and blocks then.
struct Blocks(Mutex<(mpsc::Sender<()>, mpsc::Receiver<()>)>);

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        let ends = self.0.lock().unwrap();
        ends.0.send(()).unwrap();
        let _released = ends.1.recv();
    }

    // The caller may ask for further polls.
    fn wake_by_ref(self: &Arc<Self>) {}
}

/// Otherwise a log says of a closure that has ended that the exit has cut it off.
#[test]
fn a_job_that_has_ended_is_not_told_as_cut_off() {
    static OWN: PerProcess<Table> = PerProcess::new();

    within(|| {
        let grace = Duration::from_millis(50);
        let builder = Pool::<Counts>::builder().max_threads(1).exit_grace(grace);
        let pool = builder.build().unwrap();
        let own = || Arc::clone(&Worker::current().unwrap().core);
        let core = pollster::block_on(pool.run(own));
        let (start, started) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let job = pool.run(move || {
            start.send(()).unwrap();
            ends.recv().is_err()
        });
        let mut job = job.start();
        started.recv().unwrap();
        let (call, called) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let waker = Waker::from(Arc::new(Blocks(Mutex::new((call, held)))));
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut job).poll(&mut cx).is_pending());
        let exit = ProcessExit::begin(&OWN);
        thread::sleep(grace);
        // While the closure runs, it counts as cut off.
        assert!(Arc::clone(&core).begin(&exit, Turn::Jobs).is_none());
        assert_eq!(REPORTS.load(Ordering::SeqCst), 1);
        drop(end);
        called.recv().unwrap(); // the closure has ended, and its worker is in the waker
        let later = ProcessExit::begin(&OWN);
        thread::sleep(grace);
        assert!(Arc::clone(&core).begin(&later, Turn::Jobs).is_none());
        assert_eq!(later.cut_off().len(), 1, "its worker still has it");
        assert_eq!(REPORTS.load(Ordering::SeqCst), 1);
        drop(release);
        assert!(pollster::block_on(job));
    });
}
