//! Runs the programs of the guide's scenarios, each as a process of its own.

mod child;
mod client_library;
mod http_cli;
mod migration;
mod mixed_frameworks;
mod one_api;
mod plugins;
mod program;
mod repl;
mod scraper;
mod sqlite_service;
