//! Reads what a child prints, and passes it on where it is wanted.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::Child,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

/// The threads that read a child's streams.
pub(super) struct Readers {
    threads: Vec<JoinHandle<()>>,
    text: Arc<Mutex<String>>,
}

/// What is called with each line of either stream, as soon as it is there.
pub(super) type Watcher = Arc<Mutex<dyn FnMut(&str) + Send>>;

/// Starts reading whatever streams of `child` are piped.
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

/// The same, with somebody who looks at each line.
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

/// A closed terminal is no reason to stop reading.
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
    /// Waits for the end of the streams.
    pub(super) fn text(self) -> String {
        for thread in self.threads {
            thread.join().expect("a reader does not panic");
        }
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
