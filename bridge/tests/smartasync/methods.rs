//! Checks methods with every receiver, in types and in traits.

use super::*;

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

pub(crate) trait Source {
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
pub(crate) struct Map(pub(crate) HashMap<String, String>);

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
