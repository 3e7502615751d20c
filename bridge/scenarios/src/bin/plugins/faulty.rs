//! The plugins that fail, each in its own way.

use std::{future::pending, net::TcpStream, thread, time::Duration};

use bridge::{Handler, offload::cancelled, smartasync};

use crate::{
    plugin::{Document, Done, Plugin},
    site::Site,
};

/// The limit of the plugins that never end by themselves.
const SHORT: Duration = Duration::from_millis(20);
/// Far above what the others need, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

/// Returns an error.
#[smartasync]
fn check(document: Document) -> Done {
    Err(format!("no dictionary for document {}", document.number).into())
}

pub(crate) fn spell(_: &Site) -> Plugin {
    Plugin::new("spell", 50, LIMIT, check)
}

/// Panics, after it has begun to wait.
#[smartasync]
async fn third_word(document: Document) -> Done {
    tokio::task::yield_now().await;
    let words: Vec<_> = document.text.split_whitespace().take(2).collect();
    Ok(words[2].to_owned())
}

pub(crate) fn crash(_: &Site) -> Plugin {
    Plugin::new("crash", 60, LIMIT, third_word)
}

/// This plugin is async and never ends.
pub(crate) fn slow(_: &Site) -> Plugin {
    let run = Handler::from_async_fn(async |_: Document| pending::<Done>().await);
    Plugin::new("slow", 70, SHORT, run)
}

/// This plugin is sync and ends only if it is told to. Its thread returns to the pool then.
pub(crate) fn stuck(site: &Site) -> Plugin {
    let told = site.told();
    let run = Handler::from_fn(move |_: Document| -> Done {
        while !cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
        told.add();
        Err("nobody waits any more".into())
    });
    Plugin::new("stuck", 80, SHORT, run)
}

/// Needs a server that is not there, so its set-up fails.
pub(crate) fn absent(site: &Site) -> Plugin {
    let nobody = site.nobody();
    let set_up = Handler::from_fn(move |()| {
        TcpStream::connect(nobody.as_ref().map_err(ToString::to_string)?)?;
        Ok("connected".to_owned())
    });
    Plugin::new("absent", 90, LIMIT, check).set_up(set_up)
}
