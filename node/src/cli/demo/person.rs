//! One of the two people of the demo: a home that is thrown away, a node in it, and what its owner sees.

use causerie_protocol::{
    answer::{Answer, ContactState, ContactView, MessageState, MessageView},
    command::{Command, Reference},
    limits::HISTORY_PAGE_MAX,
};
use tempfile::TempDir;

use crate::{Config, NetworkOptions, Node, cli::errors::Failure, error::NodeError, handle::NodeHandle};

/// A person whose only contact is the other one.
pub(super) struct Person {
    name: &'static str,
    home: TempDir,
    node: Option<Node>,
}

/// One message as its reader sees it.
pub(super) struct Message(MessageView);

impl Message {
    /// Whether it is the other's, or the other has it.
    pub(super) fn has_arrived(&self) -> bool {
        matches!(self.0.state, MessageState::Delivered | MessageState::Read)
    }
}

impl Person {
    pub(super) async fn moves_in(name: &'static str) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("causerie-demo-").tempdir()?;
        crate::init(home.path(), name, None)?;
        let mut person = Self { name, home, node: None };
        person.comes_back().await?;
        Ok(person)
    }

    /// Starts on ports that nobody else uses, on this machine only.
    pub(super) async fn comes_back(&mut self) -> Result<(), Failure> {
        let listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"];
        let network = NetworkOptions {
            listen: listen.map(str::to_owned).to_vec(),
            dial: Vec::new(),
            mdns: false,
            loopback: true,
            ..NetworkOptions::default()
        };
        let config = Config { home: self.home.path().to_owned(), passphrase: None, network: Some(network) };
        self.node = Some(Node::start(config).await?);
        // A link made before the node listens would tell no address.
        self.until(async || Ok(!self.listening()?.is_empty())).await
    }

    pub(super) async fn leaves(&mut self) -> Result<(), Failure> {
        match self.node.take() {
            Some(node) => Ok(node.stop().await?),
            None => Ok(()),
        }
    }

    pub(super) async fn invites(&self) -> Result<String, Failure> {
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true };
        match self.ask(command).await? {
            Answer::Invitation(invitation) => invitation.link.ok_or_else(unexpected),
            _ => Err(unexpected()),
        }
    }

    pub(super) async fn accepts(&self, link: String) -> Result<(), Failure> {
        let name = None;
        self.ask(Command::AcceptInvitation { link, name, ignore_end: false }).await?;
        Ok(())
    }

    pub(super) async fn writes(&self, text: &str) -> Result<(), Failure> {
        self.writes_many(&[text.to_owned()]).await
    }

    /// All of them are on their way before the first is answered, as a program would do it.
    pub(super) async fn writes_many(&self, texts: &[String]) -> Result<(), Failure> {
        let to = self.other().await?;
        let mut answers = Vec::with_capacity(texts.len());
        for text in texts {
            let command =
                Command::SendMessage { conversation: to.clone(), text: text.clone(), idempotency_key: None };
            answers.push(self.handle()?.submit(command).await?);
        }
        for answer in answers {
            answer.await.unwrap_or(Err(NodeError::Stopped))?;
        }
        Ok(())
    }

    /// Waits until this holds; looks again whenever something happened.
    pub(super) async fn until(
        &self,
        mut holds: impl AsyncFnMut() -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let mut events = self.handle()?.events().subscribe(None);
        while !holds().await? {
            events.next().await.ok_or(NodeError::Stopped)?;
        }
        Ok(())
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn listening(&self) -> Result<Vec<String>, Failure> {
        Ok(self.handle()?.listening())
    }

    /// Whether the other is a contact and there.
    pub(super) async fn is_with_other(&self) -> Result<bool, Failure> {
        let contacts = self.contacts().await?;
        let is_here = |contact: &ContactView| contact.state == ContactState::Active && contact.online;
        Ok(contacts.first().is_some_and(is_here))
    }

    pub(super) async fn safety_number(&self) -> Result<String, Failure> {
        let contact = self.contacts().await?.into_iter().next();
        contact.and_then(|contact| contact.safety_number).ok_or_else(unexpected)
    }

    /// Messages that the other does not have yet.
    pub(super) async fn queued(&self) -> Result<u64, Failure> {
        match self.ask(Command::Status).await? {
            Answer::Status(status) => Ok(status.queued),
            _ => Err(unexpected()),
        }
    }

    pub(super) async fn newest(&self) -> Result<Option<String>, Failure> {
        let page = self.page(1, None).await?;
        Ok(page.into_iter().next().and_then(|message| message.text))
    }

    /// Every text of the conversation, oldest first.
    pub(super) async fn texts(&self) -> Result<Vec<String>, Failure> {
        let messages = self.history().await?;
        let texts = messages.into_iter().map(|Message(view)| view.text.unwrap_or_default());
        Ok(texts.collect())
    }

    pub(super) async fn history(&self) -> Result<Vec<Message>, Failure> {
        let mut pages: Vec<Vec<MessageView>> = Vec::new();
        let mut before = None;
        loop {
            let page = self.page(HISTORY_PAGE_MAX, before).await?;
            let Some(first) = page.first() else {
                break;
            };
            before = Some(first.id.to_string());
            pages.push(page);
        }
        Ok(pages.into_iter().rev().flatten().map(Message).collect())
    }

    /// How many entries are stored here; fails unless all of them are whole.
    pub(super) async fn checked_entries(&self) -> Result<u64, Failure> {
        match self.ask(Command::Check).await? {
            Answer::Check(check) => {
                let whole = check.gaps == 0 && check.unreadable == 0;
                expect(whole, "an entry is missing or cannot be read")?;
                Ok(check.entries)
            }
            _ => Err(unexpected()),
        }
    }

    async fn page(&self, limit: u32, before: Option<String>) -> Result<Vec<MessageView>, Failure> {
        let command = Command::ListMessages { conversation: self.other().await?, limit, before };
        match self.ask(command).await? {
            Answer::Messages(page) => Ok(page),
            _ => Err(unexpected()),
        }
    }

    async fn contacts(&self) -> Result<Vec<ContactView>, Failure> {
        match self.ask(Command::ListContacts).await? {
            Answer::Contacts(contacts) => Ok(contacts),
            _ => Err(unexpected()),
        }
    }

    async fn other(&self) -> Result<Reference, Failure> {
        let contacts = self.contacts().await?;
        let contact = contacts.first().ok_or_else(unexpected)?;
        Ok(Reference::new(&contact.id.to_string()))
    }

    async fn ask(&self, command: Command) -> Result<Answer, Failure> {
        Ok(self.handle()?.command(command).await?)
    }

    fn handle(&self) -> Result<NodeHandle, Failure> {
        let node = self.node.as_ref().ok_or(NodeError::Stopped)?;
        Ok(node.handle())
    }
}

/// Fails the demo with this sentence unless it holds.
pub(super) fn expect(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::new("demo_failed", otherwise, "This is a fault: please report it."))
    }
}

fn unexpected() -> Failure {
    Failure::new(
        "demo_failed",
        "a node answered something else than asked",
        "This is a fault: please report it.",
    )
}
