//! Stores that meet: the same set in the same order everywhere, whatever arrives when, and cumulative receipts.

use proptest::prelude::*;

use super::*;

/// One thing that happens to the stores of a test.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Keyed(usize, u8),
    Carry { from: usize, to: usize, pick: usize },
    Exchange(usize),
    Read(usize),
    NewRun(usize),
    Copy(usize),
    PutBack(usize),
    Late { to: usize, pick: usize },
}

fn step(stores: usize, with_copies: bool) -> BoxedStrategy<Step> {
    let store = 0..stores;
    let calm = prop_oneof![
        6 => store.clone().prop_map(Step::Write),
        1 => (store.clone(), 0..4_u8).prop_map(|(store, key)| Step::Keyed(store, key)),
        6 => (store.clone(), store.clone(), any::<usize>()).prop_map(|(from, to, pick)| Step::Carry { from, to, pick }),
        2 => (1..stores).prop_map(Step::Exchange),
        1 => store.clone().prop_map(Step::Read),
        1 => store.clone().prop_map(Step::NewRun),
    ];
    if !with_copies {
        return calm.boxed();
    }
    prop_oneof![
        8 => calm,
        1 => store.clone().prop_map(Step::Copy),
        1 => store.clone().prop_map(Step::PutBack),
        2 => (store, any::<usize>()).prop_map(|(to, pick)| Step::Late { to, pick }),
    ]
    .boxed()
}

/// The stores, old copies of each, and entries that are still on their way.
struct Model {
    world: World,
    copies: Vec<Vec<BTreeMap<Vec<u8>, Vec<u8>>>>,
    on_their_way: Vec<(usize, Vec<u8>)>,
    written: usize,
    with_copies: bool,
}

impl Model {
    fn new(accounts: &[u8]) -> Self {
        Self {
            world: World::new(accounts),
            copies: vec![Vec::new(); accounts.len()],
            on_their_way: Vec::new(),
            written: 0,
            with_copies: false,
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Write(store) => {
                self.written += 1;
                self.world.write(store, &format!("{store} {}", self.written));
            }
            Step::Keyed(store, key) => {
                let append = |turn: &mut Turn<'_>, conversation: &mut Conversation| {
                    conversation.append(turn, kind::TEXT, &[b'k', key], Some(&key.to_string()))
                };
                self.world.turn(store, append).unwrap();
            }
            Step::Carry { from, to, pick } => {
                let entries = self.world.own_entries(from);
                if from != to && !entries.is_empty() {
                    let bytes = entries[pick % entries.len()].clone();
                    self.bring(to, &bytes);
                    self.on_their_way.push((from, bytes));
                }
            }
            Step::Exchange(with) => {
                self.world.exchange(0, with);
            }
            Step::Read(store) => {
                self.world.turn(store, |turn, conversation| conversation.mark_read(turn)).unwrap();
            }
            Step::NewRun(store) => {
                self.world.turn(store, |turn, conversation| conversation.new_run(turn)).unwrap();
            }
            Step::Copy(store) => {
                let copy = self.world.stores[store].memory.map.clone();
                self.copies[store].push(copy);
            }
            Step::PutBack(store) => {
                if let Some(copy) = self.copies[store].pop() {
                    self.world.stores[store].memory.map = copy;
                }
            }
            Step::Late { to, pick } => {
                let late: Vec<_> = self.on_their_way.iter().filter(|(from, _)| *from != to).collect();
                if !late.is_empty() {
                    let bytes = late[pick % late.len()].1.clone();
                    self.bring(to, &bytes);
                }
            }
        }
    }

    /// Where copies are put back nothing arrives beyond a gap, as on a live channel: what lies before it could be
    /// lost for good, and then what is held beyond is on one side only.
    fn bring(&mut self, to: usize, bytes: &[u8]) {
        let entry = Entry::decode(bytes).unwrap();
        let (chain, seq) = (entry.head().chain, entry.head().seq);
        let next = self.world.heads(to).into_iter().find(|head| head.chain == chain);
        if !self.with_copies || seq <= next.map_or(0, |head| head.next) {
            self.world.receive(to, bytes);
        }
    }

    /// The messages that each store holds without a gap, and all that it shows.
    fn held(&mut self) -> (Vec<MessageId>, Vec<MessageId>) {
        let (mut linked, mut shown) = (Vec::new(), Vec::new());
        for store in 0..self.world.stores.len() {
            for head in self.world.heads(store) {
                let entries = self.world.entries(store, head.chain);
                linked.extend(entries.iter().map(|bytes| Entry::decode(bytes).unwrap().head().mid));
            }
            shown.extend(self.world.rows(store).iter().map(|row| row.mid));
        }
        for mids in [&mut linked, &mut shown] {
            mids.sort_unstable();
            mids.dedup();
        }
        (linked, shown)
    }

    /// Store 0 meets the others until nothing is owed, and then all show the same, each message once.
    fn heal_and_compare(&mut self) {
        let (linked, shown) = self.held();
        for _ in 0..4 {
            for other in 1..self.world.stores.len() {
                self.world.meet(0, other);
            }
        }
        let expected: Vec<_> = self.world.rows(0).iter().map(|row| row.mid).collect();
        let mut set = expected.clone();
        set.sort_unstable();
        set.dedup();
        assert_eq!(set.len(), expected.len(), "a message is shown twice");
        assert!(linked.iter().all(|mid| set.contains(mid)), "a message is lost");
        assert!(set.iter().all(|mid| shown.contains(mid)), "a message came from nowhere");
        for store in 0..self.world.stores.len() {
            let rows = self.world.rows(store);
            let mids: Vec<_> = rows.iter().map(|row| row.mid).collect();
            assert_eq!(mids, expected, "store {store} shows another order");
            assert!(rows.is_sorted_by(|one, next| one.rank < next.rank));
            assert!(rows.iter().all(|row| row.state >= MessageState::Delivered));
            assert_eq!(self.world.turn(store, |_, conversation| conversation.undelivered()), 0);
            let checked = self.world.checked(store);
            assert_eq!((checked.gaps, checked.unreadable), (0, 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_delivery_gives_the_same_order(steps in prop::collection::vec(step(2, false), 1..60)) {
        let mut model = Model::new(&[0, 1]);
        for step in &steps {
            model.take(step);
        }
        model.heal_and_compare();
    }

    #[test]
    fn three_stores_agree(steps in prop::collection::vec(step(3, false), 1..60)) {
        let mut model = Model::new(&[0, 1, 1]);
        for step in &steps {
            model.take(step);
        }
        model.heal_and_compare();
    }

    #[test]
    fn old_copies_put_back_lose_and_double_nothing(steps in prop::collection::vec(step(2, true), 1..80)) {
        let mut model = Model::new(&[0, 1]);
        model.with_copies = true;
        for step in &steps {
            model.take(step);
        }
        model.heal_and_compare();
    }
}

/// Five messages of store 0 that arrived at store 1, and what store 1 has to say after each.
fn five_arrived() -> (World, Vec<Appended>, Vec<Mark>) {
    let mut world = World::pair();
    let sent: Vec<_> = (0..5).map(|number| world.write(0, &number.to_string())).collect();
    let entries = world.own_entries(0);
    let marks = entries.iter().map(|entry| {
        world.receive(1, entry);
        let mark = world.turn(1, |_, conversation| conversation.mark_for(sent[0].chain));
        mark.unwrap()
    });
    let marks = marks.collect();
    (world, sent, marks)
}

fn acknowledge(world: &mut World, mark: &Mark) -> Option<Advance> {
    world.turn(0, |turn, conversation| conversation.acknowledged(turn, mark)).unwrap()
}

#[test]
fn marks_count_once_forward_and_only_for_what_is_held() {
    let (mut world, sent, marks) = five_arrived();
    let mark = marks[2];
    let id = EntryId::from_bytes([1; 32]);
    let conv = ConversationId::from_bytes([1; 32]);
    let run = RunId::from_bytes([1; 8]);
    let forged = [
        Mark { id, ..mark },
        Mark { seq: 5, ..mark },
        Mark { seq: u32::MAX, ..mark },
        Mark { conv, ..mark },
        Mark { chain: ChainId { run, ..mark.chain }, ..mark },
    ];
    for mark in &forged {
        assert_eq!(acknowledge(&mut world, mark), None);
        assert_eq!(world.stores[0].writes, 0);
    }
    let delivered = Advance { up_to: sent[2].mid, state: MessageState::Delivered };
    assert_eq!(acknowledge(&mut world, &mark), Some(delivered));
    assert_eq!(acknowledge(&mut world, &mark), None);
    assert_eq!(acknowledge(&mut world, &marks[0]), None);
    assert_eq!(world.turn(0, |_, conversation| conversation.undelivered()), 2);
    let state = world.turn(0, |turn, conversation| conversation.state_of(turn, sent[2].mid));
    assert_eq!(state.unwrap(), Some(MessageState::Delivered));
    assert_eq!(Mark::decode(&mark.encode().unwrap()), Ok(mark));
    assert_eq!(mark.encode().unwrap().len(), 92);
}

#[test]
fn reading_is_told_once_and_again_where_it_was_lost() {
    let (mut world, sent, marks) = five_arrived();
    let mut mark_read = || world.turn(1, |turn, conversation| conversation.mark_read(turn)).unwrap();
    assert_eq!(mark_read(), [marks[4]]);
    assert_eq!(mark_read(), []);
    let advance = world.turn(0, |turn, conversation| conversation.read_by_peer(turn, &marks[3]));
    let expected = Advance { up_to: sent[3].mid, state: MessageState::Read };
    assert_eq!(advance.unwrap(), Some(expected));
    let states: Vec<_> = world.rows(0).iter().map(|row| row.state).collect();
    let read = [MessageState::Read; 4];
    assert_eq!(states, [read.as_slice(), &[MessageState::Queued]].concat());
    // The mark of the last one was lost: heads tell it again.
    world.meet(0, 1);
    assert!(world.rows(0).iter().all(|row| row.state == MessageState::Read));
    world.write(1, "answer");
    world.meet(0, 1);
    let last = world.rows(0).pop().unwrap();
    assert_eq!((last.outgoing, last.state), (false, MessageState::Delivered));
}

#[test]
fn nothing_is_claimed_while_an_older_chain_lags() {
    let mut world = World::pair();
    let first = world.write(0, "first");
    world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap();
    let second = world.write(0, "second");
    let chains = [first.chain, second.chain];
    let marks = chains.map(|chain| {
        let entries = world.entries(0, chain);
        world.receive(1, &entries[0]);
        world.turn(1, |_, conversation| conversation.mark_for(chain)).unwrap()
    });
    let mut acknowledge =
        |mark: &Mark| world.turn(0, |turn, conversation| conversation.acknowledged(turn, mark)).unwrap();
    assert_eq!(acknowledge(&marks[1]), None);
    assert_eq!(acknowledge(&marks[0]).map(|advance| advance.up_to), Some(second.mid));
}

#[test]
fn an_answer_depends_on_what_it_answers_and_a_burst_names_it_once() {
    let mut world = World::pair();
    world.write(0, "question");
    world.meet(0, 1);
    let head = world.heads(1)[0];
    world.write(1, "answer");
    world.write(1, "more");
    let entries: Vec<_> = world.own_entries(1).iter().map(|bytes| Entry::decode(bytes).unwrap()).collect();
    assert_eq!(entries[0].head().deps.len(), 1);
    assert_eq!(entries[0].head().deps[0].id, head.id);
    assert_eq!(entries[1].head().deps, []);
    world.meet(0, 1);
    assert_eq!(world.texts(0), ["question", "answer", "more"]);
}

#[test]
fn entries_for_an_envelope_keep_within_their_bounds() {
    let mut world = World::pair();
    let chain = world.write(0, &"x".repeat(100)).chain;
    for _ in 0..20 {
        world.write(0, &"x".repeat(100));
    }
    let mut take = |from, bytes_max, count_max| {
        let entries = world
            .turn(0, |turn, conversation| conversation.entries_from(turn, chain, from, bytes_max, count_max));
        entries.unwrap()
    };
    let one = take(0, usize::MAX, 1)[0].1.len() + ENTRY_RECORD_OVERHEAD;
    assert_eq!(take(3, 4 * one, 100).len(), 4);
    assert_eq!(take(3, 4 * one - 1, 100).len(), 3);
    assert_eq!(take(3, one - 1, 100), []);
    let seqs: Vec<_> = take(18, usize::MAX, 100).iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, [18, 19, 20]);
    assert_eq!(take(21, usize::MAX, 100), []);
    assert_eq!(take(0, usize::MAX, 0), []);
}
