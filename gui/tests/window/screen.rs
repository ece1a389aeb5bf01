//! A screen that nobody looks at: an X server of its own (Xvfb), keys as a keyboard sends them, pictures as they are
//! shown.
//!
//! Keys go through the server's test extension, so the program under test cannot tell them from a person's. Letters
//! that the server's keyboard lacks are put on keys that have none.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use image::RgbImage;
use x11rb::{
    connection::Connection as _,
    protocol::{
        xproto::{
            AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _,
            EventMask, ImageFormat, InputFocus, MapState, Window,
        },
        xtest::ConnectionExt as _,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

/// The size of the screen: two windows side by side.
const SIZE: &str = "2080x760x24";

/// Letters of French that an American keyboard lacks.
const ACCENTS: &str = "éèêàçôùœÇ’";

/// A key that is no letter: what the X server calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Tab,
    Enter,
    Escape,
    F1,
    Letter(char),
}

/// A key that is held while another is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Shift,
    Control,
    Alt,
}

impl Key {
    const fn sign(self) -> u32 {
        match self {
            Self::Tab => 0xff09,
            Self::Enter => 0xff0d,
            Self::Escape => 0xff1b,
            Self::F1 => 0xffbe,
            Self::Letter(letter) => sign_of(letter),
        }
    }
}

impl Held {
    const fn sign(self) -> u32 {
        match self {
            Self::Shift => 0xffe1,
            Self::Control => 0xffe3,
            Self::Alt => 0xffe9,
        }
    }
}

/// Latin-1 letters are their own signs; all others are marked as Unicode.
const fn sign_of(letter: char) -> u32 {
    let code = letter as u32;
    if code < 0x100 { code } else { 0x0100_0000 + code }
}

/// What a window shows: blue, green, red and nothing, a byte each.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    width: u32,
    height: u32,
    points: Vec<u8>,
}

impl Picture {
    /// Whether there is anything between these heights but a ground.
    pub(crate) fn has_something(&self, heights: std::ops::Range<u32>) -> bool {
        let at = |y: u32| usize::try_from(y.min(self.height) * self.width * 4).unwrap();
        let rows = &self.points[at(heights.start)..at(heights.end)];
        rows.chunks_exact(4).any(|point| point != &rows[..4])
    }

    /// As other programs know pictures.
    pub(crate) fn drawn(&self) -> RgbImage {
        let points = self.points.chunks_exact(4).flat_map(|point| [point[2], point[1], point[0]]);
        RgbImage::from_raw(self.width, self.height, points.collect()).unwrap()
    }
}

/// See the file's head. Ends with the value.
#[derive(Debug)]
pub(crate) struct Screen {
    server: Child,
    name: String,
    connection: RustConnection,
    root: Window,
    /// Which key makes a sign, and whether with Shift.
    keys: BTreeMap<u32, (u8, bool)>,
}

impl Screen {
    /// Starts one; `None`, with the reason printed, where that cannot be done here.
    pub(crate) fn open() -> Option<Self> {
        let mut command = Command::new("Xvfb");
        // It chooses a display that is free, and says which.
        command.args(["-displayfd", "1", "-screen", "0", SIZE, "-noreset", "-nolisten", "tcp"]);
        let mut server = match command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() {
            Ok(server) => server,
            Err(error) => {
                println!("skipped: there is no Xvfb here ({error})");
                return None;
            }
        };
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let name = format!(":{}", said.trim());
        let (connection, number) = x11rb::connect(Some(&name)).unwrap();
        let root = connection.setup().roots[number].root;
        let mut screen = Self { server, name, connection, root, keys: BTreeMap::new() };
        screen.learn_keys();
        Some(screen)
    }

    /// What a program needs in order to be shown here, and nothing of the screen that a person sits at.
    pub(crate) fn show(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name).env("LIBGL_ALWAYS_SOFTWARE", "1");
        for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DBUS_SESSION_BUS_ADDRESS", "CAUSERIE_HOME"] {
            command.env_remove(name);
        }
    }

    /// The window of a process, once it is there.
    pub(crate) fn window_of(&self, process: u32) -> Option<Window> {
        let name = self.connection.intern_atom(false, b"_NET_WM_PID").unwrap().reply().unwrap().atom;
        let children = self.connection.query_tree(self.root).unwrap().reply().unwrap().children;
        children.into_iter().find(|window| {
            let found = self.connection.get_property(false, *window, name, AtomEnum::CARDINAL, 0, 1);
            let owner = found.unwrap().reply().ok().and_then(|found| found.value32()?.next());
            owner == Some(process) && self.is_seen(*window)
        })
    }

    /// Whether a window is there and shown.
    pub(crate) fn is_seen(&self, window: Window) -> bool {
        let found = self.connection.get_window_attributes(window).unwrap().reply();
        found.is_ok_and(|found| found.map_state == MapState::VIEWABLE)
    }

    /// What a window is called.
    pub(crate) fn title(&self, window: Window) -> String {
        let name = self.connection.intern_atom(false, b"_NET_WM_NAME").unwrap().reply().unwrap().atom;
        let found = self.connection.get_property(false, window, name, AtomEnum::ANY, 0, 64).unwrap().reply();
        String::from_utf8(found.unwrap().value).unwrap()
    }

    /// Hears of a window's focus.
    pub(crate) fn attend(&self, window: Window) {
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::FOCUS_CHANGE);
        self.connection.change_window_attributes(window, &events).unwrap().check().unwrap();
    }

    /// Puts a window there, as a window manager would.
    pub(crate) fn place(&self, window: Window, x: i32, y: i32) {
        let place = ConfigureWindowAux::new().x(x).y(y);
        self.connection.configure_window(window, &place).unwrap().check().unwrap();
    }

    /// Where a window is, and its size.
    pub(crate) fn place_of(&self, window: Window) -> [i32; 4] {
        let place = self.connection.get_geometry(window).unwrap().reply().unwrap();
        [place.x.into(), place.y.into(), place.width.into(), place.height.into()]
    }

    /// From now on keys go to this window.
    pub(crate) fn focus(&self, window: Window) {
        self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap();
        self.connection.sync().unwrap();
    }

    /// Asks a window to close, as the button in its frame does.
    pub(crate) fn close(&self, window: Window) {
        let atom = |name: &[u8]| self.connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        let asked = [atom(b"WM_DELETE_WINDOW"), 0, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window, atom(b"WM_PROTOCOLS"), asked);
        self.connection.send_event(false, window, EventMask::NO_EVENT, event).unwrap().check().unwrap();
    }

    /// Takes a window away, as no window manager does.
    pub(crate) fn destroy(&self, window: Window) {
        self.connection.destroy_window(window).unwrap().check().unwrap();
    }

    /// Presses a key while others are held.
    pub(crate) fn press(&self, held: &[Held], key: Key) {
        let (code, shifted) = self.keys[&key.sign()];
        let mut held: Vec<u8> = held.iter().map(|held| self.keys[&held.sign()].0).collect();
        if shifted {
            held.push(self.keys[&Held::Shift.sign()].0);
        }
        for code in &held {
            self.fake(2, *code);
        }
        self.fake(2, code);
        self.fake(3, code);
        for code in held.iter().rev() {
            self.fake(3, *code);
        }
        self.connection.sync().unwrap();
    }

    /// Types a text.
    pub(crate) fn types(&self, text: &str) {
        for letter in text.chars() {
            self.press(&[], Key::Letter(letter));
        }
    }

    /// What a window shows now; `None` where it is gone.
    pub(crate) fn picture(&self, window: Window) -> Option<Picture> {
        let place = self.connection.get_geometry(window).unwrap().reply().ok()?;
        let (width, height) = (place.width, place.height);
        let format = ImageFormat::Z_PIXMAP;
        let shown = self.connection.get_image(format, window, 0, 0, width, height, u32::MAX).unwrap();
        Some(Picture { width: width.into(), height: height.into(), points: shown.reply().ok()?.data })
    }

    /// Presses (2) or lets go of (3) a key.
    fn fake(&self, what: u8, code: u8) {
        self.connection.xtest_fake_input(what, code, 0, self.root, 0, 0, 0).unwrap().check().unwrap();
    }

    /// Finds out which key is what, and gives keys to the letters that have none.
    fn learn_keys(&mut self) {
        let (first, last) = (self.connection.setup().min_keycode, self.connection.setup().max_keycode);
        let mapping = self.connection.get_keyboard_mapping(first, last - first + 1).unwrap().reply().unwrap();
        let per_key = usize::from(mapping.keysyms_per_keycode);
        let mut missing = ACCENTS.chars();
        for (code, signs) in (first..=last).zip(mapping.keysyms.chunks(per_key)) {
            if signs.iter().all(|sign| *sign == 0)
                && let Some(letter) = missing.next()
            {
                let signs = [sign_of(letter); 2];
                self.connection.change_keyboard_mapping(1, code, 2, &signs).unwrap().check().unwrap();
                self.keys.insert(sign_of(letter), (code, false));
                continue;
            }
            for (sign, shifted) in signs.iter().take(2).zip([false, true]).filter(|(sign, _)| **sign != 0) {
                self.keys.entry(*sign).or_insert((code, shifted));
            }
        }
        assert_eq!(missing.next(), None, "a keyboard without free keys");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// Writes a picture where the build puts what it makes, and into the documentation where that is asked for.
pub(crate) fn keep(picture: &Picture, name: &str) {
    let drawn = picture.drawn();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![here.join("../target/pictures")];
    if std::env::var_os("CAUSERIE_PICTURES").is_some_and(|asked| asked == "1") && name.starts_with("window-")
    {
        folders.push(here.join("../docs/pictures"));
    }
    for folder in folders {
        std::fs::create_dir_all(&folder).unwrap();
        drawn.save(folder.join(name).with_extension("png")).unwrap();
    }
}
