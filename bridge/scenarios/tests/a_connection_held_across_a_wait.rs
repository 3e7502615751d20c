//! Checks that a request may hold a pooled connection while it waits for work
//! of the pool, although all other requests block for a connection.

mod store;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{Request, StatusCode},
    routing::get,
};
use bridge::smartasync;
use bridge_scenarios::{SHORT, World, all_finish, finishes, programs, runtime};
use futures::future::join_all;
use store::Store;
use tokio::time::sleep;
use tower::ServiceExt as _;

programs! {
    nested_requests: tokio default_pool max_threads_1;
    nested_requests_through_axum: tokio default_pool max_threads_1;
}

/// The number of concurrent requests in the tests of smart functions.
const REQUESTS: usize = 100;

/// Holds a connection while it waits for an async function that offloads.
fn total(world: &World, store: &Store, order: i64) -> i64 {
    let connection = store.connection();
    let price = connection.price(order);
    let rate = world.pause_and_offload(SHORT, || 3);
    assert_eq!(connection.price(order), price, "the connection still works");
    price * rate
}

/// Returns the expected result of `total` for each order.
fn totals(orders: usize) -> Vec<i64> {
    (0..orders)
        .map(|order| 3 * store::price(order_id(order)))
        .collect()
}

fn order_id(order: usize) -> i64 {
    i64::try_from(order).unwrap() % store::ITEMS
}

fn nested_requests(world: &World, callers: usize) {
    let store = Store::new();
    let sums = all_finish(world, callers, move |world, order| {
        total(world, &store, order_id(order))
    });
    assert_eq!(sums, totals(callers));
}

fn nested_requests_through_axum(world: &World, callers: usize) {
    type Service = (World, Store);
    async fn answer(State((world, store)): State<Service>, Path(order): Path<i64>) -> String {
        let inner = world.clone();
        let sum = world.offload(move || total(&inner, &store, order));
        sum.await.to_string()
    }
    let router = Router::new().route("/orders/{order}", get(answer));
    let router = router.with_state((world.clone(), Store::new()));
    assert_eq!(requests(&router, callers), totals(callers));
}

/// Calls a router from `count` tasks at once.
fn requests(router: &Router, count: usize) -> Vec<i64> {
    runtime().block_on(async {
        let answers = (0..count).map(|order| {
            let path = format!("/orders/{}", order_id(order));
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request);
            tokio::spawn(async move {
                let answer = answer.await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK);
                let body = to_bytes(answer.into_body(), 64).await.unwrap();
                String::from_utf8(body.to_vec()).unwrap().parse().unwrap()
            })
        });
        let answers = join_all(answers.collect::<Vec<_>>()).await;
        answers.into_iter().map(Result::unwrap).collect()
    })
}

/// A smart `fn` that holds a connection and waits.
#[smartasync]
fn smart_total(store: Store, order: i64) -> i64 {
    let connection = store.connection();
    let sum = converted(connection.price(order)).wait();
    assert_eq!(3 * connection.price(order), sum);
    sum
}

/// A smart `async fn` that awaits a sync function.
#[smartasync]
async fn converted(price: i64) -> i64 {
    sleep(SHORT).await;
    price * rate().await
}

/// A smart `fn` that the other functions offload.
#[smartasync]
fn rate() -> i64 {
    3
}

/// Otherwise the default settings would not suffice: this uses the global
/// bridge.
#[test]
fn smart_functions() {
    finishes(&World::tokio(), REQUESTS, |_, callers| {
        let store = Store::new();
        let sums = runtime().block_on(async {
            let calls =
                (0..callers).map(|order| tokio::spawn(smart_total(store.clone(), order_id(order))));
            join_all(calls.collect::<Vec<_>>()).await
        });
        let sums: Vec<_> = sums.into_iter().map(Result::unwrap).collect();
        assert_eq!(sums, totals(callers));
    });
}

#[test]
fn smart_functions_through_axum() {
    async fn answer(State(store): State<Store>, Path(order): Path<i64>) -> String {
        smart_total(store, order).await.to_string()
    }
    finishes(&World::tokio(), REQUESTS, |_, callers| {
        let router = Router::new().route("/orders/{order}", get(answer));
        let router = router.with_state(Store::new());
        assert_eq!(requests(&router, callers), totals(callers));
    });
}
