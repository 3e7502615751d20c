//! The shop's functions. All of them block.

use std::io::{self, Read as _, Write as _};

use crate::world::{Shop, number};

/// Asks the price server.
pub fn price(shop: &Shop, item: &str) -> io::Result<u32> {
    let mut server = std::net::TcpStream::connect(shop.prices)?;
    server.write_all(format!("{item}\n").as_bytes())?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    number(&answer)
}

/// Reads the file of the item.
pub fn stock(shop: &Shop, item: &str) -> io::Result<u32> {
    let text = std::fs::read_to_string(shop.files.join(item))?;
    number(&text)
}

/// Returns what a customer wants to know about an item.
pub fn quote(shop: &Shop, item: &str) -> io::Result<String> {
    let (price, stock) = (price(shop, item)?, stock(shop, item)?);
    Ok(format!("{item}: {price} cents, {stock} in stock"))
}
