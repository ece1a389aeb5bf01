//! What somebody reads stays where it is, whatever happens around it.

use causerie_protocol::{answer::MessageState, ids::AccountId, moment::WallTime};

use super::*;

const VIEW: f32 = 500.0;

fn row(number: u64) -> MessageView {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageView {
        id: MessageId::from_bytes(id),
        conversation: AccountId::from_bytes([1; 32]),
        author: AccountId::from_bytes([u8::try_from(number % 2).unwrap(); 32]),
        outgoing: number.is_multiple_of(2),
        text: Some("word ".repeat(usize::try_from(number * 7 % 90).unwrap())),
        sent_at: WallTime::from_millis(1_790_000_000_000 + number * 3_600_000),
        received_at: None,
        state: MessageState::Delivered,
        reason: None,
    }
}

/// A list over messages, without a window: its passes as `show` makes them.
struct Bench {
    list: ChatList,
    rows: Vec<MessageView>,
    revision: u64,
    complete: bool,
    at_end: bool,
    arrived: u64,
}

impl Bench {
    fn new(range: std::ops::Range<u64>) -> Self {
        let list = ChatList { width: 400.0, ..ChatList::default() };
        Self { list, rows: range.map(row).collect(), revision: 1, complete: false, at_end: true, arrived: 0 }
    }

    /// One pass; `wheel` is how far somebody scrolls in it.
    fn pass(&mut self, wheel: f32) -> Shown {
        let content = Content {
            rows: &self.rows,
            revision: self.revision,
            complete: self.complete,
            at_end: self.at_end,
            arrived: self.arrived,
            unread_from: None,
        };
        self.list.make_items(content);
        let width = self.list.width;
        // A height that no estimate knows.
        let mut measure = |item: Item| match item {
            Item::Message(place, ..) => {
                let length = self.rows[place].text.as_ref().unwrap().len();
                (length as f32 * 9.0 / width).ceil() * 17.0 + 31.0
            }
            _ => 36.0,
        };
        self.list.settle(VIEW, &self.rows, &mut measure);
        let total = self.list.begins.last().copied().unwrap();
        let offset = (self.list.offset + wheel).clamp(0.0, (total - VIEW).max(0.0));
        self.list.scrolled(offset, VIEW, content)
    }

    /// Where a message begins on the screen.
    fn seen_at(&self, id: MessageId) -> Option<f32> {
        let place =
            self.list.items.iter().position(|item| matches!(item, Item::Message(_, one, _) if *one == id))?;
        Some(self.list.begins[place] - self.list.offset)
    }

    /// The message at the upper edge.
    fn reading(&self) -> MessageId {
        let place = self.list.at(self.list.offset);
        let found = self.list.items[place..].iter().find_map(|item| match item {
            Item::Message(_, id, _) => Some(*id),
            _ => None,
        });
        found.unwrap()
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<MessageView>)) {
        change(&mut self.rows);
        self.revision += 1;
    }
}

#[test]
fn the_newest_message_is_at_the_bottom_and_stays_there() {
    let mut bench = Bench::new(100..200);
    for number in 200..260 {
        let shown = bench.pass(0.0);
        assert!(shown.at_bottom);
        let total = bench.list.begins.last().copied().unwrap();
        assert!((bench.list.offset + VIEW - total).abs() < 0.5);
        bench.change(|rows| rows.push(row(number)));
    }
}

#[test]
fn what_is_read_never_moves_whatever_happens_around_it() {
    let mut dice = 7_u64;
    let mut roll = move |sides: u64| {
        // A linear congruential generator: Knuth, MMIX.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let (mut first, mut last) = (5_000, 5_400);
    let mut bench = Bench::new(first..last);
    bench.pass(0.0);
    bench.pass(-1_500.0);
    for _ in 0..2_000 {
        bench.pass(0.0);
        let id = bench.reading();
        let before = bench.seen_at(id).unwrap();
        match roll(7) {
            5 => {
                // What is far below is let go, and comes back.
                let end = bench.list.at(bench.list.offset + VIEW) + 30;
                let length = bench.rows.len();
                bench.change(|rows| rows.truncate(end.min(length)));
                bench.at_end &= bench.rows.len() == length;
            }
            6 => {
                let from = bench.rows.len() as u64 + first;
                bench.change(|rows| rows.extend((from..last).map(row)));
                bench.at_end = true;
            }
            0 => {
                let more = first - 1 - roll(60);
                let page: Vec<_> = (more..first).map(row).collect();
                first = more;
                bench.change(|rows| drop(rows.splice(0..0, page)));
            }
            1 => {
                if bench.at_end {
                    bench.change(|rows| rows.push(row(last)));
                }
                last += u64::from(bench.at_end);
            }
            2 => {
                bench.list.heights.clear();
                bench.list.stale = true;
            }
            3 => {
                bench.list.width = 300.0 + (roll(200) as f32);
                bench.list.heights.clear();
                bench.list.stale = true;
            }
            _ => {
                let wheel = roll(400) as f32 - 250.0;
                bench.pass(wheel);
                continue;
            }
        }
        let at_bottom = bench.list.anchor == Anchor::Bottom;
        bench.pass(0.0);
        if !at_bottom {
            let after = bench.seen_at(id).unwrap();
            assert!((after - before).abs() < 1.0, "it was at {before}, and is at {after}");
        }
        if first < 1_000 {
            break;
        }
    }
}

#[test]
fn what_arrives_below_is_counted_and_what_is_loaded_above_is_not() {
    let mut bench = Bench::new(1_000..1_100);
    bench.pass(0.0);
    assert_eq!(bench.pass(-2_000.0).new_below, 0);
    bench.change(|rows| rows.extend((1_100..1_103).map(row)));
    bench.arrived += 3;
    assert_eq!(bench.pass(0.0).new_below, 3);
    bench.change(|rows| drop(rows.splice(0..0, (900..1_000).map(row))));
    let shown = bench.pass(0.0);
    assert_eq!((shown.new_below, shown.at_bottom), (3, false));
    bench.list.to_bottom();
    let shown = bench.pass(0.0);
    assert_eq!((shown.new_below, shown.at_bottom), (0, true));
}

#[test]
fn older_messages_are_wanted_near_the_upper_edge_only() {
    let mut bench = Bench::new(1_000..1_200);
    assert!(!bench.pass(0.0).older_wanted);
    assert!(bench.pass(-1_000_000.0).older_wanted);
}

#[test]
fn newer_messages_are_wanted_near_the_lower_edge_where_there_are_some() {
    let mut bench = Bench::new(1_000..1_200);
    bench.at_end = false;
    bench.list.to_message(row(1_100).id);
    assert!(!bench.pass(0.0).newer_wanted);
    assert_eq!(bench.seen_at(row(1_100).id), Some(80.0));
    let shown = bench.pass(1_000_000.0);
    assert_eq!((shown.newer_wanted, shown.at_bottom), (true, false));
    bench.at_end = true;
    bench.pass(1_000_000.0);
    let shown = bench.pass(0.0);
    assert_eq!((shown.newer_wanted, shown.at_bottom), (false, true));
}

#[test]
fn a_message_that_is_not_there_yet_is_gone_to_once_it_is() {
    let mut bench = Bench::new(0..0);
    bench.at_end = false;
    bench.list.to_message(row(1_050).id);
    bench.pass(0.0);
    bench.pass(0.0);
    bench.change(|rows| rows.extend((1_000..1_100).map(row)));
    bench.pass(0.0);
    assert_eq!(bench.seen_at(row(1_050).id), Some(80.0));
}
