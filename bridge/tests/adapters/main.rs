//! Offloads inside adapters of futures: `join!`, `select!`, time limits, sets of
//! futures and of tasks, boxes, changing wakers, and moves between tasks.
//!
//! An adapter may drop a job's future or move it. The job still runs at most once, its
//! captures are dropped once, and a caller that awaits it learns its outcome.
//!
//! | file | what it has |
//! |---|---|
//! | `plan.rs` | a plan of jobs and adapters, and random plans |
//! | `ledger.rs` | counts the runs of each job, and keeps its caller's answer |
//! | `job.rs` | makes a job in one of its forms, and books its caller's answer |
//! | `adapt.rs` | makes one future of a plan |
//! | `wakers.rs` | a future that is polled with another waker each time |

mod adapt;
mod job;
mod ledger;
mod plan;
mod wakers;

use std::time::{Duration, Instant};

use testkit::property;
use tokio::{runtime::Builder, time::sleep};

use crate::{
    job::{LONG, World},
    plan::{Case, Driver},
};

const MOMENT: Duration = Duration::from_micros(50);

#[test]
fn every_job_runs_once_or_its_caller_is_told() {
    job::expect_panics();
    property::holds(96, &plan::cases(), |case| {
        let world = World::new(&case);
        drive(&case, &world)?;
        let report = world.bridge.shutdown(LONG).wait();
        if !report.running.is_empty() {
            return Err(format!("jobs run on after the shutdown: {report:?}"));
        }
        world.ledger.check(&case.plan, &world.bridge.metrics())
    });
}

/// Runs the whole plan on a driver, and waits until nothing of it is left.
///
/// A task whose handle was dropped goes on, and so does a detached job. Both may need
/// the runtime that they began in.
fn drive(case: &Case, world: &World) -> Result<(), String> {
    let future = adapt::future(&case.plan, world);
    match case.driver {
        Driver::Wait => {
            world.bridge.wait(future);
            world.bridge.wait(settled(world))
        }
        Driver::Foreign => {
            let _entered = world.bridge.enter();
            futures::executor::block_on(future);
            world.bridge.wait(settled(world))
        }
        Driver::MultiThread => {
            let mut builder = Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::spawn(future).await.unwrap();
                settled(world).await
            })
        }
        Driver::CurrentThread => {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                future.await;
                settled(world).await
            })
        }
    }
}

/// Waits until nothing of the plan is left. A result is there a moment before its
/// thread has counted the end of its job.
async fn settled(world: &World) -> Result<(), String> {
    let deadline = Instant::now() + LONG;
    loop {
        let now = world.bridge.metrics();
        let quiet = (now.running, now.blocked, now.queued, now.backlog) == (0, 0, 0, 0);
        if quiet && world.is_alone() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!(
                "something stays behind: {now:?}, {:?}",
                world.ledger
            ));
        }
        sleep(MOMENT).await;
    }
}
