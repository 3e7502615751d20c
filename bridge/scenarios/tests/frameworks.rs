//! Smart functions where frameworks expect functions that return futures: axum's handlers,
//! tower's services, and the arguments of `JoinSet`, `buffer_unordered` and `spawn`.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Query, Request, State},
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bridge::{Bridge, Handler, Wait as _, smartasync};
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::{join_all, try_join_all},
    stream::{self, FuturesUnordered},
};
use serde::{Deserialize, Serialize};
use testkit::within;
use tokio::{runtime::Builder, task::JoinSet};
use tower::{Service as _, ServiceExt as _, service_fn};

/// Runs a future on a runtime of each flavour.
fn everywhere<F: Future<Output = ()>>(body: impl Fn() -> F) {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        within(|| runtime.block_on(body()));
    }
}

// ---- axum -------------------------------------------------------------------

/// The state of the service.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<Book>>>);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Book {
    title: String,
    pages: u32,
}

#[derive(Deserialize)]
struct Least {
    pages: u32,
}

/// Sync, with the state and a body. Its error is a status and a text.
#[smartasync]
fn put(
    State(shelf): State<Shelf>,
    Json(book): Json<Book>,
) -> Result<(StatusCode, Json<usize>), (StatusCode, String)> {
    let mut books = shelf.0.lock().unwrap();
    if books.iter().any(|other| other.title == book.title) {
        return Err((StatusCode::CONFLICT, format!("`{}` is here", book.title)));
    }
    books.push(book);
    Ok((StatusCode::CREATED, Json(books.len())))
}

/// Async, with the state and a query.
#[smartasync]
async fn longest(State(shelf): State<Shelf>, Query(least): Query<Least>) -> Json<Vec<Book>> {
    tokio::time::sleep(Duration::from_millis(1)).await;
    let books = shelf.0.lock().unwrap();
    Json(
        books
            .iter()
            .filter(|book| book.pages >= least.pages)
            .cloned()
            .collect(),
    )
}

/// Sync, with a part of the path. It runs on a thread of the pool.
#[smartasync]
fn place(Path(name): Path<String>) -> impl IntoResponse {
    format!("{name} on {}", thread::current().name().unwrap_or("?"))
}

/// Async, and awaits a sync function.
#[smartasync]
async fn twice(Path(title): Path<String>, State(shelf): State<Shelf>) -> Response {
    let book = || {
        Json(Book {
            title: title.clone(),
            pages: 1,
        })
    };
    let first = put(State(shelf.clone()), book()).await;
    let second = put(State(shelf), book()).await;
    assert!(first.is_ok());
    second.into_response()
}

fn shelf() -> Router {
    Router::new()
        .route("/books", post(put).get(longest))
        .route("/place/{name}", get(place))
        .route("/twice/{title}", post(twice))
        .with_state(Shelf::default())
}

/// Sends a request, and returns the status and the text of the answer.
async fn send(router: &Router, method: Method, uri: &str, body: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", "application/json");
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn smart_functions_are_axum_handlers() {
    everywhere(|| async {
        let router = shelf();
        let emma = r#"{"title":"Emma","pages":474}"#;
        let sent = send(&router, Method::POST, "/books", emma).await;
        assert_eq!(sent, (201, "1".to_owned()));
        let sent = send(&router, Method::POST, "/books", emma).await;
        assert_eq!(sent, (409, "`Emma` is here".to_owned()));
        let sent = send(&router, Method::GET, "/books?pages=400", "").await;
        assert_eq!(sent, (200, format!("[{emma}]")));
        let sent = send(&router, Method::GET, "/books?pages=500", "").await;
        assert_eq!(sent, (200, "[]".to_owned()));
        // An extractor refuses the request before any call is made.
        assert_eq!(send(&router, Method::POST, "/books", "{}").await.0, 422);
        assert_eq!(send(&router, Method::GET, "/books", "").await.0, 400);
        let sent = send(&router, Method::POST, "/twice/Persuasion", "").await;
        assert_eq!(sent.0, 409, "{sent:?}");
    });
}

#[test]
fn a_sync_handler_runs_on_the_pool() {
    everywhere(|| async {
        let (status, text) = send(&shelf(), Method::GET, "/place/it", "").await;
        assert_eq!(status, 200);
        assert!(text.starts_with("it on bridge-"), "{text}");
        assert_ne!(text, format!("it on {}", thread::current().name().unwrap()));
    });
}

/// Both ends of a channel, as the state of a service.
type Ends = (Arc<Mutex<Receiver<()>>>, Sender<()>);

#[smartasync]
fn receive(State((receiver, _)): State<Ends>) -> &'static str {
    receiver.lock().unwrap().recv().unwrap();
    "received"
}

#[smartasync]
async fn release(State((_, sender)): State<Ends>) -> &'static str {
    sender.send(()).unwrap();
    "released"
}

#[test]
fn a_blocked_handler_keeps_no_other_request_waiting() {
    everywhere(|| async {
        let (sender, receiver) = channel();
        let router = Router::new()
            .route("/receive", get(receive))
            .route("/release", get(release))
            .with_state((Arc::new(Mutex::new(receiver)), sender));
        // If the sync handler blocked the executor, nobody would send, and this would hang.
        let ten = (0..10).map(|_| send(&router, Method::GET, "/receive", ""));
        let released = async {
            for _ in 0..10 {
                assert_eq!(
                    send(&router, Method::GET, "/release", "").await.1,
                    "released"
                );
            }
        };
        let (answers, ()) = tokio::join!(join_all(ten), released);
        assert!(
            answers.iter().all(|answer| answer.1 == "received"),
            "{answers:?}"
        );
    });
}

/// Async middleware.
#[smartasync]
async fn stamp(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert("x-async", "1".parse().unwrap());
    response
}

/// Sync middleware. It waits for the handler, which may need the pool too.
#[smartasync]
fn stamp_sync(request: Request, next: Next) -> Response {
    let mut response = next.run(request).wait();
    response
        .headers_mut()
        .insert("x-sync", "1".parse().unwrap());
    response
}

#[test]
fn smart_functions_are_axum_middleware() {
    everywhere(|| async {
        let router = shelf()
            .layer(middleware::from_fn(stamp))
            .layer(middleware::from_fn(stamp_sync));
        let request = Request::get("/place/it").body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(
            ["x-async", "x-sync"]
                .iter()
                .all(|name| answer.headers().contains_key(*name))
        );
    });
}

// ---- tower, sets, streams and tasks ------------------------------------------

#[smartasync]
fn length(text: String) -> Result<usize, Infallible> {
    Ok(text.len())
}

#[smartasync]
async fn length_async(text: String) -> Result<usize, Infallible> {
    tokio::task::yield_now().await;
    Ok(text.len())
}

/// Returns a handler of each kind.
fn handlers() -> [Handler<String, Result<usize, Infallible>>; 2] {
    [length.into(), length_async.into()]
}

#[test]
fn smart_functions_are_tower_services() {
    everywhere(|| async {
        assert_eq!(service_fn(length).oneshot("four".to_owned()).await, Ok(4));
        assert_eq!(
            service_fn(length_async).oneshot("four".to_owned()).await,
            Ok(4)
        );
        let mut doubled = service_fn(length).map_response(|n| n * 2);
        assert_eq!(
            doubled.ready().await.unwrap().call("four".to_owned()).await,
            Ok(8)
        );
        for handler in handlers() {
            let service = service_fn(move |text| handler.call(text)).boxed();
            let texts = stream::iter(["one", "three"].map(str::to_owned));
            let lengths: Vec<_> = service.call_all(texts).try_collect().await.unwrap();
            assert_eq!(lengths, [3, 5]);
        }
    });
}

#[smartasync]
fn square(x: u64) -> u64 {
    x * x
}

#[smartasync]
async fn square_async(x: u64) -> u64 {
    tokio::task::yield_now().await;
    x * x
}

#[test]
fn smart_calls_are_arguments_of_join_set() {
    let expected: BTreeSet<u64> = (0..100).map(|x| x * x).collect();
    everywhere(|| async {
        let mut set = JoinSet::new();
        for x in 0..50 {
            set.spawn(square(x));
            set.spawn(square_async(x + 50));
        }
        assert_eq!(
            set.join_all().await.into_iter().collect::<BTreeSet<_>>(),
            expected
        );
    });
}

#[test]
fn smart_functions_are_arguments_of_buffer_unordered() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    #[smartasync]
    fn counted(x: u64) -> u64 {
        MOST.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
        thread::sleep(Duration::from_millis(1));
        RUNNING.fetch_sub(1, SeqCst);
        x
    }

    everywhere(|| async {
        let sum: u64 = stream::iter(0..50)
            .map(counted)
            .buffer_unordered(4)
            .fold(0, async |a, b| a + b)
            .await;
        assert_eq!(sum, 1225);
        assert!((1..=4).contains(&MOST.load(SeqCst)), "{MOST:?}");
        let squares: Vec<_> = stream::iter(0..5)
            .map(square_async)
            .buffered(2)
            .collect()
            .await;
        assert_eq!(squares, [0, 1, 4, 9, 16]);
        let mut unordered: FuturesUnordered<_> = (0..5).map(square).collect();
        let mut sum = 0;
        while let Some(x) = unordered.next().await {
            sum += x;
        }
        assert_eq!(sum, 30);
    });
}

#[test]
fn smart_calls_are_arguments_of_spawn() {
    everywhere(|| async {
        let tasks = [
            tokio::spawn(square(3).on(Bridge::global())),
            bridge::spawn(square(4)),
        ];
        assert_eq!(try_join_all(tasks).await.unwrap(), [9, 16]);
        let tasks = [
            tokio::spawn(square_async(3)),
            bridge::spawn(square_async(4)),
        ];
        assert_eq!(try_join_all(tasks).await.unwrap(), [9, 16]);
        for handler in [Handler::from(square), Handler::from(square_async)] {
            assert_eq!(tokio::spawn(handler.call(5)).await.unwrap(), 25);
        }
        let limit = Duration::from_secs(20);
        assert_eq!(tokio::time::timeout(limit, square(6)).await, Ok(36));
        assert_eq!(tokio::join!(square(7), square_async(8)), (49, 64));
    });
}

#[test]
fn a_panic_of_a_sync_call_is_the_tasks() {
    #[smartasync]
    fn fails(x: u64) -> u64 {
        panic!("no square of {x}");
    }

    everywhere(|| async {
        let error = tokio::spawn(fails(3)).await.unwrap_err();
        assert_eq!(testkit::panic_text(&*error.into_panic()), "no square of 3");
    });
}
