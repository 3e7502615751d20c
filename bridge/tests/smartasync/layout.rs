//! Checks the sizes of calls, and which calls are `Send`.

use super::{
    borrows::borrowed,
    cases::{double, halve},
    *,
};

#[test]
fn an_async_call_is_as_large_as_the_plain_future() {
    async fn plain(a: [u8; 40], b: &str, (c, _): (u64, u64)) -> usize {
        tokio::task::yield_now().await;
        a.len() + b.len() + usize::try_from(c).unwrap()
    }
    #[smartasync]
    async fn smart(a: [u8; 40], b: &str, (c, _): (u64, u64)) -> usize {
        tokio::task::yield_now().await;
        a.len() + b.len() + usize::try_from(c).unwrap()
    }
    async fn idle(_: [u8; 7]) {}
    #[smartasync]
    async fn idle_smart(_: [u8; 7]) {}
    async fn results(a: String, x: u8) -> Result<[u64; 9], String> {
        if x == 0 {
            return Err(a);
        }
        tokio::task::yield_now().await;
        let _b = a.clone();
        tokio::task::yield_now().await;
        Ok([0; 9])
    }
    #[smartasync]
    async fn results_smart(a: String, x: u8) -> Result<[u64; 9], String> {
        if x == 0 {
            return Err(a);
        }
        tokio::task::yield_now().await;
        let _b = a.clone();
        tokio::task::yield_now().await;
        Ok([0; 9])
    }
    struct Fields {
        used: u8,
        _unused: [u64; 4],
    }
    impl Fields {
        async fn plain(self) -> u8 {
            tokio::task::yield_now().await;
            self.used
        }
        #[smartasync]
        async fn smart(self) -> u8 {
            tokio::task::yield_now().await;
            self.used
        }
        async fn plain_ref(&self) {}
        #[smartasync]
        async fn smart_ref(&self) {}
    }
    let fields = || Fields {
        used: 0,
        _unused: [0; 4],
    };
    let text = String::new;
    let sizes = |smart: usize, plain: usize| assert_eq!(smart, plain);
    sizes(
        size_of_val(&smart([0; 40], "", (0, 0))),
        size_of_val(&plain([0; 40], "", (0, 0))),
    );
    sizes(size_of_val(&idle_smart([0; 7])), size_of_val(&idle([0; 7])));
    sizes(
        size_of_val(&results_smart(text(), 0)),
        size_of_val(&results(text(), 0)),
    );
    sizes(
        size_of_val(&fields().smart_ref()),
        size_of_val(&fields().plain_ref()),
    );
    // Only `self` by value differs. In an `async fn` the compiler moves `self`
    // and keeps room for it twice. An async block cannot move `self` to a new
    // variable, so it keeps one.
    assert!(size_of_val(&fields().smart()) < size_of_val(&fields().plain()));
}

#[test]
fn calls_are_send_whenever_what_they_carry_is() {
    fn assert_send<T: Send>(_: &T) {}
    let call = double(1);
    assert_send(&call);
    let call = halve(1);
    assert_send(&call);
    let call = BoxCall::new(halve(1));
    assert_send(&call);
    assert_send(&call.dispatch());
    let text = String::new();
    let call = borrowed(
        &text,
        &[],
        Path::new(""),
        OsStr::new(""),
        c"",
        const { &Vec::new() },
    );
    assert_send(&call);
    drop(call);
}

/// Probes which auto traits a type has. An inherent method exists only if its
/// bound holds, and then it wins over the trait's method.
struct Probe<'v, T>(&'v T);

trait Lacks {
    fn send(&self) -> bool {
        false
    }
    fn sync(&self) -> bool {
        false
    }
    fn unpin(&self) -> bool {
        false
    }
}

impl<T> Lacks for Probe<'_, T> {}

impl<T: Send> Probe<'_, T> {
    fn send(&self) -> bool {
        let _ = self.0;
        true
    }
}

impl<T: Sync> Probe<'_, T> {
    fn sync(&self) -> bool {
        let _ = self.0;
        true
    }
}

impl<T: Unpin> Probe<'_, T> {
    fn unpin(&self) -> bool {
        let _ = self.0;
        true
    }
}

macro_rules! facts {
    ($value:expr) => {
        match &$value {
            value => (
                size_of_val(value),
                Probe(value).send(),
                Probe(value).sync(),
                Probe(value).unpin(),
            ),
        }
    };
}

/// Writes each function as a plain and as a smart one. The call must have the
/// size and the auto traits of the plain future.
macro_rules! alike {
    ($($name:ident ( $($arg:pat_param = $value:expr => $ty:ty),* ) -> $out:ty $body:block)*) => {$(
        #[test]
        fn $name() {
            async fn plain($($arg: $ty),*) -> $out $body
            #[smartasync]
            async fn smart($($arg: $ty),*) -> $out $body
            assert_eq!(facts!(smart($($value),*)), facts!(plain($($value),*)));
        }
    )*};
}

alike! {
    of_nothing() -> () {}
    of_bytes(x = [0; 100] => [u8; 100]) -> usize {
        tokio::task::yield_now().await;
        x.len()
    }
    of_unused_arguments(_x = String::new() => String, _ = [0; 3] => [u64; 3]) -> u8 { 1 }
    of_borrows(x = "" => &str, y = &mut vec![1] => &mut Vec<u8>) -> usize {
        tokio::task::yield_now().await;
        y.push(1);
        x.len()
    }
    of_patterns((a, mut b) = (1, 2) => (u8, u64), [c, ..] = [1; 9] => [u8; 9]) -> u64 {
        tokio::task::yield_now().await;
        b += u64::from(a) + u64::from(c);
        b
    }
    of_what_is_not_send(x = Rc::new(1) => Rc<u8>) -> u8 { *x }
    of_what_is_not_sync(x = std::cell::Cell::new(1) => std::cell::Cell<u8>) -> u8 {
        tokio::task::yield_now().await;
        x.get()
    }
    of_what_holds_rc_across(x = 1 => u8) -> u8 {
        let held = Rc::new(x);
        tokio::task::yield_now().await;
        *held
    }
    of_results(x = "1" => &str) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
        let n = x.parse()?;
        tokio::task::yield_now().await;
        Ok(n)
    }
    of_nested_futures(x = 2 => u8) -> u8 {
        let twice = async {
            tokio::task::yield_now().await;
            x * 2
        };
        let boxed: Pin<Box<dyn Future<Output = u8>>> = Box::pin(async { 1 });
        twice.await + boxed.await
    }
    of_closures(f = |x| x + 1 => fn(u8) -> u8, g = Box::new(|x| x) => Box<dyn Fn(u8) -> u8>) -> u8 {
        tokio::task::yield_now().await;
        f(1) + g(2)
    }
}

#[test]
fn a_sync_call_goes_where_its_arguments_go() {
    #[smartasync]
    fn takes<T>(x: T, _by: &[&str]) -> T {
        x
    }
    let traits = |(_, send, sync, unpin)| (send, sync, unpin);
    assert_eq!(traits(facts!(takes(1, &[]))), (true, true, true));
    assert_eq!(traits(facts!(takes(Rc::new(1), &[]))), (false, false, true));
    let cell = || std::cell::Cell::new(1);
    assert_eq!(traits(facts!(takes(cell(), &[]))), (true, false, true));
}
