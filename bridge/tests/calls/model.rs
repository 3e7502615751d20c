//! The model: predicts the events and the value of a tree.

use crate::{
    tree::{FromAsync, FromSync, Kind, Node, Tree},
    world::{Event, PANICKED, WAS_NOT_RUN, value},
};

/// The events of a tree in their order, and the value of its first call.
pub(crate) struct Expected {
    pub(crate) events: Vec<Event>,
    pub(crate) value: u64,
}

impl Expected {
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut events = Vec::new();
        let value = call(&tree.top, tree.root.is_async(), &mut events);
        Self { events, value }
    }
}

/// The fate of a call, as the way in which it is made decides it.
enum Fate {
    NotRun,
    /// The function gets the caller's arguments.
    Direct,
    /// A `fn` that goes to the pool gets clones of what it borrows.
    Owned,
}

fn fate(node: &Node, in_async: bool) -> Fate {
    let direct = if in_async {
        match node.from_async {
            FromAsync::NotRun => return Fate::NotRun,
            FromAsync::Wait => true,
            _ => false,
        }
    } else {
        match node.from_sync {
            FromSync::NotRun => return Fate::NotRun,
            FromSync::Wait
            | FromSync::TryWait
            | FromSync::Dispatch
            | FromSync::Boxed
            | FromSync::BoxedDispatch => true,
            FromSync::WaitTimeout
            | FromSync::BoxedTimeout
            | FromSync::Spawned
            | FromSync::InBlock => false,
        }
    };
    if direct || !node.kind.is_sync() {
        Fate::Direct
    } else {
        Fate::Owned
    }
}

/// Calls a node in a body, and says what its value is there.
fn call(node: &Node, in_async: bool, events: &mut Vec<Event>) -> u64 {
    let id = node.id;
    let fate = fate(node, in_async);
    let cloned = matches!(fate, Fate::Owned) && node.kind.borrows();
    if matches!(fate, Fate::NotRun) {
        // The caller keeps what the call borrows until the call is gone.
        let (first, second) = (Event::Dropped(id, 0), Event::Dropped(id, 1));
        events.extend(if node.kind.borrows() {
            [second, first]
        } else {
            [first, second]
        });
        return WAS_NOT_RUN;
    }
    if cloned {
        events.push(Event::Cloned(id));
    }
    events.push(Event::Entered(id));
    let values = node.children.iter().map(|child| {
        // Each body calls its own children, and an async one awaits them.
        call(child, !node.kind.is_sync(), events)
    });
    let sum = values.fold(0_u64, u64::wrapping_add);
    events.push(Event::Left(id));
    // Arguments drop in the reverse order, but what is borrowed is the caller's.
    match node.kind {
        Kind::SyncBorrowing | Kind::AsyncBorrowing => {
            events.push(Event::Dropped(id, 1));
            if cloned {
                events.push(Event::Dropped(id, 2));
            }
            events.push(Event::Dropped(id, 0));
        }
        _ => events.extend([Event::Dropped(id, 1), Event::Dropped(id, 0)]),
    }
    if node.panics {
        PANICKED
    } else {
        value(id, sum)
    }
}
