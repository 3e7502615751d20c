//! Runs the programs of the guide's scenarios, each as a process of its own.

#[allow(dead_code, reason = "not every program reads its input")]
mod child;
mod one_api;
mod plugins;
