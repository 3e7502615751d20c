//! Checks borrowed arguments: a wait uses them directly, an await clones them.

use super::*;

#[smartasync]
pub(crate) fn borrowed(
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

#[smartasync]
fn cow_address(text: Cow<'_, str>) -> usize {
    text.as_ptr() as usize
}

/// A wait copies nothing, and an await only what is borrowed.
#[test]
fn a_cow_is_used_as_it_is() {
    let text = String::from("text");
    let given = text.as_ptr() as usize;
    assert_eq!(cow_address(Cow::Borrowed(&text)).wait(), given);
    let owned = text.clone();
    let moved = owned.as_ptr() as usize;
    assert_eq!(cow_address(Cow::Owned(owned)).wait(), moved);
    run(async {
        assert_ne!(cow_address(Cow::Borrowed(&text)).await, given);
        let owned = text.clone();
        let moved = owned.as_ptr() as usize;
        assert_eq!(cow_address(Cow::Owned(owned)).await, moved);
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
    // The wait of a smart `fn` is a plain call, so it may run where other waits
    // would freeze an executor.
    run(async { assert_eq!(first("a b", "").wait(), "a") });
}

#[smartasync]
fn in_order<'a, 'b: 'a, 'c>(a: &'a str, b: &'b str, c: Option<&'c str>) -> usize
where
    'c: 'a + 'b,
{
    let all: [&'a str; 3] = [a, b, c.unwrap_or_default()];
    all.concat().len()
}

#[smartasync]
fn outlived<'a, T: 'a + Clone>(a: &'a T, b: &'a [T]) -> usize {
    let mut all: Vec<&'a T> = b.iter().collect();
    all.push(a);
    all.into_iter().cloned().collect::<Vec<T>>().len()
}

struct Kept<'s>(RefCell<Vec<&'s str>>);

impl<'s> Kept<'s> {
    #[smartasync]
    fn keep<'a: 's>(&self, text: &'a str) -> usize {
        self.0.borrow_mut().push(text);
        self.0.borrow().len()
    }

    #[smartasync]
    fn count<'a>(&'a self) -> usize
    where
        's: 'a,
        Self: 'a,
    {
        self.0.borrow().len()
    }
}

#[smartasync]
fn by_trait<'a, 'b: 'a, T>(all: &'a T, more: &'b u8) -> usize
where
    &'a T: IntoIterator<Item = &'a u8>,
{
    all.into_iter().chain([more]).count()
}

#[test]
fn bounded_lifetimes() {
    let text = String::from("ab");
    assert_eq!(in_order(&text, &text, None).wait(), 4);
    assert_eq!(outlived(&text, &[]).wait(), 1);
    assert_eq!(by_trait(&vec![1], &2).wait(), 2);
    let kept = Kept(RefCell::default());
    assert_eq!(kept.keep(&text).wait() + kept.count().wait(), 2);
    run(async {
        let own = String::from("c");
        assert_eq!(in_order(&own, &text, Some(&text)).await, 5);
        assert_eq!(outlived(&own, &[text.clone(), own.clone()]).await, 3);
    });
}

pub(crate) trait Visit<'d> {
    type Value;
    fn visit(self, text: &'d str) -> Self::Value;
}

struct Length;

impl Visit<'_> for Length {
    type Value = usize;
    fn visit(self, text: &str) -> usize {
        text.len()
    }
}

/// No argument has this lifetime, so the call borrows nothing.
#[smartasync]
fn visited<'d, V: Visit<'d>>(by: V) -> <V as Visit<'d>>::Value {
    let visit = |text: &'d str| by.visit(text);
    visit("abc")
}

#[test]
fn a_lifetime_of_no_argument() {
    assert_eq!(visited(Length).wait(), 3);
    run(async { assert_eq!(visited(Length).await, 3) });
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
