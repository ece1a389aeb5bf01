//! What is around the window: the tray, notifications and dialogs, in a thread of their own.
//!
//! ```text
//! window ── the newest of each ──▶ letterbox ──▶ thread ── D-Bus ──▶ tray, notifications, dialogs
//! window ◀───────── Tell ────────── clicks, files, what there is ◀─────┘
//! ```
//!
//! The letterbox keeps only the newest about each conversation, so a burst costs a few calls and the window never waits.
//! Without a bus there is none of it, which is said once and is no error.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::Duration,
};

use causerie_protocol::ids::AccountId;
use futures::StreamExt as _;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};
use zbus::{connection, fdo::DBusProxy};

use crate::{
    attention::Notification,
    backend::{Tell, Teller},
    notifications::{self, Notifications},
    portal::{self, Dialog, Portal},
    tray::{self, Tray, WatcherProxy, Words},
};

/// Conversations whose newest news wait to be shown. Chosen: more than fit on any screen.
const LETTERS_MAX: usize = 256;

/// Between two looks into the letterbox: what a burst brings meanwhile is one notification.
const PAUSE: Duration = Duration::from_millis(300);

/// How long a tray may be away before it counts as gone: a panel that is started anew comes back.
const TRAY_PATIENCE: Duration = Duration::from_secs(5);

/// How long a call may take: a notification that hangs must not hold up the next.
const CALL_PATIENCE: Duration = Duration::from_secs(2);

/// How long the end of the program waits for what is taken away.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// What the desktop has for us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// A tray from which the window can be opened.
    pub tray: bool,
    /// Somebody who shows notifications.
    pub notifications: bool,
    /// A dialog to choose files in.
    pub files: bool,
}

/// Where to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// Nowhere: for a window that stands alone.
    None,
    /// On the session's bus.
    Session,
}

/// The window's end; dropping it takes everything away.
#[derive(Debug)]
pub struct Desktop {
    letterbox: Arc<Letterbox>,
    /// Hears that the thread has ended.
    ended: Receiver<()>,
}

impl Desktop {
    /// Looks around, with these words for the tray; [`Tell::Offers`] says what was found, now and whenever it changes.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(teller: Teller, bus: Bus, words: Words) -> std::io::Result<Self> {
        let letterbox = Arc::new(Letterbox::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let letters = Arc::clone(&letterbox);
        let (ending, ended) = sync_channel::<()>(1);
        thread::Builder::new().name("desktop".to_owned()).spawn(move || {
            let _ending = ending;
            runtime.block_on(async {
                if bus == Bus::Session
                    && let Err(error) = run(&letters, &teller, words).await
                {
                    tracing::info!(%error, "no tray and no notifications");
                }
                teller.tell(Tell::Offers(Offers::default())).await;
            });
        })?;
        Ok(Self { letterbox, ended })
    }

    /// Shows a notification soon.
    pub fn show(&self, one: Notification) {
        self.letterbox.put(one.about, Letter::Show(one));
    }

    /// Has this said where something about the same is shown; what was put away stays away.
    pub fn reword(&self, one: Notification) {
        self.letterbox.put(one.about, Letter::Reword(one));
    }

    /// Takes away what is shown about somebody.
    pub fn withdraw(&self, about: AccountId) {
        self.letterbox.put(about, Letter::Withdraw);
    }

    /// Lets a file be chosen; [`Tell::Files`] says which.
    pub fn choose(&self, dialog: Dialog) {
        self.letterbox.letters().dialog = Some(dialog);
        self.letterbox.news.notify_one();
    }

    /// What the tray is to say.
    pub fn speak(&self, words: Words) {
        self.letterbox.letters().words = Some(words);
        self.letterbox.news.notify_one();
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.letterbox.letters().closed = true;
        self.letterbox.news.notify_one();
        // A desktop that hangs does not keep the program.
        self.ended.recv_timeout(STOP_PATIENCE).ok();
    }
}

#[derive(Debug, Default)]
struct Letterbox {
    letters: Mutex<Letters>,
    news: Notify,
}

/// What is to be shown about somebody.
#[derive(Debug)]
enum Letter {
    /// This.
    Show(Notification),
    /// This in the place of something else, if there is something.
    Reword(Notification),
    /// Nothing any more.
    Withdraw,
}

#[derive(Debug, Default)]
struct Letters {
    /// About whom.
    notices: BTreeMap<AccountId, Letter>,
    words: Option<Words>,
    dialog: Option<Dialog>,
    closed: bool,
}

impl Letterbox {
    fn letters(&self) -> MutexGuard<'_, Letters> {
        // Nothing that holds the lock can leave it half changed.
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, about: AccountId, letter: Letter) {
        let mut letters = self.letters();
        let letter = match (letters.notices.get(&about), letter) {
            // What waits to be shown is shown, in other words.
            (Some(Letter::Show(_)), Letter::Reword(one)) => Letter::Show(one),
            (_, letter) => letter,
        };
        // Only what is new has to find room: what says less than what is shown always does.
        let is_new = matches!(letter, Letter::Show(_)) && !letters.notices.contains_key(&about);
        if !is_new || letters.notices.len() < LETTERS_MAX {
            letters.notices.insert(about, letter);
        }
        drop(letters);
        self.news.notify_one();
    }

    fn take(&self) -> Letters {
        let mut letters = self.letters();
        let closed = letters.closed;
        Letters { closed, ..core::mem::take(&mut *letters) }
    }
}

/// Serves until the letterbox is closed, or the bus is gone.
async fn run(letterbox: &Letterbox, teller: &Teller, words: Words) -> zbus::Result<()> {
    let bus = connection::Builder::session()?.method_timeout(CALL_PATIENCE).build().await?;
    let watcher = tray::watcher(&bus).await?;
    let notifications = Notifications::new(&bus).await?;
    let mut around = Around { notifications, tray: None, words, teller, told: None };
    let mut portal = Portal::new(&bus).await?;
    let server = around.notifications.server().clone();
    let mut clicks = server.receive_action_invoked().await?;
    let mut closed = server.receive_notification_closed().await?;
    let mut hosts = watcher.receive_status_notifier_host_registered().await?;
    let mut unhosts = watcher.receive_status_notifier_host_unregistered().await?;
    let names = DBusProxy::new(&bus).await?;
    let mut watchers = names.receive_name_owner_changed_with_args(&[(0, tray::WATCHER)]).await?;
    let mut servers = names.receive_name_owner_changed_with_args(&[(0, notifications::SERVER)]).await?;
    let mut portals = names.receive_name_owner_changed_with_args(&[(0, portal::PORTAL)]).await?;
    around.look(&watcher).await;
    around.tell(&portal).await;
    // When to look into the letterbox, and at the tray, where there is a reason to.
    let (mut letters_at, mut tray_at) = (None, None);
    let mut rests_until = Instant::now();
    loop {
        tokio::select! {
            () = letterbox.news.notified(), if letters_at.is_none() => letters_at = Some(rests_until),
            () = until(letters_at) => {
                letters_at = None;
                let letters = letterbox.take();
                if letters.closed {
                    break;
                }
                if let Some(dialog) = &letters.dialog {
                    portal.ask(dialog).await;
                }
                around.serve(letters).await;
                rests_until = Instant::now() + PAUSE;
            }
            Some(click) = clicks.next() => around.on_click(&click),
            Some(one) = closed.next() => if let Ok(one) = one.args() {
                around.notifications.closed(one.id);
            },
            Some(_) = servers.next() => {
                around.notifications.look_again().await;
                around.tell(&portal).await;
            }
            Some(_) = portals.next() => {
                portal.look_again().await;
                around.tell(&portal).await;
            }
            files = portal.chosen() => teller.tell(Tell::Files(files)).await,
            Some(_) = hosts.next() => tray_at = Some(Instant::now()),
            Some(_) = unhosts.next() => tray_at = Some(Instant::now() + TRAY_PATIENCE),
            watched = watchers.next() => {
                // Without the bus there is nothing left to wait for.
                let Some(change) = watched else { break };
                let came = change.args().is_ok_and(|change| change.new_owner.is_some());
                tray_at = Some(if came { Instant::now() } else { Instant::now() + TRAY_PATIENCE });
            }
            () = until(tray_at) => {
                tray_at = None;
                around.look(&watcher).await;
                around.tell(&portal).await;
            }
        }
    }
    timeout(STOP_PATIENCE, around.end()).await.ok();
    Ok(())
}

/// Until then; for ever where there is no reason to wake.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

struct Around<'a> {
    notifications: Notifications,
    tray: Option<Tray>,
    words: Words,
    teller: &'a Teller,
    told: Option<Offers>,
}

impl Around<'_> {
    /// Is in the tray where there is one.
    async fn look(&mut self, watcher: &WatcherProxy<'_>) {
        let shown = tray::is_shown(watcher).await;
        if !shown && let Some(tray) = self.tray.take() {
            tray.leave().await;
        }
        if shown && self.tray.as_ref().is_none_or(Tray::is_gone) {
            self.tray = Tray::enter(self.words.clone(), self.teller.clone()).await;
        }
    }

    async fn serve(&mut self, letters: Letters) {
        if let Some(words) = letters.words {
            self.words = words.clone();
            if let Some(tray) = &self.tray {
                tray.say(words).await;
            }
        }
        for (about, letter) in letters.notices {
            match letter {
                Letter::Show(notice) => self.notifications.show(&notice, &self.words.open).await,
                Letter::Reword(notice) if self.notifications.is_shown(about) => {
                    self.notifications.show(&notice, &self.words.open).await;
                }
                Letter::Reword(_) => {}
                Letter::Withdraw => self.notifications.withdraw(about).await,
            }
        }
    }

    fn on_click(&self, click: &notifications::ActionInvoked) {
        if let Ok(click) = click.args()
            && let Some(about) = self.notifications.clicked(click.id, &click.action)
        {
            self.teller.tell_now(Tell::Chosen(about));
        }
    }

    /// Says what there is, where it is not known yet.
    async fn tell(&mut self, portal: &Portal) {
        let offers = Offers {
            tray: self.tray.is_some(),
            notifications: self.notifications.can_show(),
            files: portal.can_choose(),
        };
        if self.told.replace(offers) != Some(offers) {
            self.teller.tell(Tell::Offers(offers)).await;
        }
    }

    async fn end(mut self) {
        self.notifications.withdraw_all().await;
        if let Some(tray) = self.tray.take() {
            tray.leave().await;
        }
    }
}
