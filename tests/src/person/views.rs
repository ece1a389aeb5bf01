//! What a person reads: the outcome of a command, a contact, a row of history. Fields are those of the command line's
//! contract; one that is missing ends the test.

use serde_json::Value;

/// What a command left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was asked, for the report of a failure.
    pub(super) asked: String,
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Their account.
    pub id: String,
    /// What we call them.
    pub name: String,
    /// `pending`, `request`, `active`, `blocked` or `failed`.
    pub state: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// `none`, `verified` or `changed`.
    pub verification: String,
    /// Whether they are connected.
    pub online: bool,
    /// How: `direct` or `relayed`.
    pub path: Option<String>,
    /// 12 groups of 5 digits.
    pub safety_number: Option<String>,
}

/// A row of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The message.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// Whether that is us.
    pub outgoing: bool,
    /// What it says.
    pub text: String,
    /// How far it has come.
    pub state: String,
}

impl Outcome {
    /// It was done; otherwise the test ends here.
    #[track_caller]
    pub fn done(&self) -> &Self {
        assert_eq!(self.code, 0, "`{}` failed: {}", self.asked, self.stderr);
        self
    }

    /// The one value that it printed.
    #[track_caller]
    #[must_use]
    pub fn value(&self) -> Value {
        let mut values = self.done().values();
        assert_eq!(values.len(), 1, "`{}` printed: {}", self.asked, self.stdout);
        values.remove(0)
    }

    /// Every value that it printed.
    #[track_caller]
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        let lines = self.stdout.lines().filter(|line| !line.is_empty());
        let value =
            |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("`{}` printed {line}", self.asked));
        lines.map(value).collect()
    }

    /// It was refused with this exit code and this kind, in one sentence with a hint, and printed no result.
    #[track_caller]
    pub fn is_refused(&self, code: i32, kind: &str) {
        assert_eq!((self.code, self.kind().as_str()), (code, kind), "`{}`: {}", self.asked, self.stderr);
    }

    /// The kind of the error that it ended with.
    #[track_caller]
    #[must_use]
    pub fn kind(&self) -> String {
        let said = self.stderr.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
        let said = said.unwrap_or_else(|| {
            panic!("`{}` ended with {} and no error in JSON: {}", self.asked, self.code, self.stderr)
        });
        for field in ["message", "hint"] {
            assert!(!text(&said["error"], field).is_empty(), "`{}` has no {field}", self.asked);
        }
        text(&said["error"], "kind")
    }
}

impl Contact {
    /// Reads `{"id","name","state",…}`.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        Self {
            id: text(value, "id"),
            name: text(value, "name"),
            state: text(value, "state"),
            reason: value["reason"].as_str().map(str::to_owned),
            verification: text(value, "verification"),
            online: value["online"].as_bool().unwrap_or_else(|| panic!("no `online` in {value}")),
            path: value["path"].as_str().map(str::to_owned),
            safety_number: value["safety_number"].as_str().map(str::to_owned),
        }
    }
}

impl Row {
    /// Reads `{"id","conversation","author",…}`.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        Self {
            id: text(value, "id"),
            author: text(value, "author"),
            outgoing: value["outgoing"].as_bool().unwrap_or_else(|| panic!("no `outgoing` in {value}")),
            text: text(value, "text"),
            state: text(value, "state"),
        }
    }
}

/// A field that has to be there.
#[track_caller]
pub(super) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {value}")).to_owned()
}
