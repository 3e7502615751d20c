//! The edits of the peers' sources.
//!
//! An edit that fits nothing fails the stage. In that case the peer has changed, and its
//! tests would no longer run on the bridge.

/// Replaces one text by another.
pub(super) struct Edit {
    /// The end of the file's path.
    pub(super) file: &'static str,
    from: Span,
    to: &'static str,
}

enum Span {
    /// Every occurrence of this text.
    Each(&'static str),
    /// The text from the first of these up to the next occurrence of the second, once.
    Between(&'static str, &'static str),
}

/// Makes each task of `blocking` run its polls as jobs, instead of on its threads.
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

/// Runs the examples, instead of only compiling them. No example may leave its directory,
/// or fail because another example has made the same file.
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

/// The files of Tokio's tests that are about blocking, and the files that they need.
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
