//! P15: a service over a pooled database, its requests and their cost.
//!
//! The services and their clients have processes of their own. Only the measured
//! service has anything to do.

use std::{io, time::Duration};

use bench_suite::{
    helper::{self, BUSY, Helper, role},
    lines,
    rounds::median,
    settings,
    wanted::Wanted,
    workload::{
        database::Failure,
        service::{
            Handling,
            process::{CLIENTS, Server, Shown, run_clients, run_server, served_by},
        },
    },
};

fn main() -> Result<(), Failure> {
    match role().as_deref() {
        None => measure(&Wanted::from_args()?),
        Some(BUSY) => Ok(helper::busy()?),
        Some(CLIENTS) => Ok(run_clients()?),
        Some(role) => {
            let way = served_by(role).ok_or_else(|| format!("no such role: {role}"))?;
            run_server(way)
        }
    }
}

/// The numbers of clients at once.
const CLIENTS_AT_ONCE: [u64; 3] = [1, 16, 200];

/// Returns the number of rounds, and the length of a load.
fn rounds() -> (usize, Duration) {
    if settings::quick() {
        (3, Duration::from_millis(200))
    } else {
        (15, Duration::from_millis(400))
    }
}

fn measure(wanted: &Wanted) -> Result<(), Failure> {
    let mut clients = Helper::start(CLIENTS)?;
    if GROUPS.iter().any(|group| wanted.group(group)) {
        loads(wanted, GROUPS, &mut clients)?;
    }
    if BUSY_GROUPS.iter().any(|group| wanted.group(group)) {
        let busy = busy_processes()?;
        loads(wanted, BUSY_GROUPS, &mut clients)?;
        drop(busy);
    }
    if wanted.group("P15-nested") || wanted.group("P15-nested-failed") {
        nested(wanted, ["P15-nested", "P15-nested-failed"], &mut clients)?;
    }
    let groups = ["P15-busy-nested", "P15-busy-nested-failed"];
    if groups.iter().any(|group| wanted.group(group)) {
        let busy = busy_processes()?;
        nested(wanted, groups, &mut clients)?;
        drop(busy);
    }
    Ok(())
}

/// Starts a busy process for each processor.
fn busy_processes() -> io::Result<Vec<Helper>> {
    (0..settings::cores())
        .map(|_| Helper::start(BUSY))
        .collect()
}

/// The groups, in the order of [`figures`].
const GROUPS: [&str; 5] = [
    "P15-requests",
    "P15-p50",
    "P15-p99",
    "P15-cpu",
    "P15-switches",
];

const BUSY_GROUPS: [&str; 5] = [
    "P15-busy-requests",
    "P15-busy-p50",
    "P15-busy-p99",
    "P15-busy-cpu",
    "P15-busy-switches",
];

/// Returns one figure for each group. The last two are missing where the system does
/// not tell them.
fn figures(shown: Shown) -> Vec<f64> {
    let mut figures = vec![shown.per_second, shown.p50, shown.p99];
    figures.extend(shown.each.into_iter().flatten());
    figures
}

/// Loads the services in turn, at each number of clients.
///
/// The first round is not counted, because threads start in it.
fn loads(wanted: &Wanted, groups: [&str; 5], clients: &mut Helper) -> Result<(), Failure> {
    let (rounds, length) = rounds();
    let mut servers = Handling::ALL
        .into_iter()
        .map(Server::start)
        .collect::<io::Result<Vec<_>>>()?;
    for at_once in CLIENTS_AT_ONCE {
        let mut shown = vec![Vec::new(); servers.len()];
        for round in 0..=rounds {
            for (server, shown) in servers.iter_mut().zip(&mut shown) {
                let one = server.load(clients, at_once, length)?;
                if round > 0 {
                    shown.push(figures(one));
                }
            }
        }
        for (way, shown) in Handling::ALL.into_iter().zip(&shown) {
            for (at, group) in groups.into_iter().enumerate() {
                let figures: Vec<_> = shown
                    .iter()
                    .filter_map(|one| one.get(at).copied())
                    .collect();
                if figures.is_empty() {
                    lines::note(group, "this system does not tell");
                } else if wanted.group(group) {
                    #[expect(clippy::cast_precision_loss, reason = "200 clients at most")]
                    lines::point(group, way.name(), at_once as f64, median(figures));
                }
            }
        }
    }
    Ok(())
}

/// The number of requests in a wave: ten for each connection to the database.
const WAVE: u64 = 100;

/// Sends waves of nested requests to the services in turn.
///
/// Prints the time of a wave, and the average number of its requests that failed. The
/// first wave is counted, because threads start in it as they would in a service. A
/// failed request takes seconds, so a service that failed gets no further wave.
fn nested(
    wanted: &Wanted,
    [group, failed_group]: [&str; 2],
    clients: &mut Helper,
) -> Result<(), Failure> {
    let rounds = if settings::quick() { 5 } else { 30 };
    let mut ways = Handling::ALL
        .into_iter()
        .map(|way| Ok((Server::start(way)?, Vec::new(), Vec::new())))
        .collect::<io::Result<Vec<_>>>()?;
    for _ in 0..rounds {
        for (server, times, failed) in &mut ways {
            if failed.iter().sum::<f64>() == 0.0 {
                let [lost, nanos] = server.wave(clients, WAVE)?;
                times.push(nanos);
                failed.push(lost);
            }
        }
    }
    for (way, (_, times, failed)) in Handling::ALL.into_iter().zip(ways) {
        if wanted.group(group) {
            lines::count(group, way.name(), median(times));
        }
        if wanted.group(failed_group) {
            #[expect(clippy::cast_precision_loss, reason = "few waves")]
            let each = failed.iter().sum::<f64>() / failed.len() as f64;
            lines::count(failed_group, way.name(), each);
        }
    }
    Ok(())
}
