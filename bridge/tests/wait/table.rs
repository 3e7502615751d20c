//! Checks every place, with everything a future may need, in every way to wait.

use super::*;

/// The place in which the wait is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::enum_variant_names,
    reason = "they are places, named as they are known"
)]
enum Place {
    Thread,
    ThreadOfATask,
    Guard,
    UndrivenGuard,
    Root,
    HandleRoot,
    CurrentThreadHandleRoot,
    Task,
    TaskOfOurs,
    SpawnBlocking,
    SpawnBlockingOfCurrentThread,
    BlockInPlace,
    AfterBlockInPlace,
    Job,
    JobOfATask,
    JobOfCurrentThread,
    InWait,
    WaitInATask,
    Unconstrained,
    // From here on, the thread is the only one of its executor.
    CurrentThreadRoot,
    CurrentThreadTask,
    LocalSetTask,
    LocalRuntimeTask,
    InAsync,
    GuardInCurrentThread,
}

use Place::*;

const PLACES: &[Place] = &[
    Thread,
    ThreadOfATask,
    Guard,
    UndrivenGuard,
    Root,
    HandleRoot,
    CurrentThreadHandleRoot,
    Task,
    TaskOfOurs,
    SpawnBlocking,
    SpawnBlockingOfCurrentThread,
    BlockInPlace,
    AfterBlockInPlace,
    Job,
    JobOfATask,
    JobOfCurrentThread,
    InWait,
    WaitInATask,
    Unconstrained,
    CurrentThreadRoot,
    CurrentThreadTask,
    LocalSetTask,
    LocalRuntimeTask,
    InAsync,
    GuardInCurrentThread,
];

type Outcome = Result<u32, WaitError>;

impl Place {
    fn freezes(self) -> bool {
        matches!(
            self,
            CurrentThreadRoot
                | CurrentThreadTask
                | LocalSetTask
                | LocalRuntimeTask
                | InAsync
                | GuardInCurrentThread
        )
    }

    /// Runs `body` in this place.
    fn run(self, body: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
        match self {
            Thread => thread::spawn(body).join().unwrap(),
            ThreadOfATask => one_worker().block_on(async { thread::spawn(body).join().unwrap() }),
            Guard => {
                let runtime = one_worker();
                let _guard = runtime.enter();
                body()
            }
            UndrivenGuard => {
                let runtime = current_thread();
                let _guard = runtime.enter();
                body()
            }
            Root => one_worker().block_on(async { body() }),
            HandleRoot => one_worker().handle().block_on(async { body() }),
            CurrentThreadHandleRoot => current_thread().handle().block_on(async { body() }),
            Task => task(async { body() }),
            TaskOfOurs => {
                one_worker().block_on(async { bridge::spawn(async { body() }).await.unwrap() })
            }
            SpawnBlocking => one_worker().block_on(async { spawn_blocking(body).await.unwrap() }),
            SpawnBlockingOfCurrentThread => {
                current_thread().block_on(async { spawn_blocking(body).await.unwrap() })
            }
            BlockInPlace => task(async { block_in_place(body) }),
            AfterBlockInPlace => task(async {
                block_in_place(|| ());
                body()
            }),
            Job => wait(offload(body)),
            JobOfATask => task(async { offload(body).await }),
            JobOfCurrentThread => current_thread().block_on(offload(body)),
            InWait => wait(async { body() }),
            WaitInATask => task(async { wait(async { body() }) }),
            Unconstrained => task(tokio::task::unconstrained(async { body() })),
            CurrentThreadRoot => current_thread().block_on(async { body() }),
            CurrentThreadTask => {
                current_thread().block_on(async { tokio::spawn(async { body() }).await.unwrap() })
            }
            LocalSetTask => LocalSet::new().block_on(&current_thread(), async {
                tokio::task::spawn_local(async { body() }).await.unwrap()
            }),
            LocalRuntimeTask => {
                let runtime = Builder::new_current_thread()
                    .build_local(LocalOptions::default())
                    .unwrap();
                runtime
                    .block_on(async { tokio::task::spawn_local(async { body() }).await.unwrap() })
            }
            InAsync => futures::executor::block_on(in_async(async { body() })),
            GuardInCurrentThread => {
                let (own, foreign) = (current_thread(), one_worker());
                own.block_on(async {
                    let _guard = foreign.enter();
                    let outcome = body();
                    spawn_blocking(|| ()).await.unwrap();
                    outcome
                })
            }
        }
    }
}

fn task(future: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
    one_worker().block_on(async { tokio::spawn(future).await.unwrap() })
}

/// The step that the future takes before it returns 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Yield,
    Timer,
    Socket,
    AnyTask,
    OurTask,
    BlockingThread,
    PoolThread,
    AnotherThread,
    Join,
    Select,
    Timeout,
    Box,
    NestedWait,
    LocalTask,
}

use Need::*;

const NEEDS: &[Need] = &[
    Nothing,
    Yield,
    Timer,
    Socket,
    AnyTask,
    OurTask,
    BlockingThread,
    PoolThread,
    AnotherThread,
    Join,
    Select,
    Timeout,
    Box,
    NestedWait,
    LocalTask,
];

impl Need {
    /// Returns whether a frozen wait cannot finish here. A local set has its
    /// own wakers, and `yield_now` leaves them with the frozen scheduler.
    fn is_lost_in(self, place: Place, way: Way) -> bool {
        self == LocalTask && way == Way::Frozen && place.freezes() && place != InAsync
    }

    async fn future(self) -> u32 {
        let tick = || sleep(Duration::from_micros(100));
        match self {
            Nothing => 7,
            Yield => {
                tokio::task::yield_now().await;
                7
            }
            Timer => {
                tick().await;
                7
            }
            Socket => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let client = TcpStream::connect(listener.local_addr().unwrap());
                let (mut client, mut server) = {
                    let (client, server) = tokio::join!(client, listener.accept());
                    (client.unwrap(), server.unwrap().0)
                };
                server.write_u32(7).await.unwrap();
                client.read_u32().await.unwrap()
            }
            AnyTask => tokio::spawn(async { 7 }).await.unwrap(),
            OurTask => bridge::spawn(async { 7 }).await.unwrap(),
            BlockingThread => spawn_blocking(|| 7).await.unwrap(),
            PoolThread => offload(|| 7).await,
            AnotherThread => {
                let (send, receive) = oneshot::channel();
                let sender = thread::spawn(move || send.send(7));
                let value = receive.await.unwrap();
                sender.join().unwrap().unwrap();
                value
            }
            Join => {
                let (three, four) = tokio::join!(offload(|| 3), async {
                    tick().await;
                    4
                });
                three + four
            }
            Select => tokio::select! {
                () = std::future::pending() => 0,
                value = offload(|| 7) => value,
            },
            Timeout => {
                let never = std::future::pending::<()>();
                let late = tokio::time::timeout(Duration::from_micros(100), never).await;
                if late.is_err() { 7 } else { 0 }
            }
            Box => {
                let boxed: Pin<std::boxed::Box<dyn Future<Output = u32>>> =
                    std::boxed::Box::pin(async {
                        tick().await;
                        7
                    });
                boxed.await
            }
            NestedWait => wait(async { wait(offload(|| 7)) }),
            LocalTask => {
                let local = LocalSet::new();
                let task = local.spawn_local(async {
                    tokio::task::yield_now().await;
                    7
                });
                local.await;
                task.await.unwrap()
            }
        }
    }
}

/// The function that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    Limited,
    OwnBridge,
    /// This one waits everywhere.
    Frozen,
}

fn waits_for(way: Way, need: Need) -> Outcome {
    match way {
        Way::Plain => try_wait(need.future()),
        Way::Limited => need.future().wait_timeout(Duration::from_hours(1)),
        Way::Frozen => bridge::try_wait_frozen(need.future()),
        Way::OwnBridge => {
            static OWN: LazyLock<Bridge> = LazyLock::new(|| {
                Bridge::builder()
                    .worker_threads(1)
                    .max_threads(1)
                    .spin(Duration::ZERO)
                    .build()
                    .unwrap()
            });
            OWN.try_wait(need.future())
        }
    }
}

#[test]
fn every_place_need_and_way() {
    within(|| {
        for &place in PLACES {
            for &need in NEEDS {
                for way in [Way::Plain, Way::Limited, Way::OwnBridge, Way::Frozen] {
                    if need.is_lost_in(place, way) {
                        continue;
                    }
                    let outcome = place.run(move || waits_for(way, need));
                    let is_refused = place.freezes() && way != Way::Frozen;
                    let is_right = match &outcome {
                        Ok(value) => !is_refused && *value == 7,
                        Err(WaitError::WouldFreeze { .. }) => is_refused,
                        Err(_) => false,
                    };
                    assert!(is_right, "{way:?} for {need:?} in {place:?}: {outcome:?}");
                }
            }
        }
    });
}
