//! Empty: only browsers use the crate whose place this takes.
