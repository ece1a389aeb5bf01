//! The only loop: wait for one thing, hand it to the engine, do what it asks for, in order.
//!
//! ```text
//! wait ─▶ turn (handle, apply, ask for a commit) ─▶ release what is durable ─▶ wait …
//! ```
//!
//! A turn's writes are applied at once, so that the next turn reads them; what follows them waits in `held` until the
//! storage thread has made them durable. When the store fails, nothing behind that leaves. Where that is for want of room
//! (`driver/room.rs`), store and engine are opened again on what is durable; otherwise the node ends.

mod room;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use causerie_protocol::{engine::Engine, ids::CommandId, input::Input, limits, moment::Now, output::Output};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{self, Clock},
    entropy,
    error::NodeError,
    events::EventLog,
    ground::{Footing, Ground, Stand},
    handle::Request,
    home::{Home, socket},
    network::Network,
    network_up,
    perform::{Held, Replies},
    store::{
        Store,
        commits::{Commits, Durable},
    },
    warnings::Warnings,
};

/// How long a clean stop may take over a rotation of the ring. Chosen: a stop is promised within 5 s, and closing the
/// store may take most of it. The sessions of a hundred contacts take two turns of 1 ms and six syncs of the disk.
const REST_PATIENCE: Duration = Duration::from_secs(1);

/// Everything that one node runs on.
pub(crate) struct Driver {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    /// What is written is not kept.
    pub(crate) is_copy: bool,
    pub(crate) home: Arc<Home>,
    pub(crate) network: Option<Network>,
    pub(crate) events: EventLog,
    pub(crate) replies: Replies,
    pub(crate) held: Held,
    pub(crate) listening: watch::Sender<Vec<String>>,
    ground: Arc<dyn Ground>,
    watch: room::Watch,
    commits: Commits,
    durable: Durable,
    requests: mpsc::Receiver<Request>,
    next_command: u64,
    clock: Clock,
    pub(crate) warnings: Warnings,
}

/// Why the loop woke.
enum Wake {
    Input(Input),
    Requests(Vec<Request>),
    Durable,
    Look,
    Stop,
}

/// Why the loop ended.
enum Ending {
    Stopped,
    /// There is room again for an engine that stands on a copy.
    RoomAgain,
}

impl Driver {
    /// Takes over what was opened.
    pub(crate) fn new(
        footing: Footing,
        ground: Arc<dyn Ground>,
        home: Arc<Home>,
        network: Option<Network>,
        requests: mpsc::Receiver<Request>,
        events: EventLog,
        listening: watch::Sender<Vec<String>>,
    ) -> Result<Self, NodeError> {
        let Footing { engine, store, is_copy, room, .. } = footing;
        let commits = Commits::start(Arc::clone(&store))?;
        let mut driver = Self {
            durable: commits.durable(),
            commits,
            engine,
            store,
            is_copy,
            home,
            network,
            events,
            replies: BTreeMap::new(),
            held: Held::default(),
            listening,
            ground,
            watch: room::Watch::default(),
            requests,
            next_command: 0,
            clock: Clock::start(clock::now()),
            warnings: Warnings::default(),
        };
        driver.note_room(room);
        Ok(driver)
    }

    /// Runs until it is told to stop or cannot go on.
    pub(crate) async fn run(mut self, stopping: CancellationToken) -> Result<(), NodeError> {
        let outcome = loop {
            self = match self.run_until(&stopping).await {
                Ok(Ending::RoomAgain) => self.opened_again(NodeError::Stopped, Stand::WhereItCan).await?,
                Err(error) if self.is_for_want_of_room(&error).await => {
                    self.opened_without_room(error).await?
                }
                Ok(Ending::Stopped) => break Ok(()),
                Err(error) => break Err(error),
            };
        };
        self.events.close();
        let ended = self.end(outcome.is_ok()).await;
        outcome.and(ended)
    }

    async fn run_until(&mut self, stopping: &CancellationToken) -> Result<Ending, NodeError> {
        self.drain()?;
        self.look()?;
        if let Some(network) = &self.network {
            let (up, addresses) = (network_up(network), network.dialable());
            self.turn(up)?;
            // The network tells only what changes.
            if self.watch.was_opened_again {
                self.turn(Input::Listening { addresses })?;
            }
        }
        loop {
            self.release()?;
            if self.can_stand_again() {
                return Ok(Ending::RoomAgain);
            }
            match self.wait(stopping).await? {
                Wake::Stop => return Ok(Ending::Stopped),
                Wake::Durable => {}
                Wake::Look => self.look()?,
                Wake::Input(input) => self.turn(input)?,
                Wake::Requests(requests) => {
                    let commands = requests.into_iter().map(|request| self.number(request)).collect();
                    self.turn(Input::Commands(commands))?;
                }
            }
        }
    }

    /// Waits for whatever happens first; nothing is lost by what does not.
    async fn wait(&mut self, stopping: &CancellationToken) -> Result<Wake, NodeError> {
        let due = self.engine.poll_timeout().map(|at| at.since(clock::now().moment));
        let mut requests = Vec::new();
        let is_full = !self.watch.room.is_enough();
        let Self { network, durable, held, requests: queue, .. } = self;
        let wake = tokio::select! {
            () = stopping.cancelled() => Wake::Stop,
            progress = durable.advanced(), if held.is_waiting() => {
                progress?;
                Wake::Durable
            }
            input = next_input(network) => Wake::Input(input?),
            count = queue.recv_many(&mut requests, limits::COMMANDS_PER_TURN_MAX) => {
                if count == 0 { Wake::Stop } else { Wake::Requests(requests) }
            }
            () = sleep(due.unwrap_or(Duration::MAX)), if due.is_some() => Wake::Input(Input::Timeout),
            () = sleep(room::GLANCE), if is_full => Wake::Look,
        };
        Ok(wake)
    }

    /// One turn of the engine, after those that have to come before it.
    pub(crate) fn turn(&mut self, input: Input) -> Result<(), NodeError> {
        self.look()?;
        let now = clock::now();
        if self.clock.jumped(now) {
            self.hand(Input::Resumed, now)?;
        }
        if let (Input::Listening { .. }, Some(network)) = (&input, &self.network) {
            self.listening.send_replace(network.listening());
        }
        self.hand(input, now)
    }

    /// Hands one input to the engine, and takes what it puts out.
    fn hand(&mut self, input: Input, now: Now) -> Result<(), NodeError> {
        let handled = self.engine.handle(input, now, &entropy::fresh()?, &*self.store);
        handled.map_err(|error| NodeError::of_records(&error, &self.home.store_path()))?;
        self.drain()
    }

    /// Applies the turn's writes and puts everything behind them in line.
    fn drain(&mut self) -> Result<(), NodeError> {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Persist(changes) => {
                    self.store.apply(&changes)?;
                    self.held.barrier(self.commits.request());
                }
                other => self.held.push(other),
            }
        }
        Ok(())
    }

    /// Does everything whose commit is durable.
    fn release(&mut self) -> Result<(), NodeError> {
        let durable = self.durable.up_to()?;
        while let Some(output) = self.held.take(durable) {
            self.perform(output)?;
        }
        Ok(())
    }

    /// Writes the identity file's copy once more, and lets keys that were erased since the last rotation of the ring be
    /// gone, as far as there is time: what is left over the next start does.
    async fn rest(&mut self) -> Result<(), NodeError> {
        self.turn(Input::Stopping)?;
        let deadline = sleep(REST_PATIENCE);
        tokio::pin!(deadline);
        loop {
            self.release()?;
            if !self.engine.is_rotating() && !self.held.is_waiting() {
                return Ok(());
            }
            let due = self.engine.poll_timeout().map(|at| at.since(clock::now().moment));
            let Self { durable, held, .. } = &mut *self;
            tokio::select! {
                () = &mut deadline => return Ok(()),
                progress = durable.advanced(), if held.is_waiting() => drop(progress?),
                () = sleep(due.unwrap_or(Duration::MAX)), if due.is_some() => self.turn(Input::Timeout)?,
            }
        }
    }

    fn number(&mut self, request: Request) -> (CommandId, causerie_protocol::command::Command) {
        let id = CommandId::new(self.next_command);
        self.next_command += 1;
        self.replies.insert(id, request.reply);
        (id, request.command)
    }

    /// Lets what was asked for before the stop become durable and be said, then closes everything.
    async fn end(mut self, sound: bool) -> Result<(), NodeError> {
        while sound && self.held.is_waiting() {
            self.durable.advanced().await?;
            self.release()?;
        }
        for (_, reply) in std::mem::take(&mut self.replies) {
            reply.send(Err(NodeError::Stopped)).ok();
        }
        leave(self.network.take(), &self.home).await?;
        if sound && self.watch.room.is_enough() {
            self.rest().await?;
        }
        let Self { commits, store, home, ground, .. } = self;
        // The lock is held until the store is closed: whoever opens the home next finds all of it.
        let closed = tokio::task::spawn_blocking(move || {
            let stopped = commits.stop();
            drop(store);
            drop((home, ground));
            stopped
        });
        closed.await.map_err(|error| NodeError::Storage(error.to_string()))??;
        Ok(())
    }
}

/// Nobody reaches this node any more.
async fn leave(network: Option<Network>, home: &Home) -> Result<(), NodeError> {
    if let Some(network) = network {
        socket::remove(home)?;
        network.stop().await;
    }
    Ok(())
}

async fn next_input(network: &mut Option<Network>) -> Result<Input, NodeError> {
    match network {
        Some(network) => network.next().await.ok_or_else(|| NodeError::Network("it ended".to_owned())),
        None => core::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
