//! How fast the window is: the work of a pass in a conversation of 100,000 messages, the time until something is seen,
//! and the memory beside that of an empty window.
//!
//! Prints medians and p95 with the load of the machine, and asserts nothing. A pass is measured as the processor's work
//! (layout and tessellation), without painting. What is seen is measured on a screen of its own (Xvfb, software OpenGL)
//! and left out where there is none; the empty window is this program again, started as `--empty-window`. Run it with
//! `cargo bench -p causerie`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement, not a part of the program")]

#[path = "../tests/window/screen.rs"]
#[expect(dead_code, reason = "less of it is needed here than in tests")]
mod screen;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::park_timeout,
    time::{Duration, Instant},
};

use causerie::{
    action::Action,
    model::{Model, timeline::Part},
    preferences::{Language, Preferences},
    screens::{
        View,
        chat::{Chat, chat_ui},
    },
    text::{Text, now, today},
    theme,
};
use causerie_protocol::{
    answer::{
        Answer, ContactState, ContactView, ConversationView, MessageState, MessageView, StatusView,
        Verification,
    },
    command::Command as Question,
    event::Event,
    ids::{AccountId, MessageId},
    moment::WallTime,
};
use eframe::egui::{
    self, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, Vec2, pos2, vec2,
};
use screen::{Key, Screen};
use x11rb::protocol::xproto::Window;

const MESSAGES: u64 = 100_000;
const PASSES: usize = 400;
const STARTS: usize = 7;

/// A window, as large as one begins.
const SIZE: Vec2 = vec2(980.0, 680.0);

/// A program that shows nothing for so long is at fault.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    if std::env::args().any(|argument| argument == "--empty-window") {
        empty_window();
        return;
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("load {} on {cores} cores", load.trim());
    passes();
    let Some(screen) = Screen::open() else { return };
    seen(&screen);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {} at the end", load.trim());
}

fn print(what: &str, unit: &str, mut samples: Vec<f64>) {
    samples.sort_by(f64::total_cmp);
    let at = |hundredths: usize| samples[(samples.len() - 1) * hundredths / 100];
    println!("{what:<44} p50 {:8.3} {unit}   p95 {:8.3} {unit}   ({} times)", at(50), at(95), samples.len());
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn account() -> AccountId {
    AccountId::from_bytes([1; 32])
}

fn message_id(number: u64) -> MessageId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::from_bytes(id)
}

fn message(number: u64) -> MessageView {
    let words = ["so", "tomorrow", "we", "meet", "at", "the", "old", "bridge", "près", "du", "théâtre", "😀"];
    let length = usize::try_from(number * 7 % 60).unwrap() + 1;
    let text: Vec<&str> = (0..length).map(|word| words[(word * 5 + length) % words.len()]).collect();
    MessageView {
        id: message_id(number),
        conversation: account(),
        author: AccountId::from_bytes([if number.is_multiple_of(3) { 9 } else { 1 }; 32]),
        outgoing: number.is_multiple_of(3),
        text: Some(text.join(" ")),
        sent_at: WallTime::from_millis(1_780_000_000_000 + number * 90_000),
        received_at: None,
        state: MessageState::Delivered,
        reason: None,
    }
}

/// One contact, with whom nothing is loaded yet.
fn model() -> Model {
    let mut model = Model::default();
    let own = StatusView {
        beyond: None,
        lan_only: false,
        id: AccountId::from_bytes([9; 32]),
        name: "Alice".to_owned(),
        listening: Vec::new(),
        peers: 1,
        queued: 0,
    };
    model.answered(&Question::Status, Answer::Status(own));
    let contact = ContactView {
        id: account(),
        name: "Bruno".to_owned(),
        state: ContactState::Active,
        reason: None,
        verification: Verification::Verified,
        online: true,
        path: None,
        last_seen: None,
        safety_number: None,
    };
    let one = ConversationView {
        contact,
        last: None,
        unread: 0,
        draft: String::new(),
        pinned: false,
        archived: false,
        muted: false,
    };
    model.answered(&Question::ListConversations, Answer::Conversations(vec![one]));
    model
}

/// A conversation without a window.
struct Bench {
    context: egui::Context,
    model: Model,
    chat: Chat,
    text: Text,
    preferences: Preferences,
    time: f64,
    /// How many messages the history has.
    length: u64,
    /// What the last pass asked.
    asked: Vec<Action>,
}

impl Bench {
    /// The store's answer: at most so many messages before one.
    fn answer(&mut self, part: Part) {
        let Some(question) = self.model.load(account(), part) else { return };
        let Question::ListMessages { limit, before, .. } = &question else { return };
        let numbers = 0..self.length;
        let end = before.as_ref().map_or(self.length, |id| {
            let found = numbers.clone().rev().find(|number| message_id(*number).to_string() == *id);
            found.unwrap()
        });
        let rows = (end.saturating_sub(u64::from(*limit))..end).map(message).collect();
        self.model.answered(&question, Answer::Messages(rows));
    }

    /// A pass as the window makes it, and what the store answers after it.
    fn shown(&mut self, events: Vec<egui::Event>) -> f64 {
        let took = self.pass(events);
        for action in std::mem::take(&mut self.asked) {
            if let Action::Load(_, part) = action {
                self.answer(part);
            }
        }
        self.model.trim(account(), self.chat.list.reading());
        took
    }

    /// The work of one pass.
    fn pass(&mut self, events: Vec<egui::Event>) -> f64 {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            events,
            ..RawInput::default()
        };
        let view = View {
            model: &self.model,
            text: &self.text,
            preferences: &self.preferences,
            now: now(),
            today: today(),
        };
        let begun = Instant::now();
        let (chat, asked) = (&mut self.chat, &mut self.asked);
        let output = self.context.run_ui(input, |ui| asked.extend(chat_ui(ui, &view, account(), chat)));
        let (shapes, scale) = (output.shapes.clone(), output.pixels_per_point);
        let primitives = self.context.tessellate(shapes, scale);
        let took = millis(begun.elapsed());
        output.drop_without_applying_deltas();
        assert!(!primitives.is_empty(), "nothing was painted");
        took
    }
}

fn passes() {
    let context = egui::Context::default();
    theme::install(&context);
    let mut bench = Bench {
        context,
        model: model(),
        chat: Chat::default(),
        text: Text::of(Language::English),
        preferences: Preferences::default(),
        time: 0.0,
        length: MESSAGES,
        asked: Vec::new(),
    };
    // Fonts are there from the second pass on.
    bench.context.run_ui(RawInput::default(), |_| {}).drop_without_applying_deltas();
    bench.answer(Part::Older);
    let first = bench.shown(vec![egui::Event::PointerMoved(pos2(490.0, 300.0))]);
    println!("a conversation of {MESSAGES} messages, its first pass {first:8.3} ms");
    for _ in 0..10 {
        bench.shown(Vec::new());
    }
    print("pass at rest", "ms", (0..PASSES).map(|_| bench.shown(Vec::new())).collect());
    let arriving = (0..PASSES).map(|number| {
        let row = message(MESSAGES + u64::try_from(number).unwrap());
        bench.length += 1;
        bench.model.apply(&Arc::new(Event::MessageReceived(Box::new(row))));
        bench.shown(Vec::new())
    });
    print("pass in which a message arrives", "ms", arriving.collect());
    let wheel = |by: f32| egui::Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, by),
        phase: TouchPhase::Move,
        source: MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    };
    print(
        "pass while scrolling up, slowly",
        "ms",
        (0..PASSES).map(|_| bench.shown(vec![wheel(40.0)])).collect(),
    );
    print(
        "pass while scrolling up, fast",
        "ms",
        (0..PASSES).map(|_| bench.shown(vec![wheel(900.0)])).collect(),
    );
    print(
        "pass while scrolling down, fast",
        "ms",
        (0..PASSES).map(|_| bench.shown(vec![wheel(-900.0)])).collect(),
    );
}

/// The least that a window can be.
fn empty_window() {
    struct Empty;
    impl eframe::App for Empty {
        fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
            ui.label("empty");
        }
    }
    let viewport = egui::ViewportBuilder::default().with_inner_size(SIZE);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    eframe::run_native("empty", options, Box::new(|_| Ok(Box::new(Empty)))).unwrap();
}

/// A program at a window; ends with the value.
struct Shown(Child);

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Shown {
    /// Starts it, and waits until its window shows more than a ground.
    fn start(screen: &Screen, mut command: Command) -> (Self, Window, f64) {
        screen.show(&mut command);
        let begun = Instant::now();
        let child = Self(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let window = until(|| {
            screen
                .window_of(child.0.id())
                .filter(|window| screen.picture(*window).is_some_and(|picture| picture.has_something(0..400)))
        });
        (child, window, millis(begun.elapsed()))
    }

    /// A line of `/proc/PID/status`, in MiB.
    fn memory(&self, what: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
    }

    /// Ticks of the processor so far: a hundredth of a second each.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing was shown");
        park_timeout(Duration::from_millis(2));
    }
}

fn seen(screen: &Screen) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    causerie_node::init(&home, "Alice", None).unwrap();
    let ours = |home: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_causerie"));
        command.args(["--loopback", "--home"]).arg(home);
        command
    };
    let empty = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--empty-window");
        command
    };
    let starts = |command: &dyn Fn() -> Command| -> Vec<f64> {
        (0..STARTS).map(|_| Shown::start(screen, command()).2).collect()
    };
    print("start to first picture, empty window", "ms", starts(&empty));
    print("start to first picture, ours", "ms", starts(&|| ours(&home)));

    let (bare, _, _) = Shown::start(screen, empty());
    let (full, window, _) = Shown::start(screen, ours(&home));
    rest(&full);
    let (floor, all) = (bare.memory("VmRSS"), full.memory("VmRSS"));
    println!(
        "resident memory: empty window {floor:.1} MiB, ours {all:.1} MiB, {:.1} MiB above it",
        all - floor
    );
    let before = full.ticks();
    park_timeout(Duration::from_secs(10));
    println!("processor at rest: {} hundredths of a second in 10 s", full.ticks() - before);
    screen.focus(window);
    screen.press(&[screen::Held::Control], Key::Letter('k'));
    rest(&full);
    let keys = (0..60).map(|number| {
        let before = screen.picture(window);
        let begun = Instant::now();
        screen.press(&[], Key::Letter(char::from(b'a' + number % 26)));
        until(|| (screen.picture(window) != before).then_some(()));
        millis(begun.elapsed())
    });
    print("key to picture, painted in software", "ms", keys.collect());
}

/// Waits until a program does nothing any more.
fn rest(program: &Shown) {
    let mut before = program.ticks();
    until(|| {
        park_timeout(Duration::from_secs(1));
        let now = program.ticks();
        let rests = now == before;
        before = now;
        rests.then_some(())
    });
}
