//! What is said at the home's socket, by whoever is the same user.

use causerie_protocol::testing::fuzz::{Origin, Taking, Target};
use futures::FutureExt as _;

use super::{
    lines::{Line, Lines},
    server,
};

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "socket-lines", origin: Origin::Person, cost: 1, begin: lines, examples: some_lines },
    Target { name: "request", origin: Origin::Person, cost: 1, begin: request, examples: requests },
];

/// Lines as long as they may be, whatever comes between.
fn lines() -> Taking {
    const BYTES_MAX: usize = 64;
    Box::new(|bytes| {
        let mut lines = Lines::new(bytes, BYTES_MAX);
        let mut whole = Vec::new();
        loop {
            // Nothing is waited for: all bytes are there.
            match lines.next().now_or_never().unwrap().unwrap() {
                Line::Whole(line) => {
                    assert!(line.len() <= BYTES_MAX && !line.contains(&b'\n'));
                    whole.extend_from_slice(&line);
                    whole.push(b'\n');
                }
                Line::TooLong => return assert!(bytes.starts_with(&whole)),
                Line::End => break,
            }
        }
        assert_eq!(whole.strip_suffix(b"\n").unwrap_or_default(), bytes.strip_suffix(b"\n").unwrap_or(bytes));
    })
}

fn some_lines() -> Vec<Vec<u8>> {
    vec![b"one\ntwo\n\nthree".to_vec(), vec![b'x'; 64], vec![b'x'; 65]]
}

/// One line: a command of ours, or words about what is wrong with it, which are short.
fn request() -> Taking {
    Box::new(|bytes| {
        if let Err(words) = server::understood(bytes) {
            assert!(words.len() < 300 + 2 * bytes.len(), "{} bytes of words", words.len());
        }
    })
}

fn requests() -> Vec<Vec<u8>> {
    let methods = [
        ("node.status", r#"{}"#),
        ("node.report", r#"{"check":true,"addresses":false}"#),
        ("invite.create", r#"{"reusable":true,"ask":true,"expires":"1h","hints":false}"#),
        ("invite.accept", r#"{"link":"causerie:i1#AAAA","name":"Bob"}"#),
        ("contact.block", r#"{"contact":"bob"}"#),
        ("message.send", r#"{"conversation":"bob","text":"hello","idempotency_key":"k"}"#),
        ("message.list", r#"{"conversation":"bob","limit":10,"before":"abcd"}"#),
        ("conversation.list", r#"{}"#),
        ("event.subscribe", r#"{"since":7}"#),
    ];
    let line = |(method, params): (&str, &str)| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#).into_bytes()
    };
    let deep = [vec![b'['; 500], vec![b']'; 500]].concat();
    methods.into_iter().map(line).chain([deep, br#"{"jsonrpc":"2.0","id":[1]}"#.to_vec()]).collect()
}
