//! Sizes, and who is `Send`.

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
    // Only `self` by value differs: the compiler moves it, and keeps room for
    // it twice; a block can't bind it anew, and keeps it where it is.
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
