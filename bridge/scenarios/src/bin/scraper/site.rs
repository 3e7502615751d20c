//! A small site on loopback, with pages that are slow, missing or busy at first.

use std::{
    collections::HashSet,
    fmt::Write as _,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Html,
    routing::get,
};
use bridge::smartasync;
use tokio::{net::TcpListener, time::sleep};

/// The number of paragraphs of a page.
const PARAGRAPHS: usize = 40;

/// The site. Clones share its figures.
#[derive(Clone, Debug)]
pub struct Site {
    pages: usize,
    delay: Duration,
    figures: Arc<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    /// The number of pages that were served.
    served: AtomicUsize,
    /// The number of requests that are open.
    open: AtomicUsize,
    /// The greatest number of requests that were open.
    peak: AtomicUsize,
    /// The pages that were busy once.
    busy: Mutex<HashSet<usize>>,
}

impl Site {
    /// Starts a site. Returns it with the address of its first page.
    #[smartasync]
    pub async fn start(pages: usize, delay: Duration) -> io::Result<(Self, String)> {
        let site = Self {
            pages,
            delay,
            figures: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/page/0", listener.local_addr()?);
        let routes = Router::new().route("/page/{number}", get(page));
        let routes = routes.with_state(site.clone());
        bridge::spawn(async { axum::serve(listener, routes).await });
        Ok((site, url))
    }

    /// Returns how many pages were served.
    pub fn served(&self) -> usize {
        self.figures.served.load(SeqCst)
    }

    /// Returns the greatest number of requests that were open at a time.
    pub fn peak(&self) -> usize {
        self.figures.peak.load(SeqCst)
    }

    /// Returns whether this page has no time for its first visitor.
    fn is_busy(&self, number: usize) -> bool {
        let busy = self.figures.busy.lock();
        let mut busy = busy.unwrap_or_else(PoisonError::into_inner);
        number % 10 == 3 && busy.insert(number)
    }
}

async fn page(
    State(site): State<Site>,
    Path(number): Path<usize>,
) -> Result<Html<String>, StatusCode> {
    let open = Open::new(&site.figures);
    sleep(site.delay).await;
    if number >= site.pages || number % 50 == 17 {
        return Err(StatusCode::NOT_FOUND);
    }
    if site.is_busy(number) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    drop(open);
    site.figures.served.fetch_add(1, SeqCst);
    Ok(Html(text(number, site.pages)))
}

/// Counts a request while it is open.
struct Open<'a>(&'a Figures);

impl<'a> Open<'a> {
    fn new(figures: &'a Figures) -> Self {
        let open = figures.open.fetch_add(1, SeqCst) + 1;
        figures.peak.fetch_max(open, SeqCst);
        Self(figures)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, SeqCst);
    }
}

/// Writes a page with links to three others, to itself and to another site.
fn text(number: usize, pages: usize) -> String {
    let mut text = format!("<title>Page {number}</title><a href='http://example.org/'>away</a>");
    for target in [number, number + 1, 2 * number + 1, 2 * number + 2] {
        let _infallible = write!(text, "<a href='/page/{}'>on</a>", target % pages);
    }
    text + &"<p>ten words that <b>somebody</b> wrote for this small site".repeat(PARAGRAPHS)
}
