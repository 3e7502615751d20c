//! The ways out of what `user/trait_types.rs` and `user/trait_impl_argument.rs` show.
#![deny(warnings)]
use bridge::{Call, smartasync};

#[derive(Clone)]
struct Blocking;
struct Waiting;

/// A trait with a named parameter accepts either kind of function.
trait Each {
    fn each<F: Fn(&str) + Send + 'static>(&self, f: F) -> impl Call<Output = ()>;
}

impl Each for Blocking {
    #[smartasync]
    fn each<F: Fn(&str) + Send + 'static>(&self, f: F) {
        f("x")
    }
}

impl Each for Waiting {
    #[smartasync]
    async fn each<F: Fn(&str) + Send + 'static>(&self, f: F) {
        f("x")
    }
}

/// A declared call leaves open how an implementation writes its types.
trait Get<K> {
    type Output<'a>
    where
        Self: 'a;

    fn get(&self, key: K) -> impl Call<Output = Self::Output<'_>>;
}

impl Get<&str> for Blocking {
    type Output<'a> = usize;

    #[smartasync]
    fn get(&self, key: &str) -> usize {
        key.len()
    }
}

trait Keep {
    #[smartasync]
    fn keep(&self, key: &str) -> usize;
}

impl Keep for Blocking {
    #[smartasync]
    fn keep(&self, key: &str) -> usize {
        let mut keys = Vec::new();
        let mut keep = |key| keys.push(key);
        keep(key);
        keys.len()
    }
}

fn main() {
    Blocking.each(|text| assert_eq!(text, "x")).wait();
    Waiting.each(|text| assert_eq!(text, "x")).wait();
    assert_eq!(Blocking.get("four").wait() + Blocking.keep("a").wait(), 5);
}
