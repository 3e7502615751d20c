//! Runs programs, under kill timers.

use std::{sync::Arc, time::Duration};

use tokio::runtime::{Builder, Runtime};

use crate::world::{World, value};

/// The limit of one program. Even 4000 callers on a busy machine need far less.
const LIMIT: Duration = Duration::from_mins(1);

/// Makes a test of each program, world and number of callers.
///
/// `programs! { a_mutex: tokio default_pool; }` makes the tests
/// `a_mutex::tokio::callers_4`, `…_40` and `…_400`. It makes the same tests for
/// `default_pool`, and one more with 4000 callers, which is ignored by default.
#[macro_export]
macro_rules! programs {
    ($($program:ident: $($world:ident)+;)+) => {$(
        mod $program {
            $(mod $world {
                #[test]
                fn callers_4() {
                    $crate::finishes(&$crate::World::$world(), 4, super::super::$program);
                }

                #[test]
                fn callers_40() {
                    $crate::finishes(&$crate::World::$world(), 40, super::super::$program);
                }

                #[test]
                fn callers_400() {
                    $crate::finishes(&$crate::World::$world(), 400, super::super::$program);
                }

                $crate::programs!(@many $program $world);
            })+
        }
    )+};
    (@many $program:ident tokio) => {};
    (@many $program:ident $world:ident) => {
        #[test]
        #[ignore = "4000 callers take a while"]
        fn callers_4000() {
            $crate::finishes(&$crate::World::$world(), 4000, super::super::$program);
        }
    };
}

/// Runs a program, and ends the process if it takes longer than a minute.
///
/// # Panics
///
/// Panics if the program panics.
#[track_caller]
pub fn finishes(world: &World, callers: usize, program: impl FnOnce(&World, usize)) {
    testkit::within_limit(LIMIT, || program(world, callers));
}

/// Returns the runtime for the callers of a program.
///
/// # Panics
///
/// Panics if the system cannot start a thread.
#[must_use]
pub fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let built = builder.worker_threads(2).enable_all().build();
    built.expect("the system has threads for a runtime")
}

/// Starts `callers` tasks, each of which offloads `body`. Returns all results.
///
/// # Panics
///
/// Panics if a body panics, or if its job or one of its waits is refused.
pub fn all_finish<T: Send + 'static>(
    world: &World,
    callers: usize,
    body: impl Fn(&World, usize) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let body = Arc::new(body);
    runtime().block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| {
                let (world, body) = (world.clone(), Arc::clone(&body));
                tokio::spawn(async move {
                    let inner = world.clone();
                    world.offload(move || body(&inner, caller)).await
                })
            })
            .collect();
        let mut values = Vec::with_capacity(callers);
        for task in tasks {
            values.push(value(task.await));
        }
        values
    })
}
