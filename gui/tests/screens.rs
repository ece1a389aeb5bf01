//! What every screen says, as a tree of roles and words: what somebody hears who cannot see, in both languages.
//!
//! The trees lie in `tests/snapshots` and are compared letter by letter; `CAUSERIE_SNAPSHOTS=write` writes them anew.
//! Times of day depend on where a machine stands and are left out. The page that takes in invitations is also tried
//! with dropped files and pasted pictures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says where"
)]

use std::{
    cell::RefCell,
    fmt::Write as _,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use causerie::{
    action::Action,
    desktop::Offers,
    model::{Model, timeline::Part},
    preferences::{Language, Preferences},
    route::Route,
    screens::{
        View,
        add_contact::{Adding, add_contact_ui},
        beyond::{Beyond, beyond_card},
        chat::{Chat, chat_ui},
        contact::{Editing, contact_ui},
        gate::{Gate, Typed, gate_ui},
        list::{Looking, list_ui},
        locking::Locking,
        network::{Tests, network_ui},
        pages::{Around, Choosing, about_ui, settings_ui, shortcuts_ui},
        search::{Searching, search_ui},
    },
    storage::Stored,
    text::Text,
    theme,
};
use causerie_node::{choices::Choices, error::NodeError};
use causerie_protocol::{
    address::{Address, Transport},
    answer::{
        Answer, ContactState, ContactView, ConversationView, DeviceView, InvitationState, InvitationView,
        MessageState, MessageView, StatusView, Verification, reason,
    },
    command::Command,
    contact::link_code::Link,
    event::Event as Fact,
    ids::{AccountId, DeviceId, InvitationId, MessageId},
    moment::WallTime,
    secret::Secret,
};
use eframe::egui::{self, Color32, ColorImage, Event, Key, Role, accesskit::Toggled};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable as _},
};
use jiff::civil::{Date, date};

/// Noon in Greenwich on Monday, 16 November 2026: the same day nearly everywhere.
const NOON: u64 = 1_794_830_400_000;
const TODAY: Date = date(2026, 11, 16);
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

const LINK: &str =
    "causerie:i1#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw";

const NO_CHOICES: &str = "network.toml cannot be used: unknown field `servers`";

const SERVER: &str = "/ip4/203.0.113.10/udp/47474/quic-v1";

/// Nothing here takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn account(number: u8) -> AccountId {
    AccountId::from_bytes([number; 32])
}

fn contact(number: u8, name: &str, state: ContactState) -> ContactView {
    ContactView {
        id: account(number),
        name: name.to_owned(),
        state,
        reason: None,
        verification: Verification::None,
        online: false,
        path: None,
        last_seen: Some(WallTime::from_millis(NOON - 3 * DAY)),
        safety_number: None,
    }
}

fn message(with: u8, number: u8, text: &str, outgoing: bool, at: u64, state: MessageState) -> MessageView {
    MessageView {
        id: MessageId::from_bytes([number; 16]),
        conversation: account(with),
        author: account(if outgoing { 9 } else { with }),
        outgoing,
        text: Some(text.to_owned()),
        sent_at: WallTime::from_millis(at),
        received_at: (!outgoing).then_some(WallTime::from_millis(at)),
        state,
        reason: (state == MessageState::Failed).then(|| "the contact was removed".to_owned()),
    }
}

fn conversation(contact: ContactView, last: Option<MessageView>, unread: u64) -> ConversationView {
    ConversationView {
        contact,
        last,
        unread,
        draft: String::new(),
        pinned: false,
        archived: false,
        muted: false,
    }
}

/// What was said with the first contact.
fn said() -> Vec<MessageView> {
    use MessageState::{Delivered, Failed, Queued, Read};
    vec![
        message(1, 1, "Bonjour !", false, NOON - 400 * DAY, Read),
        message(1, 2, "Hello\nin two lines", true, NOON - DAY, Read),
        message(1, 3, "It will not arrive", true, NOON - DAY + 60_000, Failed),
        message(1, 4, "Tu es là ? 😀", false, NOON - 60_000, Delivered),
        message(1, 5, "Waiting", true, NOON, Queued),
    ]
}

/// Somebody with contacts of every kind.
fn model() -> Model {
    let mut model = Model::default();
    let own = StatusView {
        id: account(9),
        name: "Alice".to_owned(),
        listening: Vec::new(),
        beyond: None,
        lan_only: false,
        peers: 1,
        queued: 1,
    };
    model.answered(&Command::Status, Answer::Status(own));
    let known = ContactView {
        verification: Verification::Verified,
        online: true,
        safety_number: Some(["01234"; 12].join(" ")),
        ..contact(1, "Bruno", ContactState::Active)
    };
    let changed =
        ContactView { verification: Verification::Changed, ..contact(2, "Chloé", ContactState::Active) };
    let failed =
        ContactView { reason: Some(reason::EXPIRED.to_owned()), ..contact(5, "Emil", ContactState::Failed) };
    let drafted = ConversationView {
        draft: "not sent".to_owned(),
        pinned: true,
        ..conversation(contact(6, "Fatou", ContactState::Active), None, 0)
    };
    let all = vec![
        conversation(known, said().pop(), 0),
        conversation(changed, Some(message(2, 20, "Ça va ?", false, NOON - DAY, MessageState::Delivered)), 3),
        conversation(contact(3, "Dora", ContactState::Pending), None, 0),
        conversation(contact(4, "Mallory", ContactState::Request), None, 0),
        conversation(failed, None, 0),
        drafted,
    ];
    model.answered(&Command::ListConversations, Answer::Conversations(all));
    let page = model.load(account(1), Part::Older).unwrap();
    model.answered(&page, Answer::Messages(said()));
    model
}

/// A screen of its own: paints it until nothing changes.
fn painted(language: Language, paint: impl Fn(&mut egui::Ui, &View<'_>) + 'static) -> Harness<'static> {
    let (model, text, preferences) = (model(), Text::of(language), Preferences::default());
    let mut ready = false;
    let mut harness =
        Harness::builder().with_size([720.0, 900.0]).allow_missing_glyphs().build_ui(move |ui| {
            // Fonts are there from the next pass on.
            if !std::mem::replace(&mut ready, true) {
                theme::install(ui.ctx());
                ui.ctx().request_repaint();
                return;
            }
            paint(
                ui,
                &View {
                    model: &model,
                    text: &text,
                    preferences: &preferences,
                    now: WallTime::from_millis(NOON),
                    today: TODAY,
                },
            );
        });
    harness.run();
    harness
}

/// The words of a tree, a line a node; what only holds others is left out.
fn tree<'tree>(node: &(impl NodeT<'tree> + 'tree), depth: usize, lines: &mut String) {
    let inside = node.accesskit_node();
    let words: Vec<String> = [inside.label(), inside.value()].into_iter().flatten().collect();
    let holds_only = words.iter().all(|words| words.is_empty())
        && matches!(
            inside.role(),
            Role::GenericContainer
                | Role::Unknown
                | Role::Window
                | Role::Pane
                | Role::ScrollView
                | Role::TextRun
        );
    let is_a_part = inside.role() == Role::TextRun;
    if !holds_only && !is_a_part {
        write!(lines, "{}{:?}", "  ".repeat(depth), inside.role()).unwrap();
        for words in words {
            write!(lines, " “{}”", without_clocks(&words.replace('\n', "⏎"))).unwrap();
        }
        for (holds, word) in [
            (inside.is_disabled(), "disabled"),
            (inside.is_selected() == Some(true), "selected"),
            (inside.is_focused(), "focused"),
            (inside.toggled() == Some(Toggled::True), "on"),
        ] {
            if holds {
                write!(lines, " {word}").unwrap();
            }
        }
        lines.push('\n');
    }
    for child in node.children() {
        tree(&child, depth + usize::from(!holds_only), lines);
    }
}

/// 14:05 as ··:··.
fn without_clocks(words: &str) -> String {
    let mut letters: Vec<char> = words.chars().collect();
    for place in 0..letters.len().saturating_sub(4) {
        let is_clock = letters[place..place + 5]
            .iter()
            .enumerate()
            .all(|(at, letter)| if at == 2 { *letter == ':' } else { letter.is_ascii_digit() });
        if is_clock {
            for at in [0, 1, 3, 4] {
                letters[place + at] = '·';
            }
        }
    }
    letters.into_iter().collect()
}

/// Compares a screen with what is kept of it, in both languages.
#[track_caller]
fn says_what_it_said(name: &str, paint: impl Fn(&mut egui::Ui, &View<'_>) + Clone + 'static) {
    for (language, short) in [(Language::English, "en"), (Language::French, "fr")] {
        let harness = painted(language, paint.clone());
        let mut found = String::new();
        tree(&harness.root(), 0, &mut found);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.{short}.txt"));
        if std::env::var_os("CAUSERIE_SNAPSHOTS").is_some_and(|asked| asked == "write") {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &found).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        let difference = kept.lines().zip(found.lines()).position(|(kept, found)| kept != found);
        assert!(
            kept == found,
            "{name}.{short}.txt differs from line {} on; CAUSERIE_SNAPSHOTS=write writes it anew. Found:\n{found}",
            difference.unwrap_or_else(|| kept.lines().count().min(found.lines().count())) + 1,
        );
    }
}

#[test]
fn the_list() {
    says_what_it_said("list", |ui, view| {
        list_ui(ui, view, &mut Looking::default(), Route::Chat(account(1)));
    });
}

#[test]
fn a_conversation() {
    let chat = Rc::new(RefCell::new(Chat::default()));
    says_what_it_said("chat", move |ui, view| {
        chat_ui(ui, view, account(1), &mut chat.borrow_mut());
    });
}

#[test]
fn conversations_in_which_nothing_can_be_written() {
    says_what_it_said("chat-request", |ui, view| {
        chat_ui(ui, view, account(4), &mut Chat::default());
    });
    says_what_it_said("chat-changed", |ui, view| {
        chat_ui(ui, view, account(2), &mut Chat::default());
    });
}

#[test]
fn a_contact() {
    let editing = Rc::new(RefCell::new(Editing::default()));
    says_what_it_said("contact", move |ui, view| {
        contact_ui(ui, view, account(1), &mut editing.borrow_mut());
    });
}

#[test]
fn adding_somebody() {
    let adding = Rc::new(RefCell::new(Adding::default()));
    says_what_it_said("add-contact", move |ui, view| {
        add_contact_ui(ui, view, &mut adding.borrow_mut(), Offers { files: true, ..Offers::default() });
    });
}

#[test]
fn pages_to_read_and_choose_from() {
    says_what_it_said("settings", |ui, view| {
        let home = "/home/alice/.local/share/causerie";
        let offers = Offers { tray: true, notifications: true, files: false };
        let stored = Some(Stored { bytes: Some(12_345_678), conversations: 1, messages: Some(1_234) });
        let device = |number: u8, is_this| DeviceView {
            id: DeviceId::from_bytes([number; 16]),
            added: WallTime::from_millis(1_735_000_000_000 + u64::from(number) * 864_000_000),
            is_this,
        };
        let devices = [device(1, true), device(2, false)];
        let around = Around { home, offers, stored, devices: &devices };
        let mut locking = Locking::default();
        locking.has_passphrase = true;
        let mut choosing = Choosing::default();
        choosing.beyond.told(Ok(Choices { bootstrap: vec![SERVER.to_owned()], ..Choices::default() }));
        settings_ui(ui, view.text, around, &mut choosing, &mut Preferences::default(), &mut locking);
    });
    says_what_it_said("network", |ui, view| {
        network_ui(ui, view, &Tests::default());
    });
    says_what_it_said("search", |ui, view| {
        search_ui(ui, view, &mut Searching::default());
    });
    says_what_it_said("shortcuts", |ui, view| shortcuts_ui(ui, view.text));
    says_what_it_said("about", |ui, view| about_ui(ui, view.text));
}

#[test]
fn choices_that_cannot_be_understood() {
    let error = NodeError::BadChoices(NO_CHOICES.to_owned());
    says_what_it_said("beyond-broken", move |ui, view| {
        let mut beyond = Beyond::default();
        beyond.told(Err(error.clone()));
        beyond_card(ui, view.text, &mut beyond, &mut Vec::new());
    });
}

#[test]
fn before_the_conversations() {
    let gates = [
        ("welcome", Gate::Welcome),
        ("locked", Gate::Locked(true)),
        ("shut", Gate::Shut(false)),
        ("trouble", Gate::Trouble(NodeError::StoreDamaged("store".into()))),
        ("trouble-choices", Gate::Trouble(NodeError::BadChoices(NO_CHOICES.to_owned()))),
    ];
    for (name, gate) in gates {
        says_what_it_said(name, move |ui, view| {
            gate_ui(ui, view.text, &gate, &mut Typed::default());
        });
    }
}

/// A page on which invitations are taken in, and what was asked there.
type Page = Harness<'static, (Adding, Vec<Action>)>;

fn page() -> Page {
    page_of(Model::default())
}

fn page_of(model: Model) -> Page {
    let (text, preferences) = (Text::of(Language::English), Preferences::default());
    let mut ready = false;
    let paint = move |ui: &mut egui::Ui, (adding, asked): &mut (Adding, Vec<Action>)| {
        if !std::mem::replace(&mut ready, true) {
            theme::install(ui.ctx());
            ui.ctx().request_repaint();
            return;
        }
        let view = View {
            model: &model,
            text: &text,
            preferences: &preferences,
            now: WallTime::from_millis(NOON),
            today: TODAY,
        };
        asked.extend(add_contact_ui(ui, &view, adding, Offers::default()));
    };
    let mut page = Harness::builder()
        .with_size([720.0, 900.0])
        .allow_missing_glyphs()
        .build_ui_state(paint, (Adding::default(), Vec::new()));
    page.run();
    page
}

/// Passes until the page says something.
#[track_caller]
fn until_said<S>(page: &mut Harness<'static, S>, words: &str) {
    let began = Instant::now();
    while page.query_by_label_contains(words).is_none() {
        assert!(began.elapsed() < PATIENCE, "it never said “{words}”: {:?}", page.root());
        page.step();
        std::thread::yield_now();
    }
}

/// A file as the system hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        panic!("files are read with a bound")
    }
}

/// The picture of a code.
fn code(text: &str) -> image::GrayImage {
    let code = qrcode::QrCode::new(text).unwrap();
    let (width, colours) = (code.width(), code.to_colors());
    let side = u32::try_from(4 * (width + 8)).unwrap();
    image::GrayImage::from_fn(side, side, |x, y| {
        let place = |at: u32| usize::try_from(at / 4).unwrap().checked_sub(4).filter(|at| *at < width);
        let dark = place(x).zip(place(y)).is_some_and(|(x, y)| colours[y * width + x] == qrcode::Color::Dark);
        image::Luma([if dark { 0 } else { 255 }])
    })
}

/// The picture of a code, as it comes from the clipboard.
fn pasted_code(text: &str) -> Event {
    let picture = code(text);
    let size = [picture.width(), picture.height()].map(|side| usize::try_from(side).unwrap());
    let points = picture.pixels().map(|one| Color32::from_gray(one.0[0])).collect();
    Event::PasteImage(Arc::new(ColorImage::new(size, points)))
}

#[test]
fn a_dropped_picture_fills_the_field_and_accepts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code.png");
    code(LINK).save(&file).unwrap();
    let mut page = page();
    page.input_mut().hovered_files.push(egui::HoveredFile { path: Some(file.clone()), ..Default::default() });
    page.step();
    page.input_mut().hovered_files.clear();
    page.input_mut().dropped_files.push(Arc::new(Dropped(file.clone())));
    page.step();
    page.input_mut().dropped_files.clear();
    until_said(&mut page, "This is the invitation that was found");
    assert_eq!(page.state().0.pasted, LINK);
    assert!(page.state().1.is_empty(), "nothing is accepted by itself");

    std::fs::write(&file, "no picture, and no link").unwrap();
    page.input_mut().dropped_files.push(Arc::new(Dropped(file)));
    page.step();
    page.input_mut().dropped_files.clear();
    until_said(&mut page, "There is no invitation in this");
    assert_eq!(page.state().0.pasted, LINK, "what was there stays");
    page.key_press(Key::Enter);
    page.step();
    let asked = &page.state().1;
    assert!(
        matches!(&asked[..], [Action::Accept(link)] if link == LINK),
        "Enter is a yes: {asked:?}, {:?}",
        page.root()
    );
}

#[test]
fn what_is_pasted_anywhere_on_the_page_is_taken_in() {
    let mut page = page();
    page.event(pasted_code(LINK));
    until_said(&mut page, "This is the invitation that was found");
    assert_eq!(page.state().0.pasted, LINK);

    // Whatever has the focus.
    page.key_press(Key::Tab);
    page.step();
    page.event(Event::Paste("voici : causerie:i1#other, à bientôt".replace(',', " ")));
    page.step();
    assert_eq!(page.state().0.pasted, "causerie:i1#other");
    let white = ColorImage::new([40, 40], vec![Color32::WHITE; 1_600]);
    page.event(Event::PasteImage(Arc::new(white)));
    until_said(&mut page, "No code can be read in this picture");
    page.event(Event::Paste("file:///nowhere/at%20all.png".to_owned()));
    until_said(&mut page, "This is no picture that can be read");
    assert!(page.state().1.is_empty());
}

/// An invitation of somebody.
fn given(change: impl FnOnce(&mut Link)) -> String {
    let mut link = Link {
        account: account(40),
        secret: Secret::new([1; 32]),
        bundle_hash: [2; 16],
        not_after: (NOON + 3 * DAY) / 1_000,
        reusable: false,
        ask: false,
        hints: Vec::new(),
    };
    change(&mut link);
    link.encode()
}

#[test]
fn what_an_invitation_says_is_said_before_it_is_accepted() {
    let here = Address { transport: Transport::Tcp, ip: Ipv4Addr::LOCALHOST.into(), port: 1 };
    let there = Address { ip: Ipv4Addr::new(192, 0, 2, 1).into(), ..here };
    let cut = given(|_| {}).split_off(9);
    let cases: [(String, &[&str]); 9] = [
        (
            given(|_| {}),
            &["does not say who made it", "Only one person", "19 November", "does not say where"],
        ),
        (given(|link| link.hints = vec![here]), &["leads to this machine only"]),
        (
            given(|link| (link.reusable, link.ask, link.hints) = (true, true, vec![here, there])),
            &["Several people", "then decides"],
        ),
        (given(|link| link.account = account(1)), &["It leads to Bruno"]),
        (given(|link| link.not_after = Link::NEVER), &["has no end"]),
        (given(|link| link.not_after = NOON / 1_000), &["This invitation has expired."]),
        (given(|link| link.account = account(9)), &["This invitation is your own."]),
        (format!("causerie:{}", &cut[..cut.len() - 1]), &["This is no whole invitation."]),
        ("causerie:i2#AAAA".to_owned(), &["made by a newer version"]),
    ];
    let mut page = page_of(model());
    let said = |page: &Page, words: &str| page.query_all_by_label_contains(words).next().is_some();
    for (link, sentences) in cases {
        page.state_mut().0.pasted = format!("here it is: {link} see you");
        page.run();
        for words in sentences {
            assert!(said(&page, words), "{words}: {:?}", page.root());
        }
        assert_eq!(said(&page, "leads to this machine only"), sentences == ["leads to this machine only"]);
    }
    page.state_mut().0.pasted = "hello".to_owned();
    page.run();
    assert!(said(&page, "There is no invitation in this"));
    assert!(page.state().1.is_empty());
}

/// The widths of the lines of the text that holds these words, and how far right they go.
fn lines_of(page: &Page, words: &str) -> (Vec<f32>, f32) {
    let whole = page.query_all_by_label_contains(words).last().unwrap();
    let lines: Vec<_> = whole.children().map(|line| line.rect()).collect();
    let right = lines.iter().map(|line| line.right()).fold(0.0, f32::max);
    (lines.iter().map(egui::Rect::width).collect(), right)
}

/// Dashes and underscores wherever they make the worst of a line.
fn long_word() -> String {
    let mut word = "causerie:i1#-".to_owned();
    for number in 0..12 {
        word += &"Ab0".repeat(number + 2);
        word.push(if number % 2 == 0 { '-' } else { '_' });
    }
    word
}

#[track_caller]
fn are_full(lines: &[f32]) {
    let widest = lines.iter().copied().fold(0.0, f32::max);
    let (_, full) = lines.split_last().unwrap();
    assert!(full.len() > 1 && full.iter().all(|line| *line > widest - 20.0), "{lines:?}");
}

#[test]
fn a_long_word_fills_its_lines() {
    let link = long_word();
    let made = InvitationView {
        id: InvitationId::from_bytes([1; 8]),
        link: Some(link.clone()),
        expires: Some(WallTime::from_millis(NOON + DAY)),
        reusable: false,
        ask: false,
        state: InvitationState::Open,
        answers: 0,
    };
    let mut model = model();
    let wishes = Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true };
    model.answered(&wishes, Answer::Invitation(made));
    let mut page = page_of(model);
    page.run();
    let (lines, right) = lines_of(&page, &link);
    are_full(&lines);
    assert!(right < 720.0, "{right}");

    page.state_mut().0.pasted = link;
    page.run();
    let field = page.get_by_role(Role::MultilineTextInput);
    let lines: Vec<_> = field.children().map(|line| line.rect().width()).collect();
    are_full(&lines);
}

#[test]
fn a_link_in_a_message_fills_its_lines() {
    let link = long_word();
    let mut model = model();
    let mut rows = said();
    rows.push(message(1, 6, &link, true, NOON, MessageState::Queued));
    let said = format!("Here it is 😀: {link} and\nthis is for the other one.");
    rows.push(message(1, 7, &said, true, NOON, MessageState::Queued));
    let page = model.load(account(1), Part::Same).unwrap();
    model.answered(&page, Answer::Messages(rows));
    let text = Text::of(Language::English);
    let (preferences, mut chat, mut ready) = (Preferences::default(), Chat::default(), false);
    let mut window =
        Harness::builder().with_size([720.0, 900.0]).allow_missing_glyphs().build_ui(move |ui| {
            if !std::mem::replace(&mut ready, true) {
                theme::install(ui.ctx());
                ui.ctx().request_repaint();
                return;
            }
            let now = WallTime::from_millis(NOON);
            let view = View { model: &model, text: &text, preferences: &preferences, now, today: TODAY };
            chat_ui(ui, &view, account(1), &mut chat);
        });
    window.run();
    let lines = |text: &str| {
        let bubble = window.query_all_by_label(text).last().unwrap();
        bubble.children().map(|line| line.rect().width()).collect::<Vec<_>>()
    };
    are_full(&lines(&link));
    let [begins, link @ .., last, there] = &lines(&said)[..] else { panic!("{:?}", lines(&said)) };
    are_full(link);
    assert!(*begins < 140.0 && *last < 60.0 && *there > 100.0, "{begins} {last} {there}");
}

#[test]
fn safety_numbers_are_compared_as_digits_and_as_pictures() {
    let (number, other) = (["01234"; 12].join(" "), ["01235"; 12].join(" "));
    let mut model = model();
    let known =
        ContactView { safety_number: Some(number.clone()), ..contact(1, "Bruno", ContactState::Active) };
    model.apply(&Arc::new(Fact::ContactChanged(Box::new(known))));
    let (text, preferences) = (Text::of(Language::English), Preferences::default());
    let mut ready = false;
    let paint = move |ui: &mut egui::Ui, (editing, asked): &mut (Editing, Vec<Action>)| {
        if !std::mem::replace(&mut ready, true) {
            theme::install(ui.ctx());
            ui.ctx().request_repaint();
            return;
        }
        let now = WallTime::from_millis(NOON);
        let view = View { model: &model, text: &text, preferences: &preferences, now, today: TODAY };
        asked.extend(contact_ui(ui, &view, account(1), editing));
    };
    let mut page = Harness::builder()
        .with_size([720.0, 900.0])
        .allow_missing_glyphs()
        .build_ui_state(paint, (Editing::default(), Vec::new()));
    page.run();
    let may_verify = |page: &Harness<'_, (Editing, Vec<Action>)>| {
        !page.get_by_label("They are the same: mark as verified").accesskit_node().is_disabled()
    };
    // The name has the focus, and is no place for a number.
    page.event(Event::Paste(format!("here: {number}")));
    until_said(&mut page, "They are the same.");
    assert!(page.get_by_label("Name").is_focused() && may_verify(&page));
    page.event(Event::Paste(other.clone()));
    until_said(&mut page, "They are not the same.");
    assert!(!may_verify(&page), "that would be a lie");
    page.event(pasted_code(&number.replace(' ', "")));
    until_said(&mut page, "They are the same.");
    page.event(pasted_code(LINK));
    until_said(&mut page, "There is no safety number in this");
    page.event(pasted_code(&other.replace(' ', "")));
    until_said(&mut page, "They are not the same.");
    assert!(page.state().1.is_empty(), "nothing is said for a person");
}
