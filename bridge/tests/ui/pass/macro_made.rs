//! Other macros write smart functions, and smart functions use macros.
#![deny(warnings)]
use bridge::smartasync;

macro_rules! getters {
    ($($name:ident: $ty:ty = $expr:expr;)*) => {
        $(
            #[smartasync]
            fn $name(&self, by: &$ty) -> $ty {
                let base: $ty = $expr;
                base + *by + self.0 as $ty
            }
        )*
    };
}

/// Passes a type on, which therefore comes in an invisible group.
macro_rules! shown {
    ($($name:ident: $ty:ty;)*) => {
        $(
            #[smartasync]
            fn $name(by: &$ty) -> String {
                format!("{by:?}")
            }
        )*
    };
}

shown! {
    object: dyn std::fmt::Debug;
    slice: [&str];
    plain: str;
}

/// Uses its own `self`, or that of its user.
macro_rules! on_own_bridge {
    ($this:ident, $name:ident) => {
        #[smartasync(bridge = $this.bridge)]
        async fn $name(&$this) {}

        #[smartasync(bridge = self.bridge)]
        fn ours(&self, bridge: u8) -> u8 {
            bridge
        }
    };
}

struct Instance {
    bridge: bridge::Bridge,
}

impl Instance {
    on_own_bridge!(self, theirs);
}

struct S(u8);

impl S {
    getters! {
        a: u8 = 1;
        b: u32 = 2 + 3;
    }

    #[smartasync]
    fn text(&self) -> String {
        macro_rules! local {
            ($this:expr) => {
                $this.0
            };
        }
        format!("{} {self:?} {:?}", local!(self), vec![self.0; 2])
    }
}

impl std::fmt::Debug for S {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("S")
    }
}

fn main() {
    let instance = Instance { bridge: bridge::Bridge::global().clone() };
    instance.theirs().wait();
    assert_eq!(instance.ours(1).wait(), 1);
    assert_eq!(S(1).a(&2).wait(), 4);
    assert_eq!(S(1).b(&2).wait(), 8);
    assert_eq!(S(1).text().wait(), "1 S [1, 1]");
    assert_eq!(object(&1).wait(), "1");
    assert_eq!(slice(&["a"]).wait(), "[\"a\"]");
    assert_eq!(bridge::wait(slice(&["a"])), "[\"a\"]");
    assert_eq!(bridge::wait(plain("a")), "\"a\"");
}
