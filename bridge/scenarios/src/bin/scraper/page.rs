//! One page: fetched by async code, parsed by blocking code.

use std::{error::Error, fmt, time::Duration};

use bridge::{Bridge, smartasync};
use reqwest::{Client, StatusCode, Url};
use scraper::{Html, Selector};
use serde::Serialize;
use tokio::time::sleep;

/// The greatest number of times that a page is fetched.
const ATTEMPTS: u32 = 4;

/// The pause before the second attempt. It doubles each time.
const PAUSE: Duration = Duration::from_millis(20);

/// The part of a page that is kept.
#[derive(Debug, Serialize)]
pub struct Page {
    pub url: String,
    pub title: String,
    pub words: usize,
    /// The number of attempts before the one that brought the page.
    pub retries: u32,
    /// The pages of the same site to which this one leads.
    #[serde(skip)]
    pub links: Vec<Url>,
}

/// Fetches and parses a page.
#[smartasync]
pub async fn scrape(http: &Client, parsers: &Bridge, url: Url) -> Result<Page, Failure> {
    let (text, retries) = fetch(http, &url).await?;
    let mut page = parse(url, text).on(parsers).await;
    page.retries = retries;
    Ok(page)
}

/// Fetches a page. Returns its text, and how often that had to be repeated.
#[smartasync]
async fn fetch(http: &Client, url: &Url) -> Result<(String, u32), Failure> {
    let mut pause = PAUSE;
    for retries in 0..ATTEMPTS {
        let failure = match attempt(http, url).await {
            Ok(text) => return Ok((text, retries)),
            Err(failure) => failure,
        };
        if !failure.is_temporary() || retries + 1 == ATTEMPTS {
            return Err(failure);
        }
        sleep(pause).await;
        pause *= 2;
    }
    unreachable!("the last attempt returns")
}

async fn attempt(http: &Client, url: &Url) -> Result<String, Failure> {
    let answer = http.get(url.clone()).send().await;
    let text = async { answer?.error_for_status()?.text().await };
    text.await.map_err(|error| Failure {
        url: url.clone(),
        error,
    })
}

/// Parses a page. This takes a processor for a while, and the tree is not `Send`.
#[smartasync]
fn parse(url: Url, text: String) -> Page {
    let tree = Html::parse_document(&text);
    let selector = |text| Selector::parse(text).expect("the selector is valid");
    let (title, links) = (selector("title"), selector("a[href]"));
    let title = tree.select(&title).next();
    let targets = tree.select(&links);
    let targets = targets.filter_map(|link| url.join(link.attr("href")?).ok());
    let words = tree.root_element().text();
    Page {
        url: url.to_string(),
        title: title
            .map(|title| title.text().collect())
            .unwrap_or_default(),
        words: words.map(|text| text.split_whitespace().count()).sum(),
        retries: 0,
        links: targets
            .filter(|target| target.origin() == url.origin())
            .collect(),
    }
}

/// The reason why a page can't be had.
#[derive(Debug)]
pub struct Failure {
    pub url: Url,
    error: reqwest::Error,
}

impl Failure {
    /// Returns whether another attempt may succeed.
    fn is_temporary(&self) -> bool {
        match self.error.status() {
            Some(status) => status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
            None => true,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error.status() {
            Some(status) => write!(f, "{}: {status}", self.url),
            None => write!(f, "{}: {}", self.url, self.error),
        }
    }
}

impl Error for Failure {}
