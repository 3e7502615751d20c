//! Whatever bytes come in are a program; running it must break no invariant.
#![no_main]

use bridge_fuzz::{machine, program::Program};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|program: Program| machine::run(&program));
