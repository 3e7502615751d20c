//! The compiler reports unfinished code once, and the function exists.
use bridge::smartasync;

struct S(u8);

#[smartasync]
async fn asynchronous(s: S) -> u8 {
    s.
}

#[smartasync]
fn synchronous(s: &S) -> u8 {
    s.
}

#[smartasync]
fn statement(x: u8) -> u8 {
    let y = ;
    x
}

impl S {
    #[smartasync]
    fn method(&self) -> u8 {
        if self.0 > 1 {
            return self.
        }
        1
    }

    #[smartasync(blocking = twin)]
    async fn with_twin(&self) -> u8 {
        self.0 +
    }
}

fn main() {
    asynchronous(S(1)).wait();
    synchronous(&S(1)).wait();
    statement(1).wait();
    S(1).method().wait();
    S(1).with_twin().wait();
    S(1).twin();
}
