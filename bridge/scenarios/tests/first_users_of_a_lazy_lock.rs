//! Checks that the initialiser of a lazy value may wait for work of the pool,
//! although all other jobs block until the value is there.

use std::sync::{
    Arc, LazyLock, Once, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use bridge_scenarios::{LONG, World, all_finish, finishes, programs};

programs! {
    a_lazy_lock: tokio default_pool max_threads_1 one_and_one;
    a_once_lock: tokio default_pool max_threads_1 one_and_one;
    a_once: tokio default_pool max_threads_1 one_and_one;
}

type Lazy = LazyLock<u32, Box<dyn FnOnce() -> u32 + Send>>;

fn a_lazy_lock(world: &World, callers: usize) {
    let initialiser = world.clone();
    let value: Lazy = LazyLock::new(Box::new(move || initialiser.pause_and_offload(LONG, || 7)));
    let values = all_finish(world, callers, move |_, _| *value);
    assert_eq!(values, vec![7; callers]);
}

fn a_once_lock(world: &World, callers: usize) {
    let value = OnceLock::new();
    let initialise = move |world: &World, _| {
        let value = value.get_or_init(|| world.pause_and_offload(LONG, || 7));
        *value
    };
    assert_eq!(all_finish(world, callers, initialise), vec![7; callers]);
}

fn a_once(world: &World, callers: usize) {
    let (once, runs) = (Once::new(), Arc::new(AtomicUsize::new(0)));
    let shared = Arc::clone(&runs);
    all_finish(world, callers, move |world, _| {
        once.call_once(|| {
            let runs = Arc::clone(&shared);
            world.pause_and_offload(LONG, move || runs.fetch_add(1, Ordering::SeqCst));
        });
        assert_eq!(shared.load(Ordering::SeqCst), 1);
    });
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

/// The usual form in a program: a static, and the global bridge.
#[test]
fn a_static_with_120_users() {
    static BRIDGE: LazyLock<World> = LazyLock::new(World::default_pool);
    static VALUE: LazyLock<u32> = LazyLock::new(|| BRIDGE.pause_and_offload(LONG, || 7));
    finishes(&BRIDGE, 120, |world, callers| {
        let values = all_finish(world, callers, |_, _| *VALUE);
        assert_eq!(values, vec![7; callers]);
    });
}
