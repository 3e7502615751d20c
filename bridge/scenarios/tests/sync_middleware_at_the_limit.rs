//! Sync middleware waits for the handler behind it and holds a thread meanwhile. At the
//! limit of threads one of the waits is given up, and that request is answered.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use bridge::{Bridge, Wait as _, smartasync};
use futures::{StreamExt as _, stream::FuturesUnordered};
use testkit::within;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// At most two of its threads wait at a time.
static TINY: LazyLock<Bridge> = LazyLock::new(|| {
    let builder = Bridge::builder().max_threads(1).max_blocked_threads(1);
    builder.build().expect("the settings are valid")
});

#[smartasync(bridge = TINY)]
fn stamp(request: Request, next: Next) -> Result<Response, StatusCode> {
    let answer = next.run(request).try_wait();
    let mut response = answer.map_err(|_given_up| StatusCode::SERVICE_UNAVAILABLE)?;
    let headers = response.headers_mut();
    headers.insert("x-stamp", "1".parse().unwrap());
    Ok(response)
}

/// Answers when the test allows it.
async fn answer(State(allowed): State<Arc<Semaphore>>) {
    drop(allowed.acquire().await);
}

#[test]
fn a_request_whose_wait_is_given_up_is_answered() {
    within(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            let allowed = Arc::new(Semaphore::new(0));
            let router: Router = Router::new()
                .route("/", get(answer))
                .layer(middleware::from_fn(stamp))
                .with_state(Arc::clone(&allowed));
            // Two requests wait, and one is queued.
            let mut answers: FuturesUnordered<_> = (0..3)
                .map(|_| {
                    let request = Request::get("/").body(Body::empty()).unwrap();
                    router.clone().oneshot(request)
                })
                .collect();

            let first = answers.next().await.unwrap().unwrap();
            assert_eq!(first.status(), StatusCode::SERVICE_UNAVAILABLE);

            allowed.add_permits(1);
            while let Some(answer) = answers.next().await {
                let answer = answer.unwrap();
                // A slow machine gives up another wait before the handler answers.
                let stamped = answer.headers().contains_key("x-stamp");
                assert_eq!(stamped, answer.status() == StatusCode::OK);
                assert!(stamped || answer.status() == StatusCode::SERVICE_UNAVAILABLE);
            }
        });
    });
}
