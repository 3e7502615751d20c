//! An implementation that writes a type otherwise than its declaration returns another call.
use bridge::smartasync;

struct S;

trait Generic<K> {
    #[smartasync]
    fn get(&self, key: K) -> usize;
}

impl Generic<&str> for S {
    #[smartasync]
    fn get(&self, key: &str) -> usize {
        key.len()
    }
}

trait Projected {
    type Output<'a>
    where
        Self: 'a;

    #[smartasync]
    fn get(&self) -> Self::Output<'_>;
}

impl Projected for S {
    type Output<'a> = u8;

    #[smartasync]
    fn get(&self) -> u8 {
        1
    }
}

trait Plain {
    #[smartasync]
    fn get<'a>(&self, key: &'a str) -> usize;
}

/// Its body spells a lifetime, so the call cannot be awaited, as the declaration says it can.
impl Plain for S {
    #[smartasync]
    fn get<'a>(&self, key: &'a str) -> usize {
        let mut keys = Vec::new();
        let mut keep = |key: &'a str| keys.push(key);
        keep(key);
        keys.len()
    }
}

fn main() {}
