//! The functions carry the attribute. Their bodies are those of the start.
//!
//! `blocking = price` keeps the old function under its old name.

use std::io::{self, Read as _, Write as _};

use bridge::smartasync;

use crate::world::{Shop, number};

/// Asks the price server.
#[smartasync(blocking = price)]
pub fn price_async(shop: &Shop, item: &str) -> io::Result<u32> {
    let mut server = std::net::TcpStream::connect(shop.prices)?;
    server.write_all(format!("{item}\n").as_bytes())?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    number(&answer)
}

/// Reads the file of the item.
#[smartasync(blocking = stock)]
pub fn stock_async(shop: &Shop, item: &str) -> io::Result<u32> {
    let text = std::fs::read_to_string(shop.files.join(item))?;
    number(&text)
}

/// Returns what a customer wants to know about an item.
#[smartasync(blocking = quote)]
pub fn quote_async(shop: &Shop, item: &str) -> io::Result<String> {
    let (price, stock) = (price(shop, item)?, stock(shop, item)?);
    Ok(format!("{item}: {price} cents, {stock} in stock"))
}
