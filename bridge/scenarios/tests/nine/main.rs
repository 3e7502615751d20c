//! Runs the guide's programs, each as its users do.

mod http_cli;
mod migration;
mod program;
mod scraper;
mod sqlite_service;
