//! Whom to dial, where and when: events first, then backoff with jitter.
//!
//! - Somebody announces themselves on this network: the side with the lower network identity dials, so that one link
//!   comes of it. Who turned out to be nobody we know is left alone until our own secrets change; then we dial
//!   everybody again, whichever identity is lower. Who could not be met is tried again after longer and longer waits,
//!   each after their own: many announcements are of somebody who is not there any more.
//! - A contact says at the meeting place where they are: that is dialled beside addresses known before.
//! - A contact is not connected: their addresses, or the hints of their link, are dialled at once and then after
//!   `limits::REDIAL_FIRST`, twice that and so on up to `limits::REDIAL_MAX`, each shortened by up to a half at random.
//! - Addresses that the person gave are dialled like a contact's.
//!
//! Hellos that led nowhere are counted by address, so that nobody can make us compute for ever.

pub(crate) mod direct;
pub(crate) mod near;
pub(crate) mod trial;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
};

use core::time::Duration;

use crate::{
    address::{Address, Circuit, Relay},
    answer::{AddressSource, DialFailure},
    contact::{Contact, ContactRow},
    engine::{Settings, State},
    event::Event,
    ids::{DialId, LinkId, TransportId},
    input::{LinkEnds, Way},
    limits,
    link::{Link, addresses, keep_alive, whereabouts},
    moment::{Moment, WallTime},
    output::Output,
    rendezvous,
    testing::plant::{self, Plant},
    timer::Timer,
    turn::Turn,
};

/// Everything that dialling goes by.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    own: Option<TransportId>,
    listening: Vec<Address>,
    discovered: BTreeMap<TransportId, near::Discovered>,
    dials: BTreeMap<DialId, Dialling>,
    next_dial: u64,
    waits: BTreeMap<Timer, Duration>,
    purposes: BTreeMap<LinkId, Target>,
    /// Addresses of contacts where somebody else was found: left out of the next dial, if there are others.
    elsewhere: BTreeMap<ContactRow, BTreeSet<Address>>,
    peers_linked: BTreeMap<TransportId, BTreeSet<LinkId>>,
    /// Links on which we said what we knew before our secrets changed: that they lead nowhere says nothing of today.
    outdated: BTreeSet<LinkId>,
    unmatched: BTreeMap<Origin, VecDeque<Moment>>,
    /// When contacts were tried last because of what they said at the meeting place.
    hurried: BTreeMap<ContactRow, Moment>,
    /// Beside channels over relays.
    tries: BTreeMap<ContactRow, direct::Tries>,
    online: bool,
    /// Nobody is dialled: what they say could not be kept.
    resting: bool,
}

/// One dial that runs.
#[derive(Debug)]
struct Dialling {
    target: Target,
    /// Addresses that gave no link so far.
    failed: BTreeMap<Address, DialFailure>,
    /// When the contact said what is dialled, by their clock, of what they said at the meeting place or on a channel.
    place: Option<WallTime>,
}

/// What a dial tries.
#[derive(Debug, Default)]
struct Route {
    peer: Option<TransportId>,
    addresses: Vec<Address>,
    circuits: Vec<Circuit>,
    place: Option<WallTime>,
}

impl Route {
    const fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.circuits.is_empty()
    }
}

/// What a dial is for.
#[derive(Clone, Debug)]
enum Target {
    Contact(ContactRow),
    Discovered(TransportId),
    Fixed(usize),
}

/// By what those are counted who may be anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Whoever is at one address.
    Address(IpAddr),
    /// Whoever is in one network of IPv6, its first 64 bits: one machine has as many addresses there as it likes.
    Network(u64),
    /// Whoever comes over a relay: nobody says from where.
    Relays,
}

impl Origin {
    /// Where a link comes from, each of which has its bound; nothing where that tells nobody from anybody, as on loopback.
    pub(crate) fn of(ends: &LinkEnds) -> impl Iterator<Item = Self> + use<> {
        let relayed = ends.way == Way::Relayed;
        let ip = ends.address.map(|address| address.ip).filter(|ip| !relayed && !ip.is_loopback());
        let network = match ip {
            Some(IpAddr::V6(ip)) => u64::try_from(ip.to_bits() >> 64).ok(),
            _ => None,
        };
        let relays = relayed.then_some(Self::Relays);
        [relays, ip.map(Self::Address), network.map(Self::Network)].into_iter().flatten()
    }

    /// How many links may stand that have not shown whose they are.
    pub(crate) const fn unknown_links_max(self) -> usize {
        match self {
            Self::Address(_) => limits::UNKNOWN_LINKS_PER_ADDRESS_MAX,
            Self::Network(_) => limits::UNKNOWN_LINKS_PER_NETWORK_MAX,
            Self::Relays => limits::UNKNOWN_LINKS_RELAYED_MAX,
        }
    }

    const fn unmatched_max(self) -> usize {
        match self {
            Self::Address(_) => limits::UNMATCHED_HELLOS_PER_MINUTE,
            Self::Network(_) => limits::UNMATCHED_HELLOS_PER_NETWORK_MINUTE,
            Self::Relays => limits::UNMATCHED_HELLOS_RELAYED_PER_MINUTE,
        }
    }
}

/// Origins whose unmatched hellos are counted; beyond, the one that was heard of last the longest ago is forgotten. Chosen.
const COUNTED_ORIGINS_MAX: usize = 1_024;

const MINUTE: Duration = Duration::from_secs(60);

impl Reach {
    /// Our network identity.
    pub(crate) const fn own(&self) -> Option<&TransportId> {
        self.own.as_ref()
    }

    /// Where we listen.
    pub(crate) fn listening(&self) -> &[Address] {
        &self.listening
    }

    /// Notes that a link stands, and what it was dialled for.
    pub(crate) fn on_link_up(&mut self, link: LinkId, ends: &LinkEnds) {
        if let Some(purpose) = ends.dial.and_then(|dial| self.dials.remove(&dial)) {
            self.purposes.insert(link, purpose.target);
        }
        self.peers_linked.entry(ends.peer.clone()).or_default().insert(link);
    }

    /// The contact that a link was dialled for.
    pub(crate) fn purpose(&self, link: LinkId) -> Option<ContactRow> {
        match self.purposes.get(&link) {
            Some(Target::Contact(row)) => Some(*row),
            _ => None,
        }
    }

    /// Whether the address at the other end has sent too many hellos that led nowhere.
    pub(crate) fn is_tiresome(&mut self, ends: &LinkEnds, now: Moment) -> bool {
        Origin::of(ends).any(|origin| {
            let Some(times) = self.unmatched.get_mut(&origin) else { return false };
            while times.front().is_some_and(|time| now.since(*time) > MINUTE) {
                times.pop_front();
            }
            times.len() >= origin.unmatched_max()
        })
    }

    /// A hello led nowhere; those that others began are counted.
    pub(crate) fn on_unmatched(&mut self, link: LinkId, ends: &LinkEnds, is_strangers: bool, now: Moment) {
        if self.outdated.contains(&link) {
            return;
        }
        if let Some(known) = self.discovered.get_mut(&ends.peer) {
            known.nobody = true;
        }
        if is_strangers {
            Origin::of(ends).for_each(|origin| self.count(origin, now));
        }
    }

    fn count(&mut self, origin: Origin, now: Moment) {
        if self.unmatched.len() >= COUNTED_ORIGINS_MAX && !self.unmatched.contains_key(&origin) {
            let oldest =
                self.unmatched.iter().min_by_key(|(_, times)| times.back()).map(|(origin, _)| *origin);
            oldest.map(|oldest| self.unmatched.remove(&oldest));
        }
        let times = self.unmatched.entry(origin).or_default();
        times.push_back(now);
        if times.len() > origin.unmatched_max() {
            times.pop_front();
        }
    }

    fn dial(
        &mut self,
        turn: &mut Turn<'_>,
        target: Target,
        peer: Option<TransportId>,
        addresses: Vec<Address>,
    ) {
        self.dial_by(turn, target, Route { peer, addresses, ..Route::default() });
    }

    fn dial_by(&mut self, turn: &mut Turn<'_>, target: Target, route: Route) {
        if route.is_empty() || !self.online || self.resting {
            return;
        }
        let Route { peer, addresses, circuits, place } = route;
        let dial = DialId::new(self.next_dial);
        self.next_dial = self.next_dial.saturating_add(1);
        self.dials.insert(dial, Dialling { target, failed: BTreeMap::new(), place });
        turn.push(Output::Dial { dial, peer, addresses, circuits });
    }

    /// How long to wait before the next try, twice the last wait, shortened at random by up to a half.
    fn backoff(&mut self, turn: &mut Turn<'_>, timer: Timer) -> Moment {
        let wait = longer(self.waits.get(&timer).copied());
        self.waits.insert(timer, wait);
        shortened(turn, wait)
    }

    /// Whether a link to this peer stands or is being made.
    fn is_linked(&self, peer: &TransportId) -> bool {
        let dialled = |dial: &Dialling| matches!(&dial.target, Target::Discovered(other) if other == peer);
        self.peers_linked.contains_key(peer) || self.dials.values().any(dialled)
    }

    /// Those near who may be somebody we know, and with whom no link stands.
    fn near(&self) -> impl Iterator<Item = (&TransportId, &near::Discovered)> {
        let free = |peer: &TransportId| !self.peers_linked.contains_key(peer);
        self.discovered.iter().filter(move |(peer, known)| !known.nobody && free(peer))
    }

    fn is_dialling(&self, row: ContactRow) -> bool {
        self.dials.values().any(|dial| matches!(dial.target, Target::Contact(other) if other == row))
    }
}

/// The network runs, under this identity.
pub(crate) fn on_network_up(state: &mut State, turn: &mut Turn<'_>, own: TransportId) {
    state.reach.own = Some(own);
    state.reach.online = true;
    if !state.rendezvous.relays().is_empty() {
        whereabouts::tell_all(state, turn);
    }
    redial_all(state, turn);
}

/// Begins or ends a time in which nobody is dialled.
pub(crate) const fn rest(state: &mut State, resting: bool) {
    state.reach.resting = resting;
}

/// Where we listen changed: everybody is told, and everybody absent is tried, since another network may be near.
pub(crate) fn on_listening(state: &mut State, turn: &mut Turn<'_>, addresses: Vec<Address>) {
    if state.reach.listening == addresses {
        return;
    }
    state.reach.listening.clone_from(&addresses);
    turn.push(Output::Notify(Event::Listening { addresses }));
    addresses::tell_all(state, turn);
    direct::on_own_addresses(state, turn);
    on_resumed(state, turn);
}

/// Another network, or the same one after a sleep: who is absent is tried, and who seems to be here has to show it.
pub(crate) fn on_resumed(state: &mut State, turn: &mut Turn<'_>) {
    keep_alive::probe_all(state, turn);
    rendezvous::on_resumed(state);
    redial_all(state, turn);
}

/// An address came to nothing while its dial goes on.
pub(crate) fn on_address_failed(state: &mut State, dial: DialId, address: Address, why: DialFailure) {
    if let Some(dial) = state.reach.dials.get_mut(&dial)
        && dial.failed.len() < limits::DIAL_ADDRESSES_MAX + limits::DIAL_CIRCUITS_MAX
    {
        dial.failed.insert(address, why);
    }
}

/// A dial came to nothing: the next one waits.
pub(crate) fn on_dial_failed(state: &mut State, turn: &mut Turn<'_>, dial: DialId) {
    let Some(Dialling { target, place, .. }) = state.reach.dials.remove(&dial) else { return };
    match target {
        Target::Contact(row) => {
            state.reach.elsewhere.remove(&row);
            if let Some(said_at) = place {
                rendezvous::on_place_failed(state, row, said_at);
            }
            if state.rendezvous.place(row).is_some_and(|newer| Some(newer.made_at) != place) {
                on_place(state, turn, row);
            } else {
                retry(state, turn, Timer::Redial(row));
            }
            // A relayed channel may have come of what was dialled beside it.
            direct::attempt(state, turn, row);
        }
        Target::Fixed(position) => retry(state, turn, Timer::RedialFixed(position)),
        Target::Discovered(peer) => near::retry(state, turn, &peer),
    }
}

/// A hello showed whose the other end of a link is; `None` is nobody we know. If it was dialled for somebody else, that
/// one is tried elsewhere, while this link may stand for long.
pub(crate) fn on_recognised(state: &mut State, turn: &mut Turn<'_>, link: LinkId, row: Option<ContactRow>) {
    let Some(expected) = state.reach.purpose(link).filter(|expected| row != Some(*expected)) else {
        return;
    };
    state.reach.purposes.remove(&link);
    let Some(ends) = state.links.get(link).map(|one| &one.ends) else { return };
    let (address, peer) = (ends.address, ends.peer.clone());
    if let Some(place) = state.rendezvous.place(expected).filter(|place| place.peer == peer) {
        let said_at = place.made_at;
        rendezvous::on_place_failed(state, expected, said_at);
    }
    state.reach.elsewhere.entry(expected).or_default().extend(address);
    retry(state, turn, Timer::Redial(expected));
}

/// A link is gone: whoever was on it is tried again.
pub(crate) fn on_link_down(state: &mut State, turn: &mut Turn<'_>, link: LinkId, gone: &Link) {
    state.reach.outdated.remove(&link);
    if let Some(links) = state.reach.peers_linked.get_mut(&gone.ends.peer) {
        links.remove(&link);
        if links.is_empty() {
            state.reach.peers_linked.remove(&gone.ends.peer);
        }
    }
    let purpose = state.reach.purposes.remove(&link);
    if let Some(Target::Fixed(position)) = purpose {
        retry(state, turn, Timer::RedialFixed(position));
    }
    // They may have announced another place while this link seemed to stand, or have told no address yet.
    near::retry(state, turn, &gone.ends.peer);
    let dialled = if let Some(Target::Contact(row)) = purpose { Some(row) } else { None };
    for row in dialled.into_iter().chain(gone.contact()) {
        // Where another link to them waits for their consent, or soon will, there is nothing to gain by one more.
        if !state.links.is_answered(row, &gone.ends.peer) {
            retry(state, turn, Timer::Redial(row));
        }
    }
}

/// A live channel to this contact stands: its next absence starts with short waits again.
pub(crate) fn on_contact_online(state: &mut State, row: ContactRow) {
    state.timers.cancel(Timer::Redial(row));
    state.reach.waits.remove(&Timer::Redial(row));
    state.reach.elsewhere.remove(&row);
    state.reach.hurried.remove(&row);
    rendezvous::on_contact_online(state, row);
    for position in 0..state.settings.dial.len() {
        state.reach.waits.remove(&Timer::RedialFixed(position));
    }
}

/// A channel is used: whoever is there is tried soon when it is gone.
pub(crate) fn on_used(state: &mut State, link: LinkId) {
    if let Some(one) = state.links.get(link) {
        state.reach.is_somebody(&one.ends.peer);
    }
}

/// This contact talks to another copy of this device: nothing is gained by trying again soon.
pub(crate) fn on_twin(state: &mut State, turn: &Turn<'_>, row: ContactRow, link: LinkId) {
    state.reach.waits.insert(Timer::Redial(row), limits::REDIAL_MAX);
    state.timers.set(Timer::Redial(row), turn.now.moment + limits::REDIAL_MAX);
    on_copy(state, turn, link);
}

/// Whoever is at the other end of this link is left alone for a while: of two copies only one is talked to.
pub(crate) fn on_copy(state: &mut State, turn: &Turn<'_>, link: LinkId) {
    let peer = state.links.get(link).map(|one| &one.ends.peer);
    if let Some(known) = peer.and_then(|peer| state.reach.discovered.get_mut(peer)) {
        known.wait = Some(limits::REDIAL_MAX);
        known.due = Some(turn.now.moment + limits::REDIAL_MAX);
        near::schedule(state);
    }
}

/// A secret of ours is new, so somebody who was nobody may be somebody now: everybody near is dialled.
pub(crate) fn on_secrets_changed(state: &mut State, turn: &mut Turn<'_>) {
    let said = state.links.iter().filter(|(_, one)| one.ends.speaks_first() && one.has_said_tokens());
    state.reach.outdated.extend(said.map(|(link, _)| link));
    // Who was nobody until now may be the very one who is to answer.
    state.reach.unmatched.clear();
    for known in state.reach.discovered.values_mut() {
        known.nobody = false;
    }
    redial_all(state, turn);
}

/// Everybody absent is tried now.
pub(crate) fn redial_all(state: &mut State, turn: &mut Turn<'_>) {
    for known in state.reach.discovered.values_mut() {
        known.wait = None;
        known.due = Some(turn.now.moment);
    }
    near::on_due(state, turn);
    state.reach.elsewhere.clear();
    let rows: Vec<ContactRow> = state.contacts.iter().map(|(row, _)| row).collect();
    for row in rows {
        state.reach.waits.remove(&Timer::Redial(row));
        redial(state, turn, row);
    }
    for position in 0..state.settings.dial.len() {
        state.reach.waits.remove(&Timer::RedialFixed(position));
        redial_fixed(state, turn, position);
    }
    rendezvous::on_changed(state, turn);
}

/// It is time to try this contact.
pub(crate) fn redial(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    state.timers.cancel(Timer::Redial(row));
    let Some(contact) = state.contacts.get(row) else {
        return;
    };
    // A link of theirs that is not settled brings new keys, which takes an introduction beside what stands; and what
    // stands may not have survived a change of networks.
    let wanted =
        contact.answer.is_some() || !state.is_online(row) || keep_alive::is_in_doubt(state, turn, row);
    if !state.contacts.is_met(row) || !wanted || state.reach.is_dialling(row) {
        return;
    }
    let known: Vec<Address> = known(state, row, contact).into_iter().map(|(address, _)| address).collect();
    let circuits = circuits(state, row);
    let taken = taken_by_others(state, row);
    let free: Vec<Address> = known.iter().filter(|one| !taken.contains(*one)).copied().collect();
    if free.is_empty() && !known.is_empty() && circuits.is_empty() {
        // Once the links that stand there are gone.
        retry(state, turn, Timer::Redial(row));
        return;
    }
    let elsewhere = state.reach.elsewhere.remove(&row).unwrap_or_default();
    let others: Vec<Address> = free.iter().filter(|one| !elsewhere.contains(*one)).copied().collect();
    let addresses = if others.is_empty() {
        free
    } else {
        state.reach.elsewhere.insert(row, elsewhere);
        others
    };
    let place = state.rendezvous.place(row).map(|place| place.made_at);
    state.reach.dial_by(turn, Target::Contact(row), Route { peer: None, addresses, circuits, place });
}

/// A contact says where they are: they are tried at once, but not again and again, whatever they say.
pub(crate) fn on_place(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    let now = turn.now.moment;
    let last = state.reach.hurried.get(&row);
    if last.is_some_and(|last| now.since(*last) < limits::PLACE_REST) {
        retry(state, turn, Timer::Redial(row));
        return;
    }
    if !state.reach.is_dialling(row) {
        state.reach.hurried.insert(row, now);
        redial(state, turn, row);
    } else if let Some(route) = beside(state, row) {
        state.reach.hurried.insert(row, now);
        state.reach.dial_by(turn, Target::Contact(row), route);
    }
}

/// What was found while the contact is being dialled at addresses known before, which may take its time to fail; `None`
/// where that is nothing new. If an older place is what is dialled, the newer one has its turn after it.
fn beside(state: &State, row: ContactRow) -> Option<Route> {
    let contact = state.contacts.get(row)?;
    let place = state.rendezvous.place(row)?;
    let is_theirs = |dial: &&Dialling| matches!(dial.target, Target::Contact(other) if other == row);
    if state.reach.dials.values().filter(is_theirs).any(|dial| dial.place.is_some()) {
        return None;
    }
    let hints = contact.answer.as_ref().map(|answer| answer.hints.as_slice()).unwrap_or_default();
    let is_new = |address: &&Address| !contact.addresses.contains(address) && !hints.contains(address);
    let found = place.addresses.iter().filter(|address| is_allowed(&state.settings, address));
    let addresses = found.filter(is_new).take(limits::DIAL_ADDRESSES_MAX).copied().collect();
    let route = Route { peer: None, addresses, circuits: circuits(state, row), place: Some(place.made_at) };
    (!route.is_empty()).then_some(route)
}

/// Addresses that we dialled and where other contacts are right now.
fn taken_by_others(state: &State, row: ContactRow) -> BTreeSet<Address> {
    let others = state.links.all_live().filter(|(_, live)| live.row() != row);
    others
        .filter_map(|(link, _)| state.links.get(link))
        .filter(|link| link.ends.dial.is_some())
        .filter_map(|link| link.ends.address)
        .collect()
}

/// It is time to try an address that the person gave.
pub(crate) fn redial_fixed(state: &mut State, turn: &mut Turn<'_>, position: usize) {
    state.timers.cancel(Timer::RedialFixed(position));
    let ours = |target: &Target| matches!(target, Target::Fixed(other) if *other == position);
    let busy =
        state.reach.purposes.values().any(ours) || state.reach.dials.values().any(|dial| ours(&dial.target));
    if let Some(address) = state.settings.dial.get(position).copied()
        && !busy
    {
        state.reach.dial(turn, Target::Fixed(position), None, vec![address]);
    }
}

/// The wait after this one.
fn longer(last: Option<Duration>) -> Duration {
    last.map_or(limits::REDIAL_FIRST, |last| (last * 2).min(limits::REDIAL_MAX))
}

/// When a wait is over that begins now: shortened at random by up to a half.
pub(crate) fn shortened(turn: &mut Turn<'_>, wait: Duration) -> Moment {
    turn.now.moment + (wait - drawn(turn, wait / 2))
}

/// A time drawn at random that is shorter than this.
pub(crate) fn drawn(turn: &mut Turn<'_>, most: Duration) -> Duration {
    Duration::from_micros(turn.random.below(u64::try_from(most.as_micros()).unwrap_or_default()))
}

pub(crate) fn retry(state: &mut State, turn: &mut Turn<'_>, timer: Timer) {
    if !state.reach.online || state.timers.is_set(timer) {
        return;
    }
    if plant::is(Plant::RedialOnce) && state.reach.waits.contains_key(&timer) {
        return;
    }
    let at = state.reach.backoff(turn, timer);
    state.timers.set(timer, at);
}

/// Where a contact may be, and how that is known: what they said last, then what their link said.
fn known(state: &State, row: ContactRow, contact: &Contact) -> Vec<(Address, AddressSource)> {
    let found = state.rendezvous.place(row).map(|place| place.addresses.as_slice()).unwrap_or_default();
    let hints = contact.answer.as_ref().map(|answer| answer.hints.as_slice()).unwrap_or_default();
    let found = found.iter().map(|address| (*address, AddressSource::Found));
    let met = contact.addresses.iter().map(|address| (*address, AddressSource::Met));
    let link = hints.iter().map(|address| (*address, AddressSource::Link));
    let mut known: Vec<(Address, AddressSource)> = Vec::new();
    for (address, source) in found.chain(met).chain(link) {
        if is_allowed(&state.settings, &address) && !known.iter().any(|(other, _)| *other == address) {
            known.push((address, source));
        }
    }
    known.truncate(limits::DIAL_ADDRESSES_MAX);
    known
}

/// Over which relays a contact may be reached. Who hides from contacts goes over relays of their own only, at the addresses
/// that they know: what a contact names may be the contact's machine.
fn circuits(state: &State, row: ContactRow) -> Vec<Circuit> {
    let Some(place) = state.rendezvous.place(row).filter(|_| state.settings.internet) else {
        return Vec::new();
    };
    let own = |relay: &Relay| state.rendezvous.relays().iter().find(|own| own.id == relay.id).cloned();
    let usable = |relay: &Relay| if state.settings.direct { Some(relay.clone()) } else { own(relay) };
    let relays = place.relays.iter().filter_map(usable).take(limits::DIAL_CIRCUITS_MAX);
    relays.map(|relay| Circuit { relay, peer: place.peer.clone() }).collect()
}

/// Whether an address that a contact told is dialled, by what the person wants.
fn is_allowed(settings: &Settings, address: &Address) -> bool {
    settings.direct && address.is_dialable(settings.loopback) && (settings.internet || address.is_private())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::address::Transport;

    fn allowed(settings: &Settings, ip: &str) -> bool {
        let ip: IpAddr = ip.parse().unwrap();
        is_allowed(settings, &Address { transport: Transport::Quic, ip, port: 1 })
    }

    #[test]
    fn what_a_contact_tells_is_dialled_as_far_as_the_person_wants() {
        let usual = Settings::default();
        for ip in ["8.8.8.8", "192.168.1.2", "2001:db8::1", "fd00::1"] {
            assert!(allowed(&usual, ip), "{ip}");
        }
        for ip in
            ["127.0.0.1", "::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255", "169.254.1.1"]
        {
            assert!(!allowed(&usual, ip), "{ip}");
        }
        let local = Settings { internet: false, ..Settings::default() };
        assert!(allowed(&local, "10.1.2.3") && allowed(&local, "fd00::1"));
        assert!(
            !allowed(&local, "8.8.8.8") && !allowed(&local, "2001:db8::1") && !allowed(&local, "172.32.0.1")
        );
        let hidden = Settings { direct: false, loopback: true, ..Settings::default() };
        assert!(!allowed(&hidden, "8.8.8.8") && !allowed(&hidden, "127.0.0.1"));
    }
}
