//! A person with a machine: an engine while it runs, a disk, clocks, and what they wait for.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use causerie_protocol::{
    answer::MessageView,
    engine::Engine,
    entropy::TurnRandom,
    ids::{AccountId, CommandId, DialId, LinkId, LookupId, TransportId},
    moment::{Moment, Now},
    name,
    output::Output,
    secret::Secret,
    testing::BEGINNING,
    vault::Vault,
};

use crate::{
    disk::{Copy, Disk, Ticket},
    ledger::Number,
    pace::Pace,
    random::Random,
};

/// What a command was given for.
#[derive(Clone, Debug)]
pub enum Intent {
    /// An invitation for somebody, in the setup.
    Invite {
        /// Whom.
        whom: usize,
    },
    /// A message.
    Write {
        /// Which.
        number: Number,
    },
    /// Everything from somebody was looked at.
    Read {
        /// From whom.
        from: usize,
    },
    /// A page of a conversation.
    Look {
        /// With whom.
        with: usize,
        /// What came of newer pages.
        rows: Vec<MessageView>,
    },
    /// Nothing hangs on the answer.
    Other,
}

/// Something that an engine put out and that waits for its turn.
#[derive(Debug)]
pub enum Held {
    /// Nothing behind it before this write is durable.
    Until(Ticket),
    /// An output.
    Put(Output),
    /// The engine is to hear that the slot it wrote is durable.
    SlotWritten,
}

/// Why an engine does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is switched off or sleeps while the person is away.
    Away,
    /// It stopped or sleeps by a fault and comes back by itself.
    Down,
}

/// See the file's head.
#[derive(Debug)]
pub struct Person {
    /// The engine, while it runs or sleeps.
    pub engine: Option<Engine>,
    /// Why it does not run; `None` while it does.
    pub absence: Option<Absence>,
    /// While it does not run: its machine does, and refuses whoever dials.
    pub refuses: bool,
    /// The disk.
    pub disk: Disk,
    /// Outputs that wait.
    pub held: VecDeque<Held>,
    /// How often it was started or stopped: what was meant for another life of it does not concern it.
    pub life: u32,
    /// When it will be asked for its timers next.
    pub wakes: Option<Moment>,
    /// Network identity in this life.
    pub transport: TransportId,
    /// On which island.
    pub island: usize,
    /// Ends of links that are this engine's.
    pub links: BTreeSet<LinkId>,
    /// Links that were lost while it slept: it hears that when it wakes.
    pub lost_links: BTreeSet<LinkId>,
    /// Dials that were not answered yet.
    pub dials: BTreeSet<DialId>,
    /// Questions to the meeting place that wait for an answer.
    pub questions: BTreeSet<LookupId>,
    /// How fast its clocks run.
    pub pace: Pace,
    /// The wall clock is so far ahead.
    pub ahead: Duration,
    /// And so far behind.
    pub behind: Duration,
    /// How long the machine slept, all in all: its monotonic clock stood still.
    pub slept: Duration,
    /// Since when it sleeps.
    pub sleeps_since: Moment,
    /// Whose account it is.
    pub account: AccountId,
    /// Friends.
    pub friends: Vec<usize>,
    /// Those of them who are contacts, during the setup.
    pub acquainted: BTreeSet<usize>,
    /// What commands were given for.
    pub intents: BTreeMap<CommandId, Intent>,
    /// Messages with a key that were not answered.
    pub unanswered: BTreeSet<Number>,
    /// The copy that can be put back, if one was made, and the messages in it.
    pub copy: Option<(BTreeSet<Number>, Copy)>,
    /// The next commit fails.
    pub disk_fails: bool,
    /// Nothing new can be written down.
    pub disk_full: bool,
    /// Draws of this person's engine and life.
    pub random: Random,
    /// Where the store lies.
    pub place: [u8; 32],
    /// Since when it is online.
    pub online_since: Moment,
    /// Messages asked for or received.
    pub messages: usize,
    /// Frames that it sent.
    pub sent: u64,
    /// The vault's header.
    pub(crate) header: Vec<u8>,
    /// What opens it.
    pub(crate) wrapping: Secret,
    next_command: u64,
}

impl Person {
    /// A person with a new account; `None` when one cannot be made, which is a fault of the engine.
    #[must_use]
    pub fn new(seed: u64, number: usize, island: usize, pace: Pace) -> Option<Self> {
        let mut random = Random::new(seed, "person", number);
        let mut keys = TurnRandom::new(&random.entropy());
        let (header, wrapping, vault) = Vault::create(&mut keys);
        let name = name::check(&format!("person {number}")).ok()?;
        let now = Now { moment: Moment::default(), wall: BEGINNING };
        let (account, identity) = Engine::create(&name, &vault, now, &random.entropy())?;
        Some(Self {
            engine: None,
            absence: Some(Absence::Away),
            refuses: false,
            disk: Disk::new(identity),
            held: VecDeque::new(),
            life: 0,
            wakes: None,
            transport: TransportId::new(&random.bytes::<32>())?,
            island,
            links: BTreeSet::new(),
            lost_links: BTreeSet::new(),
            dials: BTreeSet::new(),
            questions: BTreeSet::new(),
            pace,
            ahead: Duration::ZERO,
            behind: Duration::ZERO,
            slept: Duration::ZERO,
            sleeps_since: Moment::default(),
            account,
            friends: Vec::new(),
            acquainted: BTreeSet::new(),
            intents: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            copy: None,
            disk_fails: false,
            disk_full: false,
            place: random.bytes(),
            random,
            online_since: Moment::default(),
            messages: 0,
            sent: 0,
            header,
            wrapping,
            next_command: 0,
        })
    }

    /// Both clocks of this person's machine.
    #[must_use]
    pub fn clock(&self, now: Moment) -> Now {
        let moment = Moment::default() + self.pace.counted(now.since(Moment::default() + self.slept));
        let wall = BEGINNING + self.pace.counted(now.since(Moment::default()));
        Now { moment, wall: wall + self.ahead - self.behind }
    }

    /// When its monotonic clock will show this moment, if it does not sleep.
    #[must_use]
    pub fn comes(&self, due: Moment) -> Moment {
        self.pace.reaches(due) + self.slept
    }

    /// The keys that open the store.
    #[must_use]
    pub fn vault(&self) -> Option<Vault> {
        Vault::open(&self.header, &self.wrapping).ok()
    }

    /// A number for the next command, and what it is for.
    pub fn intend(&mut self, intent: Intent) -> CommandId {
        self.next_command += 1;
        let id = CommandId::new(self.next_command);
        self.intents.insert(id, intent);
        id
    }

    /// Whether its engine runs and hears.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        self.absence.is_none()
    }
}
