//! Causerie for the desktop: what people see.
//!
//! - [`app`] folds what the node tells, and paints; [`backend`] is the node in its own threads.
//! - [`model`] is what is known so far, without egui; [`route`] which screen, [`action`] everything a click can ask.
//! - [`screens`] and [`components`] paint; [`theme`] has the colours and sizes, [`text`] the sentences.
//! - [`search`] looks through all messages, [`first_unread`] for the first that was not read; [`storage`] counts them; [`trouble`] says what went wrong.
//! - [`qr_reading`] finds the invitation, or the safety number, in a picture.
//! - [`preferences`] is what a person chose for the window; [`doorbell`] is how a second start finds the first.
//! - [`window`] opens the window, and waits without one; [`desktop`] is what is around it: [`tray`], [`notifications`],
//!   of which [`attention`] decides what they say; [`icon`] is what stands for the program.
//! - [`emoji`] finds emoji by words, and tells them from other text.

pub mod action;
pub mod app;
pub mod attention;
pub mod backend;
pub mod components;
pub mod desktop;
pub mod doorbell;
pub mod emoji;
pub mod first_unread;
pub mod icon;
pub mod model;
pub mod notifications;
pub mod portal;
pub mod preferences;
pub mod qr_reading;
pub mod route;
pub mod screens;
pub mod search;
pub mod storage;
pub mod text;
pub mod theme;
pub mod tray;
pub mod trouble;
pub mod window;
