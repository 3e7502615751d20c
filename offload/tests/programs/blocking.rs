//! The things that jobs block for outside of the pool's waits: locks, connections,
//! barriers and messages of the standard library.

use std::sync::{Barrier, Condvar, Mutex, MutexGuard};

use crate::program::Event;

/// A thing that jobs hold.
pub(crate) enum Resource {
    Mutex(Mutex<()>),
    Connections {
        free: Mutex<usize>,
        returned: Condvar,
    },
}

/// A resource that is held until this value is dropped.
pub(crate) enum Held<'a> {
    Lock(#[expect(dead_code, reason = "it is held, and dropped")] MutexGuard<'a, ()>),
    Connection(&'a Mutex<usize>, &'a Condvar),
}

impl Resource {
    pub(crate) fn of(count: usize) -> Self {
        match count {
            1 => Self::Mutex(Mutex::new(())),
            _ => Self::Connections {
                free: Mutex::new(count),
                returned: Condvar::new(),
            },
        }
    }

    pub(crate) fn hold(&self) -> Held<'_> {
        match self {
            Self::Mutex(lock) => Held::Lock(lock.lock().unwrap()),
            Self::Connections { free, returned } => {
                let guard = free.lock().unwrap();
                *returned.wait_while(guard, |free| *free == 0).unwrap() -= 1;
                Held::Connection(free, returned)
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Self::Connection(free, returned) = self {
            *free.lock().unwrap() += 1;
            returned.notify_one();
        }
    }
}

/// A place where root jobs block for each other.
pub(crate) enum Meeting {
    Barrier(Barrier),
    Message(Mutex<bool>, Condvar),
}

impl Meeting {
    pub(crate) fn of(event: &Event) -> Self {
        match event {
            Event::Barrier(width) => Self::Barrier(Barrier::new(*width)),
            Event::Message => Self::Message(Mutex::default(), Condvar::new()),
        }
    }

    pub(crate) fn arrive(&self) {
        let Self::Barrier(barrier) = self else {
            unreachable!("the event is a barrier")
        };
        barrier.wait();
    }

    pub(crate) fn send(&self) {
        let (sent, changed) = self.message();
        *sent.lock().unwrap() = true;
        changed.notify_all();
    }

    pub(crate) fn receive(&self) {
        let (sent, changed) = self.message();
        let received = changed.wait_while(sent.lock().unwrap(), |sent| !*sent);
        drop(received.unwrap());
    }

    fn message(&self) -> (&Mutex<bool>, &Condvar) {
        let Self::Message(sent, changed) = self else {
            unreachable!("the event is a message")
        };
        (sent, changed)
    }
}
