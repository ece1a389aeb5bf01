//! A node in a process of its own, which strangers lay siege to, and a friend of its owner who goes on writing.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use causerie_node::{
    Config, NetworkOptions, Node,
    network::parse_multiaddr,
    rpc::client::{Client, ClientError},
};
use causerie_protocol::{
    address::{Address, Transport},
    answer::{Answer, MessageState},
    command::{Command as Asked, Reference},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Long enough for the slowest machine; only there so that a failure does not hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a condition that no event announces is looked at again.
const GLANCE: Duration = Duration::from_millis(50);

const LISTEN: [&str; 2] = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"];

/// Waits until there is something; looks again and again.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look().await {
                Some(found) => break found,
                None => sleep(GLANCE).await,
            }
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// The node under attack.
pub(crate) struct Besieged {
    home: TempDir,
    child: Child,
    doors: Vec<Address>,
}

impl Besieged {
    pub(crate) async fn starts() -> Self {
        let home = tempfile::Builder::new().prefix("causerie-").tempdir().unwrap();
        let program = || {
            let mut program = Command::new(env!("CARGO_BIN_EXE_causerie-node"));
            program.arg("--home").arg(home.path()).arg("--json").stdin(Stdio::null()).stdout(Stdio::null());
            program
        };
        assert!(program().args(["init", "--name", "Alice"]).status().unwrap().success());
        let listen = LISTEN.iter().flat_map(|address| ["--listen", address]);
        let child = program().args(["run", "--loopback"]).args(listen).stderr(Stdio::null()).spawn().unwrap();
        let mut alice = Self { home, child, doors: Vec::new() };
        alice.doors = until("the node listens", async || {
            let status = alice.tries_to_ask("node.status", json!({})).await.ok()?;
            let listening = status["listening"].as_array()?;
            let doors: Vec<_> = listening
                .iter()
                .filter_map(|text| Some(parse_multiaddr(text.as_str()?).ok()?.address))
                .collect();
            (doors.len() == LISTEN.len()).then_some(doors)
        })
        .await;
        alice
    }

    pub(crate) fn door(&self, transport: Transport) -> Address {
        *self.doors.iter().find(|door| door.transport == transport).unwrap()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.home.path().join("node.sock")
    }

    pub(crate) async fn tries_to_ask(&self, method: &str, params: Value) -> Result<Value, ClientError> {
        Client::connect(&self.socket()).await.map_err(ClientError::Cut)?.call(method, params).await
    }

    pub(crate) async fn asks(&self, method: &str, params: Value) -> Value {
        self.tries_to_ask(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Bytes of memory that its process holds now.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() * 1_024
    }

    /// Files and sockets that its process has open.
    pub(crate) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Bytes that its store takes on disk.
    pub(crate) fn store_bytes(&self) -> u64 {
        let files = fs::read_dir(self.home.path().join("store")).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap())
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
            .sum()
    }

    /// The lines of its log.
    pub(crate) fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.home.path().join("log/causerie.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Besieged {
    fn drop(&mut self) {
        // It may have ended by itself, which a test has noticed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Somebody in this process who knows Alice.
pub(crate) struct Friend {
    // Removed when the friend goes.
    _home: TempDir,
    node: Node,
    alice: Reference,
    own: String,
}

impl Friend {
    pub(crate) async fn of(alice: &Besieged, name: &str) -> Self {
        let home = tempfile::Builder::new().prefix("causerie-").tempdir().unwrap();
        causerie_node::init(home.path(), name, None).unwrap();
        let network = NetworkOptions {
            listen: LISTEN.map(str::to_owned).to_vec(),
            mdns: false,
            loopback: true,
            ..NetworkOptions::default()
        };
        let config = Config { home: home.path().to_owned(), passphrase: None, network: Some(network) };
        let node = Node::start(config).await.unwrap();
        let mut friend = Self { _home: home, node, alice: Reference::new(""), own: String::new() };
        let Ok(Answer::Status(status)) = friend.asks(Asked::Status).await else { panic!("no status") };
        friend.own = status.id.to_string();
        let link = alice.asks("invite.create", json!({})).await["invite"].as_str().unwrap().to_owned();
        friend.asks(Asked::AcceptInvitation { link, name: None, ignore_end: false }).await.unwrap();
        let id = alice.asks("node.status", json!({})).await["id"].as_str().unwrap().to_owned();
        friend.alice = Reference::new(&id);
        until("they have met", async || friend.is_with_alice().await.then_some(())).await;
        friend
    }

    pub(crate) async fn asks(&self, command: Asked) -> Result<Answer, causerie_node::error::NodeError> {
        self.node.handle().submit(command).await?.await.unwrap()
    }

    async fn is_with_alice(&self) -> bool {
        match self.asks(Asked::ListContacts).await {
            Ok(Answer::Contacts(contacts)) => contacts.iter().any(|contact| contact.online),
            _ => false,
        }
    }

    pub(crate) async fn writes(&self, text: &str) -> Result<Answer, causerie_node::error::NodeError> {
        let (conversation, text) = (self.alice.clone(), text.to_owned());
        self.asks(Asked::SendMessage { conversation, text, idempotency_key: None }).await
    }

    /// Writes, and waits until Alice has it.
    pub(crate) async fn is_heard(&self, text: &str) {
        self.writes(text).await.unwrap();
        until("the message is delivered", async || {
            let conversation = self.alice.clone();
            match self.asks(Asked::ListMessages { conversation, limit: 1, before: None }).await {
                Ok(Answer::Messages(page)) => {
                    let last = page.last()?;
                    assert_eq!(last.text.as_deref(), Some(text));
                    (last.state >= MessageState::Delivered).then_some(())
                }
                other => panic!("{other:?}"),
            }
        })
        .await;
    }

    /// What Alice sees of them.
    pub(crate) async fn is_read_at(&self, alice: &Besieged) -> Vec<String> {
        let params = json!({"conversation": self.own, "limit": 1_000});
        let page = alice.asks("message.list", params).await;
        let texts = page.as_array().unwrap().iter().filter_map(|row| row["text"].as_str().map(str::to_owned));
        texts.collect()
    }
}

/// Where raw bytes are said.
pub(crate) fn socket_of(door: &Address) -> SocketAddr {
    SocketAddr::new(door.ip, door.port)
}
