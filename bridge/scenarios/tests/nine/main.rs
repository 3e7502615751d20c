//! Runs the guide's programs, each as its users do.

mod child;
mod http_cli;
mod migration;
mod scraper;
mod sqlite_service;
