//! Lines of bounded length from a stream, for both ends of the socket.
//!
//! A line that is too long is never held whole: it is reported as soon as the bound is passed, and the stream is of no
//! use after that. A last line without an end counts.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Reads lines; giving up a wait loses nothing.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    bytes_max: usize,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One line, without its end.
    Whole(Vec<u8>),
    /// More bytes than allowed.
    TooLong,
    /// Nothing comes any more.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, bytes_max: usize) -> Self {
        Self { reader: BufReader::new(reader), line: Vec::new(), bytes_max }
    }

    /// # Errors
    /// What the stream says.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let bytes = self.reader.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(match core::mem::take(&mut self.line) {
                    line if line.is_empty() => Line::End,
                    line => Line::Whole(line),
                });
            }
            let mut pieces = bytes.split(|&byte| byte == b'\n');
            let piece = pieces.next().unwrap_or_default();
            let ended = piece.len() < bytes.len();
            if self.line.len() + piece.len() > self.bytes_max {
                return Ok(Line::TooLong);
            }
            self.line.extend_from_slice(piece);
            let used = piece.len() + usize::from(ended);
            self.reader.consume(used);
            if ended {
                return Ok(Line::Whole(core::mem::take(&mut self.line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8], bytes_max: usize) -> Vec<Line> {
        let mut lines = Lines::new(input, bytes_max);
        let mut all = Vec::new();
        loop {
            let line = lines.next().await.unwrap();
            let last = !matches!(line, Line::Whole(_));
            all.push(line);
            if last {
                return all;
            }
        }
    }

    fn whole(line: &str) -> Line {
        Line::Whole(line.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn lines_come_one_by_one() {
        assert_eq!(
            lines(b"a\n\nbc\nd", 8).await,
            [whole("a"), whole(""), whole("bc"), whole("d"), Line::End]
        );
        assert_eq!(lines(b"", 8).await, [Line::End]);
    }

    #[tokio::test]
    async fn the_bound_holds_below_at_and_above() {
        assert_eq!(lines(b"1234567\n", 8).await[0], whole("1234567"));
        assert_eq!(lines(b"12345678\n", 8).await[0], whole("12345678"));
        assert_eq!(lines(b"123456789\n", 8).await[0], Line::TooLong);
        assert_eq!(lines(b"123456789", 8).await[0], Line::TooLong);
    }

    #[tokio::test]
    async fn long_lines_cross_the_reader_s_own_buffer() {
        let long = "x".repeat(100_000);
        let input = format!("{long}\nb\n");
        assert_eq!(lines(input.as_bytes(), 100_000).await, [whole(&long), whole("b"), Line::End]);
    }
}
