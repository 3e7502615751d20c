//! The four cases, through every form a function can take.
#![deny(warnings)]
#![allow(
    clippy::deref_addrof,
    clippy::format_collect,
    clippy::let_and_return,
    clippy::many_single_char_names,
    clippy::needless_pass_by_value,
    clippy::never_loop,
    clippy::non_minimal_cfg,
    clippy::option_option,
    clippy::semicolon_if_nothing_returned,
    clippy::unnecessary_owned_empty_strings,
    clippy::unused_async,
    clippy::unused_self,
    clippy::useless_vec,
    reason = "the forms under test are odd on purpose; these lints are about them alone"
)]

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    ffi::{CStr, OsStr},
    fmt::{Debug, Display},
    path::{Path, PathBuf},
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use bridge::{BoxCall, Call, smartasync};
use testkit::within;

/// Runs a future on a multi-thread runtime.
fn run<F: Future>(future: F) -> F::Output {
    within(|| tokio::runtime::Runtime::new().unwrap().block_on(future))
}

// ---- free functions -------------------------------------------------------

/// Doc comments stay.
#[smartasync]
async fn double(x: u32) -> u32 {
    tokio::task::yield_now().await;
    x * 2
}

#[smartasync]
fn halve(x: u32) -> u32 {
    x / 2
}

#[smartasync]
fn place() -> ThreadId {
    thread::current().id()
}

#[smartasync]
async fn no_output() {}

#[smartasync]
fn no_output_sync() {}

#[test]
fn the_four_cases() {
    within(|| assert_eq!(double(4).wait(), 8));
    assert_eq!(halve(4).wait(), 2);
    assert_eq!(place().wait(), thread::current().id());
    no_output().wait();
    no_output_sync().wait();
    run(async {
        assert_eq!(double(4).await, 8);
        assert_eq!(halve(4).await, 2);
        assert_ne!(place().await, thread::current().id());
        no_output().await;
        no_output_sync().await;
    });
}

#[test]
fn dispatch_runs_in_sync_code_and_waits_for_await_in_async_code() {
    within(|| {
        let outcome = double(4).dispatch();
        assert!(outcome.is_ready());
        assert_eq!(outcome.wait(), 8);
        let outcome = place().dispatch();
        assert!(outcome.is_ready());
        assert_eq!(outcome.wait(), thread::current().id());
    });
    run(async {
        let outcome = double(4).dispatch();
        assert!(!outcome.is_ready());
        assert_eq!(outcome.await, 8);
        let outcome = place().dispatch();
        assert!(!outcome.is_ready());
        assert_ne!(outcome.await, thread::current().id());
        tokio::task::spawn_blocking(|| {
            assert!(double(4).dispatch().is_ready());
            assert!(halve(4).dispatch().is_ready());
        })
        .await
        .unwrap();
    });
}

#[test]
fn try_wait_and_wait_timeout() {
    #[smartasync]
    async fn never() {
        std::future::pending().await
    }
    #[smartasync]
    fn slow() -> u8 {
        thread::sleep(Duration::from_millis(200));
        1
    }
    within(|| {
        assert_eq!(double(1).try_wait().unwrap(), 2);
        assert_eq!(halve(2).try_wait().unwrap(), 1);
        assert_eq!(double(1).wait_timeout(Duration::from_secs(20)).unwrap(), 2);
        assert_eq!(halve(2).wait_timeout(Duration::from_secs(20)).unwrap(), 1);
        assert!(never().wait_timeout(Duration::from_millis(5)).is_err());
        assert!(slow().wait_timeout(Duration::from_millis(5)).is_err());
    });
}

#[test]
fn tokio_takes_calls() {
    run(async {
        let (a, b) = tokio::join!(double(1), halve(2));
        assert_eq!((a, b), (2, 1));
        assert_eq!(tokio::spawn(double(2)).await.unwrap(), 4);
        assert_eq!(tokio::spawn(halve(2)).await.unwrap(), 1);
        let x = tokio::select! { x = double(3) => x, () = std::future::pending() => 0 };
        assert_eq!(x, 6);
    });
}

// ---- borrowed arguments ---------------------------------------------------

#[smartasync]
fn borrowed(
    text: &str,
    items: &[u32],
    path: &Path,
    os: &OsStr,
    c: &CStr,
    list: &Vec<String>,
) -> usize {
    text.len() + items.len() + path.as_os_str().len() + os.len() + c.count_bytes() + list.len()
}

#[smartasync]
fn nested(
    a: Option<&str>,
    b: (&str, u8),
    c: Cow<'_, str>,
    d: Cow<str>,
    e: Option<Option<&u8>>,
) -> usize {
    a.map_or(0, str::len)
        + b.0.len()
        + usize::from(b.1)
        + c.len()
        + d.len()
        + usize::from(*e.flatten().unwrap_or(&0))
}

#[smartasync]
fn address(text: &str, constant: &'static str) -> (usize, usize) {
    (text.as_ptr() as usize, constant.as_ptr() as usize)
}

#[test]
fn borrows_are_used_as_they_are_and_cloned_only_for_an_await() {
    let text = String::from("text");
    let list = vec![String::new()];
    assert_eq!(
        borrowed(
            &text,
            &[1, 2],
            Path::new("p"),
            OsStr::new("os"),
            c"c",
            &list
        )
        .wait(),
        11
    );
    assert_eq!(
        nested(
            Some(&text),
            (&text, 1),
            Cow::Borrowed(&text),
            "x".into(),
            Some(Some(&1))
        )
        .wait(),
        15
    );
    let constant = "constant";
    let (given, fixed) = (text.as_ptr() as usize, constant.as_ptr() as usize);
    assert_eq!(address(&text, constant).wait(), (given, fixed));
    run(async {
        assert_eq!(
            borrowed(
                &text,
                &[1, 2],
                Path::new("p"),
                OsStr::new("os"),
                c"c",
                &list
            )
            .await,
            11
        );
        assert_eq!(
            nested(
                Some(&text),
                (&text, 1),
                Cow::Borrowed(&text),
                "x".into(),
                Some(Some(&1))
            )
            .await,
            15
        );
        let (sent, same) = address(&text, constant).await;
        assert_ne!(sent, given);
        assert_eq!(same, fixed);
    });
}

#[test]
fn copies_are_made_at_the_first_poll_and_not_before() {
    struct Counted(Arc<Mutex<u32>>);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            *self.0.lock().unwrap() += 1;
            Self(Arc::clone(&self.0))
        }
    }
    #[smartasync]
    fn take(counted: &Counted) -> u32 {
        *counted.0.lock().unwrap()
    }
    let count = Arc::new(Mutex::new(0));
    let counted = Counted(Arc::clone(&count));
    assert_eq!(take(&counted).wait(), 0);
    run(async {
        let call = take(&counted);
        assert_eq!(*count.lock().unwrap(), 0);
        assert_eq!(call.await, 1);
        drop(take(&counted));
        assert_eq!(*count.lock().unwrap(), 1);
    });
}

#[smartasync]
fn first<'a>(text: &'a str, _other: &str) -> &'a str {
    text.split(' ').next().unwrap_or(text)
}

#[smartasync]
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ')
}

#[smartasync]
fn push(list: &mut Vec<u32>, x: u32) -> &mut u32 {
    list.push(x);
    list.last_mut().unwrap()
}

#[smartasync]
fn joined(parts: &[&str], by: &str) -> String {
    parts.join(by)
}

#[smartasync]
fn shown(what: &dyn Display) -> String {
    what.to_string()
}

#[smartasync]
fn shared(what: Rc<u8>) -> Rc<u8> {
    what
}

#[test]
fn what_cannot_be_owned_can_be_waited_for() {
    let text = String::from("a b");
    let other = String::from("c");
    let found = first(&text, &other).wait();
    drop(other);
    assert_eq!(found, "a");
    assert_eq!(words(&text).wait().collect::<Vec<_>>(), ["a", "b"]);
    let mut list = vec![];
    *push(&mut list, 1).wait() += 1;
    assert_eq!(list, [2]);
    assert_eq!(joined(&[&text, "d"], "-").wait(), "a b-d");
    assert_eq!(shown(&5).try_wait().unwrap(), "5");
    assert_eq!(*shared(Rc::new(1)).wait(), 1);
    // Waiting is the plain call, also where another wait would freeze a task.
    run(async { assert_eq!(first("a b", "").wait(), "a") });
}

#[smartasync]
async fn longest(a: &str, b: &str) -> usize {
    tokio::task::yield_now().await;
    a.len().max(b.len())
}

#[smartasync]
async fn of_first<'a>(a: &'a str, _b: &str) -> &'a str {
    tokio::task::yield_now().await;
    &a[1..]
}

#[smartasync]
async fn append(list: &mut Vec<u32>, x: u32) -> &u32 {
    tokio::task::yield_now().await;
    list.push(x);
    &list[0]
}

#[test]
fn an_async_function_borrows_as_always() {
    let text = String::from("abc");
    let mut list = vec![];
    within(|| {
        assert_eq!(longest(&text, "").wait(), 3);
        assert_eq!(of_first(&text, &String::new()).wait(), "bc");
        assert_eq!(append(&mut list, 7).wait(), &7);
    });
    run(async {
        assert_eq!(longest(&text, "").await, 3);
        assert_eq!(append(&mut list, 8).await, &7);
    });
}

// ---- methods --------------------------------------------------------------

#[derive(Clone, Debug, PartialEq)]
struct Store<'s, T> {
    name: &'s str,
    items: Vec<T>,
}

impl<'s, T: Clone + Debug> Store<'s, T> {
    const LIMIT: usize = 3;

    #[smartasync]
    fn new(name: &'s str) -> Self {
        Self {
            name,
            items: Vec::with_capacity(Self::LIMIT),
        }
    }

    #[smartasync]
    async fn new_async(name: &'s str) -> Self {
        Self {
            name,
            items: Vec::new(),
        }
    }

    #[smartasync]
    fn len(&self) -> usize {
        self.items.len()
    }

    #[smartasync]
    fn name(&self) -> &'s str {
        self.name
    }

    #[smartasync]
    fn get(&self, i: usize) -> Option<&T> {
        self.items.get(i)
    }

    #[smartasync]
    fn add(&mut self, item: T) -> &mut Self {
        self.items.push(item);
        self
    }

    #[smartasync]
    fn with(mut self, item: T) -> Self {
        self.items.push(item);
        self
    }

    #[smartasync]
    fn describe(&self) -> String {
        struct Nested(usize);
        impl Nested {
            fn get(&self) -> usize {
                self.0
            }
        }
        let debug = vec![format!("{self:?}"), format!("{}", self.items.len())];
        format!(
            "{} {} {}",
            debug.join(" "),
            Nested(1).get(),
            matches!(self, Self { .. })
        )
    }

    #[smartasync]
    async fn len_async(&self) -> usize {
        tokio::task::yield_now().await;
        self.items.len()
    }

    #[smartasync]
    async fn add_async(&mut self, item: T) -> &mut Self {
        self.items.push(item);
        self
    }

    #[smartasync]
    async fn with_async(mut self, item: T) -> Self {
        self.items.push(item);
        self
    }

    #[smartasync]
    fn of_arc(self: Arc<Self>) -> usize {
        self.items.len()
    }

    #[smartasync]
    async fn of_arc_async(self: Arc<Self>) -> usize {
        self.items.len()
    }

    #[smartasync]
    fn of_arc_ref(self: &Arc<Self>) -> usize {
        Arc::strong_count(self)
    }

    #[smartasync]
    fn of_pin(self: Pin<&mut Self>) -> usize {
        self.items.len()
    }

    #[smartasync]
    async fn of_pin_async(self: Pin<&mut Self>) -> usize {
        self.items.len()
    }

    #[smartasync]
    fn of_box(self: Box<Self>) -> &'s str {
        self.name
    }
}

#[test]
fn methods_of_every_receiver() {
    let name = String::from("n");
    let mut store: Store<'_, u8> = within(|| Store::new_async(&name).wait());
    assert_eq!(Store::<u8>::new(&name).wait(), store);
    store.add(1).wait().add(2).wait();
    within(|| store.add_async(3).wait().add_async(4).wait());
    store = store.with(5).wait();
    store = within(|| store.with_async(6).wait());
    assert_eq!(store.len().wait(), 6);
    assert_eq!(store.name().wait(), "n");
    assert_eq!(store.get(0).wait(), Some(&1));
    assert_eq!(
        store.describe().wait(),
        "Store { name: \"n\", items: [1, 2, 3, 4, 5, 6] } 6 1 true"
    );
    let arc = Arc::new(store.clone());
    assert_eq!(Arc::clone(&arc).of_arc().wait(), 6);
    assert_eq!(arc.of_arc_ref().wait(), 1);
    assert_eq!(Pin::new(&mut store).of_pin().wait(), 6);
    assert_eq!(Box::new(store.clone()).of_box().wait(), "n");
    within(|| {
        assert_eq!(store.len_async().wait(), 6);
        assert_eq!(arc.of_arc_async().wait(), 6);
        assert_eq!(Pin::new(&mut store).of_pin_async().wait(), 6);
    });
}

#[test]
fn methods_are_awaited_on_copies_of_self() {
    run(async {
        let store = Store::<u8>::new("static").await.with(1).await;
        assert_eq!(store.len().await, 1);
        assert_eq!(store.name().await, "static");
        assert_eq!(
            store.describe().await,
            "Store { name: \"static\", items: [1] } 1 1 true"
        );
        let arc = Arc::new(store);
        assert_eq!(Arc::clone(&arc).of_arc().await, 1);
        assert_eq!(arc.of_arc_ref().await, 2);
    });
}

// ---- generics -------------------------------------------------------------

#[smartasync]
fn show_all<T: Display + ?Sized, const N: usize>(items: [&'static T; N]) -> String
where
    for<'x> &'x T: Debug,
{
    items.iter().map(|item| format!("{item}{item:?}")).collect()
}

#[smartasync]
async fn show_async<T, const N: usize>(items: [T; N]) -> String
where
    T: Display,
{
    items.iter().map(T::to_string).collect()
}

#[smartasync]
fn apply(f: impl Fn(u32) -> u32, x: impl Into<u32>) -> u32 {
    f(x.into())
}

#[smartasync]
async fn apply_async(f: impl AsyncFn(u32) -> u32, x: impl Into<u32>) -> u32 {
    f(x.into()).await
}

#[smartasync]
fn open(path: impl AsRef<Path>, name: &(impl Display + ?Sized)) -> PathBuf {
    path.as_ref().join(name.to_string())
}

#[smartasync]
fn counting(n: u32) -> impl Iterator<Item = u32> + Clone {
    0..n
}

#[smartasync]
async fn counting_async(n: u32) -> impl Iterator<Item = u32> {
    0..n
}

#[smartasync]
fn later(x: u8) -> impl Future<Output = u8> {
    async move { x }
}

#[smartasync]
fn boxed() -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async { 5 })
}

#[test]
fn generics_and_impl_trait_in_both_places() {
    assert_eq!(show_all([&1, &2]).wait(), "1122");
    within(|| assert_eq!(show_async([1, 2]).wait(), "12"));
    assert_eq!(apply(|x| x + 1, 3_u8).wait(), 4);
    within(|| assert_eq!(apply_async(async |x| x + 1, 3_u8).wait(), 4));
    assert_eq!(open("a", "b").wait(), Path::new("a/b"));
    assert_eq!(counting(3).wait().sum::<u32>(), 3);
    run(async {
        assert_eq!(show_all(["a", "b"]).await, "a\"a\"b\"b\"");
        assert_eq!(apply(|x| x + 1, 3_u8).await, 4);
        assert_eq!(open("a", &5).await, Path::new("a/5"));
        assert_eq!(counting(3).await.sum::<u32>(), 3);
        assert_eq!(counting_async(3).await.sum::<u32>(), 3);
        assert_eq!(later(3).await.await, 3);
        assert_eq!(boxed().await.await, 5);
        assert_eq!(later(3).wait().await, 3);
    });
}

// ---- patterns, control flow, outputs --------------------------------------

struct Pair {
    left: u32,
    right: u32,
}

#[smartasync]
fn patterns(
    (a, mut b): (u32, u32),
    Pair { left, right }: Pair,
    [x, ..]: [u32; 3],
    mut n: u32,
    _: u32,
    ref r: u32,
) -> u32 {
    b += 1;
    n += a + b;
    n + left + right + x + r
}

#[smartasync]
async fn patterns_async(
    (a, mut b): (u32, u32),
    Pair { left, right }: Pair,
    mut n: u32,
    _: u32,
) -> u32 {
    b += 1;
    n += a + b;
    n + left + right
}

#[smartasync]
fn parse(text: &str) -> Result<Box<dyn Debug>, Box<dyn std::error::Error>> {
    if text.is_empty() {
        return Ok(Box::new(()));
    }
    let number: u32 = text.parse()?;
    if number == 0 {
        Err("zero")?;
    }
    Ok(Box::new(number))
}

#[smartasync]
async fn parse_async(text: &str) -> Result<Box<dyn Debug>, Box<dyn std::error::Error>> {
    if text.is_empty() {
        return Ok(Box::new(()));
    }
    let number: u32 = text.parse()?;
    if number == 0 {
        Err("zero")?;
    }
    Ok(Box::new(number))
}

#[smartasync]
fn fails() -> ! {
    panic!("on purpose")
}

#[smartasync]
async fn fails_async() -> ! {
    panic!("on purpose")
}

/// # Safety
///
/// `x` must be valid for reads when the call runs.
#[smartasync]
unsafe fn read(x: *const u8) -> u8 {
    // SAFETY: the caller promised.
    unsafe { *x }
}

/// # Safety
///
/// `x` must be valid for reads until the call is over.
#[smartasync]
async unsafe fn read_async(x: *const u8) -> u8 {
    // SAFETY: the caller promised.
    unsafe { *x }
}

#[smartasync]
fn labels<'a>(text: &'a str) -> usize {
    let all: &'a str = text;
    'a: loop {
        for (i, c) in all.chars().enumerate() {
            if c == ' ' {
                break 'a i;
            }
        }
        break 'a 0;
    }
}

#[test]
fn patterns_and_control_flow() {
    assert_eq!(
        patterns((1, 2), Pair { left: 3, right: 4 }, [5, 0, 0], 6, 7, 8).wait(),
        30
    );
    within(|| {
        assert_eq!(
            patterns_async((1, 2), Pair { left: 3, right: 4 }, 6, 7).wait(),
            17
        )
    });
    assert_eq!(format!("{:?}", parse("7").wait().unwrap()), "7");
    assert!(parse("0").wait().is_err() && parse("x").wait().is_err() && parse("").wait().is_ok());
    within(|| {
        assert_eq!(format!("{:?}", parse_async("7").wait().unwrap()), "7");
        assert!(parse_async("0").wait().is_err() && parse_async("x").wait().is_err());
        assert!(parse_async("").wait().is_ok());
    });
    assert!(std::panic::catch_unwind(|| fails().wait()).is_err());
    assert!(std::panic::catch_unwind(|| within(|| fails_async().wait())).is_err());
    // SAFETY: the reference outlives both calls.
    assert_eq!(unsafe { read(&raw const *&5) }.wait(), 5);
    // SAFETY: the same.
    within(|| assert_eq!(unsafe { read_async(&raw const *&5) }.wait(), 5));
    assert_eq!(labels("ab c").wait(), 2);
    run(async {
        assert_eq!(labels("ab c").await, 2);
        assert_eq!(
            patterns((1, 2), Pair { left: 3, right: 4 }, [5, 0, 0], 6, 7, 8).await,
            30
        );
        assert!(tokio::spawn(async { fails().await }).await.is_err());
    });
}

#[smartasync]
fn factorial(n: u64) -> u64 {
    if n == 0 {
        1
    } else {
        n * factorial(n - 1).wait()
    }
}

#[smartasync]
async fn factorial_async(n: u64) -> u64 {
    if n == 0 {
        1
    } else {
        n * Box::pin(factorial_async(n - 1)).await
    }
}

#[test]
fn recursion() {
    assert_eq!(factorial(10).wait(), 3_628_800);
    within(|| assert_eq!(factorial_async(10).wait(), 3_628_800));
}

// ---- odd signatures -------------------------------------------------------

#[smartasync(debug, blocking = r#while)]
fn r#match(r#type: &str, mut r#fn: u8) -> usize {
    r#fn += 1;
    r#type.len() + usize::from(r#fn)
}

#[smartasync]
async fn r#loop(r#type: &str) -> usize {
    r#type.len()
}

#[smartasync]
fn outlives<'a, 'b: 'a, T: 'a + ?Sized>(x: &'a T, y: &'b str, all: &mut Vec<&'a str>) -> &'a T {
    all.push(y);
    x
}

#[smartasync]
fn bounded<'a, 'b>(x: &'a str, y: &'b str) -> usize
where
    'b: 'a,
{
    let all: [&'a str; 2] = [x, y];
    all.concat().len()
}

#[smartasync]
fn total<'a>(
    texts: impl Iterator<Item = &'a str>,
    by: &(impl Fn(&str) -> usize + ?Sized),
) -> usize {
    texts.map(by).sum()
}

#[smartasync]
async fn total_async<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(str::len).sum()
}

struct Parser<'s>(&'s str);

#[smartasync]
fn hidden(parser: Parser) -> usize {
    parser.0.len()
}

#[smartasync]
fn shown_lifetime(parser: Parser<'_>, more: &str) -> usize {
    parser.0.len() + more.len()
}

#[smartasync]
fn callbacks(f: Box<dyn Fn(&str) -> &str + Send>, g: fn(&u8) -> &u8, h: &mut dyn FnMut()) -> usize {
    h();
    f("abc").len() + usize::from(*g(&1))
}

#[smartasync]
fn returns_callback(x: u8) -> impl Fn(&str) -> usize + Send + 'static {
    move |text: &str| text.len() + usize::from(x)
}

#[smartasync]
fn objects(x: &(dyn Debug + Sync), y: &[&'static str], z: [&str; 1]) -> String {
    format!("{x:?}{}{}", y.concat(), z[0])
}

impl Source for &Map {
    #[smartasync]
    fn read(&self, key: &str) -> Option<String> {
        let closure = || self.0.get(key).cloned();
        closure()
    }

    #[smartasync]
    async fn read_async(&self, key: &str) -> Option<String> {
        async { self.0.get(key).cloned() }.await
    }

    #[smartasync]
    fn first(&self) -> Option<&str> {
        None
    }

    #[smartasync]
    fn into_len(self) -> usize {
        self.0.len()
    }
}

#[test]
fn odd_signatures() {
    assert_eq!(r#match("ab", 1).wait() + r#while("ab", 1), 8);
    within(|| assert_eq!(r#loop("ab").wait(), 2));
    let text = String::from("text");
    let mut all = vec![];
    assert_eq!(outlives(&1, &text, &mut all).wait(), &1);
    assert_eq!(all, ["text"]);
    assert_eq!(bounded(&text, "x").wait(), 5);
    assert_eq!(
        total([&*text].into_iter(), &|text: &str| text.len()).wait(),
        4
    );
    within(|| assert_eq!(total_async([&*text].into_iter()).wait(), 4));
    assert_eq!(hidden(Parser(&text)).wait(), 4);
    assert_eq!(shown_lifetime(Parser(&text), "a").wait(), 5);
    let mut called = 0;
    assert_eq!(
        callbacks(Box::new(|x| x), |x| x, &mut || called += 1).wait(),
        4
    );
    assert_eq!(called, 1);
    assert_eq!(returns_callback(1).wait()("ab"), 3);
    assert_eq!(objects(&1, &["a", "b"], [&text]).wait(), "1abtext");
    let map = Map(HashMap::new());
    assert_eq!((&map).into_len().wait(), 0);
    let by_ref = &map;
    within(|| assert_eq!(by_ref.read_async("x").wait(), by_ref.read("x").wait()));
    run(async {
        assert_eq!(hidden(Parser("static")).await, 6);
        assert_eq!(returns_callback(1).await("ab"), 3);
    });
}

// ---- attributes -----------------------------------------------------------

#[smartasync]
#[cfg(any())]
fn gone() -> Nonsense {}

#[must_use]
#[smartasync]
#[must_use]
#[inline(never)]
fn kept(#[allow(unused_variables)] x: u8) -> u8 {
    #![allow(unused_mut)]
    let mut y = 1;
    y
}

mod inner {
    #[bridge::smartasync]
    pub(super) async fn visible(#[cfg(any())] gone: Nonsense, #[cfg(all())] here: u8) -> u8 {
        here
    }
}

#[test]
fn attributes_and_visibility() {
    assert_eq!(kept(0).wait(), 1);
    within(|| assert_eq!(inner::visible(4).wait(), 4));
}

// ---- traits ---------------------------------------------------------------

trait Source {
    #[smartasync]
    fn read(&self, key: &str) -> Option<String>;

    #[smartasync]
    async fn read_async(&self, key: &str) -> Option<String>;

    #[smartasync]
    fn count(&self, key: &str) -> usize {
        self.read(key).wait().map_or(0, |text| text.len())
    }

    #[smartasync]
    async fn count_async(&self, key: &str) -> usize {
        self.read_async(key).await.map_or(0, |text| text.len())
    }

    #[smartasync]
    fn first(&self) -> Option<&str>;

    #[smartasync]
    fn into_len(self) -> usize;
}

#[derive(Clone)]
struct Map(HashMap<String, String>);

impl Source for Map {
    #[smartasync]
    fn read(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    #[smartasync]
    async fn read_async(&self, key: &str) -> Option<String> {
        tokio::task::yield_now().await;
        self.0.get(key).cloned()
    }

    #[smartasync]
    fn first(&self) -> Option<&str> {
        self.0.values().next().map(String::as_str)
    }

    #[smartasync]
    fn into_len(self) -> usize {
        self.0.len()
    }
}

#[test]
fn trait_methods() {
    fn generic(source: &impl Source) -> usize {
        source.count("k").wait() + source.count_async("k").wait()
    }
    let map = Map(HashMap::from([("k".to_owned(), "value".to_owned())]));
    within(|| assert_eq!(generic(&map), 10));
    assert_eq!(map.first().wait(), Some("value"));
    run(async {
        assert_eq!(map.count("k").await + map.count_async("k").await, 10);
        assert_eq!(map.read("k").await.as_deref(), Some("value"));
        assert_eq!(map.clone().into_len().await, 1);
    });
}

// ---- drops ----------------------------------------------------------------

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(self.0));
    }
}

fn logged(f: impl FnOnce()) -> Vec<&'static str> {
    f();
    LOG.take()
}

fn note(text: &'static str) {
    LOG.with_borrow_mut(|log| log.push(text));
}

type Noises = (Noisy, Noisy);

impl Noisy {
    fn plain(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }

    #[smartasync]
    fn smart(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }

    async fn plain_async(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }

    #[smartasync]
    async fn smart_async(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }
}

#[test]
fn arguments_are_dropped_in_the_plain_functions_order() {
    let args = || {
        (
            Noisy("self"),
            Noisy("unused"),
            Noisy("wild"),
            (Noisy("x"), Noisy("y")),
            Noisy("last"),
        )
    };
    let plain = logged(|| {
        let (s, a, b, c, d) = args();
        s.plain(a, b, c, d);
    });
    let smart = logged(|| {
        let (s, a, b, c, d) = args();
        s.smart(a, b, c, d).wait();
    });
    assert_eq!(smart, plain);
    let plain = logged(|| {
        let (s, a, b, c, d) = args();
        within(|| bridge::wait(s.plain_async(a, b, c, d)));
    });
    let smart = logged(|| {
        let (s, a, b, c, d) = args();
        within(|| s.smart_async(a, b, c, d).wait());
    });
    assert_eq!(smart, plain);
    let unpolled = logged(|| {
        let (s, a, b, c, d) = args();
        drop(s.smart_async(a, b, c, d));
    });
    assert_eq!(unpolled.len(), 6);
}

#[test]
fn borrows_of_the_last_expression_end_before_the_arguments() {
    #[smartasync]
    fn locked(m: Arc<Mutex<u8>>, (_a, b): (u8, Arc<Mutex<u8>>)) -> u8 {
        *m.lock().unwrap() + *b.lock().unwrap()
    }
    #[smartasync]
    async fn locked_async(m: Arc<Mutex<u8>>) -> u8 {
        *m.lock().unwrap()
    }
    let m = Arc::new(Mutex::new(4));
    let n = Arc::new(Mutex::new(1));
    assert_eq!(locked(Arc::clone(&m), (0, n)).wait(), 5);
    within(|| assert_eq!(locked_async(m).wait(), 4));
}

// ---- sizes ----------------------------------------------------------------

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

// ---- Send -----------------------------------------------------------------

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

// ---- generic code, boxes --------------------------------------------------

#[test]
fn generic_code_takes_any_call() {
    fn waited<C: Call<Output = u32>>(call: C) -> u32 {
        call.wait()
    }
    async fn awaited(call: impl Call<Output = u32>) -> u32 {
        call.dispatch().await
    }
    within(|| {
        assert_eq!(
            waited(double(1)) + waited(halve(2)) + waited(BoxCall::new(double(3))),
            9
        );
        assert_eq!(bridge::wait(halve(8)), 4);
        assert_eq!(
            double(1).try_wait().unwrap() + Call::try_wait(halve(2)).unwrap(),
            3
        );
    });
    run(async { assert_eq!(awaited(double(1)).await + awaited(halve(2)).await, 3) });
}

#[test]
fn boxes_of_both_kinds() {
    let text = String::from("ab c");
    let calls = || {
        [
            BoxCall::new(async_len(&text)),
            BoxCall::new(sync_len(&text)),
        ]
    };
    #[smartasync]
    async fn async_len(text: &str) -> usize {
        tokio::task::yield_now().await;
        text.len()
    }
    #[smartasync]
    fn sync_len(text: &str) -> usize {
        text.len()
    }
    within(|| {
        for call in calls() {
            assert_eq!(call.wait(), 4);
        }
        for call in calls() {
            assert_eq!(call.wait_timeout(Duration::from_secs(20)).unwrap(), 4);
        }
        for call in calls() {
            assert!(call.dispatch().is_ready());
        }
    });
    run(async {
        for call in calls() {
            assert_eq!(call.await, 4);
        }
    });
    assert_eq!(format!("{:?}", calls()[1]), "BoxCall { kind: Sync, .. }");
}

#[test]
fn a_polled_call_can_still_be_waited_for() {
    use std::task::{Context, Waker};
    let mut cx = Context::from_waker(Waker::noop());
    within(|| {
        let mut call = halve(2);
        assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
        assert_eq!(call.wait(), 1);
        for call in [BoxCall::new(halve(2)), BoxCall::new(double(1))] {
            let mut call = call;
            let _ = Pin::new(&mut call).poll(&mut cx);
            assert!(call.wait() < 3);
        }
    });
}
