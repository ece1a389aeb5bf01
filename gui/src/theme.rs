//! Design tokens: the only place with colours, sizes and fonts.
//!
//! Two palettes, chosen for a contrast of text on its ground of at least 4.5:1 (WCAG 2.2, 1.4.3), which a test computes.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak, Margin, RichText,
    Stroke, Style, TextStyle, Theme, Visuals, style::WidgetVisuals,
};

pub mod system_fonts;

/// The fonts of the window: `assets/fonts/README.md`.
pub const FONTS: [(&str, &[u8]); 4] = [
    (REGULAR, include_bytes!("../assets/fonts/Inter-Regular.ttf")),
    (SEMIBOLD, include_bytes!("../assets/fonts/Inter-SemiBold.ttf")),
    (MONOSPACE, include_bytes!("../assets/fonts/JetBrainsMono-Regular.ttf")),
    (EMOJI, include_bytes!("../assets/fonts/NotoColorEmoji.ttf")),
];

const REGULAR: &str = "Inter Regular";
const SEMIBOLD: &str = "Inter SemiBold";
const MONOSPACE: &str = "JetBrains Mono";
const EMOJI: &str = "Noto Color Emoji";

/// Space between things, smallest first.
pub const SPACE: [f32; 4] = [4.0, 8.0, 12.0, 20.0];

/// Corners of bubbles and cards.
pub const RADIUS: u8 = 12;

/// Corners of controls.
pub const RADIUS_SMALL: u8 = 8;

/// Height of a row of the list of conversations.
pub const ROW_HEIGHT: f32 = 64.0;

/// Side of an avatar in a list.
pub const AVATAR: f32 = 42.0;

/// Widest a bubble gets.
pub const BUBBLE_WIDTH_MAX: f32 = 520.0;

/// Widest a page of text and controls gets.
pub const PAGE_WIDTH: f32 = 560.0;

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind everything.
    pub ground: Color32,
    /// Behind the list and cards.
    pub panel: Color32,
    /// Behind what is typed into.
    pub field: Color32,
    /// Lines between things.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Text that matters less.
    pub text_weak: Color32,
    /// What can be done, and what is chosen.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Behind a row that is chosen.
    pub chosen: Color32,
    /// Behind a row under the pointer.
    pub hovered: Color32,
    /// Our bubbles.
    pub own_bubble: Color32,
    /// Their bubbles.
    pub their_bubble: Color32,
    /// Everything is well.
    pub good: Color32,
    /// Something is wrong.
    pub bad: Color32,
}

const LIGHT: Palette = Palette {
    ground: rgb(0xf3, 0xf1, 0xed),
    panel: rgb(0xea, 0xe7, 0xe1),
    field: rgb(0xff, 0xff, 0xff),
    line: rgb(0xdc, 0xd8, 0xd1),
    text: rgb(0x22, 0x20, 0x1d),
    text_weak: rgb(0x5c, 0x56, 0x4f),
    accent: rgb(0x1f, 0x6f, 0x63),
    on_accent: rgb(0xff, 0xff, 0xff),
    chosen: rgb(0xd7, 0xe8, 0xe4),
    hovered: rgb(0xe2, 0xdf, 0xd9),
    own_bubble: rgb(0xd3, 0xec, 0xe4),
    their_bubble: rgb(0xff, 0xff, 0xff),
    good: rgb(0x1e, 0x73, 0x3a),
    bad: rgb(0xb0, 0x2a, 0x25),
};

const DARK: Palette = Palette {
    ground: rgb(0x17, 0x19, 0x1a),
    panel: rgb(0x1f, 0x22, 0x23),
    field: rgb(0x2a, 0x2e, 0x2f),
    line: rgb(0x36, 0x3b, 0x3c),
    text: rgb(0xec, 0xec, 0xe8),
    text_weak: rgb(0xb6, 0xbb, 0xb9),
    accent: rgb(0x6c, 0xc8, 0xb6),
    on_accent: rgb(0x0f, 0x24, 0x20),
    chosen: rgb(0x23, 0x3f, 0x3a),
    hovered: rgb(0x28, 0x2c, 0x2d),
    own_bubble: rgb(0x1f, 0x4b, 0x43),
    their_bubble: rgb(0x2a, 0x2e, 0x2f),
    good: rgb(0x7c, 0xcf, 0x94),
    bad: rgb(0xff, 0x9b, 0x93),
};

/// Grounds of avatars, dark enough for white initials.
const AVATARS: [Color32; 10] = [
    rgb(0x8a, 0x3b, 0x2f),
    rgb(0x7a, 0x4d, 0x12),
    rgb(0x5d, 0x5c, 0x16),
    rgb(0x2f, 0x68, 0x2f),
    rgb(0x1b, 0x69, 0x5d),
    rgb(0x1f, 0x5f, 0x86),
    rgb(0x3a, 0x52, 0x9c),
    rgb(0x60, 0x45, 0x9a),
    rgb(0x85, 0x3b, 0x80),
    rgb(0x94, 0x35, 0x5a),
];

/// The program's picture.
pub const ICON: Color32 = LIGHT.accent;

/// What is written on it.
pub const ICON_GROUND: Color32 = Color32::WHITE;

/// Something is unread.
pub const ICON_DOT: Color32 = LIGHT.bad;

/// Initials on an avatar.
pub const ON_AVATAR: Color32 = Color32::WHITE;

/// The colours that are in use.
#[must_use]
pub fn palette(ui: &egui::Ui) -> Palette {
    if ui.visuals().dark_mode { DARK } else { LIGHT }
}

/// The ground of somebody's avatar: always the same, from their id.
#[must_use]
pub fn avatar_colour(id: &[u8]) -> Color32 {
    let sum: usize = id.iter().map(|byte| usize::from(*byte)).sum();
    AVATARS.get(sum % AVATARS.len()).copied().unwrap_or(Color32::DARK_GRAY)
}

/// The family of names, headings and buttons.
#[must_use]
pub fn semibold() -> FontFamily {
    FontFamily::Name(SEMIBOLD.into())
}

/// The family of signs that are to have their colours, even where letters have the same.
#[must_use]
pub fn emoji() -> FontFamily {
    FontFamily::Name(EMOJI.into())
}

/// Words that stand out.
#[must_use]
pub fn strong(words: impl Into<String>) -> RichText {
    RichText::new(words).family(semibold()).strong()
}

/// The colours of emoji come before the system's fonts: some of those have emoji too, in black.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in FONTS {
        let mut font = FontData::from_static(bytes);
        if name == EMOJI {
            // Drawn for an em of their own, a quarter larger than letters.
            font = font.tweak(FontTweak { scale: 0.94, ..FontTweak::default() });
        }
        fonts.font_data.insert(name.to_owned(), Arc::new(font));
    }
    let families = [
        (FontFamily::Proportional, REGULAR),
        (semibold(), SEMIBOLD),
        (FontFamily::Monospace, MONOSPACE),
        (emoji(), EMOJI),
    ];
    for (family, first) in families {
        let mut names = vec![first.to_owned()];
        names.extend([REGULAR, EMOJI].into_iter().filter(|name| *name != first).map(str::to_owned));
        fonts.families.insert(family, names);
    }
    fonts
}

/// Gives fonts and both themes to egui.
pub fn install(context: &egui::Context) {
    context.set_fonts(fonts());
    for (theme, palette) in [(Theme::Light, LIGHT), (Theme::Dark, DARK)] {
        context.style_mut_of(theme, |style| apply(style, &palette, theme == Theme::Dark));
    }
    context.options_mut(|options| options.quit_shortcuts.clear());
}

fn apply(style: &mut Style, palette: &Palette, dark: bool) {
    let sizes = [
        (TextStyle::Small, 12.0),
        (TextStyle::Body, 15.0),
        (TextStyle::Button, 14.0),
        (TextStyle::Heading, 22.0),
    ];
    for (text, size) in sizes {
        let family = match text {
            TextStyle::Button | TextStyle::Heading => semibold(),
            _ => FontFamily::Proportional,
        };
        style.text_styles.insert(text, FontId::new(size, family));
    }
    style.text_styles.insert(TextStyle::Monospace, FontId::new(14.0, FontFamily::Monospace));
    style.spacing.item_spacing = egui::vec2(8.0, 8.0);
    style.spacing.button_padding = egui::vec2(12.0, 7.0);
    style.spacing.interact_size.y = 30.0;
    style.spacing.window_margin = Margin::same(20);
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    visuals.panel_fill = palette.ground;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(RADIUS);
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.faint_bg_color = palette.panel;
    visuals.hyperlink_color = palette.accent;
    visuals.error_fg_color = palette.bad;
    visuals.weak_text_color = Some(palette.text_weak);
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.45);
    visuals.selection.stroke = Stroke::new(1.5, palette.accent);
    let states = [
        (&mut visuals.widgets.noninteractive, palette.panel, palette.line),
        (&mut visuals.widgets.inactive, palette.field, palette.line),
        (&mut visuals.widgets.hovered, palette.hovered, palette.accent),
        (&mut visuals.widgets.active, palette.chosen, palette.accent),
        (&mut visuals.widgets.open, palette.hovered, palette.accent),
    ];
    for (state, fill, line) in states {
        *state = WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(1.0, line),
            corner_radius: CornerRadius::same(RADIUS_SMALL),
            fg_stroke: Stroke::new(1.0, palette.text),
            expansion: 0.0,
        };
    }
    // A cursor that blinks would paint the window twice a second for as long as it is open.
    visuals.text_cursor.blink = false;
    style.visuals = visuals;
}

/// From here on what can be chosen has an outline that is seen, chosen or not.
pub fn outline_choices(ui: &mut egui::Ui) {
    let line = palette(ui).text_weak;
    ui.visuals_mut().widgets.inactive.bg_stroke.color = line;
}

const fn rgb(red: u8, green: u8, blue: u8) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance: WCAG 2.2.
    fn luminance(colour: Color32) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(colour.r()) + 0.7152 * part(colour.g()) + 0.0722 * part(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_whatever_it_stands_on() {
        for palette in [LIGHT, DARK] {
            let grounds = [
                palette.ground,
                palette.panel,
                palette.field,
                palette.chosen,
                palette.hovered,
                palette.own_bubble,
                palette.their_bubble,
            ];
            for ground in grounds {
                for text in [palette.text, palette.text_weak] {
                    let found = contrast(text, ground);
                    assert!(found >= 4.5, "{text:?} on {ground:?}: {found:.2}");
                }
            }
            for text in [palette.accent, palette.good, palette.bad] {
                for ground in [palette.ground, palette.panel, palette.field, palette.own_bubble] {
                    let found = contrast(text, ground);
                    assert!(found >= 4.5, "{text:?} on {ground:?}: {found:.2}");
                }
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
        }
        for ground in AVATARS {
            assert!(contrast(ON_AVATAR, ground) >= 4.5, "{ground:?}");
        }
    }
}
