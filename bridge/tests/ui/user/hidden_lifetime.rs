//! If a type hides a lifetime beside another one, the user has to write it.
use bridge::smartasync;

struct Body<'a>(&'a str);

#[smartasync]
fn alone(body: Body) -> usize {
    body.0.len()
}

#[smartasync]
fn shown(agent: &str, body: Body<'_>) -> usize {
    agent.len() + body.0.len()
}

#[smartasync]
async fn asynchronous(agent: &str, body: Body) -> usize {
    agent.len() + body.0.len()
}

#[smartasync]
fn hidden(agent: &str, body: Body) -> usize {
    agent.len() + body.0.len()
}

struct Agent;

impl Agent {
    #[smartasync]
    fn hidden(&self, body: Body) -> usize {
        body.0.len()
    }
}

fn main() {
    alone(Body("")).wait();
    shown("", Body("")).wait();
    asynchronous("", Body("")).wait();
    hidden("", Body("")).wait();
    Agent.hidden(Body("")).wait();
}
