//! P16: a request from sync code and its answer, from one thread and from several.
//!
//! The server has a process of its own. The CPU time is that of the client's process.
//! The peers are `current_thread_block_on`, `tokio_runtime_block_on` and, for HTTP,
//! `reqwest_blocking`. The report shows `ureq` and `raw_std` beside them.

use std::{error::Error, time::Duration};

use bench_suite::{
    helper::{Helper, role},
    lines,
    rounds::{median, ns_each},
    settings,
    wanted::Wanted,
    workload::{
        answering::{self, ANSWERING},
        request::{Client, Cost, ask, http_clients, tcp_clients},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    if role().as_deref() == Some(ANSWERING) {
        return Ok(answering::run()?);
    }
    let wanted = Wanted::from_args()?;
    let mut server = Helper::start(ANSWERING)?;
    let addresses = answering::addresses(&mut server)?;
    let most = THREADS.into_iter().max().unwrap_or(1);
    if wanted.group("P16-http") || wanted.group("P16-http-cpu") {
        let clients = http_clients(addresses, most.into())?;
        measure(&wanted, ["P16-http", "P16-http-cpu"], &clients);
    }
    if wanted.group("P16-tcp") || wanted.group("P16-tcp-cpu") {
        measure(&wanted, ["P16-tcp", "P16-tcp-cpu"], &tcp_clients(addresses));
    }
    Ok(())
}

/// The numbers of threads that send requests at once.
const THREADS: [u8; 3] = [1, 4, 16];

/// Returns the number of rounds, and of requests in a round.
fn rounds() -> (usize, u64) {
    if settings::quick() {
        (5, 480)
    } else {
        (25, 1_600)
    }
}

/// Measures the clients in turn. The first round is not counted.
fn measure(wanted: &Wanted, [wall, cpu]: [&str; 2], clients: &[Client]) {
    let (rounds, requests) = rounds();
    for threads in THREADS {
        let share = requests / u64::from(threads);
        let each = |time: Duration| ns_each(time, share * u64::from(threads));
        let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); clients.len()];
        for round in 0..=rounds {
            for (client, costs) in clients.iter().zip(&mut costs) {
                let cost = ask(client, threads.into(), share);
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        for (client, costs) in clients.iter().zip(&costs) {
            let walls = costs.iter().map(|cost| each(cost.wall)).collect();
            let used: Vec<_> = costs
                .iter()
                .filter_map(|cost| Some(each(cost.used?.cpu)))
                .collect();
            if wanted.group(wall) {
                lines::point(wall, client.name, threads.into(), median(walls));
            }
            if used.is_empty() {
                lines::note(cpu, "this system does not tell");
            } else if wanted.group(cpu) {
                lines::point(cpu, client.name, threads.into(), median(used));
            }
        }
    }
}
