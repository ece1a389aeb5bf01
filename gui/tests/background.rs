//! The program without its window, on a bus of its own with a tray and notifications that write down what they are told.
//!
//! A bus is found by an environment variable, which a process cannot change for itself: each test starts a bus, and itself
//! once more on it. Where `dbus-daemon` is missing nothing is tested, which is printed.

#![expect(missing_docs, reason = "the bus's interfaces are documented where they are specified")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails says where")]

use std::{
    collections::HashMap,
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command as Process, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use causerie::{
    app::{App, Next},
    backend::Place,
    desktop::{Bus, Offers},
    doorbell::{self, Ring},
    window::Waker,
};
use causerie_node::{Config, NetworkOptions, Node};
use causerie_protocol::{
    answer::{Answer, ContactState},
    command::{Command, Reference},
};
use eframe::egui::{self, Key, Modifiers, ViewportCommand};
use egui_kittest::{Harness, kittest::Queryable as _};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zbus::{
    Connection, Proxy,
    object_server::SignalEmitter,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

/// Nothing here takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says that this process has a bus of its own.
const INSIDE: &str = "CAUSERIE_TEST_BUS";

/// Ends the daemon however a test ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Whether this process has a bus of its own; where not, the test was run by another that had one, or is left out.
fn has_bus(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let daemon = Process::new("dbus-daemon")
        .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = daemon else {
        println!("left out: dbus-daemon is missing");
        return false;
    };
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let _daemon = Daemon(child);
    let inside = Process::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env("DBUS_SESSION_BUS_ADDRESS", address.trim())
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&inside.stdout);
    assert!(
        inside.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&inside.stderr)
    );
    false
}

/// A notification as it was asked for.
#[derive(Clone, Debug)]
struct Asked {
    id: u32,
    title: String,
    body: String,
    actions: Vec<String>,
    hints: Vec<String>,
}

/// What the desktop was told.
#[derive(Debug, Default)]
struct Heard {
    asked: Vec<Asked>,
    closed: Vec<u32>,
    items: Vec<String>,
    /// Titles of dialogs, and where they are answered.
    dialogs: Vec<(String, OwnedObjectPath)>,
}

type Shared = Arc<Mutex<Heard>>;

struct FileChooser(Shared);

#[zbus::interface(name = "org.freedesktop.portal.FileChooser")]
impl FileChooser {
    fn open_file(
        &self,
        _parent: String,
        title: String,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] call: zbus::message::Header<'_>,
    ) -> OwnedObjectPath {
        let token = String::try_from(options.get("handle_token").unwrap().try_clone().unwrap()).unwrap();
        let sender = call.sender().unwrap().as_str().trim_start_matches(':').replace('.', "_");
        let path = format!("/org/freedesktop/portal/desktop/request/{sender}/{token}");
        let path = OwnedObjectPath::try_from(path).unwrap();
        self.0.lock().unwrap().dialogs.push((title, path.clone()));
        path
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        4
    }
}

struct Notifications(Shared);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the interface has so many")]
    fn notify(
        &self,
        _program: &str,
        replaces: u32,
        _icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut heard = self.0.lock().unwrap();
        let id = if replaces == 0 { u32::try_from(heard.asked.len()).unwrap() + 100 } else { replaces };
        let hints = hints.into_keys().collect();
        heard.asked.push(Asked { id, title, body, actions, hints });
        id
    }

    fn close_notification(&self, id: u32) {
        self.0.lock().unwrap().closed.push(id);
    }

    fn get_capabilities(&self) -> Vec<&str> {
        vec!["body", "body-markup", "actions"]
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

struct Watcher {
    heard: Shared,
    has_host: bool,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, item: String) {
        self.heard.lock().unwrap().items.push(item);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.has_host
    }

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_unregistered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

/// A desktop, one person's program on it, and somebody who writes to them.
struct Stage {
    runtime: Runtime,
    bus: Connection,
    heard: Shared,
    app: App,
    context: egui::Context,
    bruno: Node,
    homes: [TempDir; 2],
}

impl Stage {
    /// Everything, with these preferences of the window.
    fn new(preferences: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let heard = Shared::default();
        let bus = runtime.block_on(desktop(&heard));
        let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        std::fs::write(homes[0].path().join("window.json"), preferences).unwrap();
        let bruno = runtime.block_on(acquainted(homes[0].path(), homes[1].path()));
        let place = Place { home: homes[0].path().to_owned(), network: loopback() };
        let app = App::start(place, Waker::default(), Bus::Session).unwrap();
        let mut stage = Self { runtime, bus, heard, app, context: egui::Context::default(), bruno, homes };
        stage.until("it is in the tray", |stage| {
            stage.app.offers() == Offers { tray: true, notifications: true, files: true }
        });
        stage.until("they met again", |stage| {
            stage.app.model().conversations().first().is_some_and(|one| one.contact.online)
        });
        stage
    }

    /// Rests until something holds.
    #[track_caller]
    fn until(&mut self, what: &str, holds: impl Fn(&mut Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(
                began.elapsed() < PATIENCE,
                "waited in vain until {what}: {:?}",
                self.heard.lock().unwrap()
            );
            self.app.rest(&self.context);
            std::thread::yield_now();
        }
    }

    fn writes(&self, text: &str) {
        let conversation = Reference::new("Alice");
        let text = text.to_owned();
        let command = Command::SendMessage { conversation, text, idempotency_key: None };
        self.runtime.block_on(self.bruno.handle().command(command)).unwrap();
    }

    fn asked(&self) -> Vec<Asked> {
        self.heard.lock().unwrap().asked.clone()
    }

    fn clicks(&self, id: u32) {
        click(&self.runtime, &self.bus, id);
    }

    /// The item in the tray, as the desktop sees it.
    fn item(&self, path: &'static str, interface: &'static str) -> Proxy<'static> {
        let name = self.heard.lock().unwrap().items.last().unwrap().clone();
        self.runtime.block_on(Proxy::new(&self.bus, name, path, interface)).unwrap()
    }

    fn title(&self) -> String {
        let item = self.item("/StatusNotifierItem", "org.kde.StatusNotifierItem");
        self.runtime.block_on(async {
            // What was cached before it changed is of no use.
            let properties = zbus::fdo::PropertiesProxy::builder(&self.bus)
                .destination(item.destination().to_owned())
                .unwrap()
                .path("/StatusNotifierItem")
                .unwrap()
                .build()
                .await
                .unwrap();
            let name = "org.kde.StatusNotifierItem".try_into().unwrap();
            String::try_from(properties.get(name, "Title").await.unwrap()).unwrap()
        })
    }

    /// The menu's entries: number and label.
    fn menu(&self) -> Vec<(i32, String)> {
        type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let menu = self.item("/MenuBar", "com.canonical.dbusmenu");
        let names: &[&str] = &[];
        let (_, (_, _, entries)): (u32, Layout) =
            self.runtime.block_on(menu.call("GetLayout", &(0, -1, names))).unwrap();
        let entries = entries.into_iter().filter_map(|entry| {
            let Value::Structure(entry) = Value::from(entry) else { panic!("not an entry") };
            let (number, says, _) =
                <(i32, HashMap<String, OwnedValue>, Vec<OwnedValue>)>::try_from(entry).unwrap();
            Some((number, String::try_from(says.get("label")?.try_clone().unwrap()).unwrap()))
        });
        entries.collect()
    }

    fn chooses(&self, label: &str) {
        let (number, _) = self.menu().into_iter().find(|(_, says)| says == label).unwrap();
        let menu = self.item("/MenuBar", "com.canonical.dbusmenu");
        let event = (number, "clicked", Value::from(0), 0_u32);
        self.runtime.block_on(menu.call::<_, _, ()>("Event", &event)).unwrap();
    }

    fn ends(mut self) {
        self.app.close(&self.context);
        drop(self.app);
        self.runtime.block_on(self.bruno.stop()).unwrap();
    }
}

/// Answers the dialog that was opened last: how, and with which file.
fn answer(runtime: &Runtime, bus: &Connection, heard: &Shared, how: u32, file: &str) {
    let (_, path) = heard.lock().unwrap().dialogs.last().unwrap().clone();
    let answer = (how, HashMap::from([("uris", Value::from(vec![file]))]));
    let interface = "org.freedesktop.portal.Request";
    runtime.block_on(bus.emit_signal(None::<&str>, path, interface, "Response", &answer)).unwrap();
}

/// Clicks a notification.
fn click(runtime: &Runtime, bus: &Connection, id: u32) {
    runtime.block_on(async {
        let path = "/org/freedesktop/Notifications";
        let server = bus.object_server().interface::<_, Notifications>(path).await.unwrap();
        Notifications::action_invoked(server.signal_emitter(), id, "default").await.unwrap();
    });
}

fn loopback() -> NetworkOptions {
    NetworkOptions { loopback: true, ..NetworkOptions::default() }
}

async fn desktop(heard: &Shared) -> Connection {
    zbus::connection::Builder::session()
        .unwrap()
        .serve_at("/org/freedesktop/Notifications", Notifications(Arc::clone(heard)))
        .unwrap()
        .serve_at("/StatusNotifierWatcher", Watcher { heard: Arc::clone(heard), has_host: true })
        .unwrap()
        .serve_at("/org/freedesktop/portal/desktop", FileChooser(Arc::clone(heard)))
        .unwrap()
        .name("org.freedesktop.portal.Desktop")
        .unwrap()
        .name("org.freedesktop.Notifications")
        .unwrap()
        .name("org.kde.StatusNotifierWatcher")
        .unwrap()
        .build()
        .await
        .unwrap()
}

/// Two homes whose people know each other; Bruno's node still runs.
async fn acquainted(alice: &Path, bruno: &Path) -> Node {
    causerie_node::init(alice, "Alice", None).unwrap();
    causerie_node::init(bruno, "Bruno", None).unwrap();
    let start = |home: &Path| {
        Node::start(Config { home: home.to_owned(), passphrase: None, network: Some(loopback()) })
    };
    let (alice, bruno) = (start(alice).await.unwrap(), start(bruno).await.unwrap());
    let invite = Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true };
    let began = Instant::now();
    while bruno.handle().listening().is_empty() {
        assert!(began.elapsed() < PATIENCE, "Bruno listens nowhere");
        tokio::task::yield_now().await;
    }
    let Answer::Invitation(invitation) = bruno.handle().command(invite).await.unwrap() else {
        panic!("no link")
    };
    let accept = Command::AcceptInvitation { link: invitation.link.unwrap(), name: None, ignore_end: false };
    alice.handle().command(accept).await.unwrap();
    for node in [&alice, &bruno] {
        loop {
            let Answer::Contacts(all) = node.handle().command(Command::ListContacts).await.unwrap() else {
                panic!("no contacts")
            };
            if all.first().is_some_and(|one| one.state == ContactState::Active && one.online) {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "they did not meet");
            tokio::task::yield_now().await;
        }
    }
    alice.stop().await.unwrap();
    bruno
}

#[test]
fn messages_are_told_while_no_window_is_there_and_a_click_opens_their_conversation() {
    if !has_bus("messages_are_told_while_no_window_is_there_and_a_click_opens_their_conversation") {
        return;
    }
    let mut stage = Stage::new("{\"language\":\"english\"}");
    assert_eq!(stage.app.rest(&stage.context), Next::Rest);
    stage.writes("Hello <b>you</b> & co");
    stage.until("it is told", |stage| !stage.asked().is_empty());
    let first = stage.asked()[0].clone();
    assert_eq!(first.title, "Bruno");
    assert_eq!(first.body, "Hello &lt;b&gt;you&lt;/b&gt; &amp; co");
    assert_eq!(first.actions, ["default", "Open Causerie"]);
    assert!(first.hints.iter().any(|hint| hint == "desktop-entry"));

    for number in 0..200 {
        stage.writes(&format!("message {number}"));
    }
    stage.until("the last is told", |stage| stage.asked().last().unwrap().body == "message 199");
    let asked = stage.asked();
    assert_eq!(asked.last().unwrap().title, "Bruno (201)");
    assert!(asked.iter().all(|one| one.id == first.id), "one takes the place of the other");
    assert!(asked.len() < 60, "a burst is told {} times", asked.len());
    stage.until("the tray says so", |stage| stage.title() == "Causerie – 201 unread messages");

    stage.clicks(first.id);
    stage.until("the window is wanted", |stage| stage.app.rest(&stage.context) == Next::Window);
    assert!(stage.heard.lock().unwrap().closed.is_empty(), "it is not read yet");
    reads_in_a_window(&mut stage);
    stage.until("it is taken away", |stage| stage.heard.lock().unwrap().closed == [first.id]);
    stage.until("the tray says nothing", |stage| stage.title() == "Causerie");
    stage.ends();
}

/// Opens a window, in which the conversation is in view, and closes it again.
fn reads_in_a_window(stage: &mut Stage) {
    let home = stage.homes[0].path().to_owned();
    let mut window = window(&mut stage.app);
    until_it_shows(&mut window, "its conversation, read", |window| {
        sees(window, "message 0") && window.state().0.model().unread() == 0
    });
    // Somebody who rings while it is open has it, and does not bring it back once it is closed.
    assert!(doorbell::ring(&home, &Ring::Show));
    until_it_shows(&mut window, "itself when it rings", comes_to_the_front);
    drop(window);
    assert_eq!(stage.app.leave(), Next::Rest, "closing goes on without a window");
}

/// A window, and whether it was opened before.
type Window<'a> = Harness<'static, (&'a mut App, bool)>;

fn window(app: &mut App) -> Window<'_> {
    Harness::builder().with_size([980.0, 680.0]).allow_missing_glyphs().build_ui_state(
        |ui: &mut egui::Ui, (app, opened): &mut (&mut App, bool)| {
            let context = ui.ctx().clone();
            if !std::mem::replace(opened, true) {
                app.attach(&context);
            }
            app.logic(&context);
            app.ui(ui);
        },
        (app, false),
    )
}

#[track_caller]
fn until_it_shows(window: &mut Window<'_>, what: &str, shows: impl Fn(&Window<'_>) -> bool) {
    let began = Instant::now();
    while !shows(window) {
        assert!(began.elapsed() < PATIENCE, "waited in vain until a window shows {what}");
        window.step();
        std::thread::yield_now();
    }
}

/// Sets a passphrase, and locks the window.
fn locks(window: &mut Window<'_>) {
    window.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.run_steps(2);
    for field in ["New passphrase", "The same once more"] {
        window.get_by_label(field).focus();
        window.step();
        window.get_by_label(field).type_text("correct horse");
        window.step();
    }
    window.get_by_label("Set the passphrase").click();
    until_it_shows(window, "that it is set", |window| sees(window, "The passphrase is set"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    until_it_shows(window, "that it is locked", |window| sees(window, "The window is locked"));
}

fn sees(window: &Window<'_>, label: &str) -> bool {
    window.query_all_by_label_contains(label).next().is_some()
}

fn comes_to_the_front(window: &Window<'_>) -> bool {
    let asked = |viewport: &egui::ViewportOutput| viewport.commands.contains(&ViewportCommand::Focus);
    window.output().viewport_output.values().any(asked)
}

#[test]
fn what_was_told_before_the_window_locks_says_no_more_and_leads_to_its_conversation() {
    if !has_bus("what_was_told_before_the_window_locks_says_no_more_and_leads_to_its_conversation") {
        return;
    }
    let mut stage = Stage::new("{\"language\":\"english\"}");
    stage.writes("a secret");
    stage.until("it is told", |stage| !stage.asked().is_empty());
    let first = stage.asked()[0].clone();
    assert_eq!((first.title.as_str(), first.body.as_str()), ("Bruno", "a secret"));

    let (runtime, bus, heard) = (&stage.runtime, &stage.bus, &stage.heard);
    let mut window = window(&mut stage.app);
    until_it_shows(&mut window, "the list", |window| sees(window, "a secret"));
    locks(&mut window);
    let last = || heard.lock().unwrap().asked.last().cloned().unwrap();
    until_it_shows(&mut window, "nothing, nor does the desktop", |_| last().title == "Causerie");
    assert_eq!((last().id, last().body.as_str()), (first.id, "New message"), "in its place");

    click(runtime, bus, first.id);
    until_it_shows(&mut window, "itself", comes_to_the_front);
    assert!(!sees(&window, "a secret") && !sees(&window, "Bruno"), "it is locked all the same");
    window.event(egui::Event::Text("correct horse".to_owned()));
    window.step();
    window.key_press(Key::Enter);
    until_it_shows(&mut window, "the conversation", |window| sees(window, ": a secret"));
    until_it_shows(&mut window, "that it is read", |window| window.state().0.model().unread() == 0);
    drop(window);
    stage.app.leave();
    stage.until("it is taken away", |stage| stage.heard.lock().unwrap().closed == [first.id]);
    stage.ends();
}

/// Whoever put a notification away does not get it back because the window locks.
#[test]
fn what_was_put_away_is_not_told_again_when_the_window_locks() {
    if !has_bus("what_was_put_away_is_not_told_again_when_the_window_locks") {
        return;
    }
    let mut stage = Stage::new("{\"language\":\"english\"}");
    stage.writes("a secret");
    stage.until("it is told", |stage| !stage.asked().is_empty());
    let first = stage.asked()[0].clone();
    stage.runtime.block_on(async {
        let path = "/org/freedesktop/Notifications";
        let server = stage.bus.object_server().interface::<_, Notifications>(path).await.unwrap();
        Notifications::notification_closed(server.signal_emitter(), first.id, 2).await.unwrap();
    });
    let mut window = window(&mut stage.app);
    until_it_shows(&mut window, "the list", |window| sees(window, "a secret"));
    locks(&mut window);
    drop(window);
    stage.app.leave();
    // What the tray says comes after what was put into other words: that is done once it is shown.
    stage.until("it is in the tray that it is locked", |stage| {
        stage.menu().iter().all(|(_, says)| !says.contains("Lock"))
    });
    stage.writes("another");
    stage.until("that is told", |stage| stage.asked().last().unwrap().body == "2 new messages");
    assert_eq!(stage.asked().len(), 2, "{:?}", stage.asked());
    stage.ends();
}

#[test]
fn the_tray_speaks_the_persons_language_opens_and_quits() {
    if !has_bus("the_tray_speaks_the_persons_language_opens_and_quits") {
        return;
    }
    let mut stage = Stage::new("{\"language\":\"french\",\"notify\":\"presence\"}");
    let labels: Vec<String> =
        stage.menu().into_iter().map(|(_, label)| label).filter(|one| !one.is_empty()).collect();
    assert_eq!(labels, ["Ouvrir Causerie", "Quitter"]);
    stage.writes("a secret");
    stage.until("it is told", |stage| !stage.asked().is_empty());
    let told = stage.asked()[0].clone();
    assert_eq!((told.title.as_str(), told.body.as_str()), ("Causerie", "Nouveau message"));

    stage.chooses("Ouvrir Causerie");
    stage.until("the window is wanted", |stage| stage.app.rest(&stage.context) == Next::Window);
    stage.app.attach(&egui::Context::default());
    assert_eq!(stage.app.leave(), Next::Rest);
    stage.chooses("Quitter");
    stage.until("it is to end", |stage| stage.app.rest(&stage.context) == Next::End);
    let heard = Arc::clone(&stage.heard);
    stage.ends();
    assert_eq!(heard.lock().unwrap().closed, [told.id], "what nobody can open is taken away");
}

#[test]
fn a_tray_that_goes_away_gives_the_window_back() {
    if !has_bus("a_tray_that_goes_away_gives_the_window_back") {
        return;
    }
    let mut stage = Stage::new("{\"notify\":\"nothing\"}");
    stage.writes("not told");
    stage.until("it is there", |stage| stage.app.model().unread() == 1);
    assert_eq!(stage.app.rest(&stage.context), Next::Rest);
    stage.runtime.block_on(async {
        let server = stage.bus.object_server();
        let watcher = server.interface::<_, Watcher>("/StatusNotifierWatcher").await.unwrap();
        watcher.get_mut().await.has_host = false;
        Watcher::status_notifier_host_unregistered(watcher.signal_emitter()).await.unwrap();
    });
    stage.until("the window is wanted", |stage| stage.app.rest(&stage.context) == Next::Window);
    assert_eq!(stage.app.offers(), Offers { tray: false, notifications: true, files: true });
    assert!(stage.asked().is_empty());
    stage.ends();
}

#[test]
fn without_a_bus_there_is_a_window_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    causerie_node::init(home.path(), "Alice", None).unwrap();
    let place = Place { home: home.path().to_owned(), network: loopback() };
    let mut app = App::start(place, Waker::default(), Bus::None).unwrap();
    let context = egui::Context::default();
    let began = Instant::now();
    while app.rest(&context) == Next::Rest {
        assert!(began.elapsed() < PATIENCE, "no window is wanted");
        std::thread::yield_now();
    }
    assert_eq!(app.rest(&context), Next::Window);
    assert_eq!(app.offers(), Offers::default());
    app.close(&context);
}

#[test]
fn an_invitation_is_found_in_a_file_that_is_chosen() {
    if !has_bus("an_invitation_is_found_in_a_file_that_is_chosen") {
        return;
    }
    let mut stage = Stage::new("{\"language\":\"french\"}");
    let file = stage.homes[0].path().join("à lire.txt");
    std::fs::write(&file, "Voici : causerie:i1#nonsense").unwrap();
    let uri = format!("file://{}", file.display()).replace('à', "%C3%A0").replace(' ', "%20");
    let (runtime, bus, heard) = (&stage.runtime, &stage.bus, &stage.heard);
    let mut window = window(&mut stage.app);
    until_it_shows(&mut window, "the list", |window| sees(window, "Bruno"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::N);
    window.run_steps(2);
    // It is put away, it ends by itself, a file is chosen.
    for how in [1, 2, 0] {
        let opened = heard.lock().unwrap().dialogs.len();
        window.get_by_label("Choisir une image…").click();
        until_it_shows(&mut window, "the dialog", |_| heard.lock().unwrap().dialogs.len() > opened);
        assert_eq!(heard.lock().unwrap().dialogs[opened].0, "Une image du code d’une invitation");
        assert!(!sees(&window, "Voici l’invitation trouvée"));
        answer(runtime, bus, heard, how, &uri);
    }
    until_it_shows(&mut window, "what was found", |window| sees(window, "Voici l’invitation trouvée"));
    drop(window);
    stage.ends();
}
