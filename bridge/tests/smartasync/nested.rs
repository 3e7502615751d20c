//! Checks borrows within borrowed arguments. An await copies every level.

use super::*;

#[smartasync]
fn slices(texts: &[&str], blobs: &[&[u8]], paths: &[&Path]) -> usize {
    texts.concat().len()
        + blobs.concat().len()
        + paths.iter().collect::<PathBuf>().as_os_str().len()
}

#[smartasync]
fn pairs(both: &[(&str, &str)], first: &[(&str, u64)], second: &[(u8, &str)]) -> String {
    format!("{both:?}{first:?}{second:?}")
}

#[smartasync]
fn single(text: &&str, maybe: &Option<&str>, cow: &Cow<'_, str>, pair: &(&str, u8)) -> String {
    format!("{text}{maybe:?}{cow}{pair:?}")
}

#[smartasync]
fn by_value(
    list: Vec<&str>,
    array: [&Path; 2],
    maybe: Option<&[&str]>,
    in_pair: (&[&str], u8),
) -> String {
    format!("{list:?}{array:?}{maybe:?}{in_pair:?}")
}

#[smartasync]
fn elements<'a>(cows: &'a [Cow<'a, str>], maybes: &[Option<&'a str>]) -> String {
    let mut all: Vec<&'a str> = cows.iter().map(|cow| &**cow).collect();
    all.extend(maybes.iter().flatten());
    all.concat()
}

#[smartasync]
fn generic<T: Debug, const N: usize>(list: &[&T], array: [&T; N]) -> String {
    format!("{list:?}{array:?}")
}

struct Command(Vec<String>);

impl Command {
    #[smartasync(blocking = args_blocking)]
    fn args(self: Arc<Self>, args: &[&str]) -> String {
        self.0.concat() + &args.concat()
    }
}

#[test]
fn borrows_within_borrows() {
    let (a, b) = (String::from("a"), String::from("b"));
    let (path, other) = (Path::new("p"), Path::new("q"));
    let texts: &[&str] = &[&a, &b];
    let command = || Arc::new(Command(vec!["c".to_owned()]));
    let cow = Cow::Borrowed(&*a);
    let waited = (
        slices(texts, &[&[1, 2]], &[path, other]).wait(),
        pairs(&[(&a, &b)], &[(&a, 1)], &[(2, &b)]).wait(),
        single(&&*a, &Some(&b), &cow, &(&a, 3)).wait(),
        by_value(texts.to_vec(), [path, other], Some(texts), (texts, 4)).wait(),
        elements(&["c".into(), cow.clone()], &[None, Some(&b)]).wait(),
        generic(&[&a, &b], [&b]).wait(),
        command().args(texts).wait(),
    );
    assert_eq!(waited.0, 2 + 2 + 3);
    assert_eq!(waited.1, r#"[("a", "b")][("a", 1)][(2, "b")]"#);
    assert_eq!(waited.2, r#"aSome("b")a("a", 3)"#);
    assert_eq!(
        waited.3,
        r#"["a", "b"]["p", "q"]Some(["a", "b"])(["a", "b"], 4)"#
    );
    assert_eq!(waited.4, "cab");
    assert_eq!(waited.5, r#"["a", "b"]["b"]"#);
    assert_eq!(waited.6, "cab");
    assert_eq!(command().args_blocking(texts), "cab");
    run(async {
        let awaited = (
            slices(texts, &[&[1, 2]], &[path, other]).await,
            pairs(&[(&a, &b)], &[(&a, 1)], &[(2, &b)]).await,
            single(&&*a, &Some(&b), &cow, &(&a, 3)).await,
            by_value(texts.to_vec(), [path, other], Some(texts), (texts, 4)).await,
            elements(&["c".into(), cow.clone()], &[None, Some(&b)]).await,
            generic(&[&a, &b], [&b]).await,
            command().args(texts).await,
        );
        assert_eq!(awaited, waited);
    });
    // A value that cannot be copied can still be waited for.
    assert_eq!(generic(&[&Rc::new(1)], []).wait(), "[1][]");
}

#[smartasync]
fn addresses(texts: &[&str]) -> Vec<usize> {
    texts.iter().map(|text| text.as_ptr() as usize).collect()
}

#[test]
fn a_wait_copies_nothing() {
    let text = String::from("text");
    let here = [text.as_ptr() as usize];
    assert_eq!(addresses(&[&text]).wait(), here);
    run(async { assert_ne!(addresses(&[&text]).await, here) });
}
