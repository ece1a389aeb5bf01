//! Whole engines among people who do not keep the rules: strangers, holders of a link, contacts, and a disk that lies.
//!
//! An input is a script, one step after the other: `what u8 ‖ length u16 ‖ bytes`. After each script the engine under
//! attack runs, its other conversation goes on, what it stores and remembers has grown by no more than what it was
//! told, and its log names links and no words of anybody.

use core::time::Duration;

use super::{Origin, Taking, Target};
use crate::{
    address::{Address, Transport},
    answer::{Answer, InvitationView},
    command::{Command, Reference},
    contact::introduction,
    delivery,
    ids::{CommandId, DialId, LinkId, TransportId},
    input::{Input, LinkEnds, Way},
    link::{Phase, live_channel},
    log::{
        ChainId,
        entry::{Dep, Entry, Head, NO_ENTRY, VERSION},
    },
    moment::WallTime,
    output::{ChangeSet, Output},
    testing::{Bench, Who, Written, wires::Wire},
    wire::{codec, envelope, frame::FrameKind},
};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "stranger", origin: Origin::Stranger, cost: 20, begin: stranger, examples: strangers },
    Target { name: "guest", origin: Origin::Acquaintance, cost: 60, begin: guest, examples: guests },
    Target { name: "channel", origin: Origin::Acquaintance, cost: 30, begin: channel, examples: channels },
    Target {
        name: "letters",
        origin: Origin::Acquaintance,
        cost: 30,
        begin: letters,
        examples: some_letters,
    },
    Target { name: "store", origin: Origin::Disk, cost: 60, begin: store, examples: stores },
];

const ALICE: Who = 0;
const BOB: Who = 1;
const CAROL: Who = 2;
const MALLORY: Who = 3;

/// Scripts that one scene plays before the next one begins. Chosen: a failure shows what led to it.
const SCRIPTS_PER_SCENE: usize = 32;

/// Steps of one script that are played.
const STEPS_MAX: usize = 64;

/// What no script says for long: what Carol and Alice write to each other.
const WORDS: &str = "between the two of us";

/// `what u8 ‖ length u16 ‖ bytes` …; the last one may be shorter than it says.
fn steps(script: &[u8]) -> Vec<(u8, &[u8])> {
    let mut rest = script;
    let mut steps = Vec::new();
    while let Some(([what, high, low], tail)) = rest.split_first_chunk()
        && steps.len() < STEPS_MAX
    {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (bytes, tail) = tail.split_at(length);
        steps.push((*what, bytes));
        rest = tail;
    }
    steps
}

fn script(steps: &[(u8, &[u8])]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or_default().to_be_bytes();
    steps.iter().flat_map(|(what, bytes)| [&[*what], length(bytes).as_slice(), bytes].concat()).collect()
}

/// Alice, who knows Bob and Carol and has never heard of Mallory.
struct Scene {
    bench: Bench,
    played: usize,
    written: usize,
}

impl Scene {
    fn new() -> Self {
        let mut bench = Bench::new(9, &["Alice", "Bob", "Carol", "Mallory"]);
        bench.befriend(ALICE, BOB);
        bench.befriend(ALICE, CAROL);
        Self { bench, played: 0, written: 0 }
    }

    /// Begins anew after some scripts.
    fn play(&mut self, said: usize, script: impl FnOnce(&mut Bench)) {
        if self.played >= SCRIPTS_PER_SCENE {
            *self = Self::new();
        }
        self.played += 1;
        let before = Size::of(&self.bench);
        script(&mut self.bench);
        self.bench.settle();
        self.look(before, said);
    }

    fn look(&mut self, before: Size, said: usize) {
        let bench = &mut self.bench;
        assert!(bench.peers.get(ALICE).is_some_and(|alice| alice.engine.is_some()), "the engine ended");
        let now = Size::of(bench);
        // One step can cost a whole introduction or a renewal of keys.
        let records = 200 + said / 16;
        assert!(now.records <= before.records + records, "{} records more", now.records - before.records);
        assert!(now.state <= before.state + 400_000 + 60 * said, "{} letters more", now.state - before.state);
        self.written += 1;
        let text = format!("{WORDS} {}", self.written);
        let sent = bench.send(CAROL, ALICE, &text);
        assert!(sent.is_ok(), "{sent:?}");
        bench.settle();
        if bench.texts(ALICE, CAROL).last() != Some(&text) {
            bench.advance(Duration::from_secs(100));
            assert_eq!(bench.texts(ALICE, CAROL).last(), Some(&text), "another conversation stopped");
        }
        let alice = bench.peers.get_mut(ALICE).map(|alice| core::mem::take(&mut alice.logged));
        for line in alice.unwrap_or_default() {
            assert!(line.len() < 400 && !line.contains(WORDS), "{line}");
        }
    }
}

/// How much Alice keeps.
#[derive(Clone, Copy, Debug)]
struct Size {
    records: usize,
    state: usize,
}

impl Size {
    fn of(bench: &Bench) -> Self {
        let Some(alice) = bench.peers.get(ALICE) else { return Self { records: 0, state: 0 } };
        Self { records: alice.store.len(), state: format!("{:?}", alice.engine).len() }
    }
}

fn stranger() -> Taking {
    let mut scene = Scene::new();
    Box::new(move |bytes| {
        scene.play(bytes.len(), |bench| {
            let links = [bench.stranger_dials(ALICE), bench.stranger_dials(ALICE)];
            for (what, bytes) in steps(bytes) {
                let Some(link) = links.get(usize::from(what & 1)).copied().flatten() else { return };
                match what >> 1 {
                    0 if !bytes.is_empty() => {
                        bench.input(ALICE, Input::Frame { link, bytes: bytes.to_vec() });
                    }
                    1 => bench.replay_frame(ALICE, link, bytes),
                    2 => bench.advance(Duration::from_secs(1)),
                    3 => bench.hang_up(link),
                    4 => bench.input(ALICE, Input::Frame { link: LinkId::new(77), bytes: bytes.to_vec() }),
                    _ => {}
                }
            }
            links.into_iter().flatten().for_each(|link| bench.hang_up(link));
            bench.advance(Duration::from_secs(20));
        });
    })
}

fn strangers() -> Vec<Vec<u8>> {
    let nonce = [&[1, 1], [7; 32].as_slice()].concat();
    let slots = [&[0], [8; 64 * 16].as_slice()].concat();
    vec![
        script(&[(0, &nonce), (0, &slots), (0, b"what more?")]),
        script(&[(2, &[0]), (2, &[1]), (2, &[2]), (2, &[3]), (3, &[0]), (3, &[1])]),
        script(&[(0, &nonce), (4, b""), (4, b""), (1, &nonce), (6, b""), (1, &slots), (8, b"nobody")]),
    ]
}

impl Bench {
    /// Somebody whom nobody knows dials this one.
    pub(crate) fn stranger_dials(&mut self, whom: Who) -> Option<LinkId> {
        self.stranger(whom, None)
    }

    /// This one dials somebody whom nobody knows.
    #[cfg(test)]
    pub(crate) fn stranger_is_dialled_by(&mut self, who: Who) -> Option<LinkId> {
        self.stranger(who, Some(DialId::new(u64::MAX)))
    }

    fn stranger(&mut self, whom: Who, dial: Option<DialId>) -> Option<LinkId> {
        let (far, near) = (LinkId::new(self.next_link), LinkId::new(self.next_link + 1));
        self.next_link += 2;
        let own = self.peers.get(whom)?.transport.clone();
        let peer = TransportId::new(&self.random.bytes::<32>())?;
        // Its end is nobody's on this bench.
        self.wires.insert(far, Wire { owner: Who::MAX, other: near });
        self.wires.insert(near, Wire { owner: whom, other: far });
        let [a, b, c] = self.random.bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(10, a, b, c));
        let address = Some(Address { transport: Transport::Tcp, ip, port: 1 });
        let ends = LinkEnds { own, peer, dial, address, way: Way::Direct };
        self.input(whom, Input::LinkUp { link: near, ends });
        Some(near)
    }

    /// A frame that this one heard before, from somebody who had the right to say it, comes again on this link.
    fn replay_frame(&mut self, whom: Who, link: LinkId, which: &[u8]) {
        let which = usize::from(which.first().copied().unwrap_or_default() % 64);
        let recorded = self.peers.get(whom).and_then(|peer| peer.recording.as_ref());
        let frame = recorded.and_then(|recording| recording.frames().nth(which)).map(<[u8]>::to_vec);
        if let Some(bytes) = frame {
            self.input(whom, Input::Frame { link, bytes });
        }
    }

    /// The channel on which one talks to another, once it stands.
    fn channel_to(&mut self, who: Who, whom: Who) -> Option<LinkId> {
        for _ in 0..8 {
            let account = self.account(whom);
            let found = self.peers.get(who)?.engine.as_ref().and_then(|engine| {
                let state = engine.state();
                let row = state.contacts.by_account(account?)?;
                state.deliveries.get(&row)?.link()
            });
            if found.is_some() {
                return found;
            }
            self.advance(Duration::from_secs(10));
        }
        None
    }
}

/// Bob, who is a contact, plays scripts on the channel that he has.
fn bob_plays(script: impl Fn(&mut Bench, LinkId, &[u8]) + 'static) -> Taking {
    let mut scene = Scene::new();
    Box::new(move |bytes| {
        scene.play(bytes.len(), |bench| {
            let link = bench.channel_to(BOB, ALICE);
            assert!(link.is_some(), "Bob is not met any more");
            let Some(link) = link else { return };
            script(bench, link, bytes);
        });
    })
}

/// He says frames.
fn channel() -> Taking {
    bob_plays(|bench, link, bytes| {
        for (what, bytes) in steps(bytes) {
            bench.meddle(BOB, |state, turn| match what {
                u8::MAX => live_channel::say_anything(state, turn, link, bytes),
                254 => turn.push(Output::Transmit { link, frame: bytes.to_vec() }),
                _ => live_channel::send(state, turn, link, FrameKind::from_byte(what), bytes),
            });
            if what == 253 {
                bench.advance(Duration::from_secs(1));
            }
        }
        refused_frames_write_nothing(bench);
    })
}

/// What is refused changes nothing: of each frame that Alice refuses, nothing is written in its turn.
fn refused_frames_write_nothing(bench: &mut Bench) {
    loop {
        let seen = |bench: &Bench| {
            let alice = bench.peers.get(ALICE);
            (alice.map_or(0, |alice| alice.logged.len()), bench.writes(ALICE))
        };
        let (logged, writes) = seen(bench);
        if !bench.step() {
            return;
        }
        let (_, writes_now) = seen(bench);
        let lines = bench.peers.get(ALICE).and_then(|alice| alice.logged.get(logged..)).unwrap_or_default();
        let is_malformed =
            |line: &String| line.ends_with("a malformed frame") || line.ends_with("does not open");
        if lines.iter().any(is_malformed) {
            // The link's end, which comes with it, may write when they were seen last.
            assert!(writes_now <= writes + 1, "{lines:?} wrote {} times", writes_now - writes);
        }
    }
}

fn channels() -> Vec<Vec<u8>> {
    let empty_list = 0_u64.to_be_bytes();
    let heads = [&[1], empty_list.as_slice()].concat();
    let mut all = vec![
        script(&[(6, b""), (7, b""), (253, b""), (99, b"new")]),
        script(&[(3, &heads), (4, &empty_list), (5, &empty_list), (16, &empty_list)]),
        script(&[(14, b""), (12, b"")]),
        script(&[(13, b"")]),
        script(&[(255, &[6, 0, 0]), (254, &[9; 40])]),
    ];
    for of in ["status", "whereabouts", "device-list", "bundle", "first"] {
        let what = match of {
            "status" => 1,
            "whereabouts" => 15,
            "device-list" => 8,
            "bundle" => 9,
            _ => 10,
        };
        let target = super::peers::TARGETS.iter().find(|target| target.name == of);
        let example = target.and_then(|target| (target.examples)().into_iter().next()).unwrap_or_default();
        all.push(script(&[(what, &example), (6, b"")]));
    }
    all
}

/// His session seals what he likes.
fn letters() -> Taking {
    bob_plays(|bench, link, bytes| {
        bench.meddle(BOB, |state, turn| {
            let row = state.deliveries.iter().find(|(_, one)| one.link() == Some(link)).map(|(row, _)| *row);
            let Some(row) = row else { return };
            let body = Letter::of(state, row).map(|letter| letter.body(bytes)).unwrap_or_default();
            let parties = delivery::parties(state, row);
            let sealed = parties.and_then(|_| {
                let session = state.deliveries.get_mut(&row)?.sending_session()?;
                session.seal_body(turn, &body).ok()
            });
            if let Some(envelope) = sealed {
                live_channel::send(state, turn, link, FrameKind::Envelope, &envelope);
            }
        });
    })
}

/// What a hostile contact knows of a conversation.
struct Letter {
    conv: crate::ids::ConversationId,
    own: crate::ids::DeviceId,
    chains: Vec<ChainId>,
    k_self: crate::secret::Secret,
}

impl Letter {
    fn of(state: &crate::engine::State, row: crate::contact::ContactRow) -> Option<Self> {
        let conversation = state.conversations.get(&row)?;
        Some(Self {
            conv: conversation.id(),
            own: state.own.device(),
            chains: conversation.heads().into_iter().map(|head| head.chain).collect(),
            k_self: state.own.k_self().clone(),
        })
    }

    /// Records as the script says them: 0x80 and above with what belongs to this conversation filled in.
    fn body(&self, script: &[u8]) -> Vec<u8> {
        let mut body = vec![0; 4];
        for (what, bytes) in steps(script) {
            if what == u8::MAX {
                body.extend_from_slice(bytes);
                continue;
            }
            let made = match what {
                0x81 => self.entry(bytes),
                0x82 | 0x83 => self.mark(bytes),
                _ => None,
            };
            let bytes = made.unwrap_or_else(|| bytes.to_vec());
            body.push(what & 0x7f);
            body.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
            body.extend_from_slice(&bytes);
        }
        let length = u32::try_from(body.len() - 4).unwrap_or_default().to_be_bytes();
        body.splice(..4, length);
        let longest =
            envelope::records_room(crate::limits::ENVELOPE_BUCKETS.into_iter().max().unwrap_or(0)) + 4;
        body.truncate(longest);
        let overhead = 1 + 24 + 48 + 16;
        let bucket =
            crate::limits::ENVELOPE_BUCKETS.into_iter().find(|bucket| body.len() + overhead <= *bucket);
        body.resize(bucket.unwrap_or_default().saturating_sub(overhead), 0);
        body
    }

    fn chain(&self, which: u8) -> ChainId {
        let known = self.chains.get(usize::from(which & 3)).copied();
        let other = ChainId { author_dev: self.own, run: crate::ids::RunId::from_bytes([which; 8]) };
        known.filter(|_| which < 0x80).unwrap_or(other)
    }

    /// An entry whose every number the script chooses, with an id and a body that are right.
    fn entry(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let ([which, seq, prev, deps, high, low, of], rest) = bytes.split_first_chunk()?;
        let (lamport, text) = rest.split_first_chunk::<8>()?;
        let dep = |number: u8| Dep {
            chain: self.chain(number),
            seq: u32::from(number),
            id: crate::ids::EntryId::from_bytes([number; 32]),
        };
        let mut deps: Vec<Dep> = (0..deps & 15).map(|number| dep(number.wrapping_mul(37))).collect();
        deps.sort_by_key(|dep| dep.chain);
        deps.dedup_by_key(|dep| dep.chain);
        deps.retain(|dep| dep.chain != self.chain(*which));
        let head = Head {
            version: VERSION,
            conv: self.conv,
            chain: self.chain(*which),
            seq: u32::from(*seq),
            prev: if *seq == 0 { NO_ENTRY } else { crate::ids::EntryId::from_bytes([*prev; 32]) },
            deps,
            lamport: u64::from_be_bytes(*lamport),
            wall: WallTime::from_millis(u64::from_be_bytes(*lamport)),
            kind: u16::from_be_bytes([*high, *low]),
            mid: crate::ids::MessageId::from_bytes([*of; 16]),
            body_hash: [0; 32],
        };
        Entry::compose(head, [1; 16], text, &self.k_self).ok().map(|entry| entry.encode())
    }

    fn mark(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let ([which, id], seq) = bytes.split_first_chunk()?;
        let mark = crate::log::Mark {
            conv: self.conv,
            chain: self.chain(*which),
            seq: u32::from_be_bytes(*seq.first_chunk()?),
            id: crate::ids::EntryId::from_bytes([*id; 32]),
        };
        codec::encode(&mark).ok()
    }
}

fn some_letters() -> Vec<Vec<u8>> {
    let entry = |seq: u8, deps: u8, kind: u16, lamport: u64, text: &[u8]| {
        let [high, low] = kind.to_be_bytes();
        [&[0x90, seq, 0, deps, high, low, seq], lamport.to_be_bytes().as_slice(), text].concat()
    };
    let mark = [&[0, 0], 0_u32.to_be_bytes().as_slice()].concat();
    let heads = 0_u64.to_be_bytes();
    vec![
        script(&[(0x81, &entry(0, 0, 1, 1, b"hello")), (0x81, &entry(0, 0, 1, 1, b"again"))]),
        script(&[(0x81, &entry(9, 3, 1, 70, b"beyond a gap")), (0x81, &entry(1, 0, 77, u64::MAX, b"new"))]),
        script(&[(0x82, &mark), (0x83, &mark), (6, &heads), (7, &heads), (99, b"new")]),
        script(&[(4, &[1; 1_232]), (5, &[2; 1_136]), (2, &[3; 92])]),
        script(&[(255, &[1, 0, 0, 0])]),
    ]
}

/// Mallory holds a link of Alice's, and says what they like once they have shown that.
fn guest() -> Taking {
    let mut scene = Scene::new();
    Box::new(move |bytes| {
        scene.play(bytes.len(), |bench| {
            let link = bench.invite(ALICE, false, true);
            bench.accept(MALLORY, &link).ok();
            let introduced = (0..12).find_map(|_| {
                let introduced = bench.introduction_of(MALLORY);
                if introduced.is_none() {
                    bench.step();
                }
                introduced
            });
            for (what, bytes) in steps(bytes) {
                let Some(link) = introduced else { break };
                bench.meddle(MALLORY, |state, turn| match what {
                    254 => turn.push(Output::Transmit { link, frame: bytes.to_vec() }),
                    _ => introduction::say(state, turn, link, FrameKind::from_byte(what), bytes),
                });
                if what == 253 {
                    bench.settle();
                }
            }
            bench.settle();
            bench.forget(MALLORY, ALICE);
            if let Ok(Answer::Invitations(all)) = bench.command(ALICE, Command::ListInvitations) {
                for InvitationView { id, .. } in all {
                    bench
                        .command(
                            ALICE,
                            Command::RevokeInvitation { invitation: Reference::new(&id.to_string()) },
                        )
                        .ok();
                }
            }
            bench.forget(ALICE, MALLORY);
        });
    })
}

impl Bench {
    fn introduction_of(&self, who: Who) -> Option<LinkId> {
        let state = self.peers.get(who)?.engine.as_ref()?.state();
        state.links.iter().find(|(_, link)| matches!(link.phase, Phase::Invited(_))).map(|(link, _)| link)
    }

    fn forget(&mut self, who: Who, whom: Who) {
        let contact = self.reference(whom);
        self.command(who, Command::RemoveContact { contact, keep_history: false }).ok();
    }
}

fn guests() -> Vec<Vec<u8>> {
    let first = super::peers::TARGETS.iter().find(|target| target.name == "first");
    let first = first.and_then(|target| (target.examples)().into_iter().next()).unwrap_or_default();
    vec![
        script(&[(253, b"")]),
        script(&[(32, b""), (32, b"")]),
        script(&[(10, &first), (10, &first)]),
        script(&[(254, &[1; 200]), (6, b""), (99, b"")]),
    ]
}

/// Records of Alice's store become others, under the seal that they would have. A damaged store may end an engine, with an
/// error; it is what it was before at the next script.
fn store() -> Taking {
    let mut bench = Scene::new().bench;
    let kept: Vec<_> = bench.peers.iter().map(|peer| (peer.store.clone(), peer.written.clone())).collect();
    Box::new(move |bytes| {
        for who in 0..kept.len() {
            bench.stop(who);
        }
        for (peer, (store, written)) in bench.peers.iter_mut().zip(&kept) {
            (peer.store, peer.written) = (store.clone(), written.clone());
            peer.events.clear();
            peer.logged.clear();
        }
        let changes = bench.falsified(ALICE, bytes);
        if let Some(alice) = bench.peers.get_mut(ALICE) {
            alice.written.push(Written::Changes(changes));
        }
        bench.start(BOB);
        bench.start(ALICE);
        let conversation = bench.reference(BOB);
        for command in [
            Command::ListContacts,
            Command::ListConversations,
            Command::ListInvitations,
            Command::Status,
            Command::Check,
            Command::ListMessages { conversation: conversation.clone(), limit: 100, before: None },
            Command::SendMessage { conversation, text: "it may hold".to_owned(), idempotency_key: None },
        ] {
            // An engine that ends gives no answer: none is waited for.
            bench.next_command += 1;
            let id = CommandId::new(bench.next_command);
            bench.input(ALICE, Input::Commands(vec![(id, command)]));
        }
        bench.send(BOB, ALICE, "does it hold?").ok();
        bench.advance(Duration::from_secs(20));
    })
}

impl Bench {
    /// Records of a stopped engine as the script changes them: `which u8 ‖ at u16 ‖ cut u8 ‖ bytes to put there`.
    fn falsified(&mut self, who: Who, script: &[u8]) -> ChangeSet {
        let mut changes = ChangeSet::default();
        let Some(vault) = self.peers.get(who).and_then(|peer| peer.vault()) else { return changes };
        for (which, bytes) in steps(script) {
            let stored = self.peers.get(who).map(|peer| &peer.store);
            let Some((key, sealed)) =
                stored.and_then(|store| store.iter().nth(usize::from(which) % store.len().max(1)))
            else {
                continue;
            };
            let (key, sealed) = (key.clone(), sealed.clone());
            let (Some(mut plain), Some(([high, low, cut], put))) =
                (vault.unseal(&key, &sealed), bytes.split_first_chunk())
            else {
                // A script without bytes takes the record away.
                changes.writes.insert(key, None);
                continue;
            };
            let at = usize::from(u16::from_be_bytes([*high, *low])) % (plain.len() + 1);
            let to = plain.len().min(at + usize::from(*cut));
            plain.splice(at..to, put.iter().copied());
            let sealed = vault.seal(&mut self.random, &key, &plain);
            changes.writes.insert(key, Some(sealed));
        }
        changes
    }
}

fn stores() -> Vec<Vec<u8>> {
    (0..40_u8)
        .map(|which| script(&[(which, &[0, which.wrapping_mul(7), 1, 0xff]), (which.wrapping_add(1), b"")]))
        .collect()
}
