//! Runs the programs of the guide's scenarios, each as a process of its own.

mod child;
mod client_library;
mod mixed_frameworks;
mod repl;
