//! Random trees of calls against a model: each call runs a function of one of the
//! kinds, in one of the ways, and its body calls others.
//!
//! | file | what it has |
//! |---|---|
//! | `tree.rs` | the parts of a tree, and random trees |
//! | `model.rs` | the expected values, side effects, clones and drops, in order |
//! | `world.rs` | the functions, the log of what happens, and the bridges |
//! | `run.rs` | makes the calls of a tree, each in its way |
//!
//! All calls of a tree run one after the other, wherever they run. So there is one
//! order of events, and the model knows it.

mod model;
mod run;
mod tree;
mod world;

use testkit::property;

use crate::world::World;

#[test]
fn every_tree_of_calls_does_what_the_model_says() {
    world::expect_panics();
    property::holds(192, &tree::trees(), |tree| {
        let expected = model::Expected::of(&tree);
        let world = World::new(tree.size);
        let value = run::root(&tree, &world);
        let events = world.events();
        if let Some(at) = expected
            .events
            .iter()
            .zip(&events)
            .position(|(a, b)| a != b)
        {
            return Err(format!(
                "event {at} is {:?}, not {:?}: {events:?}",
                events[at], expected.events[at]
            ));
        }
        if expected.events.len() != events.len() {
            return Err(format!("{events:?}, not {:?}", expected.events));
        }
        if value != expected.value {
            return Err(format!("the value is {value:?}, not {:?}", expected.value));
        }
        world.end()
    });
}
