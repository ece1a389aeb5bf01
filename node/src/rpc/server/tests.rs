use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use causerie_protocol::{
    answer::CommandError,
    command::{Command, Reference},
    event::{Event, NoticeKind},
    moment::WallTime,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    task::JoinHandle,
};

use super::*;
use crate::{
    events::{EventLog, ROWS_KEPT_MAX},
    handle::{Request as NodeRequest, fake},
    rpc::client::{Client, ClientError},
};

/// A served socket.
struct Served {
    _home: TempDir,
    socket: PathBuf,
    serving: JoinHandle<io::Result<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn serve_node(node: NodeHandle) -> Served {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("node.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    Served { _home: home, socket, serving: tokio::spawn(serve(listener, node)) }
}

fn served(answer: impl FnMut(Command) -> Result<Answer, NodeError> + Send + 'static) -> (Served, EventLog) {
    let (node, events) = fake::node(answer);
    (serve_node(node), events)
}

fn with_status() -> (Served, EventLog) {
    served(|_| Ok(Answer::Status(fake::status())))
}

/// A connection on which a test writes what it likes.
struct Raw(BufReader<UnixStream>);

impl Raw {
    async fn connect(served: &Served) -> Self {
        Self(BufReader::new(UnixStream::connect(&served.socket).await.unwrap()))
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    async fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    async fn ask(&mut self, line: &str) -> Value {
        self.say(format!("{line}\n").as_bytes()).await;
        self.hear().await.unwrap()
    }
}

fn notice(text: String) -> Event {
    let kind = NoticeKind::Fork;
    Event::Notice { kind, text }
}

#[tokio::test]
async fn an_answer_carries_its_id() {
    let (served, _) = with_status();
    let mut raw = Raw::connect(&served).await;
    for id in ["7", r#""a text""#, "null"] {
        let answer =
            raw.ask(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"node.status","params":{{}}}}"#)).await;
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["id"], serde_json::from_str::<Value>(id).unwrap());
        assert_eq!(answer["result"]["name"], "Alice");
        assert_eq!(answer["result"]["running"], true);
        assert_eq!(answer.as_object().unwrap().len(), 3);
    }
}

/// A line, and the code and kind with which it is answered.
const BAD_LINES: [(&str, i32, &str); 15] = [
    ("{", -32_700, "parse_error"),
    ("\u{fffd}", -32_700, "parse_error"),
    ("[]", -32_600, "invalid_request"),
    (r#"[{"jsonrpc":"2.0","id":1,"method":"node.status"}]"#, -32_600, "invalid_request"),
    ("7", -32_600, "invalid_request"),
    ("null", -32_600, "invalid_request"),
    (r#"{"id":1,"method":"node.status"}"#, -32_600, "invalid_request"),
    (r#"{"jsonrpc":"1.0","id":1,"method":"node.status"}"#, -32_600, "invalid_request"),
    (r#"{"jsonrpc":"2.0","id":1}"#, -32_600, "invalid_request"),
    (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32_600, "invalid_request"),
    (r#"{"jsonrpc":"2.0","id":[],"method":"node.status"}"#, -32_600, "invalid_request"),
    (r#"{"jsonrpc":"2.0","id":1,"method":"node.status","extra":1}"#, -32_600, "invalid_request"),
    (r#"{"jsonrpc":"2.0","id":1,"method":"node.explode"}"#, -32_601, "unknown_method"),
    (r#"{"jsonrpc":"2.0","id":1,"method":"node.status","params":["x"]}"#, -32_602, "invalid_params"),
    (r#"{"jsonrpc":"2.0","id":1,"method":"node.status","params":{"x":1}}"#, -32_602, "invalid_params"),
];

#[tokio::test]
async fn bad_lines_are_answered_and_the_next_one_is_read() {
    let (served, _) = with_status();
    let mut raw = Raw::connect(&served).await;
    for (line, code, kind) in BAD_LINES {
        let answer = raw.ask(line).await;
        assert_eq!(answer["error"]["code"], code, "{line}");
        assert_eq!(answer["error"]["data"]["kind"], kind, "{line}");
        assert_eq!(answer["error"]["data"]["retryable"], false, "{line}");
        assert!(answer.get("result").is_none());
        let id = if line.contains(r#""id":1"#) && !line.starts_with('[') { json!(1) } else { Value::Null };
        assert_eq!(answer["id"], id, "{line}");
    }
    raw.say(b"\xff\xfe\n").await;
    assert_eq!(raw.hear().await.unwrap()["error"]["code"], -32_700);
    raw.say(b"\n \r\n").await;
    let answer = raw.ask(r#"{"jsonrpc":"2.0","id":9,"method":"node.status"}"#).await;
    assert_eq!(answer["id"], 9);
}

#[tokio::test]
async fn deep_nesting_is_an_error_and_no_more() {
    let (served, _) = with_status();
    let mut raw = Raw::connect(&served).await;
    let answer = raw.ask(&"[".repeat(100_000)).await;
    assert_eq!(answer["error"]["code"], -32_700);
}

#[tokio::test]
async fn a_line_of_a_mebibyte_is_read_and_one_byte_more_ends_the_connection() {
    let (served, _) = served(|command| match command {
        Command::SendMessage { .. } => Err(CommandError::TooLong.into()),
        _ => Err(CommandError::NotFound.into()),
    });
    let line = |bytes: usize| {
        let frame =
            r#"{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"conversation":"b","text":""}}"#;
        let text = "x".repeat(bytes - frame.len());
        frame.replace(r#""text":"""#, &format!(r#""text":"{text}""#))
    };
    let mut raw = Raw::connect(&served).await;
    let answer = raw.ask(&line(LINE_BYTES_MAX)).await;
    assert_eq!(answer["error"]["data"]["kind"], "too_long");
    assert_eq!(answer["error"]["code"], code::REFUSED);
    let answer = raw.ask(&line(LINE_BYTES_MAX + 1)).await;
    assert_eq!(answer["error"]["code"], -32_600);
    assert_eq!(answer["id"], Value::Null);
    let mut rest = Vec::new();
    // Closed by the other end, with or without a reset for what it did not read.
    raw.0.read_to_end(&mut rest).await.ok();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_request_without_id_is_done_and_not_answered() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let commands = Arc::clone(&seen);
    let (served, _) = served(move |command| {
        commands.lock().unwrap().push(command);
        Ok(Answer::Done)
    });
    let mut raw = Raw::connect(&served).await;
    raw.say(b"{\"jsonrpc\":\"2.0\",\"method\":\"message.read\",\"params\":{\"conversation\":\"bob\"}}\n")
        .await;
    raw.say(b"{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}\n").await;
    let answer = raw.ask(r#"{"jsonrpc":"2.0","id":1,"method":"node.status"}"#).await;
    assert_eq!(answer["id"], 1);
    let conversation = Reference::new("bob");
    assert_eq!(*seen.lock().unwrap(), [Command::MarkRead { conversation }, Command::Status]);
}

#[tokio::test]
async fn pipelined_commands_enter_in_order_and_answers_come_as_they_are_ready() {
    let events = EventLog::new(1, WallTime::default());
    let (_, listening) = tokio::sync::watch::channel(Vec::new());
    let (node, mut requests) =
        NodeHandle::new(Path::new(""), events, listening, tokio::sync::watch::channel(None).1);
    let served = serve_node(node);
    let mut raw = Raw::connect(&served).await;
    for id in 0..REQUESTS_IN_FLIGHT_MAX {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"message.read","params":{{"conversation":"{id}"}}}}"#
        );
        raw.say(format!("{line}\n").as_bytes()).await;
    }
    let mut waiting: Vec<NodeRequest> = Vec::new();
    for id in 0..REQUESTS_IN_FLIGHT_MAX {
        let request = requests.recv().await.unwrap();
        let conversation = Reference::new(&id.to_string());
        assert_eq!(request.command, Command::MarkRead { conversation });
        waiting.push(request);
    }
    // One more is not even read while so many are on their way.
    raw.say(b"{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"method\":\"node.status\"}\n").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(requests.try_recv().is_err());
    for (id, request) in waiting.into_iter().enumerate().rev() {
        request.reply.send(Ok(Answer::Done)).unwrap();
        assert_eq!(raw.hear().await.unwrap()["id"], id);
    }
    let last = requests.recv().await.unwrap();
    last.reply.send(Err(NodeError::Stopped)).unwrap();
    let answer = raw.hear().await.unwrap();
    assert_eq!(answer["id"], "last");
    assert_eq!(answer["error"]["code"], code::UNAVAILABLE);
    assert_eq!(answer["error"]["data"]["retryable"], true);
}

#[tokio::test]
async fn whoever_stops_writing_still_gets_all_answers() {
    let (served, _) = with_status();
    let mut raw = Raw::connect(&served).await;
    for id in 0..200 {
        raw.say(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"node.status\"}}\n").as_bytes()).await;
    }
    raw.0.get_mut().shutdown().await.unwrap();
    let mut heard = 0;
    while raw.hear().await.is_some() {
        heard += 1;
    }
    assert_eq!(heard, 200);
}

#[tokio::test]
async fn a_node_that_is_gone_says_so() {
    let events = EventLog::new(1, WallTime::default());
    let (_, listening) = tokio::sync::watch::channel(Vec::new());
    let (node, requests) =
        NodeHandle::new(Path::new(""), events, listening, tokio::sync::watch::channel(None).1);
    drop(requests);
    let served = serve_node(node);
    let mut client = Client::connect(&served.socket).await.unwrap();
    match client.call("node.status", json!({})).await {
        Err(ClientError::Refused { kind, retryable, .. }) => {
            assert_eq!(kind, "stopped");
            assert!(retryable);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn events_follow_the_answer_to_the_subscription() {
    let (served, events) = with_status();
    events.push(&notice("before".to_owned()), WallTime::default());
    let mut raw = Raw::connect(&served).await;
    let answer = raw.ask(r#"{"jsonrpc":"2.0","id":1,"method":"event.subscribe"}"#).await;
    assert_eq!(answer["result"]["seq"], (1_u64 << 32) + 1);
    events.push(&notice("after".to_owned()), WallTime::default());
    let row = raw.hear().await.unwrap();
    assert_eq!(row["method"], "event");
    assert_eq!(row["params"]["text"], "after");
    assert_eq!(row["params"]["seq"], (1_u64 << 32) + 2);
    assert!(row.get("id").is_none());
    let answer = raw.ask(r#"{"jsonrpc":"2.0","id":2,"method":"event.subscribe"}"#).await;
    assert_eq!(answer["error"]["data"]["kind"], "already_subscribed");
    // Asking and following go together.
    let answer = raw.ask(r#"{"jsonrpc":"2.0","id":3,"method":"node.status"}"#).await;
    assert_eq!(answer["result"]["name"], "Alice");
}

#[tokio::test]
async fn since_replays_and_another_run_overflows() {
    let (served, events) = with_status();
    for text in ["one", "two"] {
        events.push(&notice(text.to_owned()), WallTime::default());
    }
    let client = Client::connect(&served.socket).await.unwrap();
    let mut follower = client.subscribe(Some((1 << 32) + 1)).await.unwrap();
    assert_eq!(follower.next().await.unwrap()["text"], "two");
    let client = Client::connect(&served.socket).await.unwrap();
    let mut follower = client.subscribe(Some(5)).await.unwrap();
    assert_eq!(follower.next().await.unwrap()["type"], "overflow");
    assert_eq!(follower.next().await.unwrap()["text"], "one");
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_gets_an_overflow_and_holds_nobody_up() {
    let (served, events) = with_status();
    let client = Client::connect(&served.socket).await.unwrap();
    let mut follower = client.subscribe(None).await.unwrap();
    let total = ROWS_KEPT_MAX * 2;
    // Long rows, so that the socket's own buffer cannot take them all.
    let padding = "x".repeat(500);
    for number in 0..total {
        events.push(&notice(format!("{number} {padding}")), WallTime::default());
        if number % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut other = Client::connect(&served.socket).await.unwrap();
    assert!(other.call("node.status", json!({})).await.is_ok());
    let (mut rows, mut missed) = (0, 0);
    loop {
        let row = follower.next().await.unwrap();
        if row["type"] == "overflow" {
            missed += row["missed"].as_u64().unwrap();
            continue;
        }
        rows += 1;
        if row["text"].as_str().unwrap().starts_with(&format!("{} ", total - 1)) {
            break;
        }
    }
    assert!(missed > 0);
    assert_eq!(rows + missed, u64::try_from(total).unwrap());
}

#[tokio::test]
async fn connections_are_bounded_and_come_back() {
    let (served, _) = with_status();
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut client = Client::connect(&served.socket).await.unwrap();
        client.call("node.status", json!({})).await.unwrap();
        open.push(client);
    }
    let mut raw = Raw::connect(&served).await;
    let answer = raw.hear().await.unwrap();
    assert_eq!(answer["error"]["data"]["kind"], "busy");
    assert_eq!(answer["error"]["data"]["retryable"], true);
    assert_eq!(raw.hear().await, None);
    open.clear();
    // The places are free once the server has seen the ends.
    loop {
        let mut client = Client::connect(&served.socket).await.unwrap();
        match client.call("node.status", json!({})).await {
            Ok(_) => break,
            Err(ClientError::Refused { kind, .. }) => assert_eq!(kind, "busy"),
            Err(ClientError::Cut(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn stopping_the_server_cuts_its_connections() {
    let (served, _) = with_status();
    let mut client = Client::connect(&served.socket).await.unwrap();
    client.call("node.status", json!({})).await.unwrap();
    served.serving.abort();
    assert!(matches!(client.call("node.status", json!({})).await, Err(ClientError::Cut(_))));
}

#[tokio::test]
async fn the_client_understands_only_its_own_answers() {
    let cases = [
        (r#"{"jsonrpc":"2.0","id":9,"result":{}}"#, "garbled"),
        (r#"{"jsonrpc":"2.0","id":1}"#, "garbled"),
        ("nonsense", "garbled"),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}"#, "refused"),
        ("", "cut"),
    ];
    for (line, expected) in cases {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut client = Client::new(near);
        if !line.is_empty() {
            far.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        }
        far.shutdown().await.unwrap();
        let outcome = match client.call("node.status", json!({})).await {
            Ok(_) => "ok",
            Err(ClientError::Refused { .. }) => "refused",
            Err(ClientError::Cut(_)) => "cut",
            Err(ClientError::Garbled) => "garbled",
            Err(ClientError::Silent) => "silent",
        };
        assert_eq!(outcome, expected, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_says_nothing_is_not_waited_for_for_ever() {
    let (near, _far) = UnixStream::pair().unwrap();
    let outcome = Client::new(near).call("node.status", json!({})).await;
    assert!(matches!(outcome, Err(ClientError::Silent)), "{outcome:?}");
}
