//! What a disk holds and what of that is durable: files and names in memory, without a file system around them.
//!
//! ```text
//! change ──▶ seen by everybody, waiting ── synced ──▶ durable
//!                       └──── the power goes ──▶ some of what waited, the last of it torn
//! ```
//!
//! Bytes and the length of a file are durable once the file was synced, names once their directory was; neither brings
//! the other along (POSIX, `fsync`). Modes and owners are durable at once. A rename is all or nothing. Nothing here
//! refuses by permission: the kernel does. Numbers of files are never given twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    time::SystemTime,
};

use super::{bytes::Bytes, fate::Fate};
use crate::Dice;

/// The number of a file or directory.
pub(super) type Number = u64;

/// The directory that everything lies below.
pub(super) const ROOT: Number = 1;

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no power.
    Gone,
    /// There is no such file.
    Missing,
    /// There is one already.
    Exists,
    /// The directory has something in it.
    NotEmpty,
    /// It is no directory.
    NotADirectory,
    /// There is no room.
    Full,
}

/// What something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    File,
    Directory,
    Socket,
    Pipe,
}

/// What is known of a file beside its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    pub(super) number: Number,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) length: u64,
    pub(super) links: u32,
    pub(super) changed: SystemTime,
}

/// How something new begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
}

#[derive(Debug)]
struct Node {
    beginning: Beginning,
    changed: SystemTime,
    bytes: Bytes,
    names: Names,
}

/// What lies in a directory.
#[derive(Debug, Default)]
struct Names {
    now: BTreeMap<OsString, Number>,
    durable: BTreeMap<OsString, Number>,
}

/// A change of names: which name leads where from then on. All of it happens or nothing.
#[derive(Clone, Debug)]
struct Naming {
    at: u64,
    sets: Vec<(Number, OsString, Option<Number>)>,
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Platter {
    nodes: BTreeMap<Number, Node>,
    /// Changes of names that are not durable, oldest first.
    waiting: Vec<Naming>,
    next: Number,
    /// Changes and syncs so far.
    acts: u64,
    /// With which act the power goes.
    ends_at: Option<u64>,
    is_gone: bool,
    capacity: u64,
    /// It says that what was not written is.
    pub(super) lies: bool,
}

impl Platter {
    /// An empty one that holds so many bytes.
    pub(super) fn new(capacity: u64) -> Self {
        let beginning = Beginning { kind: Kind::Directory, mode: 0o700, owner: (0, 0) };
        let mut platter = Self {
            nodes: BTreeMap::new(),
            waiting: Vec::new(),
            next: ROOT,
            acts: 0,
            ends_at: None,
            is_gone: false,
            capacity,
            lies: false,
        };
        platter.add(beginning);
        platter
    }

    pub(super) const fn acts(&self) -> u64 {
        self.acts
    }

    /// With this act the power goes: nothing of it is done.
    pub(super) const fn end_at(&mut self, act: u64) {
        self.ends_at = Some(act);
    }

    /// The power goes now.
    pub(super) const fn end(&mut self) {
        self.is_gone = true;
    }

    pub(super) const fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Leaves so many bytes of room from now on.
    pub(super) fn leave(&mut self, free: u64) {
        self.capacity = self.used() + free;
    }

    /// How many bytes it holds, and how many more it could.
    pub(super) fn room(&self) -> (u64, u64) {
        (self.capacity, self.capacity.saturating_sub(self.used()))
    }

    pub(super) fn look_up(&self, directory: Number, name: &OsStr) -> Result<Attributes, Refusal> {
        self.stands()?;
        let number = *self.names(directory)?.now.get(name).ok_or(Refusal::Missing)?;
        self.attributes(number)
    }

    pub(super) fn attributes(&self, number: Number) -> Result<Attributes, Refusal> {
        self.stands()?;
        let node = self.node(number)?;
        let directories = self.nodes.values().flat_map(|node| node.names.now.values());
        let links = directories.filter(|one| **one == number).count();
        Ok(Attributes {
            number,
            kind: node.beginning.kind,
            mode: node.beginning.mode,
            owner: node.beginning.owner,
            length: node.bytes.now().len() as u64,
            links: u32::try_from(links).unwrap(),
            changed: node.changed,
        })
    }

    /// Changes mode, owner or length.
    pub(super) fn change(
        &mut self,
        number: Number,
        (mode, owner): (Option<u32>, (Option<u32>, Option<u32>)),
        length: Option<u64>,
    ) -> Result<Attributes, Refusal> {
        let at = self.act()?;
        let node = self.nodes.get_mut(&number).ok_or(Refusal::Missing)?;
        let beginning = &mut node.beginning;
        beginning.mode = mode.unwrap_or(beginning.mode);
        beginning.owner = (owner.0.unwrap_or(beginning.owner.0), owner.1.unwrap_or(beginning.owner.1));
        if let Some(length) = length {
            node.bytes.set_length(at, usize::try_from(length).unwrap());
            node.changed = SystemTime::now();
        }
        self.attributes(number)
    }

    /// Makes something under a name that leads nowhere yet.
    pub(super) fn make(
        &mut self,
        directory: Number,
        name: &OsStr,
        beginning: Beginning,
    ) -> Result<Attributes, Refusal> {
        let at = self.act()?;
        if self.names(directory)?.now.contains_key(name) {
            return Err(Refusal::Exists);
        }
        let number = self.add(beginning);
        self.set(at, vec![(directory, name.to_owned(), Some(number))]);
        self.attributes(number)
    }

    /// Lets one more name lead to a file.
    pub(super) fn link(
        &mut self,
        number: Number,
        directory: Number,
        name: &OsStr,
    ) -> Result<Attributes, Refusal> {
        let at = self.act()?;
        self.node(number)?;
        if self.names(directory)?.now.contains_key(name) {
            return Err(Refusal::Exists);
        }
        self.set(at, vec![(directory, name.to_owned(), Some(number))]);
        self.attributes(number)
    }

    /// Takes a name away.
    pub(super) fn remove(&mut self, directory: Number, name: &OsStr) -> Result<(), Refusal> {
        let at = self.act()?;
        let number = *self.names(directory)?.now.get(name).ok_or(Refusal::Missing)?;
        self.is_empty(number)?;
        self.set(at, vec![(directory, name.to_owned(), None)]);
        Ok(())
    }

    /// Lets a name lead to what another one led to; whatever it led to before loses it.
    pub(super) fn rename(
        &mut self,
        (directory, name): (Number, &OsStr),
        (to_directory, to_name): (Number, &OsStr),
        replaces: bool,
    ) -> Result<(), Refusal> {
        let at = self.act()?;
        let number = *self.names(directory)?.now.get(name).ok_or(Refusal::Missing)?;
        match self.names(to_directory)?.now.get(to_name) {
            Some(_) if !replaces => return Err(Refusal::Exists),
            Some(target) if *target == number => return Ok(()),
            Some(target) => self.is_empty(*target)?,
            None => {}
        }
        let sets = vec![(directory, name.to_owned(), None), (to_directory, to_name.to_owned(), Some(number))];
        self.set(at, sets);
        Ok(())
    }

    pub(super) fn read(&self, number: Number, offset: u64, size: u32) -> Result<&[u8], Refusal> {
        self.stands()?;
        let bytes = self.node(number)?.bytes.now();
        let begin = usize::try_from(offset).unwrap().min(bytes.len());
        let end = begin.saturating_add(usize::try_from(size).unwrap()).min(bytes.len());
        Ok(&bytes[begin..end])
    }

    pub(super) fn write(&mut self, number: Number, offset: u64, bytes: &[u8]) -> Result<(), Refusal> {
        let at = self.act()?;
        let (_, free) = self.room();
        let node = self.nodes.get_mut(&number).ok_or(Refusal::Missing)?;
        let end = offset + bytes.len() as u64;
        if end.saturating_sub(node.bytes.now().len() as u64) > free {
            return Err(Refusal::Full);
        }
        node.bytes.write(at, usize::try_from(offset).unwrap(), bytes);
        node.changed = SystemTime::now();
        Ok(())
    }

    /// Makes the bytes of a file durable, or the names in a directory.
    pub(super) fn sync(&mut self, number: Number) -> Result<(), Refusal> {
        self.act()?;
        if self.lies {
            return Ok(());
        }
        let node = self.nodes.get_mut(&number).ok_or(Refusal::Missing)?;
        node.bytes.sync();
        if node.beginning.kind == Kind::Directory {
            self.sync_names(number);
        }
        Ok(())
    }

    /// What lies in a directory.
    pub(super) fn list(&self, directory: Number) -> Result<Vec<(Number, Kind, OsString)>, Refusal> {
        self.stands()?;
        let names = self.names(directory)?.now.iter();
        names.map(|(name, number)| Ok((*number, self.node(*number)?.beginning.kind, name.clone()))).collect()
    }

    /// The power was gone and is back: what is left is what was durable, and of the rest what chance spared.
    pub(super) fn come_back(&mut self, dice: &mut Dice) -> Fate {
        let mut moments: Vec<u64> = self.waiting.iter().map(|naming| naming.at).collect();
        moments.extend(self.nodes.values().flat_map(|node| node.bytes.waiting()));
        moments.sort_unstable();
        let fate = Fate::thrown(dice, &moments);
        for naming in std::mem::take(&mut self.waiting) {
            if fate.spares(naming.at, dice) {
                self.make_durable(naming);
            }
        }
        for node in self.nodes.values_mut() {
            node.bytes.come_back(&fate, dice);
            node.names.now.clone_from(&node.names.durable);
        }
        self.forget_what_has_no_name();
        (self.is_gone, self.ends_at) = (false, None);
        fate
    }

    /// One more act, unless the power goes with it: its number.
    fn act(&mut self) -> Result<u64, Refusal> {
        self.stands()?;
        self.acts += 1;
        if self.ends_at.is_some_and(|end| self.acts >= end) {
            self.is_gone = true;
        }
        self.stands()?;
        Ok(self.acts)
    }

    const fn stands(&self) -> Result<(), Refusal> {
        if self.is_gone { Err(Refusal::Gone) } else { Ok(()) }
    }

    fn add(&mut self, beginning: Beginning) -> Number {
        let number = self.next;
        self.next += 1;
        let (bytes, names) = (Bytes::default(), Names::default());
        self.nodes.insert(number, Node { beginning, changed: SystemTime::now(), bytes, names });
        number
    }

    fn node(&self, number: Number) -> Result<&Node, Refusal> {
        self.nodes.get(&number).ok_or(Refusal::Missing)
    }

    fn names(&self, directory: Number) -> Result<&Names, Refusal> {
        let node = self.node(directory)?;
        if node.beginning.kind == Kind::Directory { Ok(&node.names) } else { Err(Refusal::NotADirectory) }
    }

    /// Refuses a directory with something in it.
    fn is_empty(&self, number: Number) -> Result<(), Refusal> {
        if self.node(number)?.names.now.is_empty() { Ok(()) } else { Err(Refusal::NotEmpty) }
    }

    fn used(&self) -> u64 {
        self.nodes.values().map(|node| node.bytes.now().len() as u64).sum()
    }

    fn set(&mut self, at: u64, sets: Vec<(Number, OsString, Option<Number>)>) {
        for (directory, name, number) in &sets {
            let Some(node) = self.nodes.get_mut(directory) else { continue };
            match number {
                Some(number) => node.names.now.insert(name.clone(), *number),
                None => node.names.now.remove(name),
            };
        }
        self.waiting.push(Naming { at, sets });
    }

    /// With a directory's changes go those of others that one of them reaches into, and what came before these there.
    fn sync_names(&mut self, directory: Number) {
        let mut touched = BTreeSet::from([directory]);
        loop {
            let touches = |naming: &&Naming| naming.sets.iter().any(|(one, ..)| touched.contains(one));
            let reached = self.waiting.iter().filter(touches).flat_map(|naming| &naming.sets);
            let reached: BTreeSet<Number> = reached.map(|(one, ..)| *one).collect();
            if reached.is_subset(&touched) {
                break;
            }
            touched.extend(reached);
        }
        let (synced, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|naming| naming.sets.iter().any(|(one, ..)| touched.contains(one)));
        self.waiting = left;
        synced.into_iter().for_each(|naming| self.make_durable(naming));
    }

    fn make_durable(&mut self, naming: Naming) {
        for (directory, name, number) in naming.sets {
            let Some(node) = self.nodes.get_mut(&directory) else { continue };
            match number {
                Some(number) => node.names.durable.insert(name, number),
                None => node.names.durable.remove(&name),
            };
        }
    }

    fn forget_what_has_no_name(&mut self) {
        let mut named = BTreeSet::from([ROOT]);
        let mut look_into = vec![ROOT];
        while let Some(node) = look_into.pop().and_then(|number| self.nodes.get(&number)) {
            let new: Vec<Number> =
                node.names.now.values().copied().filter(|one| named.insert(*one)).collect();
            look_into.extend(new);
        }
        self.nodes.retain(|number, _| named.contains(number));
    }
}
