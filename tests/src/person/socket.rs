//! A connection to a node's socket: JSON-RPC, one object a line, one question after the other or thousands at once.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use serde_json::{Value, json};

/// One connection.
#[derive(Debug)]
pub struct Socket {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
    next_id: usize,
}

/// What was answered: the result, or the error object.
pub type Answer = Result<Value, Value>;

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// What the system says where nobody answers.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let writer = UnixStream::connect(path)?;
        // A node that never answers is a fault, not a reason to hang.
        writer.set_read_timeout(Some(crate::PATIENCE))?;
        writer.set_write_timeout(Some(crate::PATIENCE))?;
        Ok(Self { reader: BufReader::new(writer.try_clone()?), writer, next_id: 1 })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The connection was cut.
    pub fn ask(&mut self, method: &str, params: &Value) -> io::Result<Answer> {
        let id = self.next_id;
        self.next_id += 1;
        self.say(request(id, method, params))?;
        Ok(answer(&self.hear()?))
    }

    /// Asks without waiting; under which number it will be answered.
    ///
    /// # Errors
    /// The connection was cut.
    pub fn begin(&mut self, method: &str, params: &Value) -> io::Result<usize> {
        let id = self.next_id;
        self.next_id += 1;
        self.say(request(id, method, params))?;
        Ok(id)
    }

    /// The next answer to what was asked without waiting: to which number, and what.
    ///
    /// # Errors
    /// The connection was cut.
    pub fn next_answer(&mut self) -> io::Result<(usize, Answer)> {
        let heard = self.hear()?;
        let id = heard["id"].as_u64().and_then(|id| usize::try_from(id).ok()).unwrap();
        Ok((id, answer(&heard)))
    }

    /// Asks many things at once; the answers in the order of the questions, `None` where none came before the
    /// connection was cut.
    pub fn ask_all(&mut self, method: &str, params: &[Value]) -> Vec<Option<Answer>> {
        let first = self.next_id;
        self.next_id += params.len();
        let mut answers = vec![None; params.len()];
        let mut writer = self.writer.try_clone().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for (number, params) in params.iter().enumerate() {
                    let mut line = request(first + number, method, params);
                    line.push('\n');
                    if writer.write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            });
            for _ in 0..params.len() {
                let Ok(heard) = self.hear() else { return };
                let id = heard["id"].as_u64().and_then(|id| usize::try_from(id).ok()).unwrap();
                answers[id - first] = Some(answer(&heard));
            }
        });
        answers
    }

    /// Writes one line, whatever it is.
    ///
    /// # Errors
    /// The connection was cut.
    pub fn say(&mut self, line: impl AsRef<[u8]>) -> io::Result<()> {
        self.writer.write_all(line.as_ref())?;
        self.writer.write_all(b"\n")
    }

    /// Reads one line.
    ///
    /// # Errors
    /// The connection was cut, or nothing came for too long.
    pub fn hear(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        serde_json::from_str(&line).map_err(io::Error::other)
    }
}

fn request(id: usize, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn answer(heard: &Value) -> Answer {
    assert_eq!(heard["jsonrpc"], "2.0", "not JSON-RPC: {heard}");
    match heard.get("error") {
        Some(error) => Err(error.clone()),
        None => Ok(heard.get("result").unwrap_or_else(|| panic!("no result: {heard}")).clone()),
    }
}
