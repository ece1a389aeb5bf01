//! A window over a history stays without a gap and in order, wherever somebody scrolls and whatever arrives.

use causerie_protocol::{
    answer::{ContactState, ContactView, Verification},
    ids::AccountId,
    moment::WallTime,
};

use super::*;

/// With whom.
pub(crate) const PEER: AccountId = AccountId::from_bytes([1; 32]);

/// A message of a history, of each side in turn.
pub(crate) fn row(number: u64) -> MessageView {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageView {
        id: MessageId::from_bytes(id),
        conversation: PEER,
        author: AccountId::from_bytes([u8::try_from(number % 2).unwrap(); 32]),
        outgoing: number.is_multiple_of(2),
        text: Some(number.to_string()),
        sent_at: WallTime::from_millis(1_790_000_000_000 + number),
        received_at: None,
        state: MessageState::Queued,
        reason: None,
    }
}

/// Somebody of this name.
pub(crate) fn somebody(number: u8, name: &str) -> ContactView {
    ContactView {
        id: AccountId::from_bytes([number; 32]),
        name: name.to_owned(),
        state: ContactState::Pending,
        reason: None,
        verification: Verification::None,
        online: false,
        path: None,
        last_seen: None,
        safety_number: None,
    }
}

/// A history, as a node has it, and a window over it.
struct Bench {
    history: Vec<MessageView>,
    timeline: Timeline,
}

impl Bench {
    fn new(length: u64) -> Self {
        let mut bench = Self {
            history: (0..length).map(|number| row(number * 10)).collect(),
            timeline: Timeline::default(),
        };
        bench.load(Part::Older);
        bench
    }

    /// The node's answer, worked out when it is asked.
    fn page(&self, before: Option<MessageId>, limit: u32) -> Vec<MessageView> {
        let end =
            before.map_or(self.history.len(), |id| self.history.iter().position(|row| row.id == id).unwrap());
        self.history[end.saturating_sub(usize::try_from(limit).unwrap())..end].to_vec()
    }

    fn load(&mut self, part: Part) {
        if let Some((before, limit)) = self.timeline.ask(part) {
            let page = self.page(before, limit);
            self.timeline.take(before.map(|id| id.to_string()).as_deref(), page);
        }
    }

    fn loads_all(&mut self, part: Part) {
        for _ in 0..10_000 {
            let done = match part {
                Part::Older => self.timeline.is_complete(),
                _ => self.timeline.is_at_end(),
            };
            if done {
                return;
            }
            self.load(part);
            let edge =
                if part == Part::Older { self.timeline.rows.first() } else { self.timeline.rows.last() };
            let edge = edge.map(|row| row.id);
            self.timeline.trim(edge);
            self.is_a_part();
        }
        panic!("no end was reached");
    }

    /// What is loaded is a part of the history.
    fn is_a_part(&self) {
        let rows = self.timeline.rows();
        let Some(first) = rows.first() else { return };
        let at = self.history.iter().position(|row| row.id == first.id).unwrap();
        let ids = |rows: &[MessageView]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(rows), ids(&self.history[at..at + rows.len()]));
        assert_eq!(self.timeline.is_at_end(), at + rows.len() == self.history.len());
    }
}

#[test]
fn a_long_history_is_read_to_its_beginning_and_back_with_few_rows() {
    let mut bench = Bench::new(20_050);
    bench.loads_all(Part::Older);
    assert_eq!(bench.timeline.rows()[0].id, row(0).id);
    assert!(bench.timeline.rows().len() <= ROWS_MAX + 100);
    bench.loads_all(Part::Newer);
    assert_eq!(bench.timeline.rows().last().unwrap().id, row(200_490).id);
    assert!(bench.timeline.rows().len() <= ROWS_MAX + 100);
}

#[test]
fn messages_that_come_late_into_the_middle_leave_no_gap_on_the_way_back() {
    let mut bench = Bench::new(3_000);
    bench.loads_all(Part::Older);
    // 350 messages of somebody who was away, between two pages that were passed.
    let late = (0..350).map(|number| row(25_000 * 10 + number)).collect::<Vec<_>>();
    bench.history.splice(2_500..2_500, late);
    bench.loads_all(Part::Newer);
}

#[test]
fn a_message_in_the_middle_is_gone_to_and_left_in_both_directions() {
    let mut bench = Bench::new(2_000);
    // Found while reading backwards in pages of 500.
    let newer = vec![bench.history[1_500].id, bench.history[1_000].id, bench.history[777].id];
    bench.timeline.go_to(newer);
    bench.load(Part::Older);
    bench.is_a_part();
    assert_eq!(bench.timeline.rows().last().unwrap().id, bench.history[776].id);
    bench.loads_all(Part::Newer);
    bench.timeline.go_to(Vec::new());
    bench.load(Part::Older);
    assert!(bench.timeline.is_at_end());
    bench.is_a_part();
}

#[test]
fn what_comes_while_a_page_is_under_way_is_neither_lost_nor_doubled() {
    let mut bench = Bench::new(50);
    bench.timeline.go_to(Vec::new());
    let (before, limit) = bench.timeline.ask(Part::Older).unwrap();
    let page = bench.page(before, limit);
    // One that is in the page and told late, one that is not.
    bench.timeline.append(row(490));
    bench.timeline.append(row(500));
    bench.timeline.take(None, page);
    bench.history.push(row(500));
    bench.is_a_part();
    assert_eq!(bench.timeline.rows().len(), 51);
}

#[test]
fn what_was_not_asked_for_or_is_refused_changes_nothing() {
    let mut bench = Bench::new(500);
    let before = bench.timeline.rows().len();
    bench.timeline.take(None, vec![row(1)]);
    bench.timeline.take(Some("nonsense"), vec![row(1)]);
    assert_eq!(bench.timeline.rows().len(), before);
    assert!(bench.timeline.ask(Part::Older).is_some());
    assert_eq!(bench.timeline.ask(Part::Older), None, "one at a time");
    bench.timeline.refused();
    bench.load(Part::Older);
    assert_eq!(bench.timeline.rows().len(), 200);
    bench.is_a_part();
}

#[test]
fn states_are_never_told_early_where_only_a_part_is_loaded() {
    let mut bench = Bench::new(2_000);
    bench.timeline.raise(row(19_980).id, MessageState::Delivered);
    assert_eq!(bench.timeline.rows()[98].state, MessageState::Delivered);
    assert_eq!(bench.timeline.rows()[99].state, MessageState::Queued, "it is theirs");
    bench.timeline.go_to(vec![bench.history[1_000].id]);
    bench.load(Part::Older);
    bench.timeline.raise(bench.history[100].id, MessageState::Read);
    assert!(bench.timeline.rows().iter().all(|row| row.state == MessageState::Queued));
    assert!(bench.timeline.is_stale());
    bench
        .history
        .iter_mut()
        .filter(|row| row.outgoing)
        .take(40)
        .for_each(|row| row.state = MessageState::Read);
    bench.load(Part::Same);
    assert!(!bench.timeline.is_stale());
    bench.is_a_part();
}

#[test]
fn what_both_wrote_apart_is_asked_for_in_the_order_that_both_see() {
    let mut bench = Bench::new(10);
    bench.timeline.append(row(45));
    assert!(bench.timeline.is_stale());
    bench.history.insert(5, row(45));
    bench.load(Part::Same);
    bench.is_a_part();
}
