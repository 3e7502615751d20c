//! Checks `crate = path` for each form of the output: by a name, a path and a
//! macro.
#![deny(warnings)]

use std::borrow::Cow;

use renamed::{Bridge, Call, smartasync};
use testkit::within;

#[smartasync(crate = renamed)]
async fn asynchronous(x: &str) -> usize {
    x.len()
}

#[smartasync(crate = ::renamed, debug, bridge = Bridge::global(), blocking = blocking)]
fn synchronous(
    x: &str,
    (y, z): (&u8, u8),
    more: &[&str],
    cow: Cow<'_, str>,
    maybe: Option<&str>,
    [a, _]: [&u8; 2],
) -> usize {
    x.len() + usize::from(*y + z + a) + more.len() + cow.len() + maybe.map_or(0, str::len)
}

#[smartasync(crate = renamed, blocking = blocking_async)]
async fn never(stop: bool) -> ! {
    assert!(!stop, "on purpose");
    std::future::pending().await
}

/// A library that offers smart functions to users who do not depend on
/// `bridge`.
mod sdk {
    pub(crate) use renamed as smart;
}

/// The name that such a library is most likely to choose.
pub(crate) use renamed as __bridge;

macro_rules! getters {
    ($($name:ident: $ty:ty;)*) => {
        $(
            #[$crate::sdk::smart::smartasync(crate = $crate::sdk::smart)]
            fn $name(&self) -> &$ty {
                &self.$name
            }
        )*
    };
}

struct S {
    name: String,
}

impl S {
    getters! {
        name: str;
    }

    #[smartasync(crate = sdk::smart)]
    fn chars(&mut self) -> impl Iterator<Item = char> {
        self.name.chars()
    }

    // The attribute macro below makes `#[smartasync]` run a second time.
    #[smartasync(crate = crate::sdk::smart)]
    #[tracing::instrument(skip_all)]
    async fn traced(&self) -> usize {
        self.name.len()
    }
}

macro_rules! lengths {
    ($($name:ident;)*) => {
        $(
            #[$crate::__bridge::smartasync(crate = $crate::__bridge)]
            #[tracing::instrument]
            fn $name(x: &str) -> (usize, $crate::__bridge::Context) {
                (x.len(), $crate::__bridge::Context::current())
            }
        )*
    };
}

lengths! {
    length;
}

macro_rules! length_of_library {
    ($($path:tt)+) => {
        #[$($path)+::smartasync(crate = $($path)+)]
        fn length_by_library(text: &str) -> usize {
            text.len()
        }
    };
}

// `$crate` means the library, although the attribute is written here.
bridge_renamed::with_path!(length_of_library);

trait Store {
    #[smartasync(crate = renamed)]
    fn get(&self, key: &str) -> String;
    #[smartasync(crate = renamed)]
    async fn put(&self, key: &str) -> bool;
}

impl Store for S {
    #[smartasync(crate = renamed)]
    fn get(&self, key: &str) -> String {
        format!("{self:?} {key}")
    }
    #[smartasync(crate = renamed)]
    async fn put(&self, key: &str) -> bool {
        key.is_empty()
    }
}

impl std::fmt::Debug for S {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

fn waited(call: impl Call<Output = usize>) -> usize {
    call.wait()
}

#[test]
fn under_another_name() {
    let mut s = S { name: "ab".into() };
    within(|| {
        assert_eq!(waited(asynchronous("four")), 4);
        assert_eq!(
            waited(synchronous(
                "a",
                (&1, 1),
                &["a"],
                "a".into(),
                Some("a"),
                [&1; 2]
            )),
            7
        );
        assert_eq!(blocking("a", (&1, 1), &[], "a".into(), None, [&1; 2]), 5);
        assert_eq!(s.traced().wait(), 2);
        assert!(s.put("").wait());
        assert!(std::panic::catch_unwind(|| blocking_async(true)).is_err());
    });
    assert_eq!(s.get("key").wait(), "ab key");
    assert_eq!(s.name().wait(), "ab");
    assert_eq!(length("four").wait().0, 4);
    assert_eq!(length_by_library("four").wait(), 4);
    assert_eq!(s.chars().wait().count(), 2);
    drop(never(false));
}
