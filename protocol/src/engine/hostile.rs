//! Engines under attack and under bad luck: random schedules of everything that goes wrong, and peers that do not
//! play by the rules. A failure names its seed.

use core::time::Duration;

use crate::{
    answer::MessageState,
    command::Command,
    entropy::{Entropy, TurnRandom},
    event::Event,
    input::Input,
    limits,
    link::live_channel,
    log::{Want, encode_wants},
    testing::Bench,
    turn::Turn,
    wire::{envelope::Record, frame::FrameKind},
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);
const DAY_MILLIS: i64 = 86_400_000;

/// One random schedule over so many engines that all know each other.
struct Schedule {
    bench: Bench,
    random: TurnRandom,
    floors: Vec<usize>,
    /// (from, to, text) of everything that was acknowledged to its writer and that no lost disk took along.
    expected: Vec<(usize, usize, String)>,
    counter: usize,
    story: Vec<String>,
    losses: bool,
}

impl Schedule {
    fn new(seed: u64, count: usize, losses: bool) -> Self {
        let names = ["Alice", "Bob", "Carol"];
        let mut bench = Bench::new(seed.to_be_bytes()[7], &names[..count]);
        for one in 0..count {
            for two in one + 1..count {
                bench.befriend(one, two);
            }
        }
        let mut entropy = [3; 32];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        let floors = (0..count).map(|who| bench.writes(who)).collect();
        let random = TurnRandom::new(&Entropy::new(entropy));
        Self { bench, random, floors, expected: Vec::new(), counter: 0, story: Vec::new(), losses }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.below(u64::try_from(end).unwrap())).unwrap()
    }

    fn runs(&self, who: usize) -> bool {
        self.bench.peers[who].engine.is_some()
    }

    fn pair(&mut self) -> (usize, usize) {
        let count = self.floors.len();
        let one = self.below(count);
        let two = (one + 1 + self.below(count - 1)) % count;
        (one, two)
    }

    fn step(&mut self) {
        let (one, two) = self.pair();
        match self.below(20) {
            0..=6 => {
                for _ in 0..=self.below(3) {
                    let text = format!("{one} to {two}: {}", self.counter);
                    self.counter += 1;
                    if self.bench.send(one, two, &text).is_ok() {
                        self.story.push(format!("sent {text}"));
                        self.expected.push((one, two, text));
                    }
                }
            }
            7 => {
                self.story.push(format!("stop {one}"));
                self.bench.stop(one);
            }
            8 => {
                self.story.push(format!("vanish {one}"));
                self.bench.vanish(one);
            }
            9 | 10 if !self.runs(one) => {
                self.story.push(format!("start {one}"));
                self.bench.start(one);
            }
            11 => {
                self.story.push(format!("part {one} {two}"));
                self.bench.part(one, two);
            }
            12 => {
                self.story.push(format!("join {one} {two}"));
                self.bench.join(one, two);
            }
            13 => {
                self.bench.cuts_percent = [0, 0, 3, 10][self.below(4)];
                self.story.push(format!("cuts {}", self.bench.cuts_percent));
            }
            event => self.decide(one, two, event),
        }
        match self.below(4) {
            0 => {
                for _ in 0..self.below(30) {
                    self.bench.step();
                }
            }
            1 => self.bench.settle(),
            2 => {
                let millis = self.below(20_000);
                self.bench.advance(Duration::from_millis(u64::try_from(millis).unwrap()));
            }
            _ => {}
        }
    }

    /// What people do beside writing, and what befalls one machine.
    fn decide(&mut self, one: usize, two: usize, event: usize) {
        match event {
            14 => {
                let contact = self.bench.reference(two);
                let command = if self.below(2) == 0 {
                    Command::BlockContact { contact }
                } else {
                    Command::UnblockContact { contact }
                };
                self.story.push(format!("{one}: {command:?}"));
                self.bench.command(one, command).ok();
            }
            15 => {
                let conversation = self.bench.reference(two);
                self.bench.command(one, Command::MarkRead { conversation }).ok();
            }
            16 => {
                let off = i64::try_from(self.below(801)).unwrap() - 400;
                self.story.push(format!("clock of {one} {off} days off"));
                self.bench.peers[one].clock_off = off * DAY_MILLIS;
            }
            17 if self.losses => self.lose(one),
            18 => {
                let link = self.bench.invite(one, false, false);
                self.story.push(format!("{two} accepts another link of {one}"));
                if !link.is_empty() {
                    self.bench.accept(two, &link).ok();
                }
            }
            _ => {}
        }
    }

    /// A disk loses its newest writes. What nobody else has is gone with them.
    fn lose(&mut self, victim: usize) {
        self.bench.stop(victim);
        let most = self.bench.writes(victim).saturating_sub(self.floors[victim]);
        let lost = self.below(most + 1);
        self.story.push(format!("{victim} loses {lost} writes"));
        self.bench.lose_writes(victim, lost);
        for who in 0..self.floors.len() {
            if !self.runs(who) {
                self.bench.start(who);
            }
        }
        let bench = &mut self.bench;
        self.expected.retain(|(from, to, text)| {
            bench.texts(*from, *to).contains(text) || bench.texts(*to, *from).contains(text)
        });
    }

    fn heal(&mut self) {
        let count = self.floors.len();
        self.bench.cuts_percent = 0;
        for who in 0..count {
            if !self.runs(who) {
                self.bench.start(who);
            }
        }
        for one in 0..count {
            for two in 0..count {
                if one != two {
                    self.bench.join(one, two);
                    let contact = self.bench.reference(two);
                    self.bench.command(one, Command::UnblockContact { contact }).ok();
                }
            }
        }
        self.bench.advance(A_WHILE);
    }

    fn check(&mut self, seed: u64) {
        let count = self.floors.len();
        let told = |schedule: &Self| format!("seed {seed}: {:#?}", schedule.story);
        for one in 0..count {
            assert!(self.runs(one), "an engine stopped, {}", told(self));
            for two in 0..count {
                if one == two {
                    continue;
                }
                let view = self.bench.contact(one, two).unwrap();
                assert!(view.online, "{one} does not see {two}, {}", told(self));
                let (here, there) = (self.bench.texts(one, two), self.bench.texts(two, one));
                assert_eq!(here, there, "{one} and {two} differ, {}", told(self));
                let mut sorted = here.clone();
                sorted.sort();
                let mut expected: Vec<String> = self
                    .expected
                    .iter()
                    .filter(|(from, to, _)| (*from, *to) == (one, two) || (*from, *to) == (two, one))
                    .map(|(_, _, text)| text.clone())
                    .collect();
                expected.sort();
                assert_eq!(sorted, expected, "{one} and {two} lost or doubled something, {}", told(self));
                let history = self.bench.history(one, two);
                let queued = history.iter().filter(|one| one.state < MessageState::Delivered).count();
                assert_eq!(queued, 0, "{one} to {two} not delivered, {}", told(self));
            }
        }
    }

    fn run(seed: u64, count: usize, steps: usize, losses: bool) {
        let mut schedule = Self::new(seed, count, losses);
        for _ in 0..steps {
            schedule.step();
        }
        schedule.heal();
        for one in 0..count {
            for two in (0..count).filter(|two| *two != one) {
                let text = format!("{one} to {two}: the end");
                schedule.bench.send(one, two, &text).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
                schedule.expected.push((one, two, text));
            }
        }
        schedule.bench.advance(A_WHILE);
        schedule.check(seed);
    }
}

#[test]
fn two_converge_after_any_schedule() {
    for seed in 0..60 {
        Schedule::run(seed, 2, 60, false);
    }
}

#[test]
fn three_converge_after_any_schedule() {
    for seed in 0..20 {
        Schedule::run(seed, 3, 80, false);
    }
}

#[test]
fn two_converge_after_any_schedule_with_disks_that_lose_writes() {
    for seed in 0..60 {
        Schedule::run(seed, 2, 60, true);
    }
}

fn two() -> Bench {
    let mut bench = Bench::new(1, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench
}

#[test]
fn what_is_written_while_two_channels_ends_still_compare_arrives_at_once() {
    for frames in 0..14 {
        for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
            let mut bench = two();
            bench.send(from, to, "before").unwrap();
            bench.settle();
            bench.stop(BOB);
            bench.start(BOB);
            for _ in 0..frames {
                bench.step();
            }
            bench.send(from, to, "now").unwrap();
            bench.advance(Duration::from_secs(3));
            assert_eq!(bench.texts(to, from), ["before", "now"], "{from} after {frames} frames");
        }
    }
}

#[test]
fn a_channel_that_goes_while_the_next_one_is_made_leaves_nothing_behind() {
    for frames in 0..14 {
        let mut bench = two();
        bench.vanish(BOB);
        bench.start(BOB);
        for _ in 0..frames {
            bench.step();
        }
        // Every link breaks now, the old one first.
        bench.part(ALICE, BOB);
        bench.settle();
        assert!(!bench.contact(ALICE, BOB).unwrap().online, "after {frames} frames");
        assert!(!bench.contact(BOB, ALICE).unwrap().online, "after {frames} frames");
        bench.send(ALICE, BOB, "there?").unwrap();
        bench.join(ALICE, BOB);
        bench.advance(A_WHILE);
        assert_eq!(bench.texts(BOB, ALICE), ["there?"], "after {frames} frames");
    }
}

#[test]
fn somebody_who_starts_again_without_a_word_is_met_after_one_unanswered_ping() {
    let mut bench = two();
    bench.vanish(BOB);
    bench.send(ALICE, BOB, "one").unwrap();
    bench.settle();
    bench.start(BOB);
    // What Bob says before he is known not to be a copy is kept for him.
    bench.settle();
    bench.send(BOB, ALICE, "two").unwrap();
    bench.advance(limits::TWIN_PATIENCE - Duration::from_millis(100));
    assert_eq!(bench.texts(BOB, ALICE), ["two"]);
    bench.advance(Duration::from_millis(200));
    for who in [ALICE, BOB] {
        let mut texts = bench.texts(who, 1 - who);
        texts.sort();
        assert_eq!(texts, ["one", "two"], "{who}");
    }
    let offline = |event: &Event| matches!(event, Event::ContactOffline(_));
    assert!(!bench.peers[ALICE].events.iter().any(offline), "it is one meeting");
    bench.advance(A_WHILE);
    assert_eq!(bench.links(), 1);
}

#[test]
fn somebody_whose_old_channel_ended_is_met_without_waiting() {
    let mut bench = two();
    bench.stop(BOB);
    bench.send(ALICE, BOB, "one").unwrap();
    bench.start(BOB);
    bench.settle();
    assert_eq!(bench.texts(BOB, ALICE), ["one"]);
}

#[test]
fn an_old_channel_that_ends_while_a_newer_one_waits_makes_room_at_once() {
    let mut bench = two();
    let old = bench.peers[ALICE].engine.as_ref().unwrap().state.links.all_live().next().unwrap().0;
    bench.vanish(BOB);
    bench.start(BOB);
    bench.settle();
    bench.send(BOB, ALICE, "here again").unwrap();
    assert!(bench.texts(ALICE, BOB).is_empty());
    bench.input(ALICE, Input::LinkDown { link: old });
    bench.settle();
    assert_eq!(bench.texts(ALICE, BOB), ["here again"]);
}

#[test]
fn who_says_too_much_while_an_older_channel_has_time_is_closed_and_met_later() {
    let mut bench = two();
    bench.vanish(BOB);
    bench.start(BOB);
    bench.settle();
    let long = "x".repeat(30_000);
    for _ in 0..12 {
        bench.send(BOB, ALICE, &long).unwrap();
        bench.settle();
    }
    assert!(bench.texts(ALICE, BOB).is_empty());
    assert!(bench.peers[ALICE].logged.iter().any(|line| line.contains("more than is kept")));
    bench.advance(Duration::from_secs(10));
    assert_eq!(bench.texts(ALICE, BOB).len(), 12);
}

#[test]
fn many_links_between_the_same_two_wear_nothing_out() {
    let mut bench = two();
    for round in 0..14 {
        let (from, to) = (ALICE, BOB);
        // One removes the other and answers a new link: each time new keys, of which the other knows nothing.
        let contact = bench.reference(from);
        bench.command(to, Command::RemoveContact { contact, keep_history: true }).unwrap();
        bench.befriend(from, to);
        bench.advance(Duration::from_secs(70));
        let text = format!("round {round}");
        bench.send(from, to, &text).unwrap();
        bench.advance(Duration::from_secs(5));
        assert!(bench.texts(to, from).contains(&text), "{text}");
    }
}

#[test]
fn many_answers_of_one_stranger_stop_nothing_and_fill_nothing() {
    let mut bench = two();
    let link = bench.invite(ALICE, true, true);
    let mut sizes = Vec::new();
    for round in 0..80 {
        bench.accept(CAROL, &link).unwrap();
        bench.advance(Duration::from_secs(2));
        let contact = bench.reference(ALICE);
        bench.command(CAROL, Command::RemoveContact { contact, keep_history: false }).unwrap();
        bench.advance(Duration::from_secs(8));
        assert!(bench.peers[ALICE].engine.is_some(), "stopped in round {round}");
        sizes.push(bench.peers[ALICE].store.len());
    }
    let grown = sizes[79] - sizes[39];
    assert!(grown <= 45, "{grown} records more after 40 answers: {sizes:?}");
    bench.send(BOB, ALICE, "hello").unwrap();
    bench.advance(Duration::from_secs(5));
    assert_eq!(bench.texts(ALICE, BOB), ["hello"]);
}

#[test]
fn somebody_blocked_stays_out_with_the_same_first_message_again() {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, false);
    bench.accept(BOB, &link).unwrap();
    // Bob's disk of every moment of the introduction is put back, so that he repeats what he said then.
    let mut moments = vec![bench.writes(BOB)];
    while bench.step() {
        moments.push(bench.writes(BOB));
    }
    moments.dedup();
    bench.advance(Duration::from_secs(5));
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::BlockContact { contact }).unwrap();
    bench.advance(Duration::from_secs(5));
    for moment in moments.into_iter().rev() {
        bench.stop(BOB);
        bench.lose_writes(BOB, bench.writes(BOB) - moment);
        bench.start(BOB);
        bench.send(BOB, ALICE, "let me in").ok();
        bench.advance(Duration::from_secs(20));
        assert_eq!(bench.texts(ALICE, BOB), [""; 0]);
        assert!(!bench.contact(ALICE, BOB).unwrap().online);
    }
}

#[test]
fn renewals_that_break_again_and_again_lose_nobody() {
    // Of the frames of a renewal, so many pass before everything breaks; often enough to fill every list of secrets.
    for frames in 0..16 {
        let mut bench = two();
        let floor = bench.writes(BOB);
        bench.send(ALICE, BOB, "one").unwrap();
        bench.send(BOB, ALICE, "two").unwrap();
        bench.advance(Duration::from_secs(1));
        bench.stop(BOB);
        bench.lose_writes(BOB, bench.writes(BOB) - floor);
        bench.start(BOB);
        for _ in 0..8 {
            for _ in 0..frames {
                bench.step();
            }
            bench.part(ALICE, BOB);
            bench.join(ALICE, BOB);
            bench.stop(BOB);
            bench.start(BOB);
        }
        bench.send(ALICE, BOB, "three").unwrap();
        bench.advance(A_WHILE);
        assert!(bench.texts(BOB, ALICE).contains(&"three".to_owned()), "{frames} frames");
        assert!(bench.contact(ALICE, BOB).unwrap().online, "{frames} frames");
    }
}

/// Lets an engine do what no command makes it do: a contact that does not play by the rules.
pub(super) fn meddle(bench: &mut Bench, who: usize, deed: impl FnOnce(&mut super::State, &mut Turn<'_>)) {
    bench.meddle(who, deed);
    assert!(bench.peers[who].engine.is_some());
    bench.input(who, Input::Timeout);
}

#[test]
fn a_contact_who_asks_for_everything_many_times_is_brought_a_portion() {
    let mut bench = two();
    let long = "x".repeat(30_000);
    for _ in 0..12 {
        bench.send(ALICE, BOB, &long).unwrap();
        bench.settle();
    }
    let link = bench.peers[BOB].engine.as_ref().unwrap().state.links.all_live().next().unwrap().0;
    meddle(&mut bench, BOB, |state, turn| {
        let row = *state.deliveries.keys().next().unwrap();
        let parties = crate::delivery::parties(state, row).unwrap();
        let delivery = state.deliveries.get_mut(&row).unwrap();
        let conversation = state.conversations.values().next().unwrap();
        let own: Vec<_> = conversation.own_chains().into_iter().map(|(chain, _)| chain).collect();
        let theirs = conversation.heads().into_iter().map(|head| head.chain);
        let chain = theirs.into_iter().find(|chain| !own.contains(chain)).unwrap();
        let wants = encode_wants(&[Want { chain, from: 0, to: 12 }]).unwrap();
        let records: Vec<Record> = (0..100).map(|_| Record::Want(wants.clone())).collect();
        let envelope = delivery.sending_session().unwrap().seal(turn, &parties, &records).unwrap();
        live_channel::send(state, turn, link, FrameKind::Envelope, &envelope);
    });
    let before = bench.peers[ALICE].sent;
    bench.settle();
    let frames = bench.peers[ALICE].sent - before;
    assert!((6..40).contains(&frames), "{frames} frames for one");
}
