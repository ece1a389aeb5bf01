//! A tap on what is sealed: what an oracle has to see and a wire does not show.
//!
//! ```text
//! off ─ start ─▶ on: envelopes, first messages and steps of every engine of this thread, in order ─ stop ─▶ off
//! ```
//!
//! It is off unless it is started, for this thread only, and without the feature `testing` its sites do nothing. It
//! holds at most [`TAPPED_BYTES_MAX`]; beyond, the oldest goes, and the numbers of what is left say so. What an engine
//! does goes by none of it. A turn that fails later, or a crash before its writes are durable, leaves what it sealed
//! here all the same, though it never left.

use crate::{
    ids::{DeviceId, SessionId},
    secret::Secret,
    turn::Turn,
};

#[cfg(any(test, feature = "testing"))]
use crate::secret::hash_plain;

#[cfg(any(test, feature = "testing"))]
pub use self::held::{TAPPED_BYTES_MAX, Tapped, What, narrow, position, start, stop, take};

/// Whose doing something is: in which session, by which device, towards which.
#[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "there is nobody to read it"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doing {
    pub(crate) session: SessionId,
    pub(crate) from: DeviceId,
    pub(crate) to: DeviceId,
}

#[cfg(any(test, feature = "testing"))]
mod held {
    use core::cell::RefCell;
    use std::collections::VecDeque;

    use super::Doing;
    use crate::{
        ids::{DeviceId, SessionId},
        moment::Moment,
        turn::Turn,
    };

    /// Bytes that wait to be taken. Chosen: a thousand of the largest envelopes.
    pub const TAPPED_BYTES_MAX: usize = 64 * 1_024 * 1_024;

    /// Bytes that anything counts for beside those of an envelope.
    const OVERHEAD_BYTES: usize = 256;

    /// Something that was sealed, or a part of a step.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Tapped {
        /// One more than that of what was tapped before it.
        pub number: u64,
        /// When, by the monotonic clock of the engine that did it.
        pub at: Moment,
        /// In which session.
        pub session: SessionId,
        /// Whose doing it is.
        pub from: DeviceId,
        /// The other device of the session.
        pub to: DeviceId,
        /// What it is.
        pub what: What,
    }

    /// What was tapped. `n` is the epoch that a step leads to, `offer` the hash of its OFFER, `fingerprint` what two
    /// devices compare of an epoch.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum What {
        /// An envelope was sealed.
        Envelope(Vec<u8>),
        /// The envelope that comes next is sealed under the key with this hash.
        Keyed([u8; 32]),
        /// A bundle was answered with this first message, which begins the session.
        First(Vec<u8>),
        /// A step was offered: its keys were made now.
        Offered {
            /// To which epoch.
            n: u32,
            /// By which OFFER.
            offer: [u8; 32],
        },
        /// An OFFER was answered: the epoch stands by.
        Answered {
            /// To which epoch.
            n: u32,
            /// Which OFFER.
            offer: [u8; 32],
            /// Of the epoch.
            fingerprint: [u8; 16],
        },
        /// The device that offered a step has heard an answer that fits.
        Heard {
            /// To which epoch.
            n: u32,
            /// To which OFFER.
            offer: [u8; 32],
        },
        /// The device has read the session from its store: what it did before and was not durable is undone.
        Loaded,
        /// The device seals in this epoch from now on.
        Stepped {
            /// Which epoch.
            n: u32,
            /// Of the epoch.
            fingerprint: [u8; 16],
        },
    }

    impl Tapped {
        fn size(&self) -> usize {
            OVERHEAD_BYTES
                + match &self.what {
                    What::Envelope(bytes) | What::First(bytes) => bytes.len(),
                    _ => 0,
                }
        }
    }

    #[derive(Debug, Default)]
    struct Tap {
        on: bool,
        only: Option<DeviceId>,
        next: u64,
        held: VecDeque<Tapped>,
        bytes: usize,
    }

    thread_local! {
        static TAP: RefCell<Tap> = RefCell::default();
    }

    /// Begins anew: nothing is held, and everything from now on is.
    pub fn start() {
        TAP.replace(Tap { on: true, ..Tap::default() });
    }

    /// From now on only what concerns the sessions of this device is held; `None`: everything.
    pub fn narrow(device: Option<DeviceId>) {
        TAP.with_borrow_mut(|tap| tap.only = device);
    }

    /// What was tapped since the last time, in order.
    #[must_use]
    pub fn take() -> Vec<Tapped> {
        TAP.with_borrow_mut(|tap| {
            tap.bytes = 0;
            std::mem::take(&mut tap.held).into()
        })
    }

    /// The number of what is tapped next.
    #[must_use]
    pub fn position() -> u64 {
        TAP.with_borrow(|tap| tap.next)
    }

    /// Nothing is tapped any more, and what was not taken is gone.
    pub fn stop() {
        TAP.take();
    }

    pub(super) fn note(turn: &Turn<'_>, doing: Doing, what: impl FnOnce() -> What) {
        TAP.with_borrow_mut(|tap| {
            let Doing { session, from, to } = doing;
            if !tap.on || tap.only.is_some_and(|only| only != from && only != to) {
                return;
            }
            let tapped = Tapped { number: tap.next, at: turn.now.moment, session, from, to, what: what() };
            tap.next = tap.next.saturating_add(1);
            tap.bytes = tap.bytes.saturating_add(tapped.size());
            tap.held.push_back(tapped);
            while tap.bytes > TAPPED_BYTES_MAX
                && let Some(gone) = tap.held.pop_front()
            {
                tap.bytes = tap.bytes.saturating_sub(gone.size());
            }
        });
    }
}

/// The sites: each a line in the engine, and nothing without the feature.
macro_rules! sites {
    ($($(#[doc = $doc:literal])* $site:ident($($name:ident: $kind:ty),*) => $what:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[cfg(any(test, feature = "testing"))]
            pub(crate) fn $site(turn: &Turn<'_>, doing: Doing, $($name: $kind),*) {
                held::note(turn, doing, || $what);
            }

            $(#[doc = $doc])*
            #[cfg(not(any(test, feature = "testing")))]
            pub(crate) const fn $site(_: &Turn<'_>, _: Doing, $(_: $kind),*) {}
        )*
    };
}

sites! {
    /// A key was taken for an envelope.
    keyed(key: &Secret) => What::Keyed(hash_plain(&[key.expose()]));
    /// An envelope was sealed for a live channel.
    envelope(bytes: &[u8]) => What::Envelope(bytes.to_vec());
    /// A first message was made.
    first(bytes: &[u8]) => What::First(bytes.to_vec());
    /// An OFFER was made.
    offered(n: u32, said: &[u8]) => What::Offered { n, offer: hash_plain(&[said]) };
    /// An OFFER was answered.
    answered(n: u32, said: &[u8], fingerprint: [u8; 16]) =>
        What::Answered { n, offer: hash_plain(&[said]), fingerprint };
    /// An answer to an OFFER was heard.
    heard(n: u32, said: &[u8]) => What::Heard { n, offer: hash_plain(&[said]) };
    /// A session was loaded for a channel.
    loaded() => What::Loaded;
    /// Another epoch is sealed in.
    stepped(n: u32, fingerprint: [u8; 16]) => What::Stepped { n, fingerprint };
}

#[cfg(test)]
mod tests;
