//! A scraper: it fetches pages in async code and parses them in blocking code.
//!
//! `cargo run -p bridge-scenarios --bin scraper` starts a small site and scrapes it. Ctrl-C
//! stops it: it finishes the pages that it has begun, saves what it has, and exits with 130.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod crawl;
mod page;
mod site;

use std::{
    error::Error,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use bridge::smartasync;
use clap::Parser;
use reqwest::Url;
use tempfile::{NamedTempFile, tempdir};

use crate::{
    crawl::{Found, Limits, crawl},
    page::Page,
    site::Site,
};

type Failed = Box<dyn Error + Send + Sync>;

/// Scrapes a site.
#[derive(Debug, Parser)]
struct Args {
    /// The first page. Without it, the program serves a site of its own.
    #[arg(long)]
    url: Option<Url>,
    /// The size of the own site.
    #[arg(long, default_value_t = 200)]
    pages: usize,
    /// The time that the own site takes for a page, in milliseconds.
    #[arg(long, default_value_t = 5)]
    delay: u64,
    /// The number of pages that are fetched at a time.
    #[arg(long, default_value_t = 8)]
    fetches: usize,
    /// The number of pages that are parsed at a time.
    #[arg(long, default_value_t = 2)]
    parsers: usize,
    /// The file for the result: a line of JSON for each page. The default is a temporary
    /// file, which is deleted.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(found) => match found.stopped {
            None => ExitCode::SUCCESS,
            Some(signal) => ExitCode::from(signal.exit_code()),
        },
        Err(error) => {
            eprintln!("scraper: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<Found, Failed> {
    let directory = tempdir()?;
    let out = args
        .out
        .unwrap_or_else(|| directory.path().join("pages.json"));
    let limits = Limits {
        fetches: args.fetches,
        parsers: args.parsers,
    };
    let (site, start) = if let Some(url) = args.url {
        (None, url)
    } else {
        let (site, url) = Site::start(args.pages, Duration::from_millis(args.delay)).wait()?;
        (Some(site), url.parse()?)
    };
    println!("scraping {start}");
    let found = crawl(start, limits).wait()?;
    save(&found.pages, &out).wait()?;
    summarize(&found, &out);
    if let Some(site) = site {
        check(&found, &site, limits)?;
    }
    Ok(found)
}

/// Writes all pages to a file. A reader finds the whole file, or none.
#[smartasync]
fn save(pages: &[Page], path: &Path) -> Result<(), Failed> {
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let mut file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    for page in pages {
        writeln!(file, "{}", serde_json::to_string(page)?)?;
    }
    file.persist(path)?;
    Ok(())
}

fn summarize(found: &Found, out: &Path) {
    match found.stopped {
        None => println!("\nall pages are visited"),
        Some(signal) => println!(
            "\nstopped by {signal:?}: {} pages are left, {} were given up",
            found.left, found.given_up
        ),
    }
    for failure in &found.failures {
        println!("  failed: {failure}");
    }
    let words: usize = found.pages.iter().map(|page| page.words).sum();
    let retries: u32 = found.pages.iter().map(|page| page.retries).sum();
    println!(
        "  {} pages with {words} words are saved to {}, {} failed, {retries} retries",
        found.pages.len(),
        out.display(),
        found.failures.len()
    );
}

/// Compares the result with what the own site has done.
fn check(found: &Found, site: &Site, limits: Limits) -> Result<(), Failed> {
    let (served, peak) = (site.served(), site.peak());
    let threads = found.threads;
    println!("  the site served {served} pages, at most {peak} at a time");
    println!("  the pages were parsed on {threads} threads");
    if peak > limits.fetches || threads > limits.parsers {
        return Err("more was done at a time than the limits allow".into());
    }
    // After one signal, and without one, each page that was served is saved.
    if found.given_up == 0 && served != found.pages.len() {
        return Err("a page that was served is not saved".into());
    }
    Ok(())
}
