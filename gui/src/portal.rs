//! Choosing a file with the desktop's own dialog: `org.freedesktop.portal.FileChooser` on the session's bus.
//!
//! ```text
//! OpenFile ─▶ the dialog is open ── Response ─▶ the files, or nothing where it was put away
//! ```
//!
//! The answer is a signal of an object whose path is known beforehand, so that it cannot come before it is waited for.
//! One dialog at a time: asking again closes the one before, which may hide behind the window.

use std::{collections::HashMap, path::PathBuf};

use futures::StreamExt as _;
use zbus::{
    Connection,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use crate::qr_reading::file_in;

/// The name under which portals are found.
pub const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// Files that are taken from an answer.
const FILES_MAX: usize = 8;

#[zbus::proxy(
    interface = "org.freedesktop.portal.FileChooser",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop",
    gen_blocking = false
)]
trait FileChooser {
    fn open_file(
        &self,
        parent: &str,
        title: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<OwnedObjectPath>;

    #[zbus(property(emits_changed_signal = "false"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}

#[zbus::proxy(
    interface = "org.freedesktop.portal.Request",
    default_service = "org.freedesktop.portal.Desktop",
    gen_blocking = false
)]
trait Request {
    fn close(&self) -> zbus::Result<()>;

    #[zbus(signal)]
    fn response(&self, how: u32, results: HashMap<String, OwnedValue>) -> zbus::Result<()>;
}

/// What a dialog says, in the person's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// What is to be chosen.
    pub title: String,
    /// What pictures are called.
    pub pictures: String,
    /// What all files are called.
    pub all: String,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Portal {
    chooser: FileChooserProxy<'static>,
    can: bool,
    /// The dialog that is open, and where its answer comes.
    open: Option<(RequestProxy<'static>, ResponseStream)>,
    asked: u64,
}

impl Portal {
    /// Looks whether there is one, which may start it.
    pub(crate) async fn new(bus: &Connection) -> zbus::Result<Self> {
        let chooser = FileChooserProxy::new(bus).await?;
        let mut new = Self { chooser, can: false, open: None, asked: 0 };
        new.look_again().await;
        Ok(new)
    }

    /// Whether files can be chosen.
    pub(crate) const fn can_choose(&self) -> bool {
        self.can
    }

    /// Another may be there: it has no dialog of ours.
    pub(crate) async fn look_again(&mut self) {
        self.open = None;
        self.can = self.chooser.version().await.is_ok();
    }

    /// Opens the dialog.
    pub(crate) async fn ask(&mut self, dialog: &Dialog) {
        if let Some((before, _)) = self.open.take() {
            // It may be closed already.
            before.close().await.ok();
        }
        self.asked += 1;
        match self.opened(dialog).await {
            Ok(open) => self.open = Some(open),
            Err(error) => tracing::debug!(%error, "no dialog to choose a file"),
        }
    }

    async fn opened(&self, dialog: &Dialog) -> zbus::Result<(RequestProxy<'static>, ResponseStream)> {
        let bus = self.chooser.inner().connection();
        let token = format!("causerie{}", self.asked);
        let own = bus.unique_name().map_or("", |name| name.as_str()).trim_start_matches(':');
        let path = format!("/org/freedesktop/portal/desktop/request/{}/{token}", own.replace('.', "_"));
        let request = RequestProxy::new(bus, path).await?;
        let answers = request.receive_response().await?;
        // Kinds of files: by their type, and by their name.
        let pictures = (dialog.pictures.as_str(), vec![(1_u32, "image/*")]);
        let all = (dialog.all.as_str(), vec![(0_u32, "*")]);
        let options = HashMap::from([
            ("handle_token", Value::from(token)),
            ("filters", Value::from(vec![pictures, all])),
        ]);
        self.chooser.open_file("", &dialog.title, options).await?;
        Ok((request, answers))
    }

    /// Waits for what is chosen: for ever where no dialog is open, and nothing where one was put away.
    pub(crate) async fn chosen(&mut self) -> Vec<PathBuf> {
        let answer = match &mut self.open {
            Some((_, answers)) => answers.next().await,
            None => std::future::pending().await,
        };
        self.open = None;
        answer.as_ref().map(files).unwrap_or_default()
    }
}

fn files(answer: &Response) -> Vec<PathBuf> {
    let Ok(answer) = answer.args() else { return Vec::new() };
    let uris = answer.results.get("uris").filter(|_| answer.how == 0);
    let uris = uris.and_then(|uris| Vec::<String>::try_from(uris.try_clone().ok()?).ok());
    uris.into_iter().flatten().take(FILES_MAX).filter_map(|uri| file_in(&uri)).collect()
}
