//! Checks smart values, which are made at run time.
#![deny(warnings)]

use std::{collections::HashMap, rc::Rc, thread, time::Duration};

use bridge::BoxCall;
use testkit::within;

#[test]
fn smart_values() {
    let here = thread::current().id();
    let prefix = String::from("hello ");
    let greet =
        bridge::smart_fn(move |name: &'static str| (prefix.clone() + name, thread::current().id()));
    let offset = String::from("four");
    let add = bridge::smart_async_fn(async move |(a, b): (usize, usize)| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        a + b + offset.len()
    });
    within(|| {
        assert_eq!(greet.call("ann").wait(), ("hello ann".to_owned(), here));
        assert_eq!(add.call((1, 2)).wait(), 7);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (text, place) = tokio::spawn(greet.clone().call("bob")).await.unwrap();
            assert_eq!(text, "hello bob");
            assert_ne!(place, here);
            assert_eq!(tokio::spawn(add.clone().call((1, 2))).await.unwrap(), 7);
        });
    });
    assert_eq!(
        format!("{greet:?} {add:?}"),
        "SmartFn { .. } SmartAsyncFn { .. }"
    );
}

/// Otherwise an error or a warning names the type of the result.
#[test]
fn the_call_of_a_smart_value_shows_its_function() {
    fn plain(x: u32) -> u32 {
        x
    }
    let shown = format!("{:?}", bridge::smart_fn(plain).call(1));
    assert!(shown.contains("plain"), "{shown}");
}

type Plugin<T> = Box<dyn Fn(String) -> BoxCall<'static, T> + Send + Sync>;

/// A registry without bounds. Its methods know nothing about their functions' types.
struct Registry<T>(HashMap<&'static str, Plugin<T>>);

impl<T: Send + 'static> Registry<T> {
    fn add<F, Fut>(&mut self, name: &'static str, f: F)
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let smart = bridge::smart_future_fn(f);
        self.0.insert(name, Box::new(move |x| smart.call(x).into()));
    }

    fn call(&self, name: &str, x: &str) -> BoxCall<'static, T> {
        self.0[name](x.to_owned())
    }
}

async fn length(text: String) -> usize {
    tokio::time::sleep(Duration::from_millis(1)).await;
    text.len()
}

#[test]
fn a_generic_registry_of_functions_that_return_futures() {
    let mut registry = Registry(HashMap::new());
    registry.add("fn", length);
    registry.add("closure", |text: String| async move { text.len() * 2 });
    registry.add("async closure", async |text: String| text.len() * 3);
    registry.add("boxed", |text| Box::pin(length(text)));
    let expected = [
        ("fn", 4),
        ("closure", 8),
        ("async closure", 12),
        ("boxed", 4),
    ];
    within(|| {
        for (name, value) in expected {
            assert_eq!(registry.call(name, "four").wait(), value, "{name}");
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            for (name, value) in expected {
                let task = tokio::spawn(registry.call(name, "four"));
                assert_eq!(task.await.unwrap(), value, "{name}");
            }
        });
    });
}

#[test]
fn a_smart_function_of_futures_runs_nothing_before_the_wait() {
    let runs = Rc::new(std::cell::Cell::new(0));
    let count = bridge::smart_future_fn(|by: u32| {
        runs.set(runs.get() + by);
        let runs = Rc::clone(&runs);
        async move { runs.get() }
    });
    let call = count.call(2);
    drop(count.clone().call(3));
    assert_eq!(runs.get(), 0);
    within(|| assert_eq!(call.wait(), 2));
    assert_eq!(format!("{count:?}"), "SmartFutureFn { .. }");
}
