//! Strangers, and whoever can use the socket, against a node that runs, while a friend of its owner goes on writing: what
//! it holds stays bounded, its log is short and says what was refused, and every message arrives.

use std::{
    io::Write as _,
    net::SocketAddr,
    os::unix::net::UnixStream,
    sync::atomic::{AtomicUsize, Ordering},
};

use causerie_protocol::address::Transport;
use futures::future;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

use crate::{
    BOTH,
    besieged::{Besieged, Friend, socket_of, until},
    stranger::{Stranger, StrangerStream},
};

/// Memory that an attack may cost. Chosen: what the limits allow is a small part of it.
const MEMORY_MAX: u64 = 96 * 1_024 * 1_024;

/// Connections that are let in, those whose other side has not shown its key yet, and what a node has open anyway.
const OPEN_FILES_MAX: usize = 384 + 128 + 64;

/// Lines of a log for a minute of attack: twenty warnings, a line that says how many were left out, and those of a start.
const LOG_LINES_MAX: usize = 60;

/// What a node holds before an attack, to be compared with what it holds in it.
struct Calm {
    memory: u64,
    store: u64,
    lines: usize,
}

impl Calm {
    fn of(alice: &Besieged) -> Self {
        Self { memory: alice.memory(), store: alice.store_bytes(), lines: alice.log().len() }
    }

    #[track_caller]
    fn compare(&self, alice: &Besieged) {
        let (memory, store) = (alice.memory().saturating_sub(self.memory), alice.store_bytes());
        let (lines, files) = (alice.log().len() - self.lines, alice.open_files());
        println!("{memory} bytes of memory more, {files} files open, {lines} lines in the log");
        assert!(memory < MEMORY_MAX, "{memory} bytes of memory more");
        // The store's file grows in steps of its own, and with the friend's messages.
        assert!(store <= self.store + (4 << 20), "{} bytes of store more", store - self.store);
        assert!(files <= OPEN_FILES_MAX, "{files} files open");
        assert!(lines <= LOG_LINES_MAX, "{:#?}", alice.log());
    }
}

/// Every line about strangers names its link and what was wrong, and nothing that is private.
#[track_caller]
fn assert_log_says_what(alice: &Besieged, friend: &str, expected: &[&str]) {
    let log = alice.log();
    for what in expected {
        let is_it = |line: &&String| line.contains("of a stranger refused: ") && line.contains(what);
        assert!(log.iter().any(|line| is_it(&line)), "no line says {what:?}: {log:#?}");
    }
    for line in &log {
        assert!(!line.contains(friend) && !line.contains("amid") && line.len() < 400, "{line}");
    }
}

/// So many strangers one after the other, on so many tasks.
async fn strangers(alice: &Besieged, transport: Transport, count: usize) -> Vec<Stranger> {
    let door = alice.door(transport);
    let begun = AtomicUsize::new(0);
    let some = async || {
        let mut in_hand = Vec::new();
        while begun.fetch_add(1, Ordering::Relaxed) < count {
            in_hand.extend(Stranger::tries_to_connect(&door).await);
        }
        in_hand
    };
    future::join_all((0..8).map(|_| some())).await.into_iter().flatten().collect()
}

/// A connection from one of four other addresses of this machine than everybody else has.
async fn from_elsewhere(door: SocketAddr, number: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("127.0.0.{}:0", 2 + number % 4).parse().unwrap()).unwrap();
    socket.connect(door).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_connections_keep_nobody_out() {
    let alice = Besieged::starts().await;
    let bob = Friend::of(&alice, "Bob of the siege").await;
    let calm = Calm::of(&alice);
    let door = socket_of(&alice.door(Transport::Tcp));
    let mut silent = Vec::new();
    for number in 0..2_000 {
        silent.extend(from_elsewhere(door, number).await);
        if number % 500 == 0 {
            bob.is_heard(&format!("amid {number}")).await;
        }
    }
    // All that these addresses may hold is held anew by now, and others come in all the same.
    let early = Friend::of(&alice, "Dave of the siege").await;
    early.is_heard("amid those who say nothing").await;
    let mut held = Vec::new();
    for transport in BOTH {
        held.extend(strangers(&alice, transport, 240).await);
        bob.is_heard(&format!("amid strangers over {transport:?}")).await;
        calm.compare(&alice);
    }
    assert!(held.len() > 100, "only {} strangers came in", held.len());
    // Their time is over: whoever opens no stream is shown the door.
    until("all strangers are gone", async || held.iter().all(Stranger::is_closed).then_some(())).await;
    drop(silent);
    bob.is_heard("amid nothing").await;
    let late = Friend::of(&alice, "Carol of the siege").await;
    late.is_heard("amid the ruins").await;
    calm.compare(&alice);
    assert_log_says_what(&alice, "of the siege", &[]);
    assert_eq!(bob.is_read_at(&alice).await.len(), 7);
}

/// Opens streams until no more are taken, and says this on each.
async fn streams_without_end(mut stranger: Stranger, said: &[u8]) -> (Stranger, Vec<StrangerStream>) {
    let mut streams = Vec::new();
    for _ in 0..400 {
        let Some(mut stream) = stranger.tries_to_open().await else { break };
        if !stream.tries_to_say(said).await {
            break;
        }
        // Most are abandoned at once, some stay.
        if streams.len() < 64 {
            streams.push(stream);
        }
    }
    (stranger, streams)
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_opened_and_abandoned_and_negotiations_without_end_cost_little() {
    let alice = Besieged::starts().await;
    let bob = Friend::of(&alice, "Bob of the siege").await;
    let calm = Calm::of(&alice);
    let endless = b"\x03ls\n".repeat(2_000);
    let unknown = b"\x0d/nobody/1.0\n\n".repeat(1_000);
    let said: [&[u8]; 5] = [b"", b"\x13/multistream/1.0.0\n", b"\x13/multi", &endless, &unknown];
    let siege = BOTH.iter().flat_map(|transport| said.map(|said| (*transport, said))).map(
        async |(transport, said)| {
            let stranger = Stranger::connect(&alice.door(transport)).await;
            let whole = [b"\x13/multistream/1.0.0\n".as_slice(), said].concat();
            streams_without_end(stranger, if said.len() > 100 { &whole } else { said }).await
        },
    );
    let writing = async {
        for number in 0..5 {
            bob.is_heard(&format!("amid streams {number}")).await;
        }
    };
    let (held, ()) = future::join(future::join_all(siege), writing).await;
    calm.compare(&alice);
    until("the connections are closed", async || {
        held.iter().all(|(stranger, _)| stranger.is_closed()).then_some(())
    })
    .await;
    calm.compare(&alice);
    assert_log_says_what(&alice, "of the siege", &[]);
    assert_eq!(bob.is_read_at(&alice).await.len(), 5);
}

const NONCE_FRAME: [u8; 36] = {
    let mut frame = [7; 36];
    [frame[0], frame[1], frame[2], frame[3]] = [0, 34, 1, 1];
    frame
};

/// The dialler's second frame: 64 tokens that mean nothing to anybody.
fn tokens() -> Vec<u8> {
    let mut frame = vec![0x55; 2 + 1 + 64 * 16];
    frame[..3].copy_from_slice(&[4, 1, 0]);
    frame
}

/// What strangers say on a link, and what ends it.
async fn says(alice: &Besieged, transport: Transport, what: &str) {
    let mut stranger = Stranger::connect(&alice.door(transport)).await;
    let mut stream = stranger.open().await;
    match what {
        "nothing" => {}
        "one byte" => stream.say(&[0]).await,
        "a frame that never comes whole" => {
            stream.say(&[0xff, 0xff]).await;
            // The pace of the attack, which nothing waits for: no silence is long enough to end it.
            while stream.tries_to_say(&[1]).await && !stranger.is_closed() {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
        }
        "a nonce and no more" => stream.say(&NONCE_FRAME).await,
        "tokens of nobody" | "the same again" => {
            stream.say(&NONCE_FRAME).await;
            stream.say(&tokens()).await;
        }
        "frames without end" => {
            let frame = [&[0xff, 0xff][..], &[9; 65_535]].concat();
            let mut frames = 0;
            while stream.tries_to_say(&frame).await {
                frames += 1;
                assert!(frames < 10_000, "a link takes frames for ever");
            }
        }
        "empty frames without end" => while stream.tries_to_say(&[0, 0]).await {},
        other => panic!("nobody says {other:?}"),
    }
    stream.hears_the_end().await;
    stranger.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_endless_and_repeated_hellos_end_and_the_log_says_why() {
    let alice = Besieged::starts().await;
    let bob = Friend::of(&alice, "Bob of the siege").await;
    let calm = Calm::of(&alice);
    let said = [
        "nothing",
        "one byte",
        "a frame that never comes whole",
        "a nonce and no more",
        "tokens of nobody",
        "the same again",
        "frames without end",
        "empty frames without end",
    ];
    let siege = BOTH.iter().flat_map(|transport| said.map(|what| says(&alice, *transport, what)));
    let writing = async {
        for number in 0..20 {
            bob.is_heard(&format!("amid {number}")).await;
        }
    };
    future::join(future::join_all(siege), writing).await;
    calm.compare(&alice);
    assert_log_says_what(&alice, "of the siege", &["malformed hello"]);
    assert_eq!(bob.is_read_at(&alice).await.len(), 20);
    assert_eq!(alice.asks("contact.list", json!({})).await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_flooded_costs_little_and_serves_again() {
    let alice = Besieged::starts().await;
    let bob = Friend::of(&alice, "Bob of the siege").await;
    let calm = Calm::of(&alice);
    // As many half lines as there are places, each just below the longest line that there is.
    let half = vec![b'['; (1 << 20) - 1];
    let mut clients = Vec::new();
    for number in 0..3_000 {
        let Ok(mut client) = UnixStream::connect(alice.socket()) else { continue };
        client.set_nonblocking(true).unwrap();
        // Whoever is turned away reads nothing of it.
        client.write_all(if number % 2 == 0 { &half } else { b"{\"jsonrpc\":" }).ok();
        clients.push(client);
    }
    bob.is_heard("amid clients").await;
    assert!(alice.open_files() < 64 + 64, "{} files open", alice.open_files());
    calm.compare(&alice);
    drop(clients);
    let status =
        until("the socket serves", async || alice.tries_to_ask("node.status", json!({})).await.ok()).await;
    assert_eq!(status["name"], "Alice");
    let mut endless = tokio::net::UnixStream::connect(alice.socket()).await.unwrap();
    let line = vec![b'x'; 1 << 16];
    let mut bytes = 0_usize;
    while endless.write_all(&line).await.is_ok() {
        bytes += line.len();
        assert!(bytes < 64 << 20, "a line has no end");
    }
    bob.is_heard("amid an endless line").await;
    calm.compare(&alice);
    assert_eq!(bob.is_read_at(&alice).await.len(), 2);
}
