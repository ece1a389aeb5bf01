//! The program in the system's tray: `org.kde.StatusNotifierItem`, which `ksni` speaks.
//!
//! There is a tray where a watcher says that a host shows items; elsewhere the program would run where nobody finds it, so
//! nothing offers that. The picture has a dot, and the title a number, while something is unread.

use ksni::{Category, Handle, Icon, MenuItem, ToolTip, TrayMethods as _, menu::StandardItem};
use zbus::Connection;

use crate::{
    backend::{Tell, Teller},
    doorbell::Ring,
    icon,
    notifications::DESKTOP_ENTRY,
};

/// The name under which watchers are found.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Sizes of the picture: what panels have, plain and on fine screens.
const SIDES: [u16; 4] = [16, 22, 32, 48];

#[zbus::proxy(
    interface = "org.kde.StatusNotifierWatcher",
    default_service = "org.kde.StatusNotifierWatcher",
    default_path = "/StatusNotifierWatcher",
    gen_blocking = false
)]
pub(crate) trait Watcher {
    #[zbus(property(emits_changed_signal = "false"))]
    fn is_status_notifier_host_registered(&self) -> zbus::Result<bool>;

    #[zbus(signal)]
    fn status_notifier_host_registered(&self) -> zbus::Result<()>;

    #[zbus(signal)]
    fn status_notifier_host_unregistered(&self) -> zbus::Result<()>;
}

/// What the tray says, in the person's language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The name of the program, and how much is unread.
    pub title: String,
    /// Opens the window.
    pub open: String,
    /// Locks the window, where it can be locked now.
    pub lock: Option<String>,
    /// Ends the program.
    pub quit: String,
    /// Whether something is unread.
    pub unread: bool,
}

/// Whether somebody shows what is in the tray.
pub(crate) async fn is_shown(watcher: &WatcherProxy<'_>) -> bool {
    watcher.is_status_notifier_host_registered().await.unwrap_or(false)
}

/// The watcher, whether it is there or not.
pub(crate) async fn watcher(bus: &Connection) -> zbus::Result<WatcherProxy<'static>> {
    WatcherProxy::new(bus).await
}

/// The program in the tray, until it leaves.
pub(crate) struct Tray(Handle<Item>);

impl Tray {
    /// Goes there, saying this; `None` where that fails.
    pub(crate) async fn enter(words: Words, teller: Teller) -> Option<Self> {
        Item { words, teller }.spawn().await.ok().map(Self)
    }

    /// Says something else.
    pub(crate) async fn say(&self, words: Words) {
        self.0.update(|item| item.words = words).await;
    }

    /// Whether it is there no more.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    /// Takes it away.
    pub(crate) async fn leave(self) {
        self.0.shutdown().await;
    }
}

struct Item {
    words: Words,
    teller: Teller,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        DESKTOP_ENTRY.to_owned()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn title(&self) -> String {
        self.words.title.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: self.words.title.clone(), ..ToolTip::default() }
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        SIDES.map(|side| pixmap(side, self.words.unread)).into()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.teller.tell_now(Tell::Rung(Ring::Show));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let item = |label: &str, activate: fn(&mut Self)| {
            // An underscore would underline what follows.
            let label = label.replace('_', "__");
            MenuItem::Standard(StandardItem { label, activate: Box::new(activate), ..Default::default() })
        };
        let open = item(&self.words.open, |this| this.teller.tell_now(Tell::Rung(Ring::Show)));
        let lock = |label: &String| item(label, |this| this.teller.tell_now(Tell::Lock));
        let quit = item(&self.words.quit, |this| this.teller.tell_now(Tell::Quit));
        let above = [Some(open), self.words.lock.as_ref().map(lock)].into_iter().flatten();
        above.chain([MenuItem::Separator, quit]).collect()
    }
}

/// The picture as trays want it: opacity first.
fn pixmap(side: u16, unread: bool) -> Icon {
    let mut data = icon::drawn(side, unread);
    for point in data.chunks_exact_mut(4) {
        point.rotate_right(1);
    }
    Icon { width: side.into(), height: side.into(), data }
}
