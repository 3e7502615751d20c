//! The async server: its handlers await sync functions, one of which waits for async code.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
    serve::ListenerExt as _,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{Failure, remote::Remote, shop::Shop};

/// The running server.
pub struct Back {
    remote: Remote,
    counts: Arc<Counts>,
    quit: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU32,
    connections: AtomicU32,
}

/// The state of the handlers.
#[derive(Clone)]
struct Site {
    shop: Shop,
    remote: Remote,
    counts: Arc<Counts>,
}

impl Back {
    /// Starts the server as a task of the bridge's runtime.
    pub fn start(shop: Shop) -> Result<Self, Failure> {
        let listener = bridge::wait(TcpListener::bind("127.0.0.1:0"))?;
        let remote = Remote::new(format!("http://{}", listener.local_addr()?))?;
        let counts = Arc::new(Counts::default());
        let connections = Arc::clone(&counts);
        let listener = listener.tap_io(move |_| {
            connections.connections.fetch_add(1, Relaxed);
        });
        let routes = Router::new()
            .route("/total/{item}/{currency}", get(total))
            .route("/rate/{currency}", get(rate))
            .with_state(Site {
                shop,
                remote: remote.clone(),
                counts: Arc::clone(&counts),
            });
        let (quit, end) = oneshot::channel();
        let served = bridge::spawn(async move {
            let ended = async { drop(end.await) };
            axum::serve(listener, routes)
                .with_graceful_shutdown(ended)
                .await
        });
        Ok(Self {
            remote,
            counts,
            quit,
            served,
        })
    }

    pub fn url(&self) -> &str {
        self.remote.url()
    }

    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// Stops the server once its requests have answers. Returns the numbers of requests and
    /// of connections.
    pub fn stop(self) -> (u32, u32) {
        drop(self.quit);
        // Otherwise its idle connections would keep the server up.
        drop(self.remote);
        match bridge::wait(self.served) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => println!("the back failed: {error}"),
            Err(error) => println!("the back ended: {error}"),
        }
        let Counts {
            requests,
            connections,
        } = &*self.counts;
        (requests.load(Relaxed), connections.load(Relaxed))
    }
}

/// Answers the price of an item. The handler awaits a sync function.
async fn total(
    State(site): State<Site>,
    Path((item, currency)): Path<(u32, String)>,
) -> Result<String, (StatusCode, String)> {
    site.counts.requests.fetch_add(1, Relaxed);
    let total = site.shop.total(item, &currency, &site.remote).await;
    total.map_err(|error| failed(&error))
}

/// Answers the rate of a currency. The handler awaits a sync function.
async fn rate(
    State(site): State<Site>,
    Path(currency): Path<String>,
) -> Result<String, (StatusCode, String)> {
    site.counts.requests.fetch_add(1, Relaxed);
    let rate = site.shop.rate(&currency).await;
    rate.map(|rate| rate.to_string())
        .map_err(|error| failed(&error))
}

fn failed(error: &Failure) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
