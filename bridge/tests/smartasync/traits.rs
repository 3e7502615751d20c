//! Checks what a trait declares and what its implementations may choose.

use std::sync::{LazyLock, atomic::AtomicUsize, atomic::Ordering};

use bridge::Bridge;

use super::*;

static OWN: LazyLock<Bridge> = LazyLock::new(|| {
    Bridge::builder()
        .thread_name("own")
        .build()
        .expect("a name is no mistake")
});
static PICKS: AtomicUsize = AtomicUsize::new(0);

fn own() -> &'static Bridge {
    PICKS.fetch_add(1, Ordering::Relaxed);
    &OWN
}

/// Each implementation chooses its own options.
pub(crate) trait Place {
    #[smartasync]
    fn thread(&self) -> Option<String>;

    #[smartasync]
    async fn double(&self, x: u8) -> u8;
}

#[derive(Clone)]
struct Plain;

#[derive(Clone)]
struct Chosen;

fn thread_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

impl Place for Plain {
    #[smartasync]
    fn thread(&self) -> Option<String> {
        thread_name()
    }

    #[smartasync]
    async fn double(&self, x: u8) -> u8 {
        x * 2
    }
}

impl Place for Chosen {
    #[smartasync(bridge = OWN, debug)]
    fn thread(&self) -> Option<String> {
        thread_name()
    }

    #[smartasync(bridge = own())]
    async fn double(&self, x: u8) -> u8 {
        x + x
    }
}

async fn off_thread<P: Place + Clone + Send + 'static>(place: &P) -> String {
    place.thread().await.unwrap()
}

#[test]
fn options_are_each_implementations_own() {
    fn twice(place: &impl Place) -> u8 {
        place.double(4).wait()
    }
    within(|| {
        assert_eq!((twice(&Plain), PICKS.load(Ordering::Relaxed)), (8, 0));
        assert_eq!((twice(&Chosen), PICKS.load(Ordering::Relaxed)), (8, 1));
    });
    assert_eq!(Plain.thread().wait(), thread_name());
    assert_eq!(Chosen.thread().wait(), thread_name());
    run(async {
        assert!(!off_thread(&Plain).await.starts_with("own"));
        assert!(off_thread(&Chosen).await.starts_with("own"));
    });
}

/// A trait that accepts either kind of function.
pub(crate) trait Store {
    fn get(&self, key: &str) -> impl Call<Output = String> + Send;
}

#[derive(Clone)]
struct Blocking;
struct Waiting;

impl Store for Blocking {
    #[smartasync]
    fn get(&self, key: &str) -> String {
        format!("blocking {key}")
    }
}

impl Store for Waiting {
    #[smartasync]
    async fn get(&self, key: &str) -> String {
        tokio::task::yield_now().await;
        format!("waiting {key}")
    }
}

#[test]
fn a_trait_of_either_kind() {
    fn from_sync(store: &impl Store) -> String {
        store.get("a").wait()
    }
    async fn from_async(store: &impl Store) -> String {
        store.get("b").await
    }
    within(|| {
        assert_eq!(from_sync(&Blocking), "blocking a");
        assert_eq!(from_sync(&Waiting), "waiting a");
    });
    run(async {
        assert_eq!(from_async(&Blocking).await, "blocking b");
        assert_eq!(from_async(&Waiting).await, "waiting b");
    });
}

/// A declaration may take or return `Self` by value without the bound `Sized`.
pub(crate) trait Merge {
    #[smartasync]
    fn empty() -> Self;

    #[smartasync]
    fn merge(&self, other: Self) -> u8;

    #[smartasync]
    fn joined(self, other: Self) -> Self;
}

#[derive(Clone)]
struct Sum(u8);

impl Merge for Sum {
    #[smartasync]
    fn empty() -> Self {
        Sum(0)
    }

    #[smartasync]
    fn merge(&self, other: Self) -> u8 {
        self.0 + other.0
    }

    #[smartasync]
    fn joined(self, other: Self) -> Self {
        Sum(self.0 + other.0)
    }
}

#[test]
fn self_by_value() {
    fn generic<T: Merge>(one: T) -> u8 {
        T::empty()
            .wait()
            .joined(one)
            .wait()
            .merge(T::empty().wait())
            .wait()
    }
    assert_eq!(generic(Sum(2)), 2);
    run(async { assert_eq!(Sum(1).joined(Sum(2)).await.merge(Sum(3)).await, 6) });
}
