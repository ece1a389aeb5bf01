//! What screens are made of.

pub mod avatar;
pub mod chat_list;
pub mod emoji_completion;
pub mod emoji_picker;
pub mod focus_ring;
pub mod icon;
pub mod lines;
pub mod menu;
pub mod qr_code;
pub mod say;
