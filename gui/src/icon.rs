//! What stands for the program in a tray and on a window's frame: a bubble of speech with two dots, drawn by code, so that
//! it is sharp at every size and needs no file.
//!
//! `assets/desktop/org.causerie.Causerie.svg` is the same picture for menus.

use eframe::egui::Color32;

use crate::theme;

/// Each point is looked at so many times across and down, so that edges are smooth.
const LOOKS: u16 = 4;

/// The picture of this many points a side, row by row, four bytes each: red, green, blue, opacity. With a dot in its corner
/// where something is unread.
#[must_use]
pub fn drawn(side: u16, unread: bool) -> Vec<u8> {
    let mut picture = Vec::with_capacity(usize::from(side) * usize::from(side) * 4);
    for row in 0..side {
        for column in 0..side {
            picture.extend(point(side, column, row, unread));
        }
    }
    picture
}

/// The mean of what is seen in one point.
fn point(side: u16, column: u16, row: u16, unread: bool) -> [u8; 4] {
    let mut sum = [0_u32; 4];
    for down in 0..LOOKS {
        for across in 0..LOOKS {
            let place = |begin: u16, step: u16| {
                (f32::from(begin) + (f32::from(step) + 0.5) / f32::from(LOOKS)) / f32::from(side) * 64.0
            };
            if let Some(colour) = seen(place(column, across), place(row, down), unread) {
                let [red, green, blue, _] = colour.to_array();
                for (part, value) in sum.iter_mut().zip([red, green, blue, u8::MAX]) {
                    *part += u32::from(value);
                }
            }
        }
    }
    let [red, green, blue, opacity] = sum;
    // Colours are the mean of what is opaque: they are not multiplied by the opacity.
    let opaque = (opacity / u32::from(u8::MAX)).max(1);
    let looks = u32::from(LOOKS * LOOKS);
    [red / opaque, green / opaque, blue / opaque, opacity / looks]
        .map(|part| u8::try_from(part).unwrap_or(u8::MAX))
}

/// What is at a place of a picture of 64 by 64.
fn seen(x: f32, y: f32, unread: bool) -> Option<Color32> {
    let within = |centre: (f32, f32), radius: f32| (x - centre.0).hypot(y - centre.1) <= radius;
    if unread {
        if within(DOT, 13.0) {
            return Some(theme::ICON_DOT);
        }
        if within(DOT, 16.0) {
            return None;
        }
    }
    let bubble = {
        // A rectangle from (4, 8) to (60, 48) with round corners.
        let (across, down) = ((x - 32.0).abs() - 14.0, (y - 28.0).abs() - 6.0);
        across.max(0.0).hypot(down.max(0.0)) <= 14.0 && across <= 14.0 && down <= 14.0
    };
    // The tail: the triangle (14, 44), (32, 44), (14, 60).
    let tail = x >= 14.0 && y >= 44.0 && (x - 14.0) / 18.0 + (y - 44.0) / 16.0 <= 1.0;
    if within((22.0, 28.0), 5.0) || within((42.0, 28.0), 5.0) {
        return Some(theme::ICON_GROUND);
    }
    (bubble || tail).then_some(theme::ICON)
}

const DOT: (f32, f32) = (50.0, 14.0);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(picture: &[u8], side: usize, column: usize, row: usize) -> [u8; 4] {
        let begin = (row * side + column) * 4;
        [picture[begin], picture[begin + 1], picture[begin + 2], picture[begin + 3]]
    }

    #[test]
    fn the_dot_is_there_where_something_is_unread() {
        for side in [16_u16, 22, 32, 64] {
            let points = usize::from(side);
            let (read, unread) = (drawn(side, false), drawn(side, true));
            assert_eq!([read.len(), unread.len()], [points * points * 4; 2]);
            let corner = |picture: &[u8]| at(picture, points, points * 50 / 64, points * 14 / 64);
            assert_eq!(corner(&read), theme::ICON.to_array());
            assert_eq!(corner(&unread), theme::ICON_DOT.to_array());
            assert_eq!(at(&read, points, 0, 0)[3], 0, "the ground can be seen through");
        }
    }
}
