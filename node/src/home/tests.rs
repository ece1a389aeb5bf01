//! Homes that can be used, homes that cannot, and homes whose last moments were bad.

use std::{
    io::{Read as _, Write as _},
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, symlink},
        net::{UnixListener, UnixStream},
    },
    sync::mpsc,
    thread,
};

use causerie_protocol::{
    entropy::{Entropy, TurnRandom},
    secret::Secret,
    vault::VaultError,
};
use tempfile::TempDir;

use super::*;

const AT_ONCE: Duration = Duration::ZERO;

/// A directory for a test, and a path in it where a home can be.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home");
    (directory, path)
}

/// A home as `init` leaves it.
fn complete(path: &Path) -> Home {
    let (home, _) = Home::create(path).unwrap();
    let (header, key, _) = Vault::create(&mut TurnRandom::new(&Entropy::new([1; 32])));
    home.write_vault(&Wrapped { header, key: Some(key) }).unwrap();
    home.write_identity(b"first").unwrap();
    home
}

/// What cannot be a vault.
fn wrapped(byte: u8) -> Wrapped {
    Wrapped { header: vec![byte], key: Some(Secret::new([byte; 32])) }
}

fn mode(path: &Path) -> u32 {
    mode_of(&path.symlink_metadata().unwrap())
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The kind and name of an error, for a glance: what it is about stays out.
fn refusal<T>(outcome: Result<T, HomeError>) -> String {
    let error = outcome.err().unwrap();
    assert!(!error.hint().is_empty());
    assert!(!error.to_string().ends_with('.'));
    let debug = format!("{error:?}");
    let name: String = debug.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    format!("{} {name}", error.kind())
}

fn copies(current: Option<&[u8]>, previous: Option<&[u8]>) -> IdentityCopies {
    IdentityCopies { current: current.map(<[u8]>::to_vec), previous: previous.map(<[u8]>::to_vec) }
}

#[test]
fn what_was_written_is_read_after_opening_again() {
    let (_directory, path) = place();
    assert!(!Home::exists(&path).unwrap());
    let home = complete(&path);
    let files = || [VAULT_HEADER, VAULT_KEY].map(|name| fs::read(path.join(name)).unwrap());
    let written = files();
    drop(home);
    assert!(Home::exists(&path).unwrap());
    let home = Home::open(&path, AT_ONCE).unwrap();
    home.open_vault(None).unwrap();
    assert_eq!(files(), written);
    assert_eq!(home.read_identity().unwrap(), copies(Some(b"first"), None));
    assert_eq!(home.path(), path);
}

#[test]
fn only_its_owner_can_look_into_a_home() {
    let (_directory, path) = place();
    let deep = path.join("below/another");
    let home = complete(&deep);
    home.write_identity(b"second").unwrap();
    let _listener = socket::bind(&home).unwrap();
    log_writer(home.path()).unwrap().write_all(b"line\n").unwrap();
    assert_eq!(mode(&deep), 0o700);
    assert_eq!(mode(&deep.join("log")), 0o700);
    let mut files = vec![deep.join("log/causerie.log")];
    for entry in fs::read_dir(&deep).unwrap() {
        files.push(entry.unwrap().path());
    }
    files.retain(|path| !path.is_dir());
    assert_eq!(files.len(), 8, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_home_that_was_opened_to_others_is_made_private() {
    let (_directory, path) = place();
    fs::create_dir(&path).unwrap();
    chmod(&path, 0o755);
    drop(complete(&path));
    assert_eq!(mode(&path), 0o700);
    chmod(&path, 0o770);
    chmod(&path.join(VAULT_KEY), 0o644);
    drop(Home::open(&path, AT_ONCE).unwrap());
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(VAULT_KEY)), 0o600);
}

#[test]
fn a_place_that_cannot_be_a_home_says_why() {
    let (directory, path) = place();
    let open = || refusal(Home::open(&path, AT_ONCE));
    let create = || refusal(Home::create(&path));
    assert_eq!(open(), "no_identity NoIdentity");
    fs::write(&path, b"a file").unwrap();
    assert_eq!(open(), "bad_home NotADirectory");
    assert_eq!(create(), "bad_home NotADirectory");
    assert_eq!(refusal(Home::create(&path.join("below"))), "bad_home NotADirectory");
    fs::remove_file(&path).unwrap();
    symlink(directory.path().join("target"), &path).unwrap();
    assert_eq!(open(), "bad_home SymbolicLink");
    assert_eq!(create(), "bad_home SymbolicLink");
    drop(complete(&directory.path().join("target")));
    assert_eq!(open(), "bad_home SymbolicLink");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(open(), "no_identity NoIdentity");
    chmod(&path, 0o1777);
    assert_eq!(create(), "bad_home Shared");
    assert_eq!(mode(&path), 0o1777);
}

#[test]
fn a_home_that_this_user_may_not_write_says_so() {
    let (directory, path) = place();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        // Nothing is refused to root; the sorting of errors below still counts.
        return;
    }
    drop(complete(&path));
    chmod(&path, 0o500);
    let home = Home::open(&path, AT_ONCE).unwrap();
    assert_eq!(home.room(Room::Enough), Room::ReadOnly);
    assert_eq!(refusal(home.write_identity(b"second")), "storage Permission");
    home.open_vault(None).unwrap();
    drop(home);
    chmod(&path, 0o000);
    assert_eq!(refusal(Home::open(&path, AT_ONCE)), "storage Permission");
    chmod(&path, 0o700);
    chmod(&path.join("lock"), 0o400);
    drop(Home::open(&path, AT_ONCE).unwrap());
    chmod(&path.join("lock"), 0o000);
    assert_eq!(refusal(Home::open(&path, AT_ONCE)), "storage Permission");
    chmod(directory.path(), 0o500);
    assert_eq!(refusal(Home::create(&directory.path().join("new"))), "storage Permission");
    chmod(directory.path(), 0o700);
}

#[test]
fn what_the_system_says_is_sorted() {
    let sorted = |kind: io::ErrorKind| refusal::<()>(Err(HomeError::of_io(kind.into(), "/x".into(), "read")));
    assert_eq!(sorted(io::ErrorKind::PermissionDenied), "storage Permission");
    assert_eq!(sorted(io::ErrorKind::ReadOnlyFilesystem), "storage ReadOnly");
    assert_eq!(sorted(io::ErrorKind::StorageFull), "storage Full");
    assert_eq!(sorted(io::ErrorKind::NotADirectory), "bad_home NotADirectory");
    assert_eq!(sorted(io::ErrorKind::IsADirectory), "storage NotAFile");
    assert_eq!(sorted(io::ErrorKind::TimedOut), "storage Io");
    let vault = |error| refusal::<()>(Err(HomeError::of_vault(error, "/x".into())));
    assert_eq!(vault(VaultError::Newer), "newer_home Newer");
    assert_eq!(vault(VaultError::Damaged), "storage Damaged");
    assert_eq!(vault(VaultError::WrongPassphrase), "wrong_passphrase WrongPassphrase");
    assert_eq!(refusal::<()>(Err(HomeError::Nowhere)), "bad_home Nowhere");
}

#[test]
fn a_second_identity_is_refused_and_the_first_untouched() {
    let (_directory, path) = place();
    let home = complete(&path);
    assert_eq!(refusal(Home::create(&path)), "identity_exists AlreadyThere");
    drop(home);
    assert_eq!(refusal(Home::create(&path)), "identity_exists AlreadyThere");
    fs::rename(path.join(IDENTITY), path.join(IDENTITY_PREVIOUS)).unwrap();
    assert_eq!(refusal(Home::create(&path)), "identity_exists AlreadyThere");
    let home = Home::open(&path, AT_ONCE).unwrap();
    assert_eq!(home.read_identity().unwrap(), copies(None, Some(b"first")));
    let other = wrapped(9);
    assert_eq!(refusal(home.write_vault(&other)), "identity_exists AlreadyThere");
    home.open_vault(None).unwrap();
}

#[test]
fn an_interrupted_creation_can_be_begun_again_and_nothing_is_deleted() {
    let (_directory, path) = place();
    for attempt in 1..4 {
        let (home, aside) = Home::create(&path).unwrap();
        assert_eq!(aside, (attempt > 1).then(|| path.join(format!("set-aside-{}", attempt - 1))));
        let header = [attempt];
        home.write_vault(&wrapped(attempt)).unwrap();
        fs::create_dir(home.store_path()).unwrap();
        fs::write(home.store_path().join("db"), header).unwrap();
        drop(home);
        assert_eq!(refusal(Home::open(&path, AT_ONCE)), "identity_lost IdentityLost");
        fs::rename(path.join(STORE), path.join("elsewhere")).unwrap();
        assert_eq!(refusal(Home::open(&path, AT_ONCE)), "no_identity NoIdentity");
        fs::rename(path.join("elsewhere"), path.join(STORE)).unwrap();
    }
    let home = complete(&path);
    assert!(!home.store_path().exists());
    for attempt in 1..4 {
        let aside = path.join(format!("set-aside-{attempt}"));
        assert_eq!(mode(&aside), 0o700);
        assert_eq!(fs::read(aside.join("vault.hdr")).unwrap(), [attempt]);
        assert_eq!(fs::read(aside.join("vault.key")).unwrap(), [attempt; 32]);
        assert_eq!(fs::read(aside.join("store/db")).unwrap(), [attempt]);
    }
}

#[test]
fn one_process_at_a_time_and_the_next_waits() {
    let (_directory, path) = place();
    let home = complete(&path);
    assert_eq!(refusal(Home::open(&path, AT_ONCE)), "home_in_use InUse");
    assert_eq!(refusal(Home::open(&path, Duration::from_millis(30))), "home_in_use InUse");
    let (opened, wait) = mpsc::sync_channel(1);
    let next = thread::spawn({
        let path = path.clone();
        move || opened.send(Home::open(&path, Duration::from_secs(60)).map(drop))
    });
    assert!(wait.try_recv().is_err());
    drop(home);
    assert!(wait.recv().unwrap().is_ok());
    next.join().unwrap().unwrap();
    Home::open(&path, AT_ONCE).unwrap();
}

#[test]
fn a_lock_of_another_name_for_the_home_is_the_same_lock() {
    let (_directory, path) = place();
    let _home = complete(&path);
    let held = File::options().write(true).open(path.join("lock")).unwrap();
    assert!(matches!(held.try_lock(), Err(fs::TryLockError::WouldBlock)));
}

#[test]
fn whenever_the_machine_stops_an_identity_is_whole() {
    for steps in 0..=IdentityStep::ALL.len() {
        let (_directory, path) = place();
        let home = complete(&path);
        home.write_identity(b"second").unwrap();
        assert_eq!(home.read_identity().unwrap(), copies(Some(b"second"), Some(b"first")));
        for step in IdentityStep::ALL.into_iter().take(steps) {
            home.perform(step, b"third").unwrap();
        }
        drop(home);
        let home = Home::open(&path, AT_ONCE).unwrap();
        let left = home.read_identity().unwrap();
        let expected = match steps {
            0 | 1 => copies(Some(b"second"), Some(b"first")),
            2 => copies(None, Some(b"second")),
            _ => copies(Some(b"third"), Some(b"second")),
        };
        assert_eq!(left, expected, "after {steps} steps");
        home.write_identity(b"fourth").unwrap();
        let now = home.read_identity().unwrap();
        assert_eq!(now.current.as_deref(), Some(&b"fourth"[..]));
        assert_eq!(now.previous, left.current.or(left.previous), "after {steps} steps");
    }
}

#[test]
fn a_new_identity_cut_short_beside_the_old_one_is_never_read() {
    let (_directory, path) = place();
    let home = complete(&path);
    fs::write(path.join("identity.new"), b"hal").unwrap();
    chmod(&path.join("identity.new"), 0o644);
    assert_eq!(home.read_identity().unwrap(), copies(Some(b"first"), None));
    home.write_identity(b"second").unwrap();
    assert_eq!(home.read_identity().unwrap(), copies(Some(b"second"), Some(b"first")));
    assert_eq!(mode(&path.join(IDENTITY)), 0o600);
}

#[test]
fn a_damaged_identity_does_not_take_the_place_of_the_sound_one() {
    let (_directory, path) = place();
    let home = complete(&path);
    home.write_identity(b"second").unwrap();
    fs::write(path.join(IDENTITY), b"damaged").unwrap();
    home.set_identity_aside().unwrap();
    assert_eq!(home.read_identity().unwrap(), copies(None, Some(b"first")));
    home.perform(IdentityStep::WriteBeside, b"third").unwrap();
    home.perform(IdentityStep::KeepPrevious, b"third").unwrap();
    assert_eq!(home.read_identity().unwrap(), copies(None, Some(b"first")));
    assert_eq!(fs::read(path.join(IDENTITY_DAMAGED)).unwrap(), b"damaged");
}

#[test]
fn damaged_files_are_refused_by_name() {
    let (_directory, path) = place();
    let home = complete(&path);
    let vault = || refusal(home.open_vault(None));
    for name in [VAULT_HEADER, VAULT_KEY] {
        let file = path.join(name);
        let sound = fs::read(&file).unwrap();
        for at in 0..sound.len() {
            let mut flipped = sound.clone();
            flipped[at] ^= 0x80;
            fs::write(&file, &flipped).unwrap();
            // Versions and protections that we do not know are a newer program's.
            let newer = name == VAULT_HEADER && (at == 8 || at == 9);
            let is_readable = name == VAULT_KEY || at > 9;
            let expected = match (newer, is_readable) {
                (true, _) => "newer_home Newer",
                (false, true) => "storage VaultDamaged",
                (false, false) => "storage Damaged",
            };
            assert_eq!(vault(), expected, "{name} byte {at}");
            fs::write(&file, &sound[..at]).unwrap();
            assert_eq!(vault(), "storage Damaged", "{name} cut at {at}");
        }
        fs::write(&file, [sound.as_slice(), b"x"].concat()).unwrap();
        assert_eq!(vault(), "storage Damaged");
        fs::write(&file, vec![0; 5_000]).unwrap();
        assert_eq!(vault(), "storage Damaged");
        fs::remove_file(&file).unwrap();
        assert_eq!(vault(), "storage Damaged");
        fs::write(&file, &sound).unwrap();
    }
    home.open_vault(None).unwrap();
    let huge = File::options().write(true).open(path.join(IDENTITY)).unwrap();
    huge.set_len(IDENTITY_BYTES_MAX + 1).unwrap();
    assert_eq!(refusal(home.read_identity()), "storage Damaged");
    huge.set_len(IDENTITY_BYTES_MAX).unwrap();
    assert!(home.read_identity().is_ok());
}

#[test]
fn what_is_no_file_is_refused_by_name_and_never_waited_for() {
    let (_directory, path) = place();
    drop(complete(&path));
    let open = || {
        let home = Home::open(&path, AT_ONCE)?;
        home.open_vault(None)?;
        home.read_identity()?;
        home.read_ring().map(drop)
    };
    for name in [LOCK, VAULT_HEADER, VAULT_KEY, "vault.lock", IDENTITY, IDENTITY_PREVIOUS, ring::NAME] {
        let file = path.join(name);
        let sound = fs::read(&file).ok();
        fs::remove_file(&file).ok();
        let makes: [&dyn Fn(); 3] = [
            &|| fs::create_dir(&file).unwrap(),
            &|| rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RUSR).unwrap(),
            &|| drop(UnixListener::bind(&file).unwrap()),
        ];
        for make in makes {
            make();
            assert_eq!(refusal(open()), "storage NotAFile", "{name}");
            fs::remove_file(&file).or_else(|_| fs::remove_dir(&file)).unwrap();
        }
        if let Some(sound) = sound {
            fs::write(&file, sound).unwrap();
        }
    }
    open().unwrap();
}

#[test]
fn a_store_that_is_set_aside_is_kept_and_numbered() {
    let (_directory, path) = place();
    let home = complete(&path);
    assert_eq!(home.set_store_aside().unwrap(), None);
    for number in 1..3 {
        fs::create_dir(home.store_path()).unwrap();
        fs::write(home.store_path().join("db"), [number]).unwrap();
        let aside = path.join(format!("set-aside-{number}/store"));
        assert_eq!(home.set_store_aside().unwrap(), Some(aside.clone()));
        assert_eq!(fs::read(aside.join("db")).unwrap(), [number]);
        assert!(!home.store_path().exists());
    }
    assert_eq!(home.read_identity().unwrap(), copies(Some(b"first"), None));
}

/// Says hello over a socket and reads what arrives.
fn talk(listener: &UnixListener, mut client: UnixStream) -> String {
    client.write_all(b"hello").unwrap();
    drop(client);
    let mut heard = String::new();
    listener.accept().unwrap().0.read_to_string(&mut heard).unwrap();
    heard
}

#[test]
fn commands_reach_the_socket_of_a_home_however_long_its_path() {
    let (directory, _) = place();
    let base = directory.path().as_os_str().len();
    // The socket's path one below, at and above what an address holds, with and without its name while it is made.
    for length in [50, 92, 93, 94, 95, 96, 97, 98, 99, 100, 250] {
        let path = directory.path().join("h".repeat(length - base.min(length - 1)));
        let home = complete(&path);
        let listener = socket::bind(&home).unwrap();
        assert_eq!(talk(&listener, socket::connect(&path).unwrap()), "hello");
        assert_eq!(mode(&home.socket_path()), 0o600);
        socket::remove(&home).unwrap();
        assert_eq!(refusal(socket::connect(&path)), "not_running NotRunning");
        socket::remove(&home).unwrap();
    }
}

#[test]
fn a_socket_that_nobody_answers_is_replaced_and_one_that_is_answered_is_not() {
    let (_directory, path) = place();
    let home = complete(&path);
    drop(UnixListener::bind(home.socket_path()).unwrap());
    drop(UnixListener::bind(path.join("node.sock.new")).unwrap());
    assert_eq!(refusal(socket::connect(&path)), "not_running NotRunning");
    let listener = socket::bind(&home).unwrap();
    assert_eq!(talk(&listener, socket::connect(&path).unwrap()), "hello");
    assert_eq!(refusal(socket::bind(&home)), "home_in_use InUse");
    assert!(home.socket_path().metadata().unwrap().file_type().is_socket());
    drop(listener);
    socket::bind(&home).unwrap();
    assert!(!path.join("node.sock.new").exists());
}

#[test]
fn nobody_runs_on_a_home_that_is_not_there() {
    let (_directory, path) = place();
    assert_eq!(refusal(socket::connect(&path)), "not_running NotRunning");
    let long = path.join("h".repeat(200));
    assert_eq!(refusal(socket::connect(&long)), "not_running NotRunning");
}

#[test]
fn a_copy_is_in_another_place_and_a_renamed_home_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let (path, renamed, copied) =
        (directory.path().join("home"), directory.path().join("renamed"), directory.path().join("copied"));
    let (home, _) = Home::create(&path).unwrap();
    assert_eq!(home.place(), None, "no store yet");
    drop(crate::store::open(&home.store_path()).unwrap());
    let place = home.place().expect("the store has a file");
    home.write_identity(b"sealed").unwrap();
    drop(home);
    fs::rename(&path, &renamed).unwrap();
    assert_eq!(Home::open(&renamed, Duration::ZERO).unwrap().place(), Some(place));
    fs::create_dir_all(copied.join("store")).unwrap();
    for name in ["identity", "store/db"] {
        fs::copy(renamed.join(name), copied.join(name)).unwrap();
    }
    let there = Home::open(&copied, Duration::ZERO).unwrap().place();
    assert!(there.is_some_and(|there| there != place));
}
