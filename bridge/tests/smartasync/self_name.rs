//! Checks `self` in macros. In the body of a smart `fn` it has another name.

use super::*;

struct Level(u8);

impl Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("level {}", self.0))
    }
}

/// A macro with the name of other crates' macros, which take a format string.
macro_rules! ensure {
    ($holds:expr, $($text:tt)*) => {
        if !$holds {
            return Err(format!($($text)*));
        }
    };
}

impl Level {
    #[smartasync]
    fn formatted(&self) -> Result<String, String> {
        ensure!(self.0 > 1, "{self} is low, {{self}}");
        Ok(format!("{self:>9}"))
    }

    #[smartasync]
    fn logged(&self) {
        tracing::event!(tracing::Level::INFO, "{self}");
        tracing::info!(target: "{self}", "{self}");
    }

    #[smartasync]
    fn asserted(&self) {
        assert!(self.0 > 1);
    }

    #[smartasync]
    fn told(&self) {
        assert!(self.0 > 1, "{self}");
    }
}

fn panic_text(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(f).unwrap_err();
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone())
}

#[test]
fn in_formatting_macros() {
    assert_eq!(
        Level(1).formatted().wait(),
        Err("level 1 is low, {self}".to_owned())
    );
    assert_eq!(Level(2).formatted().wait(), Ok("  level 2".to_owned()));
    Level(1).logged().wait();
    assert_eq!(panic_text(|| Level(1).told().wait()), "level 1");
}

/// This is a documented limit: the macro shows the other name.
#[test]
fn where_a_macro_shows_its_arguments() {
    assert_eq!(
        panic_text(|| Level(1).asserted().wait()),
        "assertion failed: self_.0 > 1"
    );
}

/// In these bodies a `cfg` or a macro removes the only use of `self`. The
/// compiler does not warn about an unused `self`, so a smart function must not
/// warn either.
#[derive(Clone)]
struct Unused(u8);

macro_rules! drop_tokens {
    ($($token:tt)*) => {};
}

impl Unused {
    #[smartasync]
    fn by_statement(&self) {
        #[cfg(any())]
        println!("{}", self.0);
    }

    #[smartasync]
    fn by_arm(&mut self, x: u8) -> u8 {
        match x {
            #[cfg(any())]
            1 => self.0,
            _ => 3,
        }
    }

    #[smartasync(blocking = by_macro_blocking)]
    fn by_macro(self) -> &'static str {
        drop_tokens!(self.0);
        stringify!(self)
    }
}

#[test]
fn a_self_that_may_go_unused() {
    let unused = Unused(1);
    assert_eq!(unused.0, 1);
    unused.by_statement().wait();
    assert_eq!(Unused(1).by_arm(1).wait(), 3);
    assert_eq!(Unused(1).by_macro().wait(), "self_");
    assert_eq!(Unused(1).by_macro_blocking(), "self_");
    run(async { Unused(1).by_statement().await });
}
