//! Makes a job in one of its forms, and books what its caller is told.

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use bridge::{
    BoxCall, Bridge, Offload, OffloadError, WaitError,
    offload::{Cancelled, cancelled},
    smartasync,
};
use futures::FutureExt;
use tokio::runtime::{Builder, Runtime};

use crate::{
    adapt,
    ledger::{Capture, Ledger, Told},
    plan::{Body, Case, Form, Job},
};

/// No job takes nearly as long.
pub(crate) const LONG: Duration = Duration::from_secs(20);

const TENTH: Duration = Duration::from_micros(100);

/// The payload of a job's panic.
struct Wanted(usize);

/// The bridge and the ledger of one plan.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) bridge: Bridge,
    pub(crate) ledger: Ledger,
    /// As many references as there are futures and jobs of the plan, and one more.
    alive: Arc<()>,
}

/// Shared by all plans: starting it takes longer than most plans do.
static HOME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});

impl World {
    pub(crate) fn new(case: &Case) -> Self {
        let bridge = Bridge::builder()
            .runtime(HOME.handle().clone())
            .max_threads(case.threads)
            .max_blocked_threads(case.blocked)
            .queue_capacity(case.queue)
            .build();
        Self {
            bridge: bridge.unwrap(),
            ledger: Ledger::default(),
            alive: Arc::default(),
        }
    }

    /// Whether nothing of the plan is left, in a task or in a job.
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.alive) == 1
    }
}

#[smartasync]
fn smart(job: Job, world: World, capture: Capture) -> usize {
    perform(&job, &world, capture)
}

/// Makes the job, awaits it, and books what comes of it.
pub(crate) async fn run(job: Job, world: World) {
    let (id, ledger) = (job.id, world.ledger.clone());
    let capture = ledger.made(id);
    let bridge = world.bridge.clone();
    let told = match job.form {
        Form::Call => caught(id, smart(job, world, capture).on(&bridge)).await,
        Form::Boxed => {
            let call = BoxCall::new(smart(job, world, capture));
            caught(id, call.on(&bridge)).await
        }
        form => {
            let closure = move || perform(&job, &world, capture);
            if form == Form::Tried {
                match bridge.try_offload(closure) {
                    Ok(task) => outcome(id, task).await,
                    Err(_) => Some(Told::DidNotRun),
                }
            } else {
                offloaded(id, bridge.offload(closure), form).await
            }
        }
    };
    if let Some(told) = told {
        ledger.tell(id, told);
    }
}

async fn offloaded(id: usize, task: Offload<usize>, form: Form) -> Option<Told> {
    match form {
        Form::Started => caught(id, task.start()).await,
        Form::Outcome => outcome(id, task).await,
        Form::Cancelled => {
            let task = task.start();
            match task.cancel() {
                Cancelled::Withdrawn => {
                    assert_eq!(outcome(id, task).await, Some(Told::DidNotRun));
                    Some(Told::DidNotRun)
                }
                Cancelled::Running | Cancelled::Finished => {
                    let told = outcome(id, task).await;
                    assert_ne!(told, Some(Told::DidNotRun), "it had begun");
                    told
                }
            }
        }
        Form::Detached => {
            task.detach();
            None
        }
        _ => caught(id, task).await,
    }
}

async fn caught(id: usize, future: impl Future<Output = usize> + Send) -> Option<Told> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(value) => Some(of_value(id, value)),
        Err(payload) => Some(of_panic(id, &*payload)),
    }
}

async fn outcome(id: usize, task: Offload<usize>) -> Option<Told> {
    match task.outcome().await {
        Ok(value) => Some(of_value(id, value)),
        Err(OffloadError::Panicked(panic)) => Some(of_panic(id, &*panic.into_payload())),
        Err(OffloadError::Cancelled { .. }) => Some(Told::DidNotRun),
        Err(error) => panic!("job {id}: {error}"),
    }
}

fn of_value(id: usize, value: usize) -> Told {
    assert_eq!(value, id, "the value of another job");
    Told::Value
}

fn of_panic(id: usize, payload: &(dyn Any + Send)) -> Told {
    match payload.downcast_ref::<Wanted>() {
        Some(wanted) => assert_eq!(wanted.0, id, "the panic of another job"),
        None => panic!("job {id}: {}", testkit::panic_text(payload)),
    }
    Told::Panic
}

/// The body of a job.
fn perform(job: &Job, world: &World, _capture: Capture) -> usize {
    let (id, ledger) = (job.id, &world.ledger);
    ledger.started(id);
    match &job.body {
        Body::Return => {}
        Body::Sleep(tenths) => thread::sleep(TENTH * u32::from(*tenths)),
        Body::UntilCancelled => {
            let end = Instant::now() + TENTH * 20;
            while !cancelled() && Instant::now() < end {
                thread::yield_now();
            }
        }
        Body::Panic => {
            ledger.panicked(id);
            panic::panic_any(Wanted(id));
        }
        Body::Wait(plan) => match world.bridge.try_wait(adapt::future(plan, world)) {
            Ok(()) => {}
            Err(WaitError::PoolExhausted { .. }) => ledger.refused(id),
            Err(error) => panic!("{error}"),
        },
    }
    ledger.returned(id);
    id
}

/// Keeps wanted panics off the terminal.
pub(crate) fn expect_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Wanted>() {
            usual(info);
        }
    }));
}
