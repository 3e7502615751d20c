//! Plugins of both kinds in one registry, called from sync and from async code.
//!
//! `cargo run -p bridge-scenarios --bin plugins` loads nine plugins by name and calls them
//! in order: from sync code, from a task, and from many callers at once. Four of them fail,
//! each in its own way, and disturb no other.
//!
//! | file | idea |
//! |---|---|
//! | `plugin.rs` | a plugin: its name, order, limit and handlers |
//! | `switch.rs` | the registry, whose methods are smart functions |
//! | `catalogue.rs` | loads plugins by name |
//! | `useful.rs`, `faulty.rs` | the plugins |
//! | `crowd.rs` | many callers at once |
//! | `site.rs`, `signals.rs` | what plugins use, and Ctrl-C |

mod catalogue;
mod crowd;
mod faulty;
mod plugin;
mod signals;
mod site;
mod switch;
mod useful;

use std::{
    panic::{self, Location},
    process::ExitCode,
    time::Duration,
};

use bridge::{Bridge, Wait as _};
use clap::{Parser, Subcommand};

use crate::{
    crowd::{Tally, document, work},
    plugin::{Failure, Report},
    signals::Stop,
    site::Site,
    switch::{Switch, kind},
};

#[derive(Parser)]
#[command(about = "Plugins of both kinds in one registry")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Show the name and the kind of each plugin
    List,
    /// Call plugins with documents
    Run {
        /// The plugins to load
        #[arg(required = true)]
        plugins: Vec<String>,
        /// The number of documents
        #[arg(long, default_value_t = 1)]
        documents: u32,
        /// The number of callers, half of them sync
        #[arg(long, default_value_t = 1)]
        callers: u32,
    },
}

/// The time that everything accepted has to end.
const GRACE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // The switch reports the panics of plugins. They need no second report.
        let place = info.location().map_or("", Location::file);
        if !place.ends_with("faulty.rs") {
            report(info);
        }
    }));
    let ended = match Cli::parse().command {
        None => demonstration(),
        Some(Command::List) => list(),
        Some(Command::Run {
            plugins,
            documents,
            callers,
        }) => run(plugins.iter().map(String::as_str), documents, callers),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("plugins: {error}");
        ExitCode::FAILURE
    })
}

fn list() -> Result<ExitCode, Failure> {
    let site = Site::open().wait()?;
    let all = catalogue::load(&site, catalogue::ALL.map(|(name, _)| name))?;
    for plugin in all.plugins() {
        println!("{:8} {}", plugin.name, kind(&plugin.run));
    }
    Ok(ExitCode::SUCCESS)
}

fn run<'a>(
    names: impl IntoIterator<Item = &'a str>,
    documents: u32,
    callers: u32,
) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let site = Site::open().wait()?;
    let mut switch = catalogue::load(&site, names)?;
    show("set up", &switch.set_up().wait());
    println!("{documents} documents for {callers} callers");
    let tally = work(&switch, (1, documents), callers, &stop)?;
    print!("{tally}");
    finish(&switch, &site, &tally, &stop)
}

fn demonstration() -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let site = Site::open().wait()?;
    let mut switch = catalogue::load(&site, catalogue::ALL.map(|(name, _)| name))?;
    let names: Vec<_> = switch.plugins().iter().map(|plugin| plugin.name).collect();
    println!("loaded by name, in their order: {}", names.join(", "));
    show(
        "set up; a plugin whose set-up fails is left out",
        &switch.set_up().wait(),
    );

    let mut tally = Tally::default();
    let reports = switch.run(document(1)).wait();
    show("document 1, from sync code", &reports);
    tally.add(&reports);

    let tasks = switch.clone();
    let reports = bridge::spawn(async move { tasks.run(document(2)).await }).wait()?;
    show("document 2, from a task", &reports);
    tally.add(&reports);

    match switch.named("stor") {
        Ok(plugin) => return Err(format!("`stor` is {plugin:?}").into()),
        Err(unknown) => println!("a misspelt name: {unknown}"),
    }
    let line = switch.named("count")?.run.call(document(3)).wait()?;
    println!("one plugin by its name: {line}");

    println!("documents 3 to 102, from four threads and four tasks at once");
    tally.merge(work(&switch, (3, 102), 8, &stop)?);
    print!("{tally}");
    finish(&switch, &site, &tally, &stop)
}

/// Tears the plugins down, and checks that nothing was lost.
fn finish(switch: &Switch, site: &Site, tally: &Tally, stop: &Stop) -> Result<ExitCode, Failure> {
    show("torn down, in reverse order", &switch.tear_down().wait());
    let report = Bridge::global().shutdown(GRACE).wait();
    let told = site.told().get();
    println!(
        "{told} stuck calls were told to stop, {} still run",
        report.running.len()
    );
    let mut whole = report.running.is_empty();
    for (plugin, found) in site.arrived()? {
        let said = tally.of(plugin).done;
        println!("{plugin}: {found} documents arrived, {said} were reported");
        whole &= found == said;
    }
    if !whole {
        return Err("the reports are wrong".into());
    }
    if stop.is_set() {
        println!("stopped by a signal");
    }
    Ok(stop.code().unwrap_or(ExitCode::SUCCESS))
}

fn show(title: &str, reports: &[Report]) {
    println!("{title}:");
    for report in reports {
        println!("  {report}");
    }
}
