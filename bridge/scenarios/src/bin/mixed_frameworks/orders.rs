//! The demonstration: clients that send orders to the front and check the answers.

use std::{fmt, time::Instant};

use futures::future::join_all;

use crate::shop::{ITEMS, RATES, price};

/// The number of right answers, and the first wrong one.
pub struct Tally {
    right: u32,
    orders: u32,
    clients: u32,
    millis: u128,
    /// The first wrong answer.
    wrong: Option<String>,
}

/// Sends the orders, and checks each answer.
pub async fn send(url: &str, orders: u32, clients: u32) -> Tally {
    let start = Instant::now();
    let send_share = async |client: u32| {
        // A connection of its own for each client, as separate programs have.
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut right = 0;
        let mut wrong = None;
        for order in (client..orders).step_by(clients as usize) {
            let item = order % ITEMS;
            let (currency, rate) = RATES[order as usize % RATES.len()];
            let answer = http.get(format!("{url}/order/{item}/{currency}"));
            let answer = answer.send().await?.text().await?;
            let expected = format!("you pay {} {currency}", price(item) * rate / 100);
            if answer == expected {
                right += 1;
            } else {
                wrong = Some(format!("{answer}, not {expected}"));
            }
        }
        Ok::<_, reqwest::Error>((right, wrong))
    };
    let shares = join_all((0..clients).map(send_share)).await;
    let mut tally = Tally {
        right: 0,
        orders,
        clients,
        millis: start.elapsed().as_millis(),
        wrong: None,
    };
    for share in shares {
        match share {
            Ok((right, wrong)) => {
                tally.right += right;
                tally.wrong = tally.wrong.or(wrong);
            }
            Err(error) => tally.wrong = Some(error.to_string()),
        }
    }
    tally
}

impl Tally {
    pub fn all_right(&self) -> bool {
        self.right == self.orders
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            right,
            orders,
            clients,
            millis,
            wrong,
        } = self;
        write!(
            f,
            "{right} of {orders} orders of {clients} clients have the right answer, in {millis} ms"
        )?;
        match wrong {
            Some(wrong) => write!(f, "\nwrong: {wrong}"),
            None => Ok(()),
        }
    }
}
