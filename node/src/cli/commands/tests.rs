//! Whole commands against a fake node behind a real socket.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use causerie_protocol::{
    answer::{Answer, CommandError, MessageState},
    command::{Command as Asked, Reference},
    event::Event,
    ids::{AccountId, MessageId},
    moment::WallTime,
};
use clap::Parser;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::{error::NodeError, events::EventLog, handle::fake, rpc::server};

/// A home on which a fake node runs.
struct Stage {
    home: TempDir,
    asked: Arc<Mutex<Vec<Asked>>>,
    events: EventLog,
    serving: JoinHandle<io::Result<()>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stage {
    fn new(mut answer: impl FnMut(&Asked) -> Result<Answer, NodeError> + Send + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let (node, events) = fake::node(move |command| {
            let reply = answer(&command);
            seen.lock().unwrap().push(command);
            reply
        });
        let home = tempfile::tempdir().unwrap();
        let listener = std::os::unix::net::UnixListener::bind(home.path().join("node.sock")).unwrap();
        let serving = tokio::spawn(server::serve(listener, node));
        Self { home, asked, events, serving }
    }

    /// What a command prints, and how it ends.
    async fn perform(&self, line: &[&str]) -> (String, Result<(), Failure>) {
        let page = Page::default();
        let outcome = self.perform_on(&page, line).await;
        (page.text(), outcome)
    }

    async fn perform_on(&self, page: &Page, line: &[&str]) -> Result<(), Failure> {
        let home = self.home.path().to_str().unwrap();
        let line = [&["causerie-node", "--home", home], line].concat();
        let args = Args::try_parse_from(line).unwrap();
        let printer = Printer::to(args.json, Box::new(page.clone()));
        perform(args, printer).await
    }

    async fn json(&self, line: &[&str]) -> Vec<Value> {
        let (printed, outcome) = self.perform(&[&["--json"], line].concat()).await;
        assert_eq!(outcome, Ok(()), "{line:?}");
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn asked(&self) -> Vec<Asked> {
        core::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// What was printed.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ordinary(command: &Asked) -> Result<Answer, NodeError> {
    Ok(match command {
        Asked::Status => Answer::Status(fake::status()),
        Asked::CreateInvitation { .. } => Answer::Invitation(fake::invitation()),
        Asked::ListInvitations => Answer::Invitations(vec![fake::invitation(), fake::invitation()]),
        Asked::ListContacts => Answer::Contacts(vec![fake::contact()]),
        Asked::AcceptInvitation { .. }
        | Asked::AcceptContact { .. }
        | Asked::VerifyContact { .. }
        | Asked::BlockContact { .. }
        | Asked::UnblockContact { .. }
        | Asked::RenameContact { .. }
        | Asked::MergeContacts { .. } => Answer::Contact(Box::new(fake::contact())),
        Asked::SendMessage { .. } => sent(MessageState::Queued),
        Asked::Check => Answer::Check(causerie_protocol::answer::CheckView::default()),
        Asked::ListMessages { .. } => Answer::Messages(Vec::new()),
        _ => Answer::Done,
    })
}

fn sent(state: MessageState) -> Answer {
    Answer::Message { message: MessageId::from_bytes([9; 16]), state }
}

fn reference(words: &str) -> Reference {
    Reference::new(words)
}

#[tokio::test]
async fn results_are_one_json_value_or_one_a_line() {
    let stage = Stage::new(ordinary);
    assert_eq!(stage.json(&["status"]).await[0]["name"], "Alice");
    assert_eq!(stage.json(&["invite"]).await[0]["invite"], "causerie:i1#abc");
    assert_eq!(stage.json(&["invite", "list"]).await.len(), 2);
    assert_eq!(stage.json(&["invite", "revoke", "abcd"]).await, [json!({})]);
    assert_eq!(stage.json(&["accept", "link"]).await[0]["contact"]["name"], "Bob");
    assert_eq!(stage.json(&["contacts"]).await[0]["name"], "Bob");
    assert_eq!(stage.json(&["contacts", "verify", "bob"]).await[0]["name"], "Bob");
    assert_eq!(stage.json(&["contacts", "remove", "bob"]).await, [json!({})]);
    assert_eq!(stage.json(&["read", "bob"]).await, [json!({})]);
    assert_eq!(stage.json(&["history", "bob"]).await, Vec::<Value>::new());
    assert_eq!(stage.json(&["send", "bob", "hi"]).await[0]["state"], "queued");
    assert_eq!(stage.json(&["rpc", "contact.list"]).await[0][0]["name"], "Bob");
    assert_eq!(stage.json(&["check"]).await[0]["ok"], true);
}

#[tokio::test]
async fn people_get_words() {
    let stage = Stage::new(ordinary);
    assert_eq!(stage.perform(&["invite"]).await.0, "causerie:i1#abc\n");
    assert!(stage.perform(&["contacts"]).await.0.starts_with("NAME"));
    assert!(stage.perform(&["accept", "x"]).await.0.contains("Safety number:  12345 "));
    assert_eq!(stage.perform(&["read", "bob"]).await, (String::new(), Ok(())));
    assert!(stage.perform(&["send", "bob", "hi"]).await.0.ends_with("  queued\n"));
}

#[tokio::test]
async fn flags_become_parameters() {
    let stage = Stage::new(ordinary);
    stage.json(&["invite", "--reusable", "--expires", "2h", "--no-hints"]).await;
    stage.json(&["accept", "link", "--name", "Bo"]).await;
    stage.json(&["contacts", "rename", "bob", "Bo"]).await;
    stage.json(&["contacts", "merge", "b", "a"]).await;
    stage.json(&["contacts", "remove", "bob", "--keep-history"]).await;
    let expected = [
        Asked::CreateInvitation {
            reusable: true,
            ask: false,
            expires_in: Some(core::time::Duration::from_secs(7_200)),
            hints: false,
        },
        Asked::AcceptInvitation { link: "link".to_owned(), name: Some("Bo".to_owned()), ignore_end: false },
        Asked::RenameContact { contact: reference("bob"), name: "Bo".to_owned() },
        Asked::MergeContacts { new: reference("b"), old: reference("a") },
        Asked::RemoveContact { contact: reference("bob"), keep_history: true },
    ];
    assert_eq!(stage.asked(), expected);
}

#[tokio::test]
async fn refusals_keep_their_kind_and_code_over_the_socket() {
    let stage = Stage::new(|command| {
        Err(match command {
            Asked::SendMessage { .. } => CommandError::VerificationChanged.into(),
            Asked::ListMessages { .. } => CommandError::NotFound.into(),
            Asked::AcceptInvitation { .. } => CommandError::OwnInvitation.into(),
            Asked::MarkRead { .. } => CommandError::Ambiguous(vec!["aaaa Bob".to_owned()]).into(),
            _ => NodeError::Storage("disk full".to_owned()),
        })
    });
    let cases: [(&[&str], &str, u8); 6] = [
        (&["send", "bob", "hi"], "verification_changed", 4),
        (&["history", "bob"], "no_such_contact", 5),
        (&["accept", "x"], "own_invite", 1),
        (&["read", "bob"], "ambiguous", 1),
        (&["status"], "storage", 1),
        (&["rpc", "no.such"], "unknown_method", 2),
    ];
    for (line, kind, code) in cases {
        let (printed, outcome) = stage.perform(line).await;
        let failure = outcome.unwrap_err();
        assert_eq!((failure.kind.as_str(), failure.exit_code()), (kind, code), "{line:?}");
        assert_eq!(printed, "", "{line:?}");
    }
}

#[tokio::test]
async fn damage_is_printed_and_fails() {
    let stage = Stage::new(|_| {
        Ok(Answer::Check(causerie_protocol::answer::CheckView { entries: 1, gaps: 1, unreadable: 0 }))
    });
    let (printed, outcome) = stage.perform(&["--json", "check"]).await;
    assert!(printed.contains(r#""ok":false"#));
    assert_eq!(outcome.unwrap_err().exit_code(), 1);
}

#[tokio::test]
async fn history_reads_on_until_it_has_enough() {
    // Pages shorter than asked for, as where long messages would not fit a line.
    let stage = Stage::new(|command| match command {
        Asked::ListMessages { before, limit, .. } => {
            let end = (1..=20)
                .find(|&number| before.as_ref() == Some(&fake::message(number).id.to_string()))
                .unwrap_or(21);
            let count = u8::try_from(*limit).unwrap_or(7).min(7).min(end - 1);
            Ok(Answer::Messages((end - count..end).map(fake::message).collect()))
        }
        other => ordinary(other),
    });
    let texts = |rows: Vec<Value>| -> Vec<String> {
        rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
    };
    let expected = |numbers: core::ops::RangeInclusive<u8>| -> Vec<String> {
        numbers.map(|number| format!("text {number}")).collect()
    };
    assert_eq!(texts(stage.json(&["history", "bob"]).await), expected(1..=20));
    assert_eq!(texts(stage.json(&["history", "bob", "--limit", "10"]).await), expected(11..=20));
    let before = fake::message(5).id.to_string();
    let rows = stage.json(&["history", "bob", "--limit", "2", "--before", &before]).await;
    assert_eq!(texts(rows), expected(3..=4));
}

/// A node that has delivered the message once it was asked that often, and says so.
fn delivering(after: usize, state: MessageState) -> Stage {
    let log = Arc::new(Mutex::new(None::<EventLog>));
    let said = Arc::clone(&log);
    let mut times = 0;
    let stage = Stage::new(move |command| match command {
        Asked::SendMessage { .. } => {
            times += 1;
            let event = Event::MessageState {
                conversation: AccountId::from_bytes([2; 32]),
                up_to: MessageId::from_bytes([8; 16]),
                state: MessageState::Delivered,
            };
            said.lock().unwrap().as_ref().unwrap().push(&event, WallTime::default());
            Ok(sent(if times > after { state } else { MessageState::Queued }))
        }
        other => ordinary(other),
    });
    *log.lock().unwrap() = Some(stage.events.clone());
    stage
}

#[tokio::test]
async fn waiting_asks_again_with_the_same_key_until_it_has_come_so_far() {
    let stage = delivering(3, MessageState::Delivered);
    let rows = stage.json(&["send", "bob", "hi", "--wait", "delivered"]).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["state"], "delivered");
    let asked = stage.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|command| *command == asked[0]));
    assert!(matches!(&asked[0], Asked::SendMessage { idempotency_key: Some(_), .. }));
}

#[tokio::test]
async fn a_later_state_is_enough_and_an_earlier_one_is_not() {
    let stage = delivering(0, MessageState::Read);
    assert_eq!(stage.json(&["send", "bob", "hi", "--wait", "sent"]).await[0]["state"], "read");
    let stage = delivering(0, MessageState::Sent);
    let line = ["--json", "send", "bob", "hi", "--wait", "delivered", "--timeout", "0s"];
    let (printed, outcome) = stage.perform(&line).await;
    assert!(printed.contains(r#""state":"sent""#));
    assert_eq!(outcome.unwrap_err().exit_code(), 8);
}

#[tokio::test]
async fn a_message_that_failed_is_not_waited_for() {
    let stage = delivering(1, MessageState::Failed);
    let (printed, outcome) = stage.perform(&["--json", "send", "bob", "hi", "--wait", "sent"]).await;
    assert!(printed.contains(r#""state":"failed""#));
    assert_eq!(outcome.unwrap_err().exit_code(), 1);
}

#[tokio::test]
async fn a_message_to_somebody_removed_meanwhile_has_failed() {
    let mut asked = 0;
    let log = Arc::new(Mutex::new(None::<EventLog>));
    let said = Arc::clone(&log);
    let stage = Stage::new(move |command| match command {
        Asked::SendMessage { .. } => {
            asked += 1;
            let event = Event::ContactChanged(Box::new(fake::contact()));
            let events = said.lock().unwrap();
            events.as_ref().unwrap().push(&event, WallTime::default());
            if asked == 1 { Ok(sent(MessageState::Queued)) } else { Err(CommandError::NotFound.into()) }
        }
        other => ordinary(other),
    });
    *log.lock().unwrap() = Some(stage.events.clone());
    let line = ["--json", "send", "bob", "hi", "--wait", "delivered"];
    let (printed, outcome) = stage.perform(&line).await;
    assert!(printed.contains(r#""state":"failed""#), "{printed}");
    let failure = outcome.unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.exit_code()), ("message_failed", 1));
}

#[tokio::test]
async fn time_out_says_that_the_message_is_kept() {
    let stage = Stage::new(ordinary);
    let line = ["--json", "send", "bob", "hi", "--wait", "read", "--timeout", "0s"];
    let (printed, outcome) = stage.perform(&line).await;
    assert!(printed.contains(r#""state":"queued""#), "{printed}");
    let failure = outcome.unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.exit_code()), ("timeout", 8));
}

#[tokio::test]
async fn listen_prints_events_until_the_node_stops() {
    let stage = Stage::new(ordinary);
    stage.events.push(&Event::MessageReceived(Box::new(fake::message(1))), WallTime::default());
    stage.events.push(&Event::ContactOnline(Box::new(fake::contact())), WallTime::default());
    let since = stage.events.origin().to_string();
    let page = Page::default();
    let line = ["listen", "--since", &since];
    let listening = stage.perform_on(&page, &line);
    let stopping = async {
        while page.text().lines().count() < 2 {
            tokio::task::yield_now().await;
        }
        stage.serving.abort();
    };
    let (outcome, ()) = tokio::join!(listening, stopping);
    let printed = page.text();
    assert_eq!(outcome.unwrap_err().exit_code(), 7);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].ends_with("Bob: text 1"), "{printed}");
    assert!(lines[1].ends_with("Bob is online"), "{printed}");
}

#[tokio::test]
async fn commands_that_need_a_node_say_that_none_runs() {
    let home = tempfile::tempdir().unwrap();
    let home: PathBuf = home.path().join("nowhere");
    for line in [["listen", "--json"], ["rpc", "node.status"]] {
        let line = [&["causerie-node", "--home", home.to_str().unwrap()], &line[..]].concat();
        let args = Args::try_parse_from(line).unwrap();
        let failure = perform(args, Printer::to(true, Box::new(io::sink()))).await.unwrap_err();
        assert_eq!((failure.kind.as_str(), failure.exit_code()), ("no_node", 7));
    }
}

/// What a command says beside its result.
async fn noted(home: &Path, line: &[&str]) -> String {
    let (notes, home) = (Page::default(), home.to_str().unwrap());
    let args = Args::try_parse_from([&["causerie-node", "--home", home], line].concat()).unwrap();
    let printer = Printer::to(false, Box::new(io::sink())).noting(Box::new(notes.clone()));
    assert_eq!(perform(args, printer).await, Ok(()), "{line:?}");
    notes.text()
}

#[tokio::test]
async fn whoever_does_as_is_said_gets_a_link_that_leads_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let comes_first = |said: &str| {
        let run = said.find("causerie-node run").unwrap();
        run < said.find("causerie-node invite").unwrap()
    };
    let made = noted(&home, &["init", "--name", "Alice"]).await;
    assert!(comes_first(&made), "{made}");
    let help = <Args as clap::CommandFactory>::command().render_help().to_string();
    assert!(comes_first(&help), "{help}");

    let alone = "No node runs, so the link does not say where you are";
    assert!(noted(&home, &["invite"]).await.contains(alone));
    assert!(!noted(&home, &["invite", "--no-hints"]).await.contains(alone), "that was asked for");
    let stage = Stage::new(ordinary);
    assert!(!noted(stage.home.path(), &["invite"]).await.contains(alone));
}
