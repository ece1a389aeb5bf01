//! What truly happened, written down beside the engines: the oracles compare what engines say with it.
//!
//! Every text begins with the number of its message, so that it is known wherever it turns up. "Known" is what a person
//! could know: a message that was answered, or of which they were told. An old copy of a home takes knowledge away; what
//! was on no other disk then is lost rightly.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use causerie_protocol::{ids::MessageId, moment::Moment};

/// The number of a message in a run, in order of writing.
pub type Number = usize;

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Who wrote it.
    pub author: usize,
    /// To whom.
    pub reader: usize,
    /// When it was first asked for.
    pub asked: Moment,
    /// How long the two could have met until then, all in all.
    pub overlap: Duration,
    /// Its idempotency key was given, so that it is asked for again until it is answered.
    pub keyed: bool,
    /// When the author was told that it is durable.
    pub answered: Option<Moment>,
    /// Its id in answers and events.
    pub id: Option<MessageId>,
    /// When the reader was first told of it.
    pub received: Option<Moment>,
    /// The author's disk is to have it.
    pub at_author: bool,
    /// The reader's disk is to have it.
    pub at_reader: bool,
    /// The reader has read it.
    pub read: bool,
    /// The author was told that it is delivered.
    pub claimed: bool,
    /// What the author had written to and received from the reader last, when writing it.
    pub after: [Option<Number>; 2],
}

impl Message {
    /// Whether it is where it has to be, and its author knows.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.at_author && self.at_reader && self.claimed
    }

    /// Whether it has to come to be at both.
    #[must_use]
    pub const fn must_arrive(&self) -> bool {
        self.answered.is_some() && (self.at_author || self.at_reader)
    }
}

/// What one knows of the conversation with another.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Own messages that were ever asked for, in order.
    pub asked: Vec<Number>,
    /// Own messages that were answered, in order.
    pub written: Vec<Number>,
    /// Theirs that were told, in that order.
    pub told: Vec<Number>,
    /// How many of those written were claimed.
    claimed: usize,
    /// How many of those told were looked at.
    looked: usize,
    /// Until when it is unsure whether they were looked at.
    may_have_read: Moment,
    /// The newest of those.
    told_last: Option<Number>,
}

impl Known {
    fn has_written(&mut self, number: Number) {
        let place = self.written.partition_point(|before| *before < number);
        self.written.insert(place, number);
        self.claimed = self.claimed.min(place);
    }
}

/// See the file's head.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    messages: Vec<Message>,
    known: BTreeMap<(usize, usize), Known>,
    by_id: BTreeMap<MessageId, Number>,
    /// Answered messages that may still be on their way, or whose author may not know that they have come.
    open: Vec<Number>,
}

impl Ledger {
    /// A person asks for a message to be sent.
    pub fn asks(
        &mut self,
        author: usize,
        reader: usize,
        now: Moment,
        overlap: Duration,
        keyed: bool,
    ) -> Number {
        let known = self.known.entry((author, reader)).or_default();
        let after = [known.written.last().copied(), known.told_last];
        known.asked.push(self.messages.len());
        self.messages.push(Message {
            author,
            reader,
            asked: now,
            overlap,
            keyed,
            answered: None,
            id: None,
            received: None,
            at_author: false,
            at_reader: false,
            read: false,
            claimed: false,
            after,
        });
        self.messages.len() - 1
    }

    /// The message was answered with an id.
    pub fn answered(&mut self, number: Number, id: MessageId, now: Moment) {
        let message = &mut self.messages[number];
        let way = (message.author, message.reader);
        if message.answered.is_none() {
            message.answered = Some(now);
            self.open.push(number);
        }
        message.id = Some(id);
        self.by_id.insert(id, number);
        if !std::mem::replace(&mut message.at_author, true) {
            self.known.entry(way).or_default().has_written(number);
        }
    }

    /// The reader was told of the message.
    pub fn received(&mut self, number: Number, now: Moment) {
        let message = &mut self.messages[number];
        message.received.get_or_insert(now);
        let way = (message.reader, message.author);
        if !std::mem::replace(&mut message.at_reader, true) {
            let known = self.known.entry(way).or_default();
            known.told.push(number);
            known.told_last = known.told_last.max(Some(number));
        }
    }

    /// A message of one's own that the disk had lost came back from its reader.
    pub fn came_back(&mut self, author: usize, number: Number) {
        let Some(message) = self.messages.get_mut(number).filter(|message| message.author == author) else {
            return;
        };
        let reader = message.reader;
        if message.answered.is_some() && !std::mem::replace(&mut message.at_author, true) {
            self.known.entry((author, reader)).or_default().has_written(number);
        }
    }

    /// The author was told that it and everything before it was delivered.
    pub fn claimed(&mut self, author: usize, reader: usize, up_to: Number) {
        let known = self.known.entry((author, reader)).or_default();
        let end = known.written.partition_point(|number| *number <= up_to);
        for number in &known.written[known.claimed.min(end)..end] {
            self.messages[*number].claimed = true;
        }
        known.claimed = known.claimed.max(end);
    }

    /// The author sees that this one was delivered.
    pub fn shown_delivered(&mut self, number: Number) {
        if let Some(message) = self.messages.get_mut(number) {
            message.claimed = true;
        }
    }

    /// The reader has read everything that they were told of.
    pub fn read(&mut self, reader: usize, author: usize) {
        let known = self.known.entry((reader, author)).or_default();
        for number in &known.told[known.looked..] {
            self.messages[*number].read = true;
        }
        known.looked = known.told.len();
    }

    /// The reader's machine stopped while they looked at what the author had written: of what was written until then it
    /// cannot be told whether they did.
    pub fn may_have_read(&mut self, reader: usize, author: usize, now: Moment) {
        self.known.entry((reader, author)).or_default().may_have_read = now;
    }

    /// Whether the reader can have looked at it.
    #[must_use]
    pub fn is_read(&self, number: Number) -> bool {
        self.messages.get(number).is_some_and(|message| {
            let known = self.known.get(&(message.reader, message.author));
            message.read || known.is_some_and(|known| message.asked <= known.may_have_read)
        })
    }

    /// Which messages a person's disk has.
    #[must_use]
    pub fn holdings(&self, who: usize) -> BTreeSet<Number> {
        let has = |message: &Message| {
            (message.author == who && message.at_author) || (message.reader == who && message.at_reader)
        };
        self.messages
            .iter()
            .enumerate()
            .filter(|(_, message)| has(message))
            .map(|(number, _)| number)
            .collect()
    }

    /// A person's disk was replaced by one that has these messages and no others.
    pub fn falls_back(&mut self, who: usize, holdings: &BTreeSet<Number>) {
        for (number, message) in self.messages.iter_mut().enumerate() {
            if message.author == who {
                message.at_author = holdings.contains(&number);
            }
            if message.reader == who {
                message.at_reader = holdings.contains(&number);
            }
        }
        for ((knower, _), known) in &mut self.known {
            if *knower == who {
                let (asked, may_have_read) = (std::mem::take(&mut known.asked), known.may_have_read);
                *known = Known { asked, may_have_read, ..Known::default() };
            }
        }
        for number in holdings {
            let message = &self.messages[*number];
            let (own, other) =
                if message.author == who { (true, message.reader) } else { (false, message.author) };
            let known = self.known.entry((who, other)).or_default();
            if own {
                known.has_written(*number);
            } else {
                known.told.push(*number);
                known.told_last = Some(*number);
            }
        }
        self.open = (0..self.messages.len()).collect();
    }

    /// The message, if there is one of this number.
    #[must_use]
    pub fn message(&self, number: Number) -> Option<&Message> {
        self.messages.get(number)
    }

    /// All messages, by number.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The message of this id.
    #[must_use]
    pub fn by_id(&self, id: &MessageId) -> Option<Number> {
        self.by_id.get(id).copied()
    }

    /// What one knows of the conversation with another.
    #[must_use]
    pub fn known(&self, who: usize, with: usize) -> Option<&Known> {
        self.known.get(&(who, with))
    }

    /// Authors and readers of what is not settled.
    #[must_use]
    pub fn unsettled_pairs(&self) -> BTreeSet<(usize, usize)> {
        let messages = self.open.iter().map(|number| &self.messages[*number]);
        messages.map(|message| (message.author, message.reader)).collect()
    }

    /// How many answered messages are not yet at both, or not yet known by their author to be.
    pub fn outstanding(&mut self) -> usize {
        let messages = &self.messages;
        self.open.retain(|number| {
            let message = &messages[*number];
            message.must_arrive() && !message.is_settled()
        });
        self.open.len()
    }
}

/// The text of a message: its number, then as much as is wanted.
#[must_use]
pub fn text(number: Number, bytes: usize) -> String {
    let mut text = format!("#{number} ");
    while text.len() < bytes {
        text.push_str("and so on ");
    }
    text.truncate(bytes.max(2));
    // Never cut the number itself.
    if text.contains(' ') { text } else { format!("#{number} ") }
}

/// The number that a text begins with.
#[must_use]
pub fn number(text: &str) -> Option<Number> {
    text.strip_prefix('#')?.split_once(' ')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> MessageId {
        MessageId::from_bytes([byte; 16])
    }

    #[test]
    fn a_text_says_which_message_it_is() {
        for (which, bytes) in [(0, 8), (12_345_678, 8), (7, 400)] {
            assert_eq!(number(&text(which, bytes)), Some(which));
        }
        assert_eq!(text(7, 400).len(), 400);
        assert_eq!((number("hello"), number("#x "), number("#1")), (None, None, None));
    }

    #[test]
    fn what_waits_is_counted() {
        let mut ledger = Ledger::default();
        let at = Moment::from_micros;
        let first = ledger.asks(0, 1, at(1), Duration::ZERO, false);
        assert_eq!(ledger.outstanding(), 0, "nothing was promised yet");
        ledger.answered(first, id(1), at(2));
        assert_eq!(ledger.outstanding(), 1);
        ledger.received(first, at(3));
        assert_eq!(ledger.outstanding(), 1, "the author does not know");
        ledger.claimed(0, 1, first);
        assert_eq!(ledger.outstanding(), 0);
        let second = ledger.asks(1, 0, at(4), Duration::ZERO, false);
        assert_eq!(ledger.messages()[second].after, [None, Some(first)]);
    }

    #[test]
    fn what_is_on_no_disk_need_not_arrive() {
        let mut ledger = Ledger::default();
        let at = Moment::from_micros;
        let (kept, lost) = (
            ledger.asks(0, 1, at(1), Duration::ZERO, false),
            ledger.asks(0, 1, at(1), Duration::ZERO, false),
        );
        ledger.answered(kept, id(1), at(2));
        ledger.received(kept, at(3));
        ledger.answered(lost, id(2), at(5));
        ledger.falls_back(0, &BTreeSet::new());
        assert!(ledger.messages()[kept].must_arrive() && !ledger.messages()[lost].must_arrive());
        assert_eq!(ledger.known(0, 1).unwrap().written, Vec::<Number>::new());
    }
}
