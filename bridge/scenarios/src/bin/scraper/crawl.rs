//! The crawl: follows links, a few pages at a time, until none is left or the user stops it.

use std::{
    collections::{HashSet, VecDeque},
    error::Error,
};

use bridge::{Bridge, smartasync};
use bridge_scenarios::{Signal, Signals};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, Url};
use tokio::task::JoinSet;

use crate::page::{Failure, Page, scrape};

/// After so many pages there is a line, if there is no terminal for the progress bar.
const STEP: usize = 50;

/// The greatest numbers of pages that are fetched and parsed at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub fetches: usize,
    pub parsers: usize,
}

/// The result of a crawl.
#[derive(Debug, Default)]
pub struct Found {
    pub pages: Vec<Page>,
    pub failures: Vec<Failure>,
    /// The number of pages that are known and were not visited.
    pub left: usize,
    /// The number of pages that were begun and given up.
    pub given_up: usize,
    /// The number of threads that have parsed pages.
    pub threads: usize,
    /// The signal that ended the crawl.
    pub stopped: Option<Signal>,
}

/// Visits all pages of a site.
///
/// At the first signal it starts no other page, and finishes those that it has begun. At the
/// second signal it gives those up too.
#[smartasync]
pub async fn crawl(start: Url, limits: Limits) -> Result<Found, Box<dyn Error + Send + Sync>> {
    let mut signals = Signals::listen()?;
    // From here on a signal no longer ends the program by itself.
    println!("waiting for the first page");
    let parsers = Bridge::builder().max_threads(limits.parsers).build()?;
    let http = Client::new();
    let bar = bar();
    let mut known = HashSet::from([start.clone()]);
    let mut todo = VecDeque::from([start]);
    let mut running = JoinSet::new();
    let mut found = Found::default();
    loop {
        while found.stopped.is_none() && running.len() < limits.fetches {
            let Some(url) = todo.pop_front() else { break };
            let (http, parsers) = (http.clone(), parsers.clone());
            running.spawn(async move { scrape(&http, &parsers, url).await });
        }
        tokio::select! {
            signal = signals.next() => {
                if found.stopped.replace(signal).is_some() {
                    tell(&bar, &format!("{signal:?}: pages given up: {}", running.len()));
                    break;
                }
                tell(&bar, &format!("{signal:?}: pages to finish: {}", running.len()));
            }
            done = running.join_next() => match done {
                None => break,
                Some(done) => match done? {
                    Ok(page) => {
                        let new = page.links.iter().filter(|link| known.insert((*link).clone()));
                        todo.extend(new.cloned());
                        found.pages.push(page);
                        show(&bar, found.pages.len(), known.len());
                    }
                    Err(failure) => found.failures.push(failure),
                }
            }
        }
    }
    bar.finish_and_clear();
    found.left = todo.len();
    found.given_up = running.len();
    found.threads = parsers.metrics().peak_threads;
    Ok(found)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} known pages");
    ProgressBar::new(1).with_style(style.expect("the template is valid"))
}

/// Moves the bar, or prints a line if there is no terminal.
fn show(bar: &ProgressBar, pages: usize, known: usize) {
    bar.set_length(known as u64);
    bar.set_position(pages as u64);
    if bar.is_hidden() && pages.is_multiple_of(STEP) {
        println!("{pages} of {known} known pages");
    }
}

/// Prints a line above the bar, or as it is if there is no terminal.
fn tell(bar: &ProgressBar, line: &str) {
    if bar.is_hidden() {
        println!("{line}");
    } else {
        bar.println(line);
    }
}
