//! A trait that declares a plain call has to name the type that a smart `fn` names.
use bridge::{Call, smartasync};

trait Each {
    fn each(&self, f: impl Fn(&str) + Send + 'static) -> impl Call<Output = ()>;
}

#[derive(Clone)]
struct S;

impl Each for S {
    #[smartasync]
    fn each(&self, f: impl Fn(&str) + Send + 'static) {
        f("x")
    }
}

fn main() {}
