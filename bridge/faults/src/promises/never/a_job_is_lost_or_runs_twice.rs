//! No job is lost and none runs twice: it ran once, or its caller learnt that it did
//! not.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    const JOBS: usize = 4_000;
    let runtime = multi_thread(2);
    for round in 0..3 {
        let bridge = Bridge::builder()
            .max_threads(2)
            .queue_capacity(16)
            .build()
            .unwrap();
        let runs: Arc<[AtomicUsize]> = (0..JOBS).map(|_| AtomicUsize::new(0)).collect();
        let callers: Vec<_> = (0..JOBS)
            .map(|number| {
                let (bridge, runs) = (bridge.clone(), Arc::clone(&runs));
                runtime.spawn(async move {
                    let job = bridge.offload(move || runs[number].fetch_add(1, Ordering::SeqCst));
                    match number % 4 {
                        0 => {
                            let ran = job.outcome().await.is_ok();
                            assert!(ran || round == 2, "an open pool has refused a job");
                            Some(ran)
                        }
                        1 => {
                            let job = job.start();
                            yield_now().await;
                            let withdrawn = job.cancel() == Cancelled::Withdrawn;
                            let ran = job.outcome().await.is_ok();
                            assert!(!(withdrawn && ran));
                            Some(ran)
                        }
                        // Whether it ran is not told: nobody is left to tell.
                        2 => {
                            drop(job.start());
                            None
                        }
                        _ => {
                            let limit = Duration::from_micros(100);
                            let outcome = tokio::time::timeout(limit, job.outcome()).await;
                            outcome.ok().map(|outcome| outcome.is_ok())
                        }
                    }
                })
            })
            .collect();
        if round == 2 {
            let _report = bridge.shutdown(Duration::from_millis(5)).wait();
        }
        let told: Vec<_> = callers
            .into_iter()
            .map(|caller| runtime.block_on(caller).unwrap())
            .collect();
        let _report = bridge.shutdown(Duration::from_secs(30)).wait();
        eventually("all threads have ended", || bridge.metrics().threads == 0);
        for (number, told) in told.into_iter().enumerate() {
            let ran = runs[number].load(Ordering::SeqCst);
            assert!(ran <= 1, "job {number} ran {ran} times");
            assert!(
                told.is_none_or(|told| told == (ran == 1)),
                "job {number}: {told:?}, {ran}"
            );
        }
    }
}
