//! Smart values, made at run time.
#![deny(warnings)]

use std::{thread, time::Duration};

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
