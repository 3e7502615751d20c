//! The registry: what is known of each promise.

use crate::{list::promises, promises};

/// A promise, and the program that checks it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    /// The folder and the file, as in `wait/a_panic_passes_through`.
    pub(crate) name: &'static str,
    /// The program's source. Its head states the promise.
    source: &'static str,
    /// The behaviour of peers in the same case, where that was measured; often empty.
    pub(crate) peers: &'static str,
    /// Panics, or ends the process with an error, if the promise is broken.
    pub(crate) run: fn(),
}

impl Promise {
    /// Returns the promise in one sentence: the head of its file.
    pub(crate) fn text(&self) -> String {
        let head = self
            .source
            .lines()
            .map_while(|line| line.strip_prefix("//!"));
        let first = head.map(str::trim).take_while(|line| !line.is_empty());
        first.collect::<Vec<_>>().join(" ")
    }

    /// Returns what the promise is about: the folder of its file.
    pub(crate) fn section(&self) -> &'static str {
        self.name.split_once('/').map_or("", |(section, _)| section)
    }
}

macro_rules! registry {
    ($($section:ident: $($name:ident)+;)+) => {
        vec![$($(Promise {
            name: concat!(stringify!($section), "/", stringify!($name)),
            source: include_str!(concat!(
                "promises/",
                stringify!($section),
                "/",
                stringify!($name),
                ".rs"
            )),
            peers: promises::$section::$name::PEERS,
            run: promises::$section::$name::run,
        }),+),+]
    };
}

/// Returns all promises, in the order of the list.
pub(crate) fn all() -> Vec<Promise> {
    promises!(registry)
}
