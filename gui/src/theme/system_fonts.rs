//! The fonts of this machine, for scripts that ours lack.
//!
//! They are looked up on demand, and mapped, not read. fontique 0.11, which does it, panics where a machine has no font at
//! all, first in its own thread and then in whoever asks: such a machine has none to give, and the window goes on.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use causerie_node::crash::expected;
use eframe::egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use egui_system_font_provider::SystemFontProvider;

/// See the file's head.
#[derive(Default)]
pub struct SystemFonts {
    fonts: SystemFontProvider,
    none: AtomicBool,
}

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        if self.none.load(Ordering::Relaxed) {
            return None;
        }
        // What a panic leaves behind is not used again.
        let found = catch_unwind(AssertUnwindSafe(|| expected(|| self.fonts.font_for(request))));
        found.unwrap_or_else(|_| {
            self.none.store(true, Ordering::Relaxed);
            tracing::warn!(
                "this machine has no fonts: scripts other than Latin, Greek and Cyrillic are boxes"
            );
            None
        })
    }
}

impl fmt::Debug for SystemFonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemFonts").field("none", &self.none).finish_non_exhaustive()
    }
}
