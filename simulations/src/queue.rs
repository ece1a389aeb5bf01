//! What is to happen, in order of time, and of asking where times are equal.

use std::{cmp::Reverse, collections::BinaryHeap};

use causerie_protocol::moment::Moment;

/// See the file's head.
#[derive(Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    asked: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Moment,
    number: u64,
    what: T,
}

impl<T> Queue<T> {
    /// Asks for something at a time.
    pub fn push(&mut self, at: Moment, what: T) {
        self.asked += 1;
        self.heap.push(Reverse(Entry { at, number: self.asked, what }));
    }

    /// The next thing, if it is due by then.
    pub fn pop_until(&mut self, until: Moment) -> Option<(Moment, T)> {
        if self.heap.peek().is_none_or(|Reverse(entry)| entry.at > until) {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }

    /// How many things are to happen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), asked: 0 }
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_asked_first_come() {
        let mut queue = Queue::default();
        let at = Moment::from_micros;
        for (time, what) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b'), (9, 'e')] {
            queue.push(at(time), what);
        }
        let mut order = String::new();
        while let Some((_, what)) = queue.pop_until(at(5)) {
            order.push(what);
        }
        assert_eq!((order.as_str(), queue.len()), ("abcd", 1));
    }
}
