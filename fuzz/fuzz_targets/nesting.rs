//! Any tree of sync and async levels has its value, or a typed error, on any pool.
#![no_main]

use bridge_fuzz::nesting::{self, Nesting};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|nesting: Nesting| nesting::run(&nesting));
