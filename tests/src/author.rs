//! Somebody who writes numbered messages to somebody else, repeats what was not confirmed, and knows what has to be there.

use serde_json::{Value, json};

use crate::{Person, Row, Socket};

/// Every so many messages one is long.
const LONG_EVERY: usize = 16;

/// See the file's head.
#[derive(Debug)]
pub struct Author<'a> {
    person: &'a Person,
    reader: &'a Person,
    /// How many messages were confirmed.
    pub confirmed: usize,
    /// How many there are to be.
    pub wanted: usize,
    /// Characters that some of them have more than the others.
    pub weight: usize,
}

impl<'a> Author<'a> {
    /// One who has not written anything.
    #[must_use]
    pub const fn new(person: &'a Person, reader: &'a Person) -> Self {
        Self { person, reader, confirmed: 0, wanted: 0, weight: 0 }
    }

    /// Asks for all messages up to the wanted one; says whether all were confirmed.
    pub fn writes(&mut self) -> bool {
        self.writes_through(self.person.socket())
    }

    /// The same, through a connection that stands already.
    pub fn writes_through(&mut self, mut socket: Socket) -> bool {
        let message = |number: usize| {
            json!({
                "conversation": self.reader.id(),
                "text": self.text(number),
                "idempotency_key": format!("number {number}"),
            })
        };
        let params: Vec<Value> = (self.confirmed..self.wanted).map(message).collect();
        let answers = socket.ask_all("message.send", &params);
        let confirmed = |answer: &Option<_>| matches!(answer, Some(Ok(_)));
        self.confirmed += answers.iter().take_while(|answer| confirmed(answer)).count();
        self.confirmed == self.wanted
    }

    /// What the message of this number says.
    #[must_use]
    pub fn text(&self, number: usize) -> String {
        let more = if number % LONG_EVERY == LONG_EVERY - 1 { self.weight } else { 0 };
        format!("{} {number}{}", self.person.name(), "·".repeat(more))
    }

    /// Everything that was confirmed is in the author's own home, once and in order, and perhaps more of the same.
    ///
    /// # Errors
    /// What is not so.
    pub fn has_what_was_confirmed(&self) -> Result<(), String> {
        let own: Vec<String> = self.own().into_iter().map(|row| row.text).collect();
        let expected: Vec<String> = (0..own.len()).map(|number| self.text(number)).collect();
        if own == expected && (self.confirmed..=self.wanted).contains(&own.len()) {
            return Ok(());
        }
        let (name, confirmed, count) = (self.person.name(), self.confirmed, own.len());
        let first = own.iter().zip(&expected).position(|(one, two)| one != two);
        Err(format!(
            "{name} has {count} own messages of {confirmed} confirmed ones; the first other one: {first:?}"
        ))
    }

    /// How many messages the author knows to have arrived.
    #[must_use]
    pub fn delivered(&self) -> usize {
        self.own().iter().filter(|row| row.state == "delivered").count()
    }

    /// The reader has at least so many, once and in order.
    ///
    /// # Errors
    /// What is not so.
    pub fn has_arrived(&self, delivered: usize) -> Result<(), String> {
        let texts = self.reader.texts_from(self.person);
        let expected: Vec<String> = (0..texts.len()).map(|number| self.text(number)).collect();
        if texts == expected && texts.len() >= delivered {
            return Ok(());
        }
        let (name, count) = (self.reader.name(), texts.len());
        Err(format!("{name} has {count} messages, of {delivered} that count as delivered"))
    }

    /// Whether everything that was written is at both, and known to have arrived.
    #[must_use]
    pub fn has_everything(&self) -> bool {
        self.delivered() == self.wanted && self.has_arrived(self.wanted).is_ok()
    }

    /// Everything arrived once, in order, and is known to have.
    pub fn is_satisfied(&self) {
        self.person.waits_until("every message is delivered", || {
            self.own().iter().all(|row| row.state == "delivered").then_some(())
        });
        let expected: Vec<String> = (0..self.wanted).map(|number| self.text(number)).collect();
        let own: Vec<String> = self.own().into_iter().map(|row| row.text).collect();
        assert_eq!(own, expected, "the author's copies");
        assert_eq!(self.reader.texts_from(self.person), expected, "the reader's copies");
    }

    fn own(&self) -> Vec<Row> {
        self.person.history(self.reader).into_iter().filter(|row| row.outgoing).collect()
    }
}
