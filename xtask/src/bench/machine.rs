//! The machine, the compiler and the code of a record: its figures hold for no others.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use sysinfo::System;

use crate::{
    lock::Lock,
    run::{self, Output},
};

/// The computer that measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) memory_gib: u64,
    pub(super) os: String,
    pub(super) kernel: String,
}

impl Machine {
    pub(super) fn here() -> Self {
        let mut system = System::new().ok();
        if let Some(system) = &mut system {
            system.refresh_memory();
            system.refresh_cpu_all();
        }
        let cpus = system.as_ref().map_or(&[][..], System::cpus);
        let cpu = cpus.first().map(|cpu| cpu.brand().trim().to_owned());
        let memory = system.as_ref().map_or(0, System::total_memory);
        let unknown = || "unknown".to_owned();
        Self {
            cpu: cpu
                .filter(|brand| !brand.is_empty())
                .unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            // Memory is rounded to the nearest GiB, as it is sold.
            memory_gib: (memory + (1 << 29)) >> 30,
            os: System::long_os_version().unwrap_or_else(|_| unknown()),
            kernel: System::kernel_version().unwrap_or_else(|_| unknown()),
        }
    }

    /// Returns the machine in one line.
    pub(super) fn line(&self) -> String {
        let Self {
            cpu,
            cores,
            memory_gib,
            os,
            kernel,
        } = self;
        let plural = if *cores == 1 { "" } else { "s" };
        format!("{cpu}, {cores} core{plural}, {memory_gib} GiB, {os}, kernel {kernel}")
    }
}

/// The compiler's version, and the target that it builds for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Toolchain {
    pub(super) rustc: String,
    pub(super) target: String,
}

impl Toolchain {
    pub(super) fn here() -> Result<Self, String> {
        let text = output("rustc", &["-vV"])?;
        let field = |name| {
            let lines = text.lines();
            lines.into_iter().find_map(|line| line.strip_prefix(name))
        };
        let target = field("host: ").ok_or("`rustc -vV` names no host")?;
        Ok(Self {
            rustc: text.lines().next().unwrap_or_default().to_owned(),
            target: target.to_owned(),
        })
    }
}

/// The state of the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) hash: String,
    /// Whether the tree differed from the commit.
    pub(super) dirty: bool,
}

impl Commit {
    /// Returns the commit, or `None` outside a repository, as in an unpacked archive.
    pub(super) fn here() -> Option<Self> {
        let hash = output("git", &["rev-parse", "HEAD"]).ok()?;
        let changes = output("git", &["status", "--porcelain"]).ok()?;
        Some(Self {
            hash: hash.trim().to_owned(),
            dirty: !changes.trim().is_empty(),
        })
    }

    /// Returns the first digits of the hash, with a plus if the tree differed.
    pub(super) fn short(&self) -> String {
        let short = &self.hash[..self.hash.len().min(10)];
        format!("{short}{}", if self.dirty { "+" } else { "" })
    }
}

fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let mut command = run::program(program, args);
    let ended = run::run(&mut command, Duration::from_secs(30), Output::Keep);
    if ended.passed() {
        Ok(ended.text)
    } else {
        Err(format!(
            "`{program} {}`: {}",
            args.join(" "),
            ended.text.trim()
        ))
    }
}

/// Returns the versions of all dependencies of the benches from outside this workspace.
pub(super) fn peers() -> Result<BTreeMap<String, String>, String> {
    versions(&Lock::read(&crate::root().join("Cargo.lock"))?)
}

fn versions(lock: &Lock) -> Result<BTreeMap<String, String>, String> {
    let suite = lock.package("bench-suite");
    let suite = suite.ok_or("Cargo.lock names no bench-suite")?;
    let versions = suite.dependencies.iter().filter_map(|dependency| {
        // Cargo adds the version only if the lock file has several versions.
        let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
        let package = lock
            .packages
            .iter()
            .find(|package| package.name == name && package.version.starts_with(version))?;
        package.source.as_ref()?;
        Some((name.to_owned(), package.version.clone()))
    });
    Ok(versions.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_of_the_suites_dependencies_alone() {
        let lock = r#"
            version = 4
            [[package]]
            name = "bench-suite"
            version = "0.1.0"
            dependencies = ["bridge", "blocking", "twice 2.0.0"]
            [[package]]
            name = "bridge"
            version = "0.1.0"
            [[package]]
            name = "blocking"
            version = "1.7.0"
            source = "registry"
            [[package]]
            name = "twice"
            version = "1.0.0"
            source = "registry"
            [[package]]
            name = "twice"
            version = "2.0.0"
            source = "registry"
            [[package]]
            name = "other"
            version = "3.0.0"
            source = "registry"
        "#;
        let found = versions(&Lock::parse(lock).unwrap()).expect("a lock file");
        let found: Vec<_> = found.iter().map(|(n, v)| format!("{n} {v}")).collect();
        assert_eq!(found, ["blocking 1.7.0", "twice 2.0.0"]);
        assert!(peers().expect("our own").contains_key("tokio"));
    }

    #[test]
    fn this_machine_says_what_it_is() {
        let toolchain = Toolchain::here().expect("a compiler");
        assert!(toolchain.rustc.starts_with("rustc "), "{toolchain:?}");
        assert!(toolchain.target.contains('-'), "{toolchain:?}");
        let machine = Machine::here();
        assert!(machine.cores >= 1 && machine.memory_gib >= 1, "{machine:?}");
        assert!(machine.line().contains("core"), "{}", machine.line());
    }

    #[test]
    fn a_dirty_commit_is_marked() {
        let mut commit = Commit {
            hash: "0123456789abcdef".to_owned(),
            dirty: false,
        };
        assert_eq!(commit.short(), "0123456789");
        commit.dirty = true;
        assert_eq!(commit.short(), "0123456789+");
    }
}
