//! How fast messages are: two nodes in this process, real sockets on loopback, real stores, encryption on.
//!
//! Prints medians and p99 with the floor of the same run: two durable commits and one round trip on a stream between
//! two bare networks. Figures of a noisy machine mean little by themselves; ratios to the floor mean more.
//! Run it with `cargo bench -p causerie-node`; `-- homes` measures large homes instead, for some minutes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a measurement, not a part of the program"
)]

mod homes;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use causerie_node::{
    Config, NetworkOptions, Node, init,
    network::{Listen, Network, NetworkConfig, parse_multiaddr},
    store::{self, Store, commits::Commits},
};
use causerie_protocol::{
    answer::Answer,
    command::{Command, Reference},
    ids::DialId,
    input::Input,
    output::ChangeSet,
};

const LONE: usize = 400;
const WAITING: usize = 10_000;

/// Messages that so many at once write without a pause.
const SUSTAINED: usize = 60_000;
const WRITERS: usize = 250;

#[tokio::main]
async fn main() {
    if std::env::args().any(|word| word == "homes") {
        return homes::measure().await;
    }
    let commit = commit_times();
    let stream = stream_times().await;
    let floor = 2.0 * median(&commit) + median(&stream);
    println!("durable commit           p50 {:7.3} ms   p99 {:7.3} ms", median(&commit), p99(&commit));
    println!("stream round trip        p50 {:7.3} ms   p99 {:7.3} ms", median(&stream), p99(&stream));
    println!("floor                        {floor:7.3} ms   (two commits and one round trip)");

    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (alice_home, bob_home) = (one.path().join("alice"), two.path().join("bob"));
    init(&alice_home, "Alice", None).unwrap();
    let bob_id = init(&bob_home, "Bob", None).unwrap().account;
    let alice = start(&alice_home).await;
    let mut bob = start(&bob_home).await;
    meet(&alice, &bob).await;
    let conversation = Reference::new(&bob_id.to_string());

    let mut lone = Vec::new();
    let mut events = bob.handle().events().subscribe(None);
    for number in 0..LONE {
        let begun = Instant::now();
        send(&alice, &conversation, &format!("message {number}")).await;
        until_received(&mut events, 1).await;
        lone.push(millis(begun.elapsed()));
    }
    println!(
        "lone message, one way    p50 {:7.3} ms   p99 {:7.3} ms   {:.2} × floor",
        median(&lone),
        p99(&lone),
        median(&lone) / floor
    );

    let mut states = alice.handle().events().subscribe(None);
    let begun = Instant::now();
    write(&alice, &conversation, SUSTAINED).await;
    let last = send(&alice, &conversation, "the last one").await;
    let written = begun.elapsed();
    until_delivered(&mut states, &last).await;
    let delivered = begun.elapsed();
    println!(
        "sustained                {:7.0} a second written, {:7.0} acknowledged",
        SUSTAINED as f64 / written.as_secs_f64(),
        SUSTAINED as f64 / delivered.as_secs_f64()
    );

    bob.stop().await.unwrap();
    let begun = Instant::now();
    let texts =
        (0..WAITING).map(|number| send(&alice, &conversation, format!("waiting message {number}").leak()));
    futures::future::join_all(texts).await;
    println!("{WAITING} written             {:7.1} ms", millis(begun.elapsed()));
    let begun = Instant::now();
    bob = start(&bob_home).await;
    let log = bob.handle().events();
    let mut events = log.subscribe(Some(log.origin()));
    until_online(&mut events).await;
    let connected = begun.elapsed();
    until_received(&mut events, WAITING).await;
    println!(
        "{WAITING} waiting, all there  {:7.1} ms after connecting ({:.1} ms from start to connected)",
        millis(begun.elapsed() - connected),
        millis(connected)
    );
    alice.stop().await.unwrap();
    bob.stop().await.unwrap();
}

/// One record of 400 bytes applied and committed.
fn commit_times() -> Vec<f64> {
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = store::open(&directory.path().join("store")).unwrap();
    let commits = Commits::start(Arc::clone(&store)).unwrap();
    let times = (0..LONE)
        .map(|number| {
            let begun = Instant::now();
            let mut changes = ChangeSet::default();
            changes.writes.insert(number.to_be_bytes().to_vec(), Some(vec![7; 400]));
            store.apply(&changes).unwrap();
            store.commit().unwrap();
            millis(begun.elapsed())
        })
        .collect();
    commits.stop().unwrap();
    times
}

/// A frame of 2,304 bytes there and back on an open link.
async fn stream_times() -> Vec<f64> {
    let config = || NetworkConfig {
        listen: Listen::These(vec![parse_multiaddr("/ip4/127.0.0.1/tcp/0").unwrap()]),
        loopback: true,
        ..NetworkConfig::default()
    };
    let mut one = Network::start(config()).await.unwrap();
    let mut two = Network::start(config()).await.unwrap();
    let target = loop {
        if let Some(Input::Listening { addresses }) = two.next().await
            && !addresses.is_empty()
        {
            break addresses;
        }
    };
    one.dial(DialId::new(1), None, target, Vec::new());
    let link = loop {
        if let Some(Input::LinkUp { link, .. }) = one.next().await {
            break link;
        }
    };
    let echo = tokio::spawn(async move {
        while let Some(input) = two.next().await {
            if let Input::Frame { link, bytes } = input {
                two.transmit(link, bytes);
            }
        }
    });
    let mut times = Vec::new();
    for _ in 0..LONE {
        let begun = Instant::now();
        one.transmit(link, vec![7; 2_304]);
        while !matches!(one.next().await, Some(Input::Frame { .. })) {}
        times.push(millis(begun.elapsed()));
    }
    echo.abort();
    one.stop().await;
    times
}

async fn start(home: &Path) -> Node {
    let network = NetworkOptions { loopback: true, ..NetworkOptions::default() };
    Node::start(Config { home: home.to_owned(), passphrase: None, network: Some(network) }).await.unwrap()
}

async fn meet(alice: &Node, bob: &Node) {
    let mut events = bob.handle().events().subscribe(None);
    let listening = async {
        while alice.handle().listening().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    listening.await;
    let wish = Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true };
    let Ok(Answer::Invitation(view)) = alice.handle().command(wish).await else { return };
    let link = view.link.unwrap();
    bob.handle().command(Command::AcceptInvitation { link, name: None, ignore_end: false }).await.unwrap();
    until_online(&mut events).await;
}

async fn send(node: &Node, conversation: &Reference, text: &str) -> String {
    let command = Command::SendMessage {
        conversation: conversation.clone(),
        text: text.to_owned(),
        idempotency_key: None,
    };
    let Ok(Answer::Message { message, .. }) = node.handle().command(command).await else {
        panic!("not written")
    };
    message.to_string()
}

/// Writes so many, as many at once as there are writers.
async fn write(node: &Node, conversation: &Reference, messages: usize) {
    let writers = (0..WRITERS).map(async |writer| {
        for number in 0..messages.div_ceil(WRITERS) {
            send(node, conversation, &format!("message {number} of writer {writer}")).await;
        }
    });
    futures::future::join_all(writers).await;
}

async fn until_delivered(events: &mut causerie_node::events::Subscription, last: &str) {
    loop {
        let row = events.next().await.unwrap().to_value();
        if row["type"] == "message.state" && row["up_to"] == last && row["state"] == "delivered" {
            return;
        }
    }
}

async fn until_received(events: &mut causerie_node::events::Subscription, count: usize) {
    let mut received = 0;
    while received < count {
        let row = events.next().await.unwrap().to_value();
        match row["type"].as_str() {
            Some("message.received") => received += 1,
            Some("overflow") => received += usize::try_from(row["missed"].as_u64().unwrap()).unwrap(),
            _ => {}
        }
    }
}

async fn until_online(events: &mut causerie_node::events::Subscription) {
    while events.next().await.unwrap().to_value()["type"] != "contact.online" {}
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn median(times: &[f64]) -> f64 {
    sorted(times)[times.len() / 2]
}

fn p99(times: &[f64]) -> f64 {
    sorted(times)[times.len() * 99 / 100]
}

fn sorted(times: &[f64]) -> Vec<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
