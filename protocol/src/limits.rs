//! Every bound, with its unit, its reason and where the number comes from. "Chosen" means chosen, not measured.

use core::time::Duration;

/// Bytes of a stored value, sealed. sled 0.34 moves pages above 128 KiB to a place it never syncs and splits leaves
/// by count (16), so values stay small.
pub const VALUE_BYTES_MAX: usize = 4_096;

/// Bytes of a record's plain content that surely fit a stored value.
pub const RECORD_BYTES_MAX: usize = 4_000;

/// Bytes of a text message; the contract of the command line.
pub const TEXT_BYTES_MAX: usize = 32_768;

/// Characters of a person's name; the contract of the command line.
pub const NAME_CHARS_MAX: usize = 64;

/// Bytes of a passphrase. Chosen: far more than anybody types, and room for a key that a program made.
pub const PASSPHRASE_BYTES_MAX: usize = 1_024;

/// KiB of memory to stretch a passphrase for each lane, at least: what Argon2 itself needs (RFC 9106, section 3.1).
pub const STRETCH_MEMORY_KIB_MIN: u32 = 8;

/// KiB of memory to stretch a passphrase that are believed of a header. Chosen: four times what is written, and
/// nothing that a small machine cannot give.
pub const STRETCH_MEMORY_KIB_MAX: u32 = 262_144;

/// Passes over that memory that are believed of a header. Chosen: ten times what is written. With all of the memory they
/// took 6 s where this was written.
pub const STRETCH_PASSES_MAX: u32 = 32;

/// Lanes of that memory that are believed of a header. Chosen: as many as RFC 9106 recommends; one is written.
pub const STRETCH_LANES_MAX: u32 = 4;

/// Bytes of an entry's body. An envelope's largest bucket (61,440) holds it with its head and the envelope's own.
pub const BODY_BYTES_MAX: usize = 57_344;

/// Entries that one entry can name as its dependencies.
pub const DEPS_MAX: usize = 16;

/// Largest lamport number that is believed before its predecessors are here; leaves room for 2^16 entries a second
/// for a century.
pub const LAMPORT_MAX: u64 = 1 << 48;

/// Chains that one conversation can have: each restored or moved store begins one. Chosen.
pub const CHAINS_PER_CONVERSATION_MAX: usize = 256;

/// Ranges that a chain can hold beyond its first gap. Chosen: a carrier that loses more is repaired from the gap on.
pub const RANGES_BEYOND_GAP_MAX: usize = 64;

/// Entries that a chain can hold beyond its first gap. Chosen: what closes a gap is checked in one turn.
pub const ENTRIES_BEYOND_GAP_MAX: u32 = 1_024;

/// Entries of one author that can share one message id; further ones are kept and not shown. Chosen: one a restore.
pub const PLACES_PER_MESSAGE_MAX: usize = 8;

/// Entries of a device's own chain that move into another run when two histories of it are joined. Chosen: of short
/// texts 4 MiB in one turn.
pub const JOINED_ENTRIES_MAX: u32 = 16_384;

/// Entries that one answer to a `WANT` brings. Chosen: of the longest texts 2 MiB, which an outbox takes beside what is
/// in flight.
pub const REPAIR_ENTRIES_MAX: usize = 64;

/// Records of a conversation that say when messages of ours came so far. Chosen: the last hundred or so that were
/// answered one by one, in 15 KiB.
pub const PROGRESS_KEPT_MAX: u32 = 128;

/// Messages of one page of history.
pub const HISTORY_PAGE_MAX: u32 = 1_000;

/// Commands that one turn takes together. Chosen: a change-set of about 100 KiB.
pub const COMMANDS_PER_TURN_MAX: usize = 256;

/// Bytes of a frame on a link, without its length: the length is a u16.
pub const FRAME_BYTES_MAX: usize = 65_535;

/// Envelope lengths; nothing else leaves. The largest fits gossipsub's default message.
pub const ENVELOPE_BUCKETS: [usize; 4] = [2_048, 8_192, 32_768, 61_440];

/// Lengths of a live channel's plaintexts: each holds an envelope bucket with its frame header.
pub const LIVE_BUCKETS: [usize; 5] = [256, 2_304, 8_448, 33_024, 61_696];

/// Numbers of slots of 16 bytes in a dialler's hello. Chosen: the smallest already hides how many people most know.
pub const HELLO_SLOTS: [usize; 3] = [64, 256, 1_024];

/// Records of one envelope. Chosen: above what entries or marks of common size fill the largest bucket with, and it
/// bounds what a body full of empty records unpacks to.
pub const RECORDS_PER_ENVELOPE_MAX: usize = 1_024;

/// Entries in a first message. Chosen: a contact begins with a few texts.
pub const FIRST_ENTRIES_MAX: usize = 64;

/// Envelopes with entries that a session has on the way unacknowledged.
pub const ENVELOPES_IN_FLIGHT_MAX: usize = 64;

/// Steps that a receiving chain walks for one authentic header; 30 ms.
pub const CHAIN_WALK_MAX: u32 = 1 << 16;

/// Skipped message keys of one epoch.
pub const SKIPPED_KEYS_PER_EPOCH_MAX: usize = 1_000;

/// Skipped message keys of one session.
pub const SKIPPED_KEYS_PER_SESSION_MAX: usize = 2_000;

/// How long a skipped key is kept, by evidence of time.
pub const SKIPPED_KEY_AGE_MAX: Duration = Duration::from_secs(35 * 86_400);

/// Commands that wait for one check of all that is stored. Chosen: as many as one connection may ask at once.
pub const CHECK_ASKERS_MAX: usize = 64;

/// How much later both clocks must say that it is before what they said counts as evidence of time. Chosen: as long as
/// clocks that are wrong together may stay unnoticed.
pub const CLAIM_STANDS_AFTER: Duration = Duration::from_secs(86_400);

/// Envelopes remembered as opened in one generation; three generations are kept, so at least 100,000.
pub const REPLAY_GENERATION: u32 = 50_000;

/// Epochs of one session that are kept because they owe keys.
pub const EPOCHS_PER_SESSION_MAX: usize = 512;

/// Epochs that one OFFER each may lead to, all with one number, until one of them is used.
pub const CANDIDATES_MAX: usize = 3;

/// Bytes that both halves of a step take in an envelope, with their heads: what an envelope keeps free for them. The
/// longest entry fits beside them.
pub const STEP_RECORDS_BYTES: usize = 2_378;

/// Messages of an epoch, both ways together, after which a step is offered, if it is also [`STEP_AFTER`] old.
pub const STEP_AFTER_MESSAGES: u32 = 8;

/// How long an epoch in use lasts before a step is offered. A step costs both sides 1.1 ms together (measured: see
/// `benches/step.rs`), so under load this is a twenty-thousandth of the time.
pub const STEP_AFTER: Duration = Duration::from_secs(30);

/// How old an epoch is when any message of it is reason enough to offer a step.
pub const STEP_AFTER_LONG: Duration = Duration::from_secs(600);

/// How long an offer waits for an answer before it rides again.
pub const STEP_REPEAT: Duration = Duration::from_secs(1);

/// How long after a step no other one is answered, however the links flap.
pub const STEP_REST: Duration = Duration::from_secs(10);

/// Sessions with one device; the oldest goes when there are more.
pub const SESSIONS_PER_DEVICE_MAX: usize = 8;

/// How long a lost session stays readable, by evidence of time.
pub const LOST_SESSION_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// How long a shared secret that was replaced is still recognised, by evidence of time: as long as carriers that come
/// later may hold mail, and two days.
pub const REPLACED_PAIR_LIFE: Duration = Duration::from_secs(37 * 86_400);

/// Answers that one invitation takes. Chosen: as many as there can be contacts.
pub const ANSWERS_PER_INVITATION_MAX: u64 = 4_096;

/// Links on which somebody waits for our consent. Chosen.
pub const WAITING_LINKS_MAX: usize = 64;

/// How long somebody who waits for our consent may be silent; they are to show themselves on each tick.
pub const WAITING_PATIENCE: Duration = Duration::from_secs(15);

/// Contacts of one account. Chosen.
pub const CONTACTS_MAX: usize = 4_096;

/// Requests that wait for consent; further answers are refused until some are decided. Chosen.
pub const REQUESTS_MAX: usize = 256;

/// Invitations that are not forgotten yet. Chosen: a quarter of what a hello has slots for.
pub const INVITATIONS_MAX: usize = 256;

/// Characters of an invitation link; the contract of the command line.
pub const LINK_CHARS_MAX: usize = 300;

/// Hints in an invitation.
pub const HINTS_MAX: usize = 3;

/// Bytes of an invitation's bundle.
pub const BUNDLE_BYTES_MAX: usize = 16_384;

/// Devices in a list. Chosen: the list with them fits a stored value.
pub const DEVICES_MAX: usize = 8;

/// How long what a device of a contact's brought waits until their other devices are told of it, so that much is told at
/// once. Chosen: nobody waits for it who looks at a screen.
pub const TELL_DEVICES_AFTER: Duration = Duration::from_millis(100);

/// How long an invitation can be answered unless asked otherwise.
pub const INVITATION_LIFE_DEFAULT: Duration = Duration::from_secs(7 * 86_400);

/// How long a one-use invitation, and the bundle of a reusable one, can live.
pub const INVITATION_LIFE_MAX: Duration = Duration::from_secs(30 * 86_400);

/// How long an invitation that has ended is still recognised, so that whoever answers it is told why not.
pub const INVITATION_MEMORY: Duration = Duration::from_secs(7 * 86_400);

/// Addresses stored for one contact.
pub const ADDRESSES_PER_CONTACT_MAX: usize = 8;

/// Addresses of one dial.
pub const DIAL_ADDRESSES_MAX: usize = 8;

/// Relays of one dial. Chosen: as many as somebody holds places at.
pub const DIAL_CIRCUITS_MAX: usize = RELAYS_MAX;

/// Relays at which somebody holds places at the same time. Chosen: one may go while another is asked.
pub const RELAYS_MAX: usize = 3;

/// Servers that one contact is told of. Chosen: twice as many as a node is connected to.
pub const SERVERS_TOLD_MAX: usize = 8;

/// Servers that are remembered from what contacts told. Chosen: a node looks for four, and some of these may be gone.
pub const SERVERS_REMEMBERED_MAX: usize = 16;

/// Servers of these that one contact can fill. Chosen: no three of them push out what everybody else told.
pub const SERVERS_PER_CONTACT_MAX: usize = 4;

/// Bytes of every record at the meeting place, whatever it says.
pub const RECORD_BYTES: usize = 1_024;

/// How long a record is to stay at the meeting place; up to an eighth less, so that they do not all go together. Chosen:
/// long enough that one lost round costs nothing, short enough that a place which was left is soon forgotten.
pub const RECORD_LIFE: Duration = Duration::from_secs(7_200);

/// How far ahead a record's end may lie. Chosen: what an honest clock says of itself, whatever the day there.
pub const RECORD_UNTIL_MAX: Duration = Duration::from_secs(2 * 86_400);

/// How long a contact is not dialled at once again because of what they say at the meeting place; the usual waits go on.
/// Chosen: more than it takes to find out that a record is old.
pub const PLACE_REST: Duration = Duration::from_secs(5);

/// Records looked at of those that are found under one key: anybody can put some there. Chosen: more than a contact
/// leaves in a day of changing networks, and 0.1 ms of work.
pub const RECORDS_PER_LOOKUP_MAX: usize = 32;

/// How long after a change it is said at the meeting place: changes come in groups. Chosen: the first place at a relay is
/// worth saying before others are found.
pub const PUBLISH_AFTER: Duration = Duration::from_millis(200);

/// How long between two times that everything is said because of changes. Chosen.
pub const PUBLISH_ROUNDS_APART: Duration = Duration::from_secs(2);

/// How often all is said anew; up to a quarter earlier. Chosen: less than [`RECORD_LIFE`] at its shortest.
pub const PUBLISH_EVERY: Duration = Duration::from_secs(3_600);

/// How long the same is not said again, however often a link breaks. Chosen.
pub const PUBLISH_REST: Duration = Duration::from_secs(60);

/// Records that are said together, and the pause before the next ones. Chosen: to most people everything at once, to four
/// thousand contacts within a few minutes.
pub const PUBLISHED_TOGETHER_MAX: usize = 16;
/// See [`PUBLISHED_TOGETHER_MAX`].
pub const PUBLISH_PAUSE: Duration = Duration::from_secs(1);

/// Invitations for which something is left at the meeting place: the newest. Chosen.
pub const PUBLISHED_INVITATIONS_MAX: usize = 32;

/// Questions that the meeting place is asked at the same time. Chosen: each keeps a handful of its nodes busy.
pub const LOOKUPS_MAX: usize = 8;

/// How long a question may go without an answer before it is forgotten. Chosen: longer than any that is answered.
pub const LOOKUP_PATIENCE: Duration = Duration::from_secs(60);

/// First and longest wait between two times that a contact is looked for; jitter of a half is taken off. Chosen: whoever
/// comes leaves a record, so long waits only delay meeting somebody who cannot dial us.
pub const LOOKUP_FIRST: Duration = Duration::from_secs(2);
/// See [`LOOKUP_FIRST`].
pub const LOOKUP_MAX: Duration = Duration::from_secs(1_800);

/// Secrets of one contact by which they are looked for: the last, and the one before, if they have not heard of the last.
pub const PAIRS_ASKED_MAX: usize = 2;

/// How near the end of a day has to be for the day beside it to count, and how far clocks may differ that are not known.
pub const DAY_SLACK: Duration = Duration::from_secs(3 * 3_600);

/// A difference of clocks that is worth writing down. Chosen: far less than [`DAY_SLACK`].
pub const CLOCK_DIFFERENCE_KEPT: Duration = Duration::from_secs(600);

/// Days ahead of the kept key of a pair for which keys are made: eleven years, 10 ms. Beyond, a clock is wrong.
pub const DAY_CHAIN_STEPS_MAX: u32 = 4_096;

/// How long before what both clocks said the kept key of a pair stays: as replaced secrets do.
pub const DAY_CHAIN_KEPT: Duration = REPLACED_PAIR_LIFE;

/// Days that the kept key of a pair moves at once, at least: fewer are not worth a write. Chosen: a week.
pub const DAY_CHAIN_ADVANCE_MIN: u32 = 7;

/// The same, at most: 90 years, 60 ms. So a pair that was made on a device without a clock comes to today.
pub const DAY_CHAIN_ADVANCE_MAX: u32 = 1 << 15;

/// Network identities on this network that are remembered. Chosen: a large office.
pub const DISCOVERED_PEERS_MAX: usize = 1_024;

/// Links that others made and whose peer is not known yet; beyond, the oldest silent one gives way.
pub const UNKNOWN_LINKS_MAX: usize = 64;

/// The same from one address; loopback is exempt, where everybody has the same one.
pub const UNKNOWN_LINKS_PER_ADDRESS_MAX: usize = 4;

/// Hellos that do not match, from one address within a minute; loopback is exempt.
pub const UNMATCHED_HELLOS_PER_MINUTE: usize = 4;

/// The same two bounds for one network of IPv6, its first 64 bits: one machine has as many addresses there as it likes.
/// Chosen: many times as much as one address, since an office may be in one.
pub const UNKNOWN_LINKS_PER_NETWORK_MAX: usize = 16;
/// See [`UNKNOWN_LINKS_PER_NETWORK_MAX`].
pub const UNMATCHED_HELLOS_PER_NETWORK_MINUTE: usize = 64;

/// Links over relays whose peer is not known yet: all that come over relays count together, since a relay does not say
/// from where. Chosen: a quarter of all places, so that contacts find one while somebody tries the others.
pub const UNKNOWN_LINKS_RELAYED_MAX: usize = 16;

/// Hellos over relays that do not match within a minute. Chosen: contacts come that way too, so somebody who wants to
/// keep them out has to work for it; 64 hellos cost less than a second.
pub const UNMATCHED_HELLOS_RELAYED_PER_MINUTE: usize = 64;

/// How long a hello, an introduction's next frame, or a live handshake may take.
pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(5);

/// The one tick of all live channels: who was silent on both sides sends a PING.
pub const KEEP_ALIVE_TICK: Duration = Duration::from_millis(4_500);

/// Ticks without a frame after which a peer counts as gone: noticed within three ticks, so that a busy machine still
/// does within 15 s.
pub const KEEP_ALIVE_MISSED_MAX: u32 = 2;

/// How long the keys of a live channel are used.
pub const CHANNEL_KEYS_LIFE: Duration = Duration::from_secs(3_600);

/// Frames one way under the same keys of a live channel after which it gets new ones, at the next tick.
pub const CHANNEL_KEYS_FRAMES_MAX: u64 = 1 << 20;

/// How long a channel may take to show that it survived a change of networks or a suspend. Chosen: longer than a
/// round trip anywhere, far shorter than three ticks.
pub const PROBE_PATIENCE: Duration = Duration::from_secs(3);

/// How long after that a contact is dialled beside a channel that has not answered. Chosen: longer than most round trips;
/// where the channel does stand, the second one is closed again.
pub const PROBE_DOUBT: Duration = Duration::from_millis(500);

/// How long the older of two channels may take to answer before the newer one takes its place.
pub const TWIN_PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of frames that a newer channel may say while the older one has that time; more closes it. Chosen: the largest
/// list of heads and what somebody writes in two seconds.
pub const HELD_BYTES_MAX: usize = 256 * 1_024;

/// How long the side with the higher network identity leaves the dialling to the other. An announcement may be lost on
/// one side for as long as a minute.
pub const NEARBY_PATIENCE: Duration = Duration::from_secs(1);

/// First and longest wait between two dials to the same contact; jitter of a half is taken off.
pub const REDIAL_FIRST: Duration = Duration::from_secs(1);
/// See [`REDIAL_FIRST`].
pub const REDIAL_MAX: Duration = Duration::from_secs(60);

/// How long a test of a contact takes at most: longer than the last of eight addresses may take to connect, and as
/// long as a person waits. What has not answered by then counts as silent.
pub const TRIAL_PATIENCE: Duration = Duration::from_secs(8);

/// The same where the meeting place is asked too: a question there and a dial over a relay take their time.
pub const TRIAL_PATIENCE_FAR: Duration = Duration::from_secs(16);

/// How long a person is not told again that a device runs twice. Chosen.
pub const TWIN_NOTICE_REST: Duration = Duration::from_secs(600);

/// How long a person is not told the same kind of thing again because of the same contact. Chosen.
pub const CONTACT_NOTICE_REST: Duration = Duration::from_secs(3_600);

/// A wall time farther off than this from our own is shown as the time of receipt.
pub const CLOCK_DISTANCE_SHOWN_MAX: Duration = Duration::from_secs(86_400);

/// Heads in one exchange: what fits a live channel's largest frame.
pub const HEADS_MAX: usize = 512;

/// Records removed in one turn of a deletion that takes many.
pub const PURGE_RECORDS_PER_TURN: usize = 512;

/// How long overwritten keys of sessions may still be readable in the store's files before the key that they are sealed
/// under is replaced and erased. Chosen: with a hundred contacts 60 KiB are written each time, and only after changes.
pub const ROTATE_AFTER: Duration = Duration::from_secs(600);

/// Records that one turn of a rotation looks at and seals anew. Measured without the disk: 6 µs each, so 1.6 ms a turn; a
/// hundred contacts who talk have 300 of 200 bytes.
pub const RESEALED_PER_TURN: usize = 256;

/// Contacts whose sessions one turn looks at when some do not open. Chosen: with the most sessions a few hundred records.
pub const SIFTED_PER_TURN: usize = 16;

const _: () = assert!(RECORD_BYTES_MAX + crate::vault::OVERHEAD_BYTES <= VALUE_BYTES_MAX);
const _: () = assert!(TEXT_BYTES_MAX < BODY_BYTES_MAX);
const _: () = assert!(2 * CHAINS_PER_CONVERSATION_MAX <= HEADS_MAX);
const _: () = assert!(REPLACED_PAIR_LIFE.as_secs() > SKIPPED_KEY_AGE_MAX.as_secs());
const _: () = assert!(PUBLISH_EVERY.as_secs() < RECORD_LIFE.as_secs() - RECORD_LIFE.as_secs() / 8);
const _: () = assert!(RECORD_LIFE.as_secs() < RECORD_UNTIL_MAX.as_secs());
const _: () = assert!(CHANNEL_KEYS_LIFE.as_secs() > KEEP_ALIVE_TICK.as_secs());
