//! Checks waits within waits, through tasks and pool jobs.

use super::*;

#[test]
fn hand_overs_have_a_limit() {
    within(|| {
        let bridge = Bridge::builder().max_nested_waits(3).build().unwrap();
        let runtime = multi_thread();
        fn descend(bridge: &Bridge, depth: usize) -> Result<usize, WaitError> {
            if depth == 0 {
                return Ok(0);
            }
            let inner = bridge.clone();
            let task = tokio::spawn(async move { descend(&inner, depth - 1) });
            bridge.try_wait(task)?.unwrap().map(|below| below + 1)
        }
        runtime.block_on(async {
            let own = bridge.clone();
            assert_eq!(
                tokio::spawn(async move { descend(&own, 3) })
                    .await
                    .unwrap()
                    .unwrap(),
                3
            );
            let outcome = tokio::spawn(async move { descend(&bridge, 4) })
                .await
                .unwrap();
            assert!(
                matches!(outcome, Err(WaitError::TooDeep { limit: 3, .. })),
                "{outcome:?}"
            );
        });
    });
}

#[test]
fn a_hand_over_that_is_over_counts_no_more() {
    within(|| {
        let bridge = Bridge::builder().max_nested_waits(1).build().unwrap();
        let runtime = one_worker();
        for _ in 0..3 {
            let own = bridge.clone();
            let task = runtime.spawn(async move { own.try_wait(real_work()) });
            assert_eq!(runtime.block_on(task).unwrap().unwrap(), 7);
            let own = bridge.clone();
            let task = runtime.spawn(async move { own.wait(async { panic!("on purpose") }) });
            assert!(runtime.block_on(task).unwrap_err().is_panic());
        }
    });
}

/// More waits than Tokio gives a runtime blocking threads for.
#[test]
fn home_has_a_thread_for_each_wait_and_more() {
    fn descend(bridge: &Bridge, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let inner = bridge.clone();
        let task = bridge.spawn(async move { descend(&inner, depth - 1) });
        bridge.wait(task).unwrap() + 1
    }
    within(|| {
        let builder = Bridge::builder().worker_threads(1).max_nested_waits(600);
        let bridge = builder.build().unwrap();
        assert_eq!(descend(&bridge, 520), 520);
    });
}

#[test]
fn deep_through_spawn_on_one_worker() {
    within(|| {
        fn descend(depth: usize) -> usize {
            if depth == 0 {
                return 0;
            }
            wait(tokio::spawn(async move { descend(depth - 1) })).unwrap() + 1
        }
        one_worker().block_on(async {
            assert_eq!(tokio::spawn(async { descend(100) }).await.unwrap(), 100);
        });
    });
}

#[test]
fn nested_in_a_wait_on_home() {
    within(|| {
        let deep = wait(async { wait(async { tokio::spawn(async { wait(real_work()) }).wait() }) });
        assert_eq!(deep.unwrap(), 7);
    });
}

#[test]
fn sync_async_sync_deep_on_a_pool_of_one() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        fn descend(bridge: &Bridge, depth: usize) -> Result<usize, WaitError> {
            if depth == 0 {
                return Ok(0);
            }
            let inner = bridge.clone();
            let task = bridge.offload(move || descend(&inner, depth - 1));
            bridge.try_wait(task)?.map(|below| below + 1)
        }
        for depth in [1, 2, 8, 64] {
            assert_eq!(descend(&bridge, depth).unwrap(), depth);
        }
        match descend(&bridge, 1000) {
            Ok(depth) => assert_eq!(depth, 1000),
            Err(error) => assert!(matches!(error, WaitError::PoolExhausted { .. }), "{error}"),
        }
        assert_eq!(descend(&bridge, 3).unwrap(), 3);
    });
}

#[test]
fn descent_survives_spawn() {
    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .max_blocked_threads(12)
            .build()
            .unwrap();
        fn descend(bridge: &Bridge, depth: usize) -> usize {
            if depth == 0 {
                return 0;
            }
            let inner = bridge.clone();
            let below = bridge.wait(async move {
                let deeper = inner.clone();
                let hop = inner.spawn(async move {
                    let last = deeper.clone();
                    deeper.offload(move || descend(&last, depth - 1)).await
                });
                hop.await.unwrap()
            });
            below + 1
        }
        assert_eq!(descend(&bridge, 12), 12);
    });
}

/// The job that parks holds a lock, and the job that has its permit blocks on that
/// lock. So only a descendant, which needs no permit, can bring this to an end.
#[test]
fn a_job_of_a_spawned_task_needs_no_permit() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let lock = Arc::new(Mutex::new(()));
        let (runs, is_running) = mpsc::channel();
        let (blocks, is_blocked) = oneshot::channel();
        let (own, held) = (bridge.clone(), Arc::clone(&lock));
        let parks = bridge.offload(move || {
            let _held = held.lock().unwrap();
            runs.send(()).unwrap();
            let inner = own.clone();
            let task = own.spawn(async move {
                is_blocked.await.unwrap();
                inner.offload(|| 7).await
            });
            own.wait(task).unwrap()
        });
        let parks = parks.start();
        is_running.recv().unwrap();
        let blocks_on_it = bridge.offload(move || {
            blocks.send(()).unwrap();
            drop(lock.lock().unwrap());
        });
        let blocks_on_it = blocks_on_it.start();
        assert_eq!(bridge.wait(parks), 7);
        bridge.wait(blocks_on_it);
    });
}

/// Runs `test` on a pool whose only thread, and the only one that may be added, are parked
/// or busy. So a job of the busy one is lent to its wait.
fn on_a_full_pool(test: impl FnOnce(&Bridge) + Send) {
    within(|| {
        let builder = Bridge::builder().max_threads(1).max_blocked_threads(1);
        let bridge = builder.build().unwrap();
        // Takes the one thread that may be added.
        let (go, may_go) = oneshot::channel::<()>();
        let (parks, is_parked) = mpsc::channel();
        let own = bridge.clone();
        let until = async move {
            parks.send(()).unwrap();
            may_go.await.unwrap();
        };
        let parked = bridge.offload(move || own.wait(until)).start();
        is_parked.recv().unwrap();
        test(&bridge);
        go.send(()).unwrap();
        bridge.wait(parked);
    });
}

/// No thread may be added, so the pool lends the job to the thread that waits for it.
#[test]
fn a_job_lent_to_a_wait_runs_there() {
    on_a_full_pool(|bridge| {
        let own = bridge.clone();
        let job = bridge.offload(move || {
            let here = thread::current().id();
            own.wait(own.offload(move || thread::current().id() == here))
        });
        assert!(bridge.wait(job), "no other thread is there");
    });
}

/// When the wait checks its limit, the value of the job is there. So the value counts.
#[test]
fn a_lent_job_that_outlasts_the_limit_gives_its_value() {
    const LIMIT: Duration = Duration::from_millis(200);
    on_a_full_pool(|bridge| {
        let counts = |_| {
            let own = bridge.clone();
            bridge.wait(bridge.offload(move || {
                let deadline = Instant::now() + 2 * LIMIT;
                let rest = move || deadline.saturating_duration_since(Instant::now());
                let outlasts = own.offload(move || thread::sleep(rest()));
                own.wait_timeout(outlasts, LIMIT).is_ok()
            }))
        };
        // On a busy machine the limit may pass before the job is lent, but not each time.
        assert!((0..5).any(counts));
    });
}

#[test]
fn hand_overs_are_counted_over_all_bridges_of_a_runtime() {
    within(|| {
        fn descend(bridges: &[Bridge; 3], depth: usize) -> Result<usize, WaitError> {
            if depth == 0 {
                return Ok(0);
            }
            let inner = bridges.clone();
            let task = tokio::spawn(async move { descend(&inner, depth - 1) });
            bridges[depth % 3]
                .try_wait(task)?
                .unwrap()
                .map(|below| below + 1)
        }
        let bridges = [(); 3].map(|()| Bridge::builder().build().unwrap());
        let outcome = one_worker().block_on(async move {
            // This depth needs more blocking threads than Tokio has.
            tokio::spawn(async move { descend(&bridges, 700) })
                .await
                .unwrap()
        });
        assert!(
            matches!(outcome, Err(WaitError::TooDeep { .. })),
            "{outcome:?}"
        );
    });
}

/// The code between one wait and the next.
#[derive(Clone, Copy)]
enum Link {
    Boxed,
    Join,
    Select,
    Timeout,
    Later,
}

/// Each level also has a time limit of its own.
#[test]
fn a_thousand_deep_on_one_stack() {
    const LINKS: [Link; 5] = [
        Link::Boxed,
        Link::Join,
        Link::Select,
        Link::Timeout,
        Link::Later,
    ];
    fn descend(depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let below = async move || descend(depth - 1);
        let future: Pin<Box<dyn Future<Output = usize>>> = match LINKS[depth % LINKS.len()] {
            Link::Boxed => Box::pin(below()),
            Link::Join => Box::pin(async move { tokio::join!(below(), async {}).0 }),
            Link::Select => Box::pin(async move {
                tokio::select! {
                    biased;
                    () = std::future::pending() => unreachable!(),
                    depth = below() => depth,
                }
            }),
            Link::Timeout => Box::pin(async move {
                let limit = Duration::from_hours(1);
                tokio::time::timeout(limit, below()).await.unwrap()
            }),
            Link::Later => Box::pin(async move {
                tokio::task::yield_now().await;
                below().await
            }),
        };
        future.wait_timeout(Duration::from_hours(1)).unwrap() + 1
    }
    within(|| {
        // A recursion of this depth needs more stack than a test's thread has.
        let deep = || {
            assert_eq!(descend(1000), 1000, "on a plain thread");
            let root = multi_thread().block_on(async { descend(1000) });
            assert_eq!(root, 1000, "in a root");
            let runtime = one_worker();
            let _guard = runtime.enter();
            assert_eq!(descend(1000), 1000, "under a guard");
        };
        let thread = thread::Builder::new().stack_size(256 << 20).spawn(deep);
        thread.unwrap().join().unwrap();
    });
}

/// Otherwise an endless recursion of waits would overflow the stack and abort
/// the process.
#[cfg(target_os = "linux")]
#[test]
fn without_an_end_on_one_stack() {
    type Boxed = Pin<Box<dyn Future<Output = Result<usize, WaitError>>>>;
    const LINKS: [fn(usize) -> Boxed; 4] = [
        |depth| Box::pin(async move { descend(depth) }),
        |depth| Box::pin(async move { tokio::join!(async { descend(depth) }, async {}).0 }),
        |depth| {
            Box::pin(async move {
                tokio::task::yield_now().await;
                descend(depth)
            })
        },
        |depth| {
            let below = async move { descend(depth) };
            let limit = Duration::from_hours(1);
            Box::pin(async move { tokio::time::timeout(limit, below).await.unwrap() })
        },
    ];
    fn descend(depth: usize) -> Result<usize, WaitError> {
        try_wait(LINKS[depth % LINKS.len()](depth + 1))?
    }
    fn panics() {
        let below: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async { panics() });
        wait(below);
    }
    fn ends_well() {
        let ended = descend(0);
        assert!(
            matches!(ended, Err(WaitError::StackExhausted { .. })),
            "{ended:?}"
        );
    }
    within(|| {
        // These threads start with little stack. In the second loop, the error
        // is a panic.
        for kibibytes in [64, 128, 256, 512] {
            let thread = thread::Builder::new().stack_size(kibibytes << 10);
            thread.spawn(ends_well).unwrap().join().unwrap();
        }
        for kibibytes in [128, 256, 512] {
            let thread = thread::Builder::new().stack_size(kibibytes << 10);
            let payload = thread.spawn(panics).unwrap().join().unwrap_err();
            assert!(panic_text(&*payload).contains("hardly any stack left"));
        }
        let everywhere = || {
            ends_well();
            multi_thread().block_on(async {
                ends_well();
                tokio::spawn(async { ends_well() }).await.unwrap();
                spawn_blocking(ends_well).await.unwrap();
                offload(ends_well).await;
            });
            assert_eq!(wait(real_work()), 7);
        };
        let thread = thread::Builder::new().stack_size(1 << 20).spawn(everywhere);
        thread.unwrap().join().unwrap();
    });
}

/// Runtime A waits for B, which waits for A, and so on.
#[test]
fn two_runtimes_wait_for_each_other_in_turn() {
    fn descend(here: Handle, there: &Handle, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let (next, after) = (there.clone(), here);
        let task = there.spawn(async move { descend(next, &after, depth - 1) });
        wait(task).unwrap() + 1
    }
    within(|| {
        let (a, b) = (one_worker(), one_worker());
        let handles = (a.handle().clone(), b.handle().clone());
        assert_eq!(descend(handles.0.clone(), &handles.1, 100), 100);
        let from_a = a.spawn(async move { descend(handles.0, &handles.1, 100) });
        assert_eq!(a.block_on(from_a).unwrap(), 100);
    });
}
