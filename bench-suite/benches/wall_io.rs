//! IO: threads and descriptors that requests leave behind, and queries of a database.

use std::{
    cell::RefCell,
    error::Error,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bench_suite::{
    helper::{Helper, role},
    lines,
    process::{descriptors, threads},
    rounds::{Budget, Candidate, medians, ns_each},
    settings,
    wanted::Wanted,
    workload::{
        answering::{self, ANSWERING},
        http::{Blocking, Bridged, ByHand, Fetch, fetch_all},
        run,
        sqlite::{ROWS, Shared, Wrapped},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    if role().as_deref() == Some(ANSWERING) {
        return Ok(answering::run()?);
    }
    let wanted = Wanted::from_args()?;
    if wanted.group("IO-threads") || wanted.group("IO-fds") {
        left_over(&wanted)?;
    }
    if wanted.group("IO-sqlite") {
        queries("IO-sqlite")?;
    }
    Ok(())
}

/// Returns the number of rounds, and of requests in a round.
fn rounds() -> (Budget, u64) {
    let (least, requests) = if settings::quick() {
        (5, 400)
    } else {
        (50, 2_000)
    };
    let time = Duration::ZERO;
    (Budget { least, time }, requests)
}

/// Sends one request after the other, on one kept connection.
///
/// The bridge's requests must leave no descriptor and no thread behind.
fn left_over(wanted: &Wanted) -> Result<(), Box<dyn Error>> {
    let mut server = Helper::start(ANSWERING)?;
    let url = answering::addresses(&mut server)?.url();
    let ours = Watched::new(Bridged::new(1)?);
    let blocking = Watched::new(Blocking::new(1)?);
    let by_hand = Watched::new(ByHand::new(1)?);
    let (budget, requests) = rounds();
    medians(
        budget,
        &mut [
            ours.candidate(&url, requests),
            blocking.candidate(&url, requests),
            by_hand.candidate(&url, requests),
        ],
    );
    ours.show(wanted);
    blocking.show(wanted);
    by_hand.show(wanted);
    // The count may fall: a connection that the first round opened may end later.
    for grown in ours.grown().into_iter().flatten() {
        assert!(grown <= 0, "{grown} threads or descriptors are left over");
    }
    Ok(())
}

/// A client, and the counts of what its requests have left behind.
struct Watched<F> {
    client: F,
    /// The growth of threads and descriptors in each round but the first.
    grown: RefCell<Vec<[Option<isize>; 2]>>,
}

impl<F: Fetch> Watched<F> {
    fn new(client: F) -> Self {
        Self {
            client,
            grown: RefCell::default(),
        }
    }

    fn candidate(&self, url: &str, requests: u64) -> Candidate<'_> {
        let url = url.to_owned();
        let mut warm = false;
        Candidate::new(F::NAME, move || {
            let before = held();
            let start = Instant::now();
            fetch_all(&self.client, &url, requests);
            let time = start.elapsed();
            let after = settled(before);
            if warm {
                let grown = [0, 1].map(|of| Some(after[of]? - before[of]?));
                self.grown.borrow_mut().push(grown);
            }
            warm = true;
            ns_each(time, requests)
        })
    }

    /// Returns how many more there are after all rounds together.
    fn grown(&self) -> [Option<isize>; 2] {
        [0, 1].map(|of| self.grown.borrow().iter().map(|round| round[of]).sum())
    }

    fn show(&self, wanted: &Wanted) {
        for (group, grown) in ["IO-threads", "IO-fds"].into_iter().zip(self.grown()) {
            match grown {
                #[expect(clippy::cast_precision_loss, reason = "no process holds 2^52")]
                Some(grown) if wanted.group(group) => lines::count(group, F::NAME, grown as f64),
                Some(_) => {}
                None => lines::note(group, "this system does not tell how many there are"),
            }
        }
    }
}

/// Returns the numbers of threads and descriptors, once they are no greater than
/// `before`.
///
/// A second connection, for example, takes a moment to close. A thread or descriptor
/// that is still there after 200 ms counts as left behind.
fn settled(before: [Option<isize>; 2]) -> [Option<isize>; 2] {
    let start = Instant::now();
    loop {
        let now = held();
        let more = now.iter().zip(&before).any(|(now, before)| now > before);
        // The first round leaves more behind, which stays: its connection and its
        // threads.
        if !more || start.elapsed() > Duration::from_millis(200) {
            return now;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns the numbers of threads and descriptors.
fn held() -> [Option<isize>; 2] {
    [threads(), descriptors()].map(|count| count?.try_into().ok())
}

/// Measures nanoseconds per query, in a task that awaits one query after the other.
fn queries(group: &str) -> Result<(), Box<dyn Error>> {
    const QUERIES: u64 = 1_000;
    let runtime = run::multi_thread();
    let shared = Shared::open()?;
    let wrapped = Arc::new(runtime.block_on(Wrapped::open())?);
    let found = |number: u64, square: rusqlite::Result<i64>| {
        assert_eq!(square, Ok((number * number).cast_signed()));
    };
    let figures = medians(
        settings::budget(),
        &mut [
            Candidate::new("bridge", || {
                let shared = shared.clone();
                let time = run::in_async_task(&runtime, QUERIES, move |number| {
                    let shared = shared.clone();
                    async move { found(number % ROWS, shared.square(number % ROWS).await) }
                });
                ns_each(time, QUERIES)
            }),
            Candidate::new("deadpool_sync", || {
                let wrapped = Arc::clone(&wrapped);
                let time = run::in_async_task(&runtime, QUERIES, move |number| {
                    let wrapped = Arc::clone(&wrapped);
                    async move { found(number % ROWS, wrapped.square(number % ROWS).await) }
                });
                ns_each(time, QUERIES)
            }),
            Candidate::new("spawn_blocking", || {
                let shared = shared.clone();
                let time = run::in_async_task(&runtime, QUERIES, move |number| {
                    let shared = shared.clone();
                    async move { found(number % ROWS, shared.spawn_blocking(number % ROWS).await) }
                });
                ns_each(time, QUERIES)
            }),
        ],
    );
    for (who, figure) in figures {
        lines::count(group, who, figure);
    }
    // Dropping the last connection starts a blocking task, so it needs the runtime.
    runtime.block_on(async { drop(wrapped) });
    Ok(())
}
