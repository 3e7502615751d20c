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

/// Starts reading whatever streams of `child` are piped.
pub(super) fn readers(child: &mut Child, show: bool) -> Readers {
    let text = Arc::default();
    let mut threads = Vec::new();
    if let Some(out) = child.stdout.take() {
        threads.push(reader(out, Arc::clone(&text), show.then(std::io::stdout)));
    }
    if let Some(err) = child.stderr.take() {
        threads.push(reader(err, Arc::clone(&text), show.then(std::io::stderr)));
    }
    Readers { threads, text }
}

fn reader(
    from: impl Read + Send + 'static,
    text: Arc<Mutex<String>>,
    mut show: Option<impl Write + Send + 'static>,
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
            if let Some(out) = &mut show {
                // A closed terminal is no reason to stop reading.
                let _ = out.write_all(&line).and_then(|()| out.flush());
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
