//! Reads the output of a child, and passes it on.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::Child,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The time that a stream may stay open after the child.
const AFTER_THE_CHILD: Duration = Duration::from_secs(10);

/// The threads that read a child's streams.
pub(super) struct Readers {
    threads: Vec<JoinHandle<()>>,
    text: Arc<Mutex<String>>,
}

/// A function that is called with each line of either stream, as soon as the line is
/// there.
pub(super) type Watcher = Arc<Mutex<dyn FnMut(&str) + Send>>;

/// Starts reading the piped streams of `child`, and shows them if `show` is set.
pub(super) fn readers(child: &mut Child, show: bool) -> Readers {
    let text = Arc::default();
    let mut threads = Vec::new();
    if let Some(out) = child.stdout.take() {
        let show = show.then(|| passed_on(std::io::stdout()));
        threads.push(reader(out, Arc::clone(&text), show));
    }
    if let Some(err) = child.stderr.take() {
        let show = show.then(|| passed_on(std::io::stderr()));
        threads.push(reader(err, Arc::clone(&text), show));
    }
    Readers { threads, text }
}

/// Starts reading the piped streams of `child`, and calls `watcher` with each line.
pub(super) fn watched(child: &mut Child, watcher: &Watcher) -> Readers {
    let text = Arc::default();
    let mut threads = Vec::new();
    let looking = || {
        let watcher = Arc::clone(watcher);
        move |line: &[u8]| {
            let line = String::from_utf8_lossy(line);
            let mut watch = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            watch(line.trim_end());
        }
    };
    if let Some(out) = child.stdout.take() {
        threads.push(reader(out, Arc::clone(&text), Some(looking())));
    }
    if let Some(err) = child.stderr.take() {
        threads.push(reader(err, Arc::clone(&text), Some(looking())));
    }
    Readers { threads, text }
}

/// Returns a function that writes lines to `out`. A closed terminal is no reason to
/// stop reading, so errors are ignored.
fn passed_on(mut out: impl Write) -> impl FnMut(&[u8]) {
    move |line| drop(out.write_all(line).and_then(|()| out.flush()))
}

fn reader(
    from: impl Read + Send + 'static,
    text: Arc<Mutex<String>>,
    mut show: Option<impl FnMut(&[u8]) + Send + 'static>,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let part = String::from_utf8_lossy(&line);
            text.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&part);
            if let Some(show) = &mut show {
                show(&line);
            }
            line.clear();
        }
    })
}

impl Readers {
    /// Waits for the end of the streams, and returns their text. Does not wait for long if a
    /// program holds a stream that has outlived the child.
    pub(super) fn text(self) -> String {
        let until = Instant::now() + AFTER_THE_CHILD;
        for thread in self.threads {
            while !thread.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                thread.join().expect("a reader does not panic");
            }
        }
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
