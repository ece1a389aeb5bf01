//! What somebody reads stays where it is, whatever happens around it.

use causerie_protocol::moment::WallTime;
use egui_kittest::Harness;

use super::*;
use crate::model::timeline;

const VIEW: f32 = 500.0;

/// An hour after the one before, and of another length.
fn row(number: u64) -> MessageView {
    MessageView {
        text: Some("word ".repeat(usize::try_from(number * 7 % 90).unwrap())),
        sent_at: WallTime::from_millis(1_790_000_000_000 + number * 3_600_000),
        ..timeline::tests::row(number)
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

#[test]
fn older_messages_of_the_same_day_do_not_take_the_view_along() {
    let mut bench = Bench::new(1_000..1_100);
    for row in &mut bench.rows {
        row.sent_at = WallTime::from_millis(1_790_000_000_000);
    }
    bench.pass(0.0);
    bench.pass(-1_000_000.0);
    bench.pass(-1_000_000.0);
    assert!(bench.list.offset < 1.0, "the day is at the upper edge");
    let before = bench.seen_at(row(1_000).id).unwrap();
    bench.change(|rows| {
        let older = (900..1_000).map(|number| MessageView { sent_at: rows[0].sent_at, ..row(number) });
        let older: Vec<_> = older.collect();
        drop(rows.splice(0..0, older));
    });
    assert!(!bench.pass(0.0).older_wanted, "one page is enough");
    let after = bench.seen_at(row(1_000).id).unwrap();
    // The day itself has gone to the first message of the page.
    assert!((after - before).abs() < 1.0, "{before} {after}");
}

/// A list as egui shows it, pass by pass.
struct Window {
    bench: Bench,
    /// What was painted, and where.
    seen: Vec<(MessageId, f32)>,
}

impl Window {
    fn open(range: std::ops::Range<u64>) -> Harness<'static, Self> {
        let state = Self { bench: Bench::new(range), seen: Vec::new() };
        Harness::builder()
            .with_size([400.0, VIEW])
            .build_ui_state(|ui, state: &mut Self| state.show(ui), state)
    }

    fn show(&mut self, ui: &mut egui::Ui) {
        self.seen.clear();
        let Bench { list, rows, revision, complete, at_end, arrived } = &mut self.bench;
        let (revision, complete, at_end, arrived) = (*revision, *complete, *at_end, *arrived);
        let content = Content { rows, revision, complete, at_end, arrived, unread_from: None };
        let measure = |_: &egui::Ui, item: Item, width: f32| match item {
            Item::Message(place, ..) => {
                (rows[place].text.as_ref().unwrap().len() as f32 * 9.0 / width).ceil() * 17.0 + 31.0
            }
            _ => 36.0,
        };
        let seen = &mut self.seen;
        list.show(ui, content, measure, |ui, item| {
            if let Item::Message(_, id, _) = item {
                seen.push((id, ui.max_rect().top()));
            }
        });
    }

    fn at(&self, id: MessageId) -> Option<f32> {
        self.seen.iter().find(|(one, _)| *one == id).map(|(_, at)| *at)
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
    let (mut first, mut last) = (50_000, 50_400);
    let mut window = Window::open(first..last);
    window.run_steps(2);
    window.state_mut().bench.list.scroll(-3.0);
    for _ in 0..500 {
        window.run_steps(3);
        let Window { bench, seen } = window.state_mut();
        let id = bench.list.reading();
        let before = id.map(|id| seen.iter().find(|(one, _)| *one == id).unwrap().1);
        let end = bench.rows.len() as u64 + first;
        match roll(6) {
            0 => {
                let more = first - 1 - roll(120);
                let page: Vec<_> = (more..first).map(row).collect();
                first = more;
                bench.change(|rows| drop(rows.splice(0..0, page)));
            }
            1 if bench.at_end => {
                bench.change(|rows| rows.push(row(last)));
                last += 1;
            }
            2 => {
                // What is far below is let go.
                let length = (bench.list.at(bench.list.offset + VIEW) + 60).min(bench.rows.len());
                bench.at_end &= bench.rows.len() == length;
                bench.change(|rows| rows.truncate(length));
            }
            1 | 3 => {
                // And comes back.
                bench.change(|rows| rows.extend((end..last).map(row)));
                bench.at_end = true;
            }
            4 => {
                window.set_size(vec2(300.0 + roll(200) as f32, VIEW));
            }
            _ => {
                bench.list.scroll((roll(400) as f32 - 220.0) / 100.0);
                continue;
            }
        }
        window.step();
        let list = &window.state().bench.list;
        // Where less is below than the window is high, nothing else can be shown.
        let at_the_end = list.offset + VIEW > list.begins.last().unwrap() - 1.0;
        if let (Some(id), Some(before)) = (id.filter(|_| !at_the_end), before) {
            let after = window.state().at(id);
            assert!(after.is_some_and(|after| (after - before).abs() < 1.0), "from {before} to {after:?}");
        }
    }
    assert!(first < 47_000, "much was loaded");
}

#[test]
fn the_newest_stays_at_the_bottom_as_egui_shows_it() {
    let mut window = Window::open(2_000..2_100);
    window.run_steps(3);
    let before = window.state().at(row(2_099).id).unwrap();
    for first in [1_900, 1_800, 1_700] {
        window.state_mut().bench.change(|rows| drop(rows.splice(0..0, (first..first + 100).map(row))));
        window.step();
        assert_eq!(window.state().at(row(2_099).id), Some(before));
    }
}
