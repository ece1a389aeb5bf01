//! Planted bugs: realistic mistakes that an oracle must catch, or it proves nothing.
//!
//! A site in the engine is one line, `if plant::is(Plant::AckUnstored)`. Without the feature `testing` that is the
//! constant `false`, so nothing of a plant is in what people run. With it at most one plant is set, for this thread
//! only: runs beside each other do not meet. A run under a plant repeats as any other does. Each variant says what the
//! mistake is and which promise it breaks; the tests of this folder show each at work.

#[cfg(any(test, feature = "testing"))]
use core::cell::Cell;

macro_rules! plants {
    ($($(#[doc = $doc:literal])* $plant:ident = $name:literal,)*) => {
        /// One mistake.
        #[cfg_attr(
            not(any(test, feature = "testing")),
            expect(unreachable_pub, reason = "it is public where it can be set")
        )]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Plant {
            $($(#[doc = $doc])* $plant,)*
        }

        #[cfg(any(test, feature = "testing"))]
        impl Plant {
            /// Every mistake there is.
            pub const ALL: &[Self] = &[$(Self::$plant,)*];

            /// Its name in words with hyphens, for a command line or a scenario.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$plant => $name,)*
                }
            }
        }
    };
}

plants! {
    /// Nothing acknowledged is lost: every eighth entry of a contact is acknowledged and neither told nor stored.
    AckUnstored = "ack-unstored",
    /// Nothing acknowledged is lost: a command to write is answered, for every eighth length of text, without writing.
    AnswerUnwritten = "answer-unwritten",
    /// Nothing acknowledged is lost: what a turn says leaves before its writes, so a crash between takes them back.
    SayBeforeWrite = "say-before-write",
    /// Nothing is delivered twice: the key of a command that comes again is not looked up.
    KeyIgnored = "key-ignored",
    /// Nothing is delivered twice: with each list of heads, people are told of the contact's last message again.
    LastToldAgain = "last-told-again",
    /// Causal order: an entry names none of the entries that its author had seen, and does not count above them.
    DepsLeftOut = "deps-left-out",
    /// Causal order: a page of a conversation is sorted by what the authors' clocks said.
    OrderByWallClock = "order-by-wall-clock",
    /// States never claimed early: what was sealed counts as delivered.
    DeliveredWhenSealed = "delivered-when-sealed",
    /// States never claimed early: a receipt is taken for everything in its chain, also beyond it.
    ReceiptBeyond = "receipt-beyond",
    /// States never claimed early: what was stored is told to have been read, though nobody has.
    ReadUnasked = "read-unasked",
    /// Convergence: what the contact holds of our own chains and we do not is never asked for.
    WantNeverSent = "want-never-sent",
    /// Convergence: whoever could not be dialled at the second attempt is not tried again.
    RedialOnce = "redial-once",
    /// Convergence: a new channel counts as one on which both sides hold the same.
    HeadsAlwaysEqual = "heads-always-equal",
    /// Convergence: what was stored is not acknowledged, however long a channel stands.
    AckLost = "ack-lost",
    /// Bounds of memory: whoever announces themselves is remembered, however many there are.
    DiscoveredUnbounded = "discovered-unbounded",
    /// Bounds of the store: epochs of a session that are of no use any more are kept.
    EpochsKept = "epochs-kept",
    /// Bounds of the store: how far messages came is remembered of each message for ever.
    ProgressKept = "progress-kept",
    /// Frames within limits: a PING has a length of its own, outside the buckets.
    FrameUnpadded = "frame-unpadded",
    /// Frames within limits: a list of heads leaves in a frame that is one byte too long.
    FrameOversized = "frame-oversized",
    /// A thief is locked out: each offer of a session is made with the keys of the one before it.
    OfferReused = "offer-reused",
    /// A thief is locked out: an epoch is derived from the one before it alone.
    StepFromChainAlone = "step-from-chain-alone",
    /// A thief is locked out: a step that was answered is not taken.
    StepNotTaken = "step-not-taken",
    /// No engine panics: a frame of fewer than four bytes is indexed.
    ShortFramePanics = "short-frame-panics",
    /// No engine panics: a list of more than four heads, as after several restored backups, is indexed.
    ManyHeadsPanic = "many-heads-panic",
    /// Keys: every envelope of a session is sealed under the same nonce.
    NonceRepeated = "nonce-repeated",
    /// Nobody gets in: whatever stands where a signature has to be is taken for one.
    SignatureUnchecked = "signature-unchecked",
    /// Nobody gets in: what a hello shows is bound to its nonces and not to who says it to whom.
    TokenUnbound = "token-unbound",
    /// Nobody gets in: an entry that names our device as its author is ours.
    SelfUnchecked = "self-unchecked",
    /// Bounds of memory: what a channel says while it waits is kept, however much it is.
    QueueUnbounded = "queue-unbounded",
}

#[cfg(any(test, feature = "testing"))]
impl Plant {
    /// The mistake with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plant| plant.name() == name)
    }
}

#[cfg(any(test, feature = "testing"))]
thread_local! {
    static PLANTED: Cell<Option<Plant>> = const { Cell::new(None) };
}

/// Plants this mistake in every engine of this thread, in place of any other; `None`: none.
#[cfg(any(test, feature = "testing"))]
pub fn set(plant: Option<Plant>) {
    PLANTED.set(plant);
}

/// Whether this mistake is planted.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn is(plant: Plant) -> bool {
    PLANTED.get() == Some(plant)
}

/// No mistake is planted in what people run.
#[cfg(not(any(test, feature = "testing")))]
pub(crate) const fn is(_: Plant) -> bool {
    false
}

/// What a mistake that panics does.
///
/// # Panics
/// When this mistake is planted and `happens`.
pub(crate) fn panic_if(plant: Plant, happens: bool) {
    if is(plant) && happens {
        #[expect(clippy::panic, reason = "a planted one")]
        {
            panic!("{plant:?} was planted");
        }
    }
}

#[cfg(test)]
mod tests;
