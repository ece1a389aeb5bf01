//! Causerie for the desktop: what people see.
//!
//! - [`app`] folds what the node tells, and paints; [`backend`] is the node in its own threads.
//! - [`model`] is what is known so far, without egui; [`route`] which screen, [`action`] everything a click can ask.
//! - [`screens`] and [`components`] paint; [`theme`] has the colours and sizes, [`text`] the sentences.
//! - [`search`] looks through all messages; [`trouble`] says what went wrong.
//! - [`preferences`] is what a person chose for the window; [`doorbell`] is how a second start finds the first.

pub mod action;
pub mod app;
pub mod backend;
pub mod components;
pub mod doorbell;
pub mod model;
pub mod preferences;
pub mod route;
pub mod screens;
pub mod search;
pub mod text;
pub mod theme;
pub mod trouble;
