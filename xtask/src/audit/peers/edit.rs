//! The edits of the peers' sources.
//!
//! An edit that fits nothing fails the stage: the peer has changed, and its tests
//! would no longer run on the bridge.

/// Puts one text in the place of another.
pub(super) struct Edit {
    /// The end of the file's path.
    pub(super) file: &'static str,
    from: Span,
    to: &'static str,
}

enum Span {
    /// Wherever this text is.
    Each(&'static str),
    /// From the first text to the next that is the second, once.
    Between(&'static str, &'static str),
}

/// Each task of `blocking` runs its polls as jobs, instead of on its threads.
pub(super) const BLOCKING: [Edit; 2] = [
    Edit {
        file: "Cargo.toml",
        from: Span::Each("[dependencies.async-channel]"),
        to: "[dependencies.bridge]\npath = \"../../../bridge\"\n\n[dependencies.async-channel]",
    },
    Edit {
        file: "src/lib.rs",
        from: Span::Between(
            "        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);\n        inner.queue.push_back(runnable);",
            "self.grow_pool(inner);",
        ),
        to: "        bridge::offload(move || drop(panic::catch_unwind(|| runnable.run()))).detach();",
    },
];

/// The examples are run, and not only compiled. None may leave its directory, or fail
/// because another example has made what it makes.
pub(super) const ASYNC_FS: [Edit; 3] = [
    Edit {
        file: "src/lib.rs",
        from: Span::Each("```no_run"),
        to: "```",
    },
    Edit {
        file: "src/lib.rs",
        from: Span::Each("fs::create_dir(\"/some/dir\")"),
        to: "fs::create_dir_all(\"some/dir\")",
    },
    Edit {
        file: "src/lib.rs",
        from: Span::Each("\"/some/dir\""),
        to: "\"some/dir\"",
    },
];

/// The files of Tokio's tests that are about blocking, and what they need beside them.
pub(super) const TOKIO_FILES: [&str; 5] = [
    "tests/rt_spawn_blocking.rs",
    "tests/task_blocking.rs",
    "tests/task_local_set.rs",
    "tests/task_yield_now.rs",
    "tests/support/mpsc_stream.rs",
];

pub(super) const TOKIO: [Edit; 9] = [
    Edit {
        file: "task_blocking.rs",
        from: Span::Each("task::spawn_blocking("),
        to: "bridge_peers::spawn_blocking(",
    },
    Edit {
        file: "task_blocking.rs",
        from: Span::Each("tokio::task::block_in_place("),
        to: "bridge_peers::block_in_place(",
    },
    Edit {
        file: "task_local_set.rs",
        from: Span::Each("tokio::task::block_in_place("),
        to: "bridge_peers::block_in_place(",
    },
    Edit {
        file: "task_blocking.rs",
        from: Span::Each(" task::block_in_place("),
        to: " bridge_peers::block_in_place(",
    },
    Edit {
        file: "task_local_set.rs",
        from: Span::Each(" task::block_in_place("),
        to: " bridge_peers::block_in_place(",
    },
    Edit {
        file: "task_yield_now.rs",
        from: Span::Each(" task::block_in_place("),
        to: " bridge_peers::block_in_place(",
    },
    Edit {
        file: "task_local_set.rs",
        from: Span::Each("can call blocking only when running on the multi-threaded runtime"),
        to: "would freeze the executor",
    },
    Edit {
        file: "rt_spawn_blocking.rs",
        from: Span::Each("tokio::task::spawn_blocking("),
        to: "bridge_peers::spawn_blocking(",
    },
    Edit {
        file: "rt_spawn_blocking.rs",
        from: Span::Each("handles.spawn_blocking(move || while rx.blocking_recv().is_some() {});"),
        to: "handles.spawn(bridge::offload(move || while rx.blocking_recv().is_some() {}));",
    },
];

impl Edit {
    pub(super) fn apply(&self, text: &str) -> Result<String, String> {
        match self.from {
            Span::Each(from) if text.contains(from) => Ok(text.replace(from, self.to)),
            Span::Each(from) => Err(format!("`{from}` is gone")),
            Span::Between(from, to) => {
                let start = text.find(from).ok_or_else(|| format!("`{from}` is gone"))?;
                let length = text[start..]
                    .find(to)
                    .ok_or_else(|| format!("`{to}` is gone"))?;
                let end = start + length + to.len();
                Ok(format!("{}{}{}", &text[..start], self.to, &text[end..]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_in_place() {
        let each = Edit {
            file: "",
            from: Span::Each("a"),
            to: "x",
        };
        assert_eq!(each.apply("a b a").as_deref(), Ok("x b x"));
        let between = Edit {
            file: "",
            from: Span::Between("b", "d"),
            to: "x",
        };
        assert_eq!(between.apply("a b c d e").as_deref(), Ok("a x e"));
    }

    #[test]
    fn what_fits_nothing_fails() {
        let each = Edit {
            file: "",
            from: Span::Each("a"),
            to: "x",
        };
        assert!(each.apply("b").is_err());
        let between = Edit {
            file: "",
            from: Span::Between("b", "d"),
            to: "x",
        };
        assert!(between.apply("a b c").is_err());
        assert!(between.apply("c d").is_err());
    }
}
