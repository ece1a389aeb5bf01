//! What a home costs: a node in a process of its own, with ten contacts who are there and ten thousand messages, and with a
//! million of one contact.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use causerie_node::{Node, init, rpc::client::Client};
use causerie_protocol::command::Reference;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{median, meet, millis, p99, send, start, until_delivered, write};

const CONTACTS: usize = 10;
const MESSAGES_EACH: usize = 1_000;
const MANY: usize = 1_000_000;

/// Places all over a history at which it is asked for a page.
const PLACES: usize = 100;

/// How long a node that has started is left alone before its memory is looked at.
const SETTLED: Duration = Duration::from_secs(60);

pub(crate) async fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("alice");
    init(&home, "Alice", None).unwrap();
    let alice = start(&home).await;
    let mut others = Vec::new();
    for number in 0..CONTACTS {
        let (other, contact) = befriend(&alice, &directory.path().join(format!("contact {number}"))).await;
        write_to(&alice, &contact, MESSAGES_EACH).await;
        others.push(other);
    }
    alice.stop().await.unwrap();
    let (program, _) = Program::starts(&home).await;
    sleep(SETTLED).await;
    println!(
        "{CONTACTS} contacts who are there, {} messages   {:6.1} MB",
        CONTACTS * MESSAGES_EACH,
        program.megabytes()
    );
    program.stops();
    for other in others {
        other.stop().await.unwrap();
    }

    let home = directory.path().join("bob");
    init(&home, "Bob", None).unwrap();
    let bob = start(&home).await;
    let (other, contact) = befriend(&bob, &directory.path().join("somebody")).await;
    let mut places = Vec::new();
    for _ in 0..PLACES {
        places.push(write_to(&bob, &contact, MANY / PLACES).await);
    }
    other.stop().await.unwrap();
    bob.stop().await.unwrap();
    let size: u64 =
        fs::read_dir(home.join("store")).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    for _ in 0..3 {
        let (program, opened) = Program::starts(&home).await;
        let newest = program.times_history(&contact, &vec![None; PLACES]).await;
        let places: Vec<Option<&String>> = places.iter().map(Some).collect();
        let everywhere = program.times_history(&contact, &places).await;
        println!(
            "{MANY} messages, {} MB   open after {opened:6.1} ms   newest page p50 {:5.2} ms, any page p50 {:5.2} p99 {:5.2} ms   {:6.1} MB",
            size >> 20,
            median(&newest),
            median(&everywhere),
            p99(&everywhere),
            program.megabytes()
        );
        program.stops();
    }
    // What was not closed is counted.
    for _ in 0..3 {
        let (program, _) = Program::starts(&home).await;
        program.kill();
        let (program, opened) = Program::starts(&home).await;
        println!("killed, open after {opened:6.1} ms   {:6.1} MB", program.megabytes());
        program.stops();
    }
}

/// Somebody new, and their id.
async fn befriend(alice: &Node, home: &Path) -> (Node, String) {
    let id = init(home, "Somebody", None).unwrap().account.to_string();
    let other = start(home).await;
    meet(alice, &other).await;
    (other, id)
}

/// Writes so many messages, and waits until all are there; the last one's id.
async fn write_to(node: &Node, contact: &str, messages: usize) -> String {
    let conversation = Reference::new(contact);
    let mut states = node.handle().events().subscribe(None);
    write(node, &conversation, messages - 1).await;
    let last = send(node, &conversation, "the last one").await;
    until_delivered(&mut states, &last).await;
    last
}

/// A node as a person runs it.
struct Program(Child, std::path::PathBuf);

impl Program {
    /// Starts it; how many milliseconds pass until it answers.
    async fn starts(home: &Path) -> (Self, f64) {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_causerie-node"));
        command.arg("--home").arg(home).args(["--json", "run", "--loopback"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let program = Self(child, home.join("node.sock"));
        while program.asks("node.status", json!({})).await.is_none() {
            sleep(Duration::from_millis(1)).await;
        }
        (program, millis(begun.elapsed()))
    }

    async fn asks(&self, method: &str, params: Value) -> Option<Value> {
        Client::connect(&self.1).await.ok()?.call(method, params).await.ok()
    }

    /// Milliseconds for pages of 50, each before one of these messages; `None` is the end.
    async fn times_history(&self, contact: &str, places: &[Option<&String>]) -> Vec<f64> {
        let mut client = Client::connect(&self.1).await.unwrap();
        let mut times = Vec::new();
        for before in places {
            let mut params = json!({"conversation": contact, "limit": 50});
            if let Some(before) = before {
                params["before"] = json!(before);
            }
            let begun = Instant::now();
            let rows = client.call("message.list", params).await.unwrap();
            times.push(millis(begun.elapsed()));
            assert_eq!(rows.as_array().unwrap().len(), 50);
        }
        times
    }

    fn megabytes(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().split(' ').next().unwrap().parse::<f64>().unwrap() / 1_024.0
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn stops(mut self) {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap();
    }
}
