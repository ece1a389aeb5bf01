//! A small disk of its own (tmpfs), to be full, and to be read only, without harm to anybody else; and a veil over a
//! directory in use, through which it can only be read. [`Breaking`] is a disk that gives up.
//!
//! It needs root and `mount`; where those are missing a test says so and is passed over. It is unmounted on drop, at
//! the latest when the last process on it has ended; declare it before the people whose homes lie there.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

const MEBIBYTE: usize = 1 << 20;

/// The disk.
#[derive(Debug)]
pub struct Disk {
    directory: TempDir,
}

impl Disk {
    /// An empty one of so many mebibytes; `None`, with the reason printed, where this machine cannot have it.
    #[must_use]
    pub fn of(mebibytes: usize) -> Option<Self> {
        let directory = tempfile::Builder::new().prefix("causerie-disk-").tempdir().unwrap();
        let size = format!("size={mebibytes}m,mode=0700");
        match run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path())) {
            Ok(()) => Some(Self { directory }),
            Err(reason) => {
                println!("passed over: no disk can be mounted here ({})", reason.trim());
                None
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes until there is no room at all.
    pub fn is_filled(&self) {
        let mut filler = File::options().append(true).create(true).open(self.filler()).unwrap();
        let some = vec![0x55; MEBIBYTE];
        for size in [MEBIBYTE, 4_096] {
            while filler.write_all(&some[..size]).is_ok() {}
        }
    }

    /// Writes until so many mebibytes are free.
    pub fn is_filled_but_for(&self, mebibytes: usize) {
        self.is_filled();
        let filler = File::options().write(true).open(self.filler()).unwrap();
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.saturating_sub(u64::try_from(mebibytes * MEBIBYTE).unwrap())).unwrap();
    }

    /// There is room again.
    pub fn is_emptied(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// From now on it can only be read, or written again.
    ///
    /// # Panics
    /// When a file on it is open for writing.
    pub fn is_read_only(&self, read_only: bool) {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        run(Command::new("mount").args(["-o", options]).arg(self.path())).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open on it keeps it for so long, but its name is free.
        run(Command::new("umount").arg("--lazy").arg(self.path())).ok();
    }
}

/// A disk whose file system gives up after a fault (ext4 on a loop device): from then on writes are refused, though it was
/// mounted to be written and does not say otherwise.
#[derive(Debug)]
pub struct Breaking {
    directory: TempDir,
}

impl Breaking {
    /// An empty one of so many mebibytes; `None`, with the reason printed, where this machine cannot have it.
    #[must_use]
    pub fn of(mebibytes: usize) -> Option<Self> {
        let directory = tempfile::Builder::new().prefix("causerie-disk-").tempdir().unwrap();
        let disk = Self { directory };
        let size = u64::try_from(mebibytes * MEBIBYTE).unwrap();
        File::create(disk.image()).unwrap().set_len(size).unwrap();
        fs::create_dir(disk.path()).unwrap();
        let made = run(Command::new("mkfs.ext4").args(["-q", "-F", "-O", "^has_journal"]).arg(disk.image()))
            .and_then(|()| disk.mount())
            .and_then(
                |()| if disk.fault().exists() { Ok(()) } else { Err("no fault can be had".to_owned()) },
            );
        made.inspect_err(|reason| println!("passed over: no disk can be broken here ({})", reason.trim()))
            .ok()?;
        Some(disk)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    /// What was written is on the disk, and then the fault happens.
    pub fn breaks(&self) {
        run(Command::new("sync").arg("--file-system").arg(self.path())).unwrap();
        fs::write(self.fault(), "a fault").unwrap();
    }

    /// It is looked over and mounted again.
    ///
    /// # Panics
    /// When somebody still uses it.
    pub fn is_mended(&self) {
        run(Command::new("umount").arg(self.path())).unwrap();
        // A copy: the file system as it was broken lives on wherever somebody else still sees it mounted.
        let copy = self.directory.path().join("copy");
        fs::copy(self.image(), &copy).unwrap();
        fs::rename(copy, self.image()).unwrap();
        // It exits with 1 where something was mended.
        Command::new("fsck.ext4").args(["-p", "-f"]).arg(self.image()).output().unwrap();
        self.mount().unwrap();
    }

    fn mount(&self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop,errors=remount-ro"]).args([self.image(), self.path()]))
    }

    fn image(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    /// Where a fault can be asked for.
    fn fault(&self) -> PathBuf {
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let path = self.path().to_string_lossy().into_owned();
        let line = mounts.lines().find(|line| line.split(' ').nth(1) == Some(&path)).unwrap_or_default();
        let device = line.split(' ').next().and_then(|device| device.strip_prefix("/dev/"));
        Path::new("/sys/fs/ext4").join(device.unwrap_or("none")).join("trigger_fs_error")
    }
}

impl Drop for Breaking {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(self.path())).ok();
    }
}

/// A directory that can only be read, until this is dropped. Whoever has files of it open for writing keeps them.
#[derive(Debug)]
pub struct Veil(PathBuf);

impl Veil {
    /// Over this directory; `None`, with the reason printed, where this machine cannot have it.
    #[must_use]
    pub fn over(directory: &Path) -> Option<Self> {
        let mounted = run(Command::new("mount").arg("--bind").args([directory, directory]));
        let veil = mounted.map(|()| Self(directory.to_owned()));
        let is_drawn = veil.and_then(|veil| {
            run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(directory)).map(|()| veil)
        });
        is_drawn.inspect_err(|reason| println!("passed over: no mount here ({})", reason.trim())).ok()
    }
}

impl Drop for Veil {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(&self.0)).ok();
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
