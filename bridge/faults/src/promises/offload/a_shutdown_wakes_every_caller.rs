//! Every caller that a shutdown races with gets its value or `ShutDown`, and the job
//! ran only in the first case.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(2);
    for round in 0..20 {
        let bridge = Bridge::builder()
            .max_threads(2)
            .queue_capacity(8)
            .build()
            .unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..200)
            .map(|_| {
                let (bridge, count) = (bridge.clone(), Arc::clone(&ran));
                let job = move || {
                    count.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_micros(100));
                };
                runtime.spawn(async move { bridge.offload(job).outcome().await })
            })
            .collect();
        thread::sleep(Duration::from_micros(200 * round));
        let report = bridge.shutdown(Duration::from_millis(round)).wait();
        let mut values = 0;
        for caller in callers {
            match runtime.block_on(caller).unwrap() {
                Ok(()) => values += 1,
                Err(error) => assert!(matches!(error, OffloadError::ShutDown { .. }), "{error}"),
            }
        }
        let left = report.running.len();
        let ran = ran.load(Ordering::SeqCst);
        assert!(
            (values..=values + left).contains(&ran),
            "{ran} ran, {values} values, {left} left"
        );
    }
}
