//! Many callers at once: sync threads and async tasks that call the same plugins.

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use bridge::Wait as _;

use crate::{
    plugin::{Document, End, Failure, Report},
    signals::Stop,
    site::Counter,
    switch::Switch,
};

/// The number of times that each plugin ended in each way.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, Ends>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) done: u32,
    pub(crate) failed: u32,
    pub(crate) panicked: u32,
    pub(crate) late: u32,
}

impl Tally {
    pub(crate) fn add(&mut self, reports: &[Report]) {
        for report in reports {
            let ends = self.0.entry(report.plugin).or_default();
            *match report.end {
                End::Done(_) => &mut ends.done,
                End::Failed(_) => &mut ends.failed,
                End::Panicked(_) => &mut ends.panicked,
                End::Late(_) => &mut ends.late,
            } += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (plugin, theirs) in other.0 {
            let ends = self.0.entry(plugin).or_default();
            ends.done += theirs.done;
            ends.failed += theirs.failed;
            ends.panicked += theirs.panicked;
            ends.late += theirs.late;
        }
    }

    pub(crate) fn of(&self, plugin: &str) -> Ends {
        self.0.get(plugin).copied().unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (plugin, ends) in &self.0 {
            let Ends {
                done,
                failed,
                panicked,
                late,
            } = ends;
            writeln!(
                f,
                "  {plugin:8} {done} done, {failed} failed, {panicked} panicked, {late} late"
            )?;
        }
        Ok(())
    }
}

/// The work of all callers.
struct Crowd {
    switch: Switch,
    first: u32,
    last: u32,
    taken: Counter,
    stop: Stop,
    tally: Mutex<Tally>,
}

impl Crowd {
    /// Returns the next document, until there is none or the program is asked to stop.
    fn next(&self) -> Option<Document> {
        let number = self.first + self.taken.add() - 1;
        (number <= self.last && !self.stop.is_set()).then(|| document(number))
    }

    fn add(&self, reports: &[Report]) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if tally.0.is_empty() {
            println!("the first of them is done");
        }
        tally.add(reports);
    }

    fn sync_caller(&self) {
        while let Some(document) = self.next() {
            self.add(&self.switch.run(document).wait());
        }
    }

    async fn async_caller(&self) {
        while let Some(document) = self.next() {
            self.add(&self.switch.run(document).await);
        }
    }
}

/// Calls all plugins with the documents `first` to `last`, from `callers` callers. Half of
/// them are threads of sync code, and the others are tasks.
pub(crate) fn work(
    switch: &Switch,
    (first, last): (u32, u32),
    callers: u32,
    stop: &Stop,
) -> Result<Tally, Failure> {
    let crowd = Arc::new(Crowd {
        switch: switch.clone(),
        first,
        last,
        taken: Counter::default(),
        stop: stop.clone(),
        tally: Mutex::default(),
    });
    let (mut threads, mut tasks) = (Vec::new(), Vec::new());
    for number in 0..callers {
        let crowd = Arc::clone(&crowd);
        if number % 2 == 0 {
            tasks.push(bridge::spawn(async move { crowd.async_caller().await }));
        } else {
            threads.push(thread::spawn(move || crowd.sync_caller()));
        }
    }
    for thread in threads {
        thread.join().map_err(|_| "a caller panicked")?;
    }
    for task in tasks {
        task.wait()?;
    }
    let mut tally = crowd.tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(mem::take(&mut *tally))
}

/// Returns a document.
pub(crate) fn document(number: u32) -> Document {
    let text = format!("The text of document {number} has eight words.");
    Document {
        number,
        text: text.into(),
    }
}
