//! The node in its own threads, as the window holds it: asks go in, what happened comes out, both without a wait.
//!
//! ```text
//! window ── Ask ──▶ (bounded) ──▶ tokio runtime: the node of one home
//! window ◀─ Tell ── (bounded) ◀── and a wake-up, so that the next pass sees it
//! ```
//!
//! Answers come in the order of what was asked, and never before an event that happened before them; an event can come
//! before the answer to what was asked before it.
//!
//! Nothing here blocks the window: a full queue is an answer, too. The home's socket is served as by `causerie-node run`,
//! so the command line works beside the window.

use std::{fmt, path::PathBuf, sync::Arc, thread, time::Duration};

use crate::{
    desktop::Offers,
    doorbell::{self, Doorbell, Ring},
    first_unread::{self, FirstUnread, Wanted},
    model::reference,
    search::{self, Query},
    storage::{self, Stored},
};
use causerie_node::{
    Config, NetworkOptions, Node,
    choices::Choices,
    error::NodeError,
    handle::NodeHandle,
    passphrase::{self, Effort},
    report::{Report, Wishes},
    trial::Tested,
};
use causerie_protocol::{
    answer::Answer, command::Command, event::Event, ids::AccountId, vault::passphrase::Passphrase,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{
        broadcast::{self, error::RecvError},
        mpsc, oneshot, watch,
    },
    task::{AbortHandle, JoinHandle, JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

/// Asks and tells on their way. Chosen: more than a pass of the window can cause.
const QUEUE_MAX: usize = 1_024;

/// How long the end of the program waits for what was asked last.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at what other programs changed.
const CHANGES_PAUSE: Duration = Duration::from_millis(200);

/// What the window wants of its node.
#[derive(Debug)]
pub enum Ask {
    /// To look at the home and start its node, with this passphrase where it needs one.
    Start(Option<Passphrase>),
    /// To make an identity of this name in the home, locked with this passphrase if there is one, and start.
    Create(String, Option<Passphrase>),
    /// Something of the engine; the number comes back with the answer.
    Command(u64, Command),
    /// To look for messages in place of whatever is looked for; `None`: for nothing any more.
    Search(u64, Option<Query>),
    /// To find where what was not read begins; the number comes back with it.
    FindUnread(u64, Wanted),
    /// To count what lies in the home, or to count no more.
    Measure(bool),
    /// Whether this opens the home.
    Check(Passphrase),
    /// To lock the home with the second of these, or with none, in place of the first.
    SetPassphrase(Option<Passphrase>, Option<Passphrase>),
    /// How the home is to use networks beyond its own from the next start on.
    ReadChoices,
    /// To keep this for good; whether it replaces what cannot be understood.
    KeepChoices(Box<Choices>, bool),
    /// To move a damaged store out of the way, and start on a new one.
    SetStoreAside(Option<Passphrase>),
    /// To move choices of networks that cannot be used out of the way, and start without them.
    SetChoicesAside,
    /// Whether this contact can be reached.
    Test(AccountId),
    /// What can be told of the node to somebody who helps.
    Report,
    /// To stop cleanly.
    Stop,
}

/// What the window is told.
#[derive(Debug)]
pub enum Tell {
    /// There is no identity in the home yet.
    NoHome,
    /// The home asks for a passphrase; whether one was tried in vain.
    Locked(bool),
    /// The node runs; whether its home has a passphrase.
    Started(bool),
    /// A search that was asked for goes on.
    Searched(u64, search::Told),
    /// Where what was not read begins.
    FirstUnread(u64, AccountId, FirstUnread),
    /// What was counted in the home so far.
    Measured(Stored),
    /// Whether a passphrase opens the home.
    Checked(bool),
    /// Whether the home has a passphrase now, or why nothing was changed.
    PassphraseSet(Result<bool, NodeError>),
    /// How the home is to use networks beyond its own, or why that cannot be said.
    Choices(Result<Choices, NodeError>),
    /// It is kept for good, or why not.
    ChoicesKept(Result<(), NodeError>),
    /// The node cannot start, or died.
    Failed(NodeError),
    /// The answer to a command.
    Answer(u64, Result<Answer, NodeError>),
    /// What the test of a contact found.
    Tested(AccountId, Result<Tested, NodeError>),
    /// What can be told of the node.
    Reported(Result<Report, NodeError>),
    /// Something happened.
    Event(Arc<Event>),
    /// Another program changed something: it is to be asked anew, and was not missed.
    Elsewhere,
    /// More happened than could be told: how things stand is to be asked anew.
    Missed,
    /// The node has stopped, as was asked.
    Stopped,
    /// Somebody started the program a second time.
    Rung(Ring),
    /// The system, or the tray, asks the program to end.
    Quit,
    /// The tray asks to lock the window.
    Lock,
    /// A notification about this contact was clicked.
    Chosen(AccountId),
    /// What was chosen in a dialog for files; none where it was put away.
    Files(Vec<PathBuf>),
    /// What the desktop around the window offers, now.
    Offers(Offers),
}

/// Where the home is, and how its node meets others.
#[derive(Clone, Debug)]
pub struct Place {
    /// The home.
    pub home: PathBuf,
    /// How the node meets others.
    pub network: NetworkOptions,
}

/// The window's end. Dropping it stops the node.
#[derive(Debug)]
pub struct Backend {
    asks: mpsc::Sender<Ask>,
    tells: mpsc::Receiver<Tell>,
    teller: Teller,
    thread: Option<thread::JoinHandle<()>>,
}

impl Backend {
    /// Begins; `wake` is called, from other threads, whenever something can be taken.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(place: Place, wake: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        let (asks, asked) = mpsc::channel(QUEUE_MAX);
        let (telling, tells) = mpsc::channel(QUEUE_MAX);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let teller = Teller { telling, wake };
        let back = Back {
            place,
            asked,
            teller: teller.clone(),
            relay: None,
            doorbell: None,
            search: None,
            measuring: None,
            finding: None,
        };
        let thread = thread::Builder::new().name("node".to_owned()).spawn(move || {
            runtime.block_on(back.run());
        })?;
        Ok(Self { asks, tells, teller, thread: Some(thread) })
    }

    /// For whoever else has something to tell the window.
    #[must_use]
    pub fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Asks without waiting; false where too much is asked already, or the node's threads are gone.
    pub fn ask(&self, ask: Ask) -> bool {
        self.asks.try_send(ask).is_ok()
    }

    /// What there is to take.
    pub fn take(&mut self) -> Option<Tell> {
        self.tells.try_recv().ok()
    }

    /// Waits until the node has stopped cleanly: for the end of the program, after [`Ask::Stop`].
    pub fn join(&mut self) {
        self.tells.close();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The node's end.
struct Back {
    place: Place,
    asked: mpsc::Receiver<Ask>,
    teller: Teller,
    /// Tells what the node that runs answers, and what happens.
    relay: Option<(mpsc::Sender<Coming>, JoinHandle<()>)>,
    doorbell: Option<Doorbell>,
    search: Option<AbortHandle>,
    measuring: Option<AbortHandle>,
    finding: Option<AbortHandle>,
}

/// An answer on its way, and the number of what was asked.
type Coming = (u64, oneshot::Receiver<Result<Answer, NodeError>>);

/// Tells the window, from any thread.
#[derive(Clone)]
pub struct Teller {
    telling: mpsc::Sender<Tell>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").finish_non_exhaustive()
    }
}

impl Teller {
    /// Tells without a wait: what finds no room is lost, for what a person does twice where it had no effect.
    pub fn tell_now(&self, tell: Tell) {
        self.telling.try_send(tell).ok();
        (self.wake)();
    }

    /// Tells whatever comes, until nothing comes any more.
    async fn pass_on<T>(&self, mut coming: mpsc::Receiver<T>, tell: impl Fn(T) -> Tell) {
        while let Some(one) = coming.recv().await {
            self.tell(tell(one)).await;
        }
    }

    /// Tells, and waits for room.
    pub(crate) async fn tell(&self, tell: Tell) {
        // A window that is gone needs to be told nothing.
        self.telling.send(tell).await.ok();
        (self.wake)();
    }
}

impl Back {
    async fn run(mut self) {
        let mut node: Option<Node> = None;
        let mut answers = JoinSet::new();
        tokio::spawn(end_when_asked(self.teller.clone()));
        loop {
            while answers.try_join_next().is_some() {}
            let ask = match &mut node {
                None => self.asked.recv().await,
                Some(running) => tokio::select! {
                    ask = self.asked.recv() => ask,
                    error = running.failed() => {
                        node = None;
                        self.relay = None;
                        self.teller.tell(Tell::Failed(error)).await;
                        continue;
                    }
                },
            };
            match ask {
                None | Some(Ask::Stop) => break,
                Some(Ask::Start(passphrase)) if node.is_none() => node = self.begin(passphrase).await,
                Some(Ask::Create(name, passphrase)) if node.is_none() => {
                    node = self.create(name, passphrase).await;
                }
                Some(Ask::SetStoreAside(passphrase)) if node.is_none() => {
                    node = self.begin_anew(passphrase).await;
                }
                Some(Ask::SetChoicesAside) if node.is_none() => node = self.begin_without_choices().await,
                Some(Ask::Start(_) | Ask::Create(..) | Ask::SetStoreAside(_) | Ask::SetChoicesAside) => {}
                Some(Ask::Test(whom)) => self.test(node.as_ref(), whom, &mut answers).await,
                Some(Ask::Report) => self.report(node.as_ref(), &mut answers).await,
                Some(Ask::Command(number, command)) => match &node {
                    Some(node) => self.command(&node.handle(), number, command).await,
                    None => self.teller.tell(Tell::Answer(number, Err(NodeError::Stopped))).await,
                },
                Some(Ask::Search(number, query)) => {
                    self.search(node.as_ref().map(Node::handle), number, query);
                }
                Some(Ask::FindUnread(number, wanted)) => {
                    self.find_unread(node.as_ref().map(Node::handle), number, wanted);
                }
                Some(Ask::Measure(wanted)) => {
                    self.measure(node.as_ref().map(Node::handle).filter(|_| wanted));
                }
                Some(Ask::Check(passphrase)) => self.check(passphrase),
                Some(Ask::SetPassphrase(current, new)) => self.set_passphrase(current, new),
                Some(Ask::ReadChoices) => self.read_choices(&mut answers),
                Some(Ask::KeepChoices(choices, replaces)) => {
                    self.keep_choices(choices, replaces, &mut answers);
                }
            }
        }
        // What was asked before is done before.
        let relay = self.relay.take().map(|(_, relay)| relay);
        let answered = async {
            if let Some(relay) = relay {
                relay.await.ok();
            }
            while answers.join_next().await.is_some() {}
        };
        timeout(STOP_PATIENCE, answered).await.ok();
        if let Some(node) = node
            && let Err(error) = node.stop().await
        {
            tracing::error!(%error, "the node did not stop cleanly");
        }
        self.teller.tell(Tell::Stopped).await;
    }

    async fn create(&mut self, name: String, passphrase: Option<Passphrase>) -> Option<Node> {
        let home = self.place.home.clone();
        let (made, passphrase) = spawn_blocking(move || {
            (causerie_node::init(&home, &name, passphrase.as_ref()).map(drop), passphrase)
        })
        .await
        .unwrap_or_else(|error| (Err(NodeError::Storage(error.to_string())), None));
        if let Err(error) = made {
            self.teller.tell(Tell::Failed(error)).await;
            return None;
        }
        self.begin(passphrase).await
    }

    /// Stretching a passphrase takes long, and the node goes on meanwhile.
    fn check(&self, passphrase: Passphrase) {
        let (home, teller) = (self.place.home.clone(), self.teller.clone());
        tokio::spawn(async move {
            let checked = spawn_blocking(move || passphrase::check(&home, &passphrase)).await;
            // A passphrase that was removed meanwhile keeps nobody out.
            let opens = matches!(checked, Ok(Ok(()) | Err(NodeError::NoPassphrase)));
            teller.tell(Tell::Checked(opens)).await;
        });
    }

    fn set_passphrase(&self, current: Option<Passphrase>, new: Option<Passphrase>) {
        let (home, teller) = (self.place.home.clone(), self.teller.clone());
        tokio::spawn(async move {
            let locks = new.is_some();
            let set = spawn_blocking(move || match new {
                Some(new) => passphrase::set(&home, current.as_ref(), &new, Effort::Calibrated),
                None => passphrase::remove(&home, current.as_ref()),
            });
            let set = set.await.unwrap_or_else(|error| Err(NodeError::Storage(error.to_string())));
            teller.tell(Tell::PassphraseSet(set.map(|()| locks))).await;
        });
    }

    fn read_choices(&self, answers: &mut JoinSet<()>) {
        let (home, teller) = (self.place.home.clone(), self.teller.clone());
        answers.spawn(async move {
            let read = spawn_blocking(move || Choices::of_home(&home)).await;
            let read = read.unwrap_or_else(|error| Err(NodeError::Storage(error.to_string())));
            teller.tell(Tell::Choices(read)).await;
        });
    }

    fn keep_choices(&self, choices: Box<Choices>, replaces: bool, answers: &mut JoinSet<()>) {
        let (home, teller) = (self.place.home.clone(), self.teller.clone());
        answers.spawn(async move {
            let kept =
                spawn_blocking(move || if replaces { choices.replace(&home) } else { choices.write(&home) });
            let kept = kept.await.unwrap_or_else(|error| Err(NodeError::Storage(error.to_string())));
            teller.tell(Tell::ChoicesKept(kept)).await;
        });
    }

    /// Looks for something else; what was looked for before is looked for no more.
    fn search(&mut self, node: Option<NodeHandle>, number: u64, query: Option<Query>) {
        if let Some(before) = self.search.take() {
            before.abort();
        }
        let (Some(node), Some(query)) = (node, query) else { return };
        let teller = self.teller.clone();
        let looking = tokio::spawn(async move {
            let (telling, told) = mpsc::channel(4);
            let tells = teller.pass_on(told, |told| Tell::Searched(number, told));
            tokio::join!(search::search(node, query, telling), tells);
        });
        self.search = Some(looking.abort_handle());
    }

    /// Finds where what was not read begins; what is looked for last counts.
    fn find_unread(&mut self, node: Option<NodeHandle>, number: u64, wanted: Wanted) {
        if let Some(before) = self.finding.take() {
            before.abort();
        }
        let Some(node) = node else { return };
        let teller = self.teller.clone();
        let finding = tokio::spawn(async move {
            if let Some(found) = first_unread::find(node, wanted).await {
                teller.tell(Tell::FirstUnread(number, wanted.with, found)).await;
            }
        });
        self.finding = Some(finding.abort_handle());
    }

    /// Counts what lies in the home; without a node, no more.
    fn measure(&mut self, node: Option<NodeHandle>) {
        if let Some(before) = self.measuring.take() {
            before.abort();
        }
        let Some(node) = node else { return };
        let (teller, home) = (self.teller.clone(), self.place.home.clone());
        let counting = tokio::spawn(async move {
            let (telling, told) = mpsc::channel(1);
            tokio::join!(storage::measure(node, home, telling), teller.pass_on(told, Tell::Measured));
        });
        self.measuring = Some(counting.abort_handle());
    }

    async fn begin_anew(&mut self, passphrase: Option<Passphrase>) -> Option<Node> {
        let home = self.place.home.clone();
        let aside = spawn_blocking(move || {
            (causerie_node::set_store_aside(&home, passphrase.as_ref()).map(drop), passphrase)
        });
        let (aside, passphrase) =
            aside.await.unwrap_or_else(|error| (Err(NodeError::Storage(error.to_string())), None));
        if let Err(error) = aside {
            self.teller.tell(Tell::Failed(error)).await;
            return None;
        }
        self.begin(passphrase).await
    }

    async fn begin_without_choices(&mut self) -> Option<Node> {
        let home = self.place.home.clone();
        let aside = spawn_blocking(move || causerie_node::set_choices_aside(&home)).await;
        match aside.unwrap_or_else(|error| Err(NodeError::Storage(error.to_string()))) {
            Ok(_) => self.begin(None).await,
            Err(error) => {
                self.teller.tell(Tell::Failed(error)).await;
                None
            }
        }
    }

    async fn begin(&mut self, passphrase: Option<Passphrase>) -> Option<Node> {
        let tried = passphrase.is_some();
        let config =
            Config { home: self.place.home.clone(), passphrase, network: Some(self.place.network.clone()) };
        match Node::start(config).await {
            Ok(node) => {
                let events = node.handle().events();
                let (coming, answers) = mpsc::channel(QUEUE_MAX);
                let (early, following) = events.follow();
                for event in early {
                    self.teller.tell(Tell::Event(event)).await;
                }
                let relay = tokio::spawn(relay(following, answers, self.teller.clone()));
                self.relay = Some((coming, relay));
                tokio::spawn(follow_changes(events.changes(), self.teller.clone()));
                self.listen_at_the_door();
                self.teller.tell(Tell::Started(node.handle().has_passphrase())).await;
                Some(node)
            }
            Err(NodeError::NoIdentity) => {
                self.teller.tell(Tell::NoHome).await;
                None
            }
            Err(NodeError::Locked | NodeError::WrongPassphrase) => {
                self.teller.tell(Tell::Locked(tried)).await;
                None
            }
            Err(error) => {
                self.teller.tell(Tell::Failed(error)).await;
                None
            }
        }
    }

    /// From now on a second start on this home is heard.
    fn listen_at_the_door(&mut self) {
        let teller = self.teller.clone();
        let rung = move |ring| {
            teller.tell_now(Tell::Rung(ring));
        };
        self.doorbell = None;
        match doorbell::listen(&self.place.home, rung) {
            Ok(doorbell) => self.doorbell = Some(doorbell),
            Err(error) => tracing::warn!(%error, "a second start on this home will not be heard"),
        }
    }

    async fn test(&self, node: Option<&Node>, whom: AccountId, answers: &mut JoinSet<()>) {
        let teller = self.teller.clone();
        let Some(handle) = node.map(Node::handle) else {
            return teller.tell(Tell::Tested(whom, Err(NodeError::Stopped))).await;
        };
        answers.spawn(async move {
            let tested = handle.test(reference(whom)).await;
            teller.tell(Tell::Tested(whom, tested)).await;
        });
    }

    async fn report(&self, node: Option<&Node>, answers: &mut JoinSet<()>) {
        let teller = self.teller.clone();
        let Some(handle) = node.map(Node::handle) else {
            return teller.tell(Tell::Reported(Err(NodeError::Stopped))).await;
        };
        answers.spawn(async move {
            let report = handle.report(Wishes::default()).await;
            teller.tell(Tell::Reported(report)).await;
        });
    }

    /// Hands a command over in order; its answer is told when it comes, in the same order.
    async fn command(&self, handle: &NodeHandle, number: u64, command: Command) {
        let error = match (handle.submit(command).await, &self.relay) {
            // Should the relay be gone, so is the program.
            (Ok(answer), Some((coming, _))) => return drop(coming.send((number, answer)).await),
            (Ok(_), None) => NodeError::Stopped,
            (Err(error), _) => error,
        };
        self.teller.tell(Tell::Answer(number, Err(error))).await;
    }
}

/// Tells what happens and what is answered, until no answer is to come any more.
///
/// The node tells of an event before it gives the answers that already count it: whoever looks for events first tells
/// both in that order, and nothing is counted twice.
async fn relay(
    mut events: broadcast::Receiver<Arc<Event>>,
    mut coming: mpsc::Receiver<Coming>,
    teller: Teller,
) {
    let mut next = None;
    let mut is_followed = true;
    loop {
        let tell = tokio::select! {
            biased;
            event = events.recv(), if is_followed => match event {
                Ok(event) => Tell::Event(event),
                Err(RecvError::Lagged(_)) => Tell::Missed,
                Err(RecvError::Closed) => {
                    is_followed = false;
                    continue;
                }
            },
            answer = next_answer(&mut coming, &mut next) => match answer {
                Some((number, answer)) => Tell::Answer(number, answer),
                None => return,
            },
        };
        teller.tell(tell).await;
    }
}

/// The next answer in the order of what was asked. What is waited for is kept in `next`: this can be dropped at any time.
async fn next_answer(
    coming: &mut mpsc::Receiver<Coming>,
    next: &mut Option<Coming>,
) -> Option<(u64, Result<Answer, NodeError>)> {
    if next.is_none() {
        *next = coming.recv().await;
    }
    let (number, answer) = next.as_mut()?;
    let answered = (*number, answer.await.unwrap_or(Err(NodeError::Stopped)));
    *next = None;
    Some(answered)
}

/// What the command line does beside the window is seen in it; a script that does much of it is seen now and then.
async fn follow_changes(mut changes: watch::Receiver<()>, teller: Teller) {
    while changes.changed().await.is_ok() {
        teller.tell(Tell::Elsewhere).await;
        sleep(CHANGES_PAUSE).await;
    }
}

/// A session that ends, or Ctrl+C in a terminal, closes the window cleanly.
async fn end_when_asked(teller: Teller) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    teller.tell(Tell::Quit).await;
}

#[cfg(test)]
mod tests;
