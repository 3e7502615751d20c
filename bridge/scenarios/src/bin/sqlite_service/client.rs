//! A client of the service. Each request is shown with its status.

use std::time::Duration;

use bridge::{Wait as _, smartasync};
use reqwest::{RequestBuilder, StatusCode};

use crate::{
    Failed,
    bank::Account,
    service::{Health, New, Order, Rename},
};

/// The longest time to wait for an answer. Only a service that hangs needs it.
const LIMIT: Duration = Duration::from_secs(30);

/// The client. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub fn at(url: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: url.to_owned(),
        }
    }

    pub fn create(&self, name: &str, cents: u32, status: StatusCode) -> Result<(), Failed> {
        let name = name.to_owned();
        let request = self.http.post(self.path("accounts"));
        ask(request.json(&New { name, cents }), status).wait()
    }

    pub fn rename(&self, name: &str, new: &str, status: StatusCode) -> Result<(), Failed> {
        let name_after = new.to_owned();
        let request = self.http.put(self.path(&format!("accounts/{name}")));
        ask(request.json(&Rename { name: name_after }), status).wait()
    }

    pub fn delete(&self, name: &str, status: StatusCode) -> Result<(), Failed> {
        ask(
            self.http.delete(self.path(&format!("accounts/{name}"))),
            status,
        )
        .wait()
    }

    pub fn transfer(
        &self,
        source: &str,
        target: &str,
        cents: u32,
        status: StatusCode,
    ) -> Result<(), Failed> {
        ask(self.order(source, target, cents), status).wait()
    }

    /// Returns all accounts with their balances, in one line.
    pub fn list(&self) -> Result<String, Failed> {
        let answer = self.http.get(self.path("accounts")).send().wait()?;
        let accounts: Vec<Account> = answer.error_for_status()?.json().wait()?;
        let texts = accounts.iter().map(|a| format!("{} {}", a.name, a.cents));
        Ok(texts.collect::<Vec<_>>().join(", "))
    }

    /// Returns one account.
    #[smartasync]
    pub async fn show(&self, name: &str) -> Result<Account, Failed> {
        let request = self.http.get(self.path(&format!("accounts/{name}")));
        let answer = request.timeout(LIMIT).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Asks for a transfer, and returns the status of the answer.
    #[smartasync]
    pub async fn ask_transfer(
        &self,
        source: &str,
        target: &str,
        cents: u32,
    ) -> Result<StatusCode, reqwest::Error> {
        let answer = self.order(source, target, cents).send().await?;
        Ok(answer.status())
    }

    /// Asks for the health again and again, until it is as wanted.
    pub async fn until(&self, wanted: impl Fn(&Health) -> bool) -> Result<(), Failed> {
        loop {
            let request = self.http.get(self.path("health")).timeout(LIMIT);
            if wanted(&request.send().await?.json().await?) {
                return Ok(());
            }
        }
    }

    fn order(&self, source: &str, target: &str, cents: u32) -> RequestBuilder {
        let order = Order {
            source: source.to_owned(),
            target: target.to_owned(),
            cents,
        };
        self.http.post(self.path("transfers")).json(&order)
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }
}

/// Sends a request, shows it, and checks the status of the answer.
///
/// It is async because a request with a time limit makes its timer when it is sent, and a
/// timer is made inside a runtime.
#[smartasync]
async fn ask(request: RequestBuilder, expected: StatusCode) -> Result<(), Failed> {
    let (http, request) = request.timeout(LIMIT).build_split();
    let request = request?;
    let shown = format!("{} {}", request.method(), request.url().path());
    let answer = http.execute(request).await?;
    let status = answer.status();
    println!("  {shown:27} {} {}", status.as_u16(), answer.text().await?);
    if status == expected {
        return Ok(());
    }
    Err(format!("{shown} was answered with {status}, not {expected}").into())
}
