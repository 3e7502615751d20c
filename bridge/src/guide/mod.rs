//! Pages to read beside the reference.
//!
//! * [`limits`]: what a wait or an offload cannot give, each under the symptom that you
//!   would search for.

pub mod limits;
