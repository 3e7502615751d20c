//! Checks the four cases in every form that a function can take.
#![deny(warnings)]
#![allow(
    clippy::deref_addrof,
    clippy::format_collect,
    clippy::let_and_return,
    clippy::many_single_char_names,
    clippy::needless_pass_by_value,
    clippy::never_loop,
    clippy::option_option,
    clippy::ref_option_ref,
    clippy::semicolon_if_nothing_returned,
    clippy::too_many_arguments,
    clippy::unnecessary_owned_empty_strings,
    clippy::unused_async,
    clippy::unused_self,
    clippy::useless_vec,
    reason = "the forms under test are odd on purpose; these lints are about them alone"
)]

mod attributes;
mod bodies;
mod borrows;
mod cases;
mod drops;
mod generics;
mod layout;
mod methods;
mod nested;
mod rare;
mod self_name;
mod signatures;
mod traits;

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    ffi::{CStr, OsStr},
    fmt::{Debug, Display},
    path::{Path, PathBuf},
    pin::Pin,
    rc::Rc,
    sync::{Arc, Barrier, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use bridge::{BoxCall, Call, smartasync};
use testkit::within;

/// Runs a future on a multi-thread runtime.
fn run<F: Future>(future: F) -> F::Output {
    within(|| tokio::runtime::Runtime::new().unwrap().block_on(future))
}
