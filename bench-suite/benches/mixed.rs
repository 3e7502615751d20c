//! M: a service under load, and a loaded runtime beside blocking jobs.
//!
//! The server and its clients share this process and its processors, and the clients
//! keep the server saturated. So the threads and the CPU time are those of server and
//! clients together, for all candidates alike. In each round, every candidate gets a
//! runtime and a pool of its own, which end with the round.

use std::time::Duration;

use bench_suite::{
    lines,
    process::Watch,
    rounds::{Candidate, median, medians},
    settings,
    wanted::Wanted,
    workload::{
        busy,
        client::{self, Failure, Load},
        run,
        server::{STEPS, serve, work},
        way::{Ours, SpawnBlocking, Way},
    },
};
use bridge::Bridge;
use cpu_time::ProcessTime;

fn main() -> Result<(), Failure> {
    let wanted = Wanted::from_args()?;
    let of_requests = ["M-requests", "M-p50", "M-p99", "M-threads", "M-cpu"];
    if of_requests.iter().any(|group| wanted.group(group)) {
        requests(&wanted)?;
    }
    if wanted.group("M-busy") {
        busy_tasks("M-busy");
    }
    Ok(())
}

/// Returns the number of rounds, and the length of a round.
fn rounds() -> (usize, Duration) {
    if settings::quick() {
        (3, Duration::from_millis(700))
    } else {
        (9, Duration::from_secs(3))
    }
}

/// Connections for each processor: more than a processor can serve at once.
const CONNECTIONS: usize = 16;

/// The result of one round of one candidate.
struct Round {
    load: Load,
    threads: Option<usize>,
    cpu: Duration,
}

fn requests(wanted: &Wanted) -> Result<(), Failure> {
    let (count, _) = rounds();
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..count {
        let bridge = Bridge::builder().build()?;
        ours.push(round(&Ours(bridge.clone()))?);
        // The bridge's threads must not be counted among those of the next round.
        let left = bridge.shutdown(Duration::from_secs(10)).wait();
        assert!(left.running.is_empty(), "a job outlives its answer");
        theirs.push(round(&SpawnBlocking)?);
    }
    show(wanted, Ours::NAME, &ours);
    show(wanted, SpawnBlocking::NAME, &theirs);
    Ok(())
}

fn round<W: Way>(way: &W) -> Result<Round, Failure> {
    let (_, length) = rounds();
    let runtime = run::multi_thread();
    let address = serve(&runtime, way.clone(), STEPS)?;
    let answer = work(STEPS).to_string();
    let question = move |_| ("/".to_owned(), answer.clone());
    let connections = CONNECTIONS * settings::cores();
    let watch = Watch::start();
    // Pools start their threads in this load, which must not be a part of any latency.
    client::load(address, connections, length / 5, &question)?;
    let start = ProcessTime::now();
    let load = client::load(address, connections, length, &question)?;
    Ok(Round {
        load,
        threads: watch.most(),
        cpu: start.elapsed(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of seconds' work")]
fn show(wanted: &Wanted, who: &str, rounds: &[Round]) {
    let each = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let figures = [
        (
            "M-requests",
            each(|round| round.load.times.len() as f64 / round.load.length.as_secs_f64()),
        ),
        (
            "M-p50",
            each(|round| round.load.times.value_at_quantile(0.5) as f64),
        ),
        (
            "M-p99",
            each(|round| round.load.times.value_at_quantile(0.99) as f64),
        ),
        (
            "M-cpu",
            each(|round| 10_000.0 * round.cpu.as_secs_f64() / round.load.times.len() as f64),
        ),
    ];
    for (group, figure) in figures {
        if wanted.group(group) {
            lines::count(group, who, figure);
        }
    }
    let threads: Option<Vec<_>> = rounds.iter().map(|round| round.threads).collect();
    match threads {
        Some(threads) if wanted.group("M-threads") => {
            let threads = threads.into_iter().map(|count| count as f64);
            lines::count("M-threads", who, median(threads.collect()));
        }
        Some(_) => {}
        None => lines::note("M-threads", "this system does not tell how many there are"),
    }
}

/// Prints the steps that busy tasks take in a second.
///
/// The candidates are tasks without blocking jobs, and tasks beside a steady stream of
/// jobs.
fn busy_tasks(group: &str) {
    let runtime = run::multi_thread();
    let (rounds, length) = rounds();
    let length = length / 3;
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds' work")]
    let rate = |done: busy::Done| done.steps as f64 / done.time.as_secs_f64();
    let mut candidates = [
        Candidate::new("bridge", || {
            rate(busy::beside(&runtime, &Ours::global(), length))
        }),
        Candidate::new("spawn_blocking", || {
            rate(busy::beside(&runtime, &SpawnBlocking, length))
        }),
        Candidate::new("no_jobs", || rate(busy::alone(&runtime, length))),
    ];
    let budget = bench_suite::rounds::Budget {
        least: rounds,
        time: Duration::ZERO,
    };
    for (who, figure) in medians(budget, &mut candidates) {
        lines::count(group, who, figure);
    }
}
