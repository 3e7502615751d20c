//! Checks which bridge a call runs on, by `.on(&bridge)` and by the option
//! `bridge = self.field`.
#![deny(warnings)]

use std::{
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, mpsc},
    thread,
    time::Duration,
};

use bridge::{BoxCall, Bridge, Call, smartasync};
use testkit::within;
use tokio::runtime::{Handle, Id};

static OTHER: LazyLock<Bridge> = LazyLock::new(|| named("other"));

const LIMIT: Duration = Duration::from_secs(20);

/// Returns a bridge whose pool's threads have this name.
fn named(name: &str) -> Bridge {
    let builder = Bridge::builder().thread_name(name).worker_threads(1);
    builder.build().unwrap()
}

/// Returns the home runtime of a bridge.
fn home(bridge: &Bridge) -> Id {
    bridge.wait(async { Handle::current().id() })
}

/// Runs a future on a new runtime.
fn run<F: Future>(future: F) -> F::Output {
    within(|| tokio::runtime::Runtime::new().unwrap().block_on(future))
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

#[smartasync]
async fn runtime() -> Id {
    Handle::current().id()
}

#[smartasync(bridge = OTHER, blocking = other_runtime_blocking)]
async fn other_runtime() -> Id {
    Handle::current().id()
}

#[smartasync]
fn worker(_: &str) -> String {
    thread_name()
}

#[smartasync(bridge = OTHER, debug)]
fn other_worker() -> String {
    thread_name()
}

#[smartasync]
fn push(list: &mut Vec<u8>) {
    list.push(1);
}

// ---- `.on(&bridge)` --------------------------------------------------------

#[test]
fn an_async_call_waits_on_the_chosen_bridge() {
    within(|| {
        let bridge = named("mine");
        let mine = home(&bridge);
        assert_ne!(runtime().wait(), mine);
        assert_eq!(runtime().on(&bridge).wait(), mine);
        assert_eq!(runtime().on(&bridge).try_wait().unwrap(), mine);
        assert_eq!(runtime().on(&bridge).wait_timeout(LIMIT).unwrap(), mine);
        assert_eq!(runtime().on(&bridge).dispatch().wait(), mine);
        assert_eq!(BoxCall::new(runtime()).on(&bridge).wait(), mine);
        assert_eq!(BoxCall::new(runtime().on(&bridge)).wait(), mine);
        // An `async fn` has no job, and its call comes back with its bridge.
        let refused = BoxCall::new(runtime()).on(&bridge).offload();
        assert_eq!(refused.unwrap_err().wait(), mine);
    });
}

#[test]
fn the_chosen_bridge_wins_over_the_attributes() {
    within(|| {
        let bridge = named("mine");
        assert_eq!(other_runtime().wait(), home(&OTHER));
        assert_eq!(other_runtime_blocking(), home(&OTHER));
        assert_eq!(other_runtime().on(&bridge).wait(), home(&bridge));
        let boxed = BoxCall::new(other_runtime()).on(&bridge);
        assert_eq!(boxed.wait_timeout(LIMIT).unwrap(), home(&bridge));
    });
    run(async {
        let bridge = named("mine");
        assert_eq!(other_worker().await, "other");
        assert_eq!(other_worker().on(&bridge).await, "mine");
        assert_eq!(BoxCall::new(other_worker()).on(&bridge).await, "mine");
    });
}

#[test]
fn the_last_choice_counts() {
    run(async {
        let (first, last) = (named("first"), named("last"));
        assert_eq!(worker("").on(&first).on(&last).await, "last");
        assert_eq!(BoxCall::new(worker("").on(&first)).on(&last).await, "last");
        let boxed = BoxCall::new(worker("")).on(&first).on(&last);
        assert_eq!(boxed.await, "last");
        let twice = BoxCall::new(BoxCall::new(worker("")).on(&first));
        assert_eq!(twice.await, "first");
        let twice = BoxCall::new(BoxCall::new(worker("")).on(&first)).on(&last);
        assert_eq!(twice.await, "last");
        let job = BoxCall::new(BoxCall::new(worker("")).on(&first)).offload();
        assert_eq!(job.unwrap().await, "first");
        let twice = BoxCall::new(BoxCall::new(worker("")).on(&first)).on(&last);
        assert_eq!(twice.offload().unwrap().await, "last");
    });
}

#[test]
fn a_sync_call_runs_on_the_chosen_pool() {
    let bridge = named("mine");
    run(async {
        let text = String::from("borrowed");
        assert_eq!(worker(&text).on(&bridge).await, "mine");
        assert_eq!(worker(&text).on(&bridge).dispatch().await, "mine");
        assert_eq!(worker(&text).on(&bridge).offload().await, "mine");
        let queued = worker(&text).on(&bridge).try_offload();
        assert_eq!(queued.unwrap().await, "mine");
        let smart = bridge::smart_fn(|()| thread_name());
        assert_eq!(smart.call(()).on(&bridge).await, "mine");
        let boxed = BoxCall::new(worker(&text)).on(&bridge);
        let Ok(job) = boxed.offload() else {
            panic!("a `fn` has a job");
        };
        assert_eq!(job.await, "mine");
    });
    within(|| {
        let here = thread_name();
        assert_eq!(worker("").on(&bridge).wait(), here);
        assert_eq!(worker("").on(&bridge).wait_timeout(LIMIT).unwrap(), "mine");
        let boxed = BoxCall::new(worker("")).on(&bridge);
        assert_eq!(boxed.wait_timeout(LIMIT).unwrap(), "mine");
        assert_eq!(bridge::wait(worker("").on(&bridge)), "mine");
    });
}

#[test]
fn a_call_that_can_only_be_waited_on_takes_a_bridge_too() {
    let mut list = Vec::new();
    push(&mut list).on(&OTHER).wait();
    push(&mut list).on(&OTHER).try_wait().unwrap();
    assert_eq!(list, [1, 1]);
}

#[test]
fn generic_code_chooses_the_bridge() {
    fn on<C: Call<On: Send>>(call: C, bridge: &Bridge) -> C::On {
        call.on(bridge)
    }
    fn spawn<C>(call: C, bridge: &Bridge) -> tokio::task::JoinHandle<C::Output>
    where
        C: Call<Output: Send, On: Send> + 'static,
        C::On: 'static,
    {
        tokio::spawn(call.on(bridge))
    }
    let bridge = named("mine");
    within(|| {
        assert_eq!(on(runtime(), &bridge).wait(), home(&bridge));
        assert_eq!(on(other_runtime(), &bridge).wait(), home(&bridge));
    });
    run(async {
        assert_eq!(on(BoxCall::new(worker("")), &bridge).await, "mine");
        assert_eq!(spawn(worker(""), &bridge).await.unwrap(), "mine");
    });
}

#[test]
fn a_polled_call_stays_on_its_pool() {
    run(async {
        let (first, last) = (named("first"), named("last"));
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let smart = bridge::smart_fn(move |()| {
            gate.lock().unwrap().recv().unwrap();
            thread_name()
        });
        let mut call = smart.call(()).on(&first);
        assert!(futures::poll!(&mut call).is_pending());
        let call = call.on(&last);
        go.send(()).unwrap();
        assert_eq!(call.await, "first");
    });
}

#[test]
fn a_bridge_is_one_pointer_in_a_call() {
    fn assert_send<T: Send + Sync>(_: &T) {}
    within(|| {
        let bridge = named("mine");
        let call = runtime();
        let size = size_of_val(&call);
        let call = call.on(&bridge);
        assert_send(&call);
        assert_eq!(
            size_of_val(&call).next_multiple_of(size_of::<usize>()),
            size.next_multiple_of(size_of::<usize>()) + size_of::<usize>()
        );
        let call = worker("").on(&bridge);
        assert_send(&call);
    });
}

// ---- `bridge = self.field` -------------------------------------------------

#[derive(Clone)]
struct Tenant<T> {
    bridge: Bridge,
    shared: Arc<Bridge>,
    value: T,
}

impl<T> Tenant<T> {
    fn new(bridge: &Bridge, value: T) -> Self {
        Self {
            bridge: bridge.clone(),
            shared: Arc::new(bridge.clone()),
            value,
        }
    }

    fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    fn global() -> &'static Bridge {
        Bridge::global()
    }
}

impl<T: Clone + Send + 'static> Tenant<T> {
    #[smartasync(bridge = self.bridge, blocking = by_ref_blocking)]
    async fn by_ref(&self) -> Id {
        Handle::current().id()
    }

    #[smartasync(bridge = &self.bridge)]
    async fn by_mut(&mut self, value: T) -> Id {
        self.value = value;
        Handle::current().id()
    }

    #[smartasync(bridge = self.bridge())]
    async fn by_value(mut self, value: T) -> (Id, T) {
        self.value = value;
        (Handle::current().id(), self.value)
    }

    #[smartasync(bridge = *self.shared)]
    async fn by_arc(self: Arc<Self>) -> Id {
        Handle::current().id()
    }

    #[smartasync(bridge = self.bridge)]
    async fn by_pin(self: Pin<&mut Self>) -> Id {
        Handle::current().id()
    }

    #[smartasync(bridge = Self::bridge(&self), debug)]
    async fn by_box(self: Box<Self>) -> Id {
        Handle::current().id()
    }

    #[smartasync(bridge = self.bridge, blocking = sync_ref_blocking)]
    fn sync_ref(&self) -> String {
        thread_name()
    }

    #[smartasync(bridge = self.bridge.clone())]
    fn sync_value(self, _value: T) -> String {
        thread_name()
    }

    #[smartasync(bridge = self.bridge, debug)]
    fn sync_arc(self: Arc<Self>) -> String {
        thread_name()
    }

    #[smartasync(bridge = self.bridge)]
    fn sync_mut(&mut self, value: T) -> &T {
        self.value = value;
        &self.value
    }

    #[smartasync(bridge = self.bridge)]
    fn sync_pin(self: Pin<&mut Self>) -> String {
        thread_name()
    }

    #[smartasync(bridge = Self::global())]
    async fn by_type() -> Id {
        Handle::current().id()
    }
}

trait Remote {
    fn instance(&self) -> &Bridge;

    #[smartasync(bridge = self.instance())]
    async fn call(&self) -> Id;

    #[smartasync(bridge = self.instance(), blocking = Self::defaulted_blocking)]
    async fn defaulted(&self) -> Id {
        Handle::current().id()
    }

    #[smartasync(bridge = self.instance())]
    fn run(&self) -> String
    where
        Self: Clone + Send + 'static,
    {
        thread_name()
    }
}

impl<T: Clone + Send + 'static> Remote for Tenant<T> {
    fn instance(&self) -> &Bridge {
        &self.bridge
    }

    #[smartasync(bridge = self.bridge)]
    async fn call(&self) -> Id {
        Handle::current().id()
    }
}

#[test]
fn methods_run_on_the_bridge_in_self() {
    let bridge = named("tenant");
    let mut tenant = Tenant::new(&bridge, "a");
    within(|| {
        let mine = home(&bridge);
        assert_eq!(tenant.by_ref().wait(), mine);
        assert_eq!(tenant.by_ref_blocking(), mine);
        assert_eq!(tenant.by_mut("b").wait(), mine);
        assert_eq!(tenant.value, "b");
        assert_eq!(tenant.clone().by_value("c").wait(), (mine, "c"));
        assert_eq!(Arc::new(tenant.clone()).by_arc().wait(), mine);
        assert_eq!(Pin::new(&mut tenant).by_pin().wait(), mine);
        assert_eq!(Box::new(tenant.clone()).by_box().wait(), mine);
        assert_eq!(*tenant.sync_mut("d").wait(), "d");
        assert_eq!(Pin::new(&mut tenant).sync_pin().wait(), thread_name());
        assert_eq!(tenant.sync_ref_blocking(), thread_name());
        assert_eq!(Remote::call(&tenant).wait(), mine);
        assert_eq!(tenant.defaulted().wait(), mine);
        assert_eq!(tenant.defaulted_blocking(), mine);
        assert_ne!(Tenant::<u8>::by_type().wait(), mine);
        let other = named("elsewhere");
        assert_eq!(tenant.by_ref().on(&other).wait(), home(&other));
    });
    run(async {
        assert_eq!(tenant.sync_ref().await, "tenant");
        assert_eq!(tenant.clone().sync_value("").await, "tenant");
        assert_eq!(Arc::new(tenant.clone()).sync_arc().await, "tenant");
        assert_eq!(tenant.run().await, "tenant");
    });
}

#[test]
fn the_bridge_in_self_is_chosen_when_the_call_is_made() {
    within(|| {
        let (first, second) = (named("first"), named("second"));
        let tenant = std::cell::RefCell::new(Tenant::new(&first, 0));
        let call = tenant.borrow().clone().by_value(1);
        tenant.borrow_mut().bridge = second;
        assert_eq!(call.wait().0, home(&first));
    });
}

/// Otherwise a call that a pool has given back leaves the bridge that was chosen for it.
#[test]
fn a_call_that_was_given_back_runs_on_the_chosen_pool() {
    run(async {
        let (ended, mine) = (named("ended"), named("mine"));
        let _report = ended.shutdown(Duration::ZERO).await;
        let refuse = || {
            let refused = worker("").on(&ended).try_offload();
            refused.unwrap_err().into_inner().on(&mine)
        };
        assert_eq!(refuse().await, "mine");
        assert_eq!(refuse().offload().await, "mine");
        assert_eq!(refuse().try_offload().unwrap().await, "mine");
        assert_eq!(BoxCall::new(refuse()).offload().unwrap().await, "mine");
    });
}
