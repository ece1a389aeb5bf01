//! The file system over a platter: what the kernel asks, answered. The only file that names fuser's types.
//!
//! Nothing is kept back on the way: the kernel hands every write over before the program that wrote goes on, and knows of
//! no write of its own that it could sync. What an answer leaves out (extended attributes, ranges to allocate or copy) is
//! answered with "not implemented", and the kernel does without.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};

use super::platter::{Attributes, Beginning, Kind, Platter, Refusal};

/// How long the kernel may remember an answer: nobody else changes anything.
const REMEMBERED: Duration = Duration::from_secs(3_600);

const BLOCK_BYTES: u32 = 4_096;
const NAME_BYTES_MAX: u32 = 255;

/// Types of files in a mode, as the kernel says them.
const TYPE_MASK: u32 = 0o170_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_SOCKET: u32 = 0o140_000;
const TYPE_PIPE: u32 = 0o010_000;

/// A mounted file system; unmounted on drop.
pub(super) struct Served(#[expect(dead_code, reason = "it serves until it is dropped")] BackgroundSession);

impl Served {
    /// Mounts it here.
    pub(super) fn mount(platter: &Arc<Mutex<Platter>>, at: &Path) -> io::Result<Self> {
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("causerie-power".to_owned()),
            MountOption::DefaultPermissions,
            MountOption::NoAtime,
        ];
        fuser::spawn_mount(Serving(Arc::clone(platter)), at, &config).map(Self)
    }
}

struct Serving(Arc<Mutex<Platter>>);

impl Serving {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Gone => Errno::EIO,
        Refusal::Missing => Errno::ENOENT,
        Refusal::Exists => Errno::EEXIST,
        Refusal::NotEmpty => Errno::ENOTEMPTY,
        Refusal::NotADirectory => Errno::ENOTDIR,
        Refusal::Full => Errno::ENOSPC,
    }
}

const fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::File => FileType::RegularFile,
        Kind::Directory => FileType::Directory,
        Kind::Socket => FileType::Socket,
        Kind::Pipe => FileType::NamedPipe,
    }
}

fn attr(found: &Attributes) -> FileAttr {
    FileAttr {
        ino: INodeNo(found.number),
        size: found.length,
        blocks: found.length.div_ceil(512),
        atime: found.changed,
        mtime: found.changed,
        ctime: found.changed,
        crtime: found.changed,
        kind: file_type(found.kind),
        perm: u16::try_from(found.mode & 0o7777).unwrap(),
        nlink: found.links,
        uid: found.owner.0,
        gid: found.owner.1,
        rdev: 0,
        blksize: BLOCK_BYTES,
        flags: 0,
    }
}

fn beginning(request: &Request, kind: Kind, mode: u32) -> Beginning {
    Beginning { kind, mode: mode & 0o7777, owner: (request.uid(), request.gid()) }
}

fn entry(outcome: Result<Attributes, Refusal>, reply: ReplyEntry) {
    match outcome {
        Ok(found) => reply.entry(&REMEMBERED, &attr(&found), Generation(0)),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn attributes(outcome: Result<Attributes, Refusal>, reply: ReplyAttr) {
    match outcome {
        Ok(found) => reply.attr(&REMEMBERED, &attr(&found)),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn empty(outcome: Result<(), Refusal>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

impl Filesystem for Serving {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entry(self.platter().look_up(parent.0, name), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        attributes(self.platter().attributes(ino.0), reply);
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        attributes(self.platter().change(ino.0, (mode, (uid, gid)), size), reply);
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let kind = match mode & TYPE_MASK {
            0 | TYPE_FILE => Kind::File,
            TYPE_SOCKET => Kind::Socket,
            TYPE_PIPE => Kind::Pipe,
            _ => return reply.error(Errno::EPERM),
        };
        entry(self.platter().make(parent.0, name, beginning(request, kind, mode)), reply);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        entry(self.platter().make(parent.0, name, beginning(request, Kind::Directory, mode)), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.platter().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.platter().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let replaces = flags.is_empty();
        empty(self.platter().rename((parent.0, name), (newparent.0, newname), replaces), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        entry(self.platter().link(ino.0, newparent.0, newname), reply);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        match self.platter().make(parent.0, name, beginning(request, Kind::File, mode)) {
            Ok(found) => {
                let (handle, flags) = (FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
                reply.created(&REMEMBERED, &attr(&found), Generation(0), handle, flags);
            }
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.platter().read(ino.0, offset, size) {
            Ok(bytes) => reply.data(bytes),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.platter().write(ino.0, offset, data) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap()),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.platter().sync(ino.0), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.platter().sync(ino.0), reply);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = self.platter().list(ino.0);
        let entries = match listed {
            Ok(entries) => entries,
            Err(refusal) => return reply.error(errno(refusal)),
        };
        let dots = [".", ".."].map(|name| (ino.0, Kind::Directory, name.into()));
        let all = (1..).zip(dots.into_iter().chain(entries));
        for (next, (number, kind, name)) in all.skip_while(|(next, _)| *next <= offset) {
            if reply.add(INodeNo(number), next, file_type(kind), name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let (all, free) = self.platter().room();
        let [all, free] = [all, free].map(|bytes| bytes / u64::from(BLOCK_BYTES));
        reply.statfs(all, free, free, 1_000_000, 1_000_000, BLOCK_BYTES, NAME_BYTES_MAX, BLOCK_BYTES);
    }
}
