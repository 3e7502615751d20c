//! The types that may pass through `catch_unwind`, as Tokio's handles may.
//!
//! The compiler can't see that by itself, because these types hold code of the user's. But a
//! panic of the caller leaves them whole. Their locks ignore poison, and every job and every
//! task catches the panics of its own code. A handler's function is `Sync`, so another thread
//! may call it after a panic anyway.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::{Bridge, BridgeShutdown, Handler};

impl UnwindSafe for Bridge {}
impl RefUnwindSafe for Bridge {}

impl UnwindSafe for BridgeShutdown {}
impl RefUnwindSafe for BridgeShutdown {}

impl<X, T> UnwindSafe for Handler<X, T> {}
impl<X, T> RefUnwindSafe for Handler<X, T> {}
