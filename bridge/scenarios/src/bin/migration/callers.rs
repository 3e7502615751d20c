//! The shop's sync callers. No step of the migration changes this file.

use std::{io, thread};

use super::shop::{price, quote, stock};
use crate::world::{ITEMS, Shop};

/// Returns the catalogue, and the value of everything in stock.
pub fn catalogue(shop: &Shop) -> io::Result<String> {
    let mut lines = Vec::new();
    let mut value = 0;
    for item in ITEMS {
        value += price(shop, item)? * stock(shop, item)?;
        lines.push(format!("  {}\n", quote(shop, item)?));
    }
    lines.push(format!("  all goods are worth {value} cents\n"));
    Ok(lines.concat())
}

/// Returns a quote for each of `count` tills, each on a thread of its own.
pub fn tills(shop: &Shop, count: usize) -> io::Result<Vec<String>> {
    thread::scope(|scope| {
        let item = |number| ITEMS[number % ITEMS.len()];
        let tills: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || quote(shop, item(number))))
            .collect();
        let quotes = tills.into_iter().map(|till| {
            till.join()
                .map_err(|_| io::Error::other("a till panicked"))?
        });
        quotes.collect()
    })
}
