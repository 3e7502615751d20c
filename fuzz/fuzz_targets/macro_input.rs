//! The attribute turns any tokens into code or into a clear error.
#![no_main]

use bridge_fuzz::macro_input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| macro_input::run(bytes));
