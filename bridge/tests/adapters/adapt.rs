//! Makes one future of a plan.

use std::{pin::Pin, time::Duration};

use futures::{
    StreamExt,
    future::{join_all, select_all},
    poll,
    stream::FuturesUnordered,
};
use tokio::{
    runtime::Builder,
    task::{JoinSet, LocalSet, spawn_blocking, spawn_local, yield_now},
    time::timeout,
};

use crate::{
    job::{self, World},
    plan::Plan,
    wakers::Rewoken,
};

pub(crate) type Pending = Pin<Box<dyn Future<Output = ()> + Send>>;

const TENTH: Duration = Duration::from_micros(100);

/// The future of a plan. No panic of a job leaves it.
pub(crate) fn future(plan: &Plan, world: &World) -> Pending {
    let (plan, world) = (plan.clone(), world.clone());
    Box::pin(async move { run(plan, &world).await })
}

fn futures(plans: &[Plan], world: &World) -> Vec<Pending> {
    plans.iter().map(|plan| future(plan, world)).collect()
}

async fn run(plan: Plan, world: &World) {
    match plan {
        Plan::Job(job) => job::run(job, world.clone()).await,
        Plan::Joined(plans) => drop(join_all(futures(&plans, world)).await),
        Plan::Unordered(plans) => {
            let mut all: FuturesUnordered<Pending> = futures(&plans, world).into_iter().collect();
            while all.next().await.is_some() {}
        }
        Plan::Tasks(plans) => {
            let mut all = JoinSet::new();
            for future in futures(&plans, world) {
                all.spawn(future);
            }
            while let Some(ended) = all.join_next().await {
                ended.unwrap();
            }
        }
        Plan::Raced(plans) => {
            let ((), _, others) = select_all(futures(&plans, world)).await;
            drop(others);
        }
        Plan::Selected(first, second) => {
            let (first, second) = (future(&first, world), future(&second, world));
            tokio::select! {
                () = first => {}
                () = second => {}
            }
        }
        Plan::Limited(tenths, plan) => {
            let limit = TENTH * u32::from(tenths);
            let _over = timeout(limit, future(&plan, world)).await;
        }
        Plan::Spawned(plan) => tokio::spawn(future(&plan, world)).await.unwrap(),
        Plan::Aborted(yields, plan) => {
            let task = tokio::spawn(future(&plan, world));
            for _ in 0..yields {
                yield_now().await;
            }
            task.abort();
            if let Err(error) = task.await {
                assert!(error.is_cancelled(), "{error}");
            }
        }
        Plan::Rewoken(plan) => Rewoken::new(future(&plan, world)).await,
        Plan::Moved(plan) => {
            let mut future = future(&plan, world);
            if poll!(&mut future).is_pending() {
                tokio::spawn(future).await.unwrap();
            }
        }
        Plan::Local(plan) => {
            let future = future(&plan, world);
            spawn_blocking(move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                LocalSet::new().block_on(&runtime, async { spawn_local(future).await.unwrap() });
            })
            .await
            .unwrap();
        }
        Plan::Waited(plan) => {
            let (world, future) = (world.clone(), future(&plan, world));
            spawn_blocking(move || world.bridge.wait(future))
                .await
                .unwrap();
        }
    }
}
