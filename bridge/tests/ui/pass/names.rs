//! Names that mean something else in another place.
#![deny(warnings)]
use std::{borrow::Cow, pin::Pin, sync::Arc};

use bridge::smartasync;

mod app {
    #[bridge::smartasync]
    pub(crate) async fn main() -> u8 {
        1
    }
}

struct App(u8);

impl App {
    #[smartasync]
    pub(crate) fn main() -> u8 {
        2
    }

    #[smartasync]
    fn sum(&self, all: &[u8]) -> usize {
        let mut sum = 0;
        for union in all {
            sum += *union as usize + self.0 as usize;
        }
        let union = self.0;
        union as usize + self.0 as usize + sum
    }

    #[smartasync]
    fn of_arc(self: &Arc<Self>, _x: &str) -> &u8 {
        &self.0
    }

    #[smartasync]
    fn of_type(self: &App, _x: &str) -> &u8 {
        &self.0
    }

    #[smartasync]
    fn of_pin(self: Pin<&Arc<Self>>, _x: &str) -> Cow<'_, [u8]> {
        std::slice::from_ref(&self.get_ref().0).into()
    }
}

fn main() {
    assert_eq!(app::main().wait() + App::main().wait(), 3);
    let app = Arc::new(App(5));
    assert_eq!(app.sum(&[1, 2]).wait(), 23);
    assert_eq!(*app.of_arc("").wait() + *app.of_type("").wait(), 10);
    assert_eq!(&*Pin::new(&app).of_pin("").wait(), [5]);
}
