//! A picture in shades of grey, in which codes are looked for: at a few sizes, and with black and white swapped.
//!
//! A code of which each module is one point is made larger, since it cannot be found otherwise; noise goes where a
//! picture is made smaller. Which points are black is decided by what is around them, so a shadow over half of a
//! photograph does no harm.

use eframe::egui::ColorImage;
use image::DynamicImage;
use rqrr::PreparedImage;

use super::{PIXELS_MAX, Unread, corners};

/// Points of a side that is searched; larger pictures are made smaller first.
const SIDE_SEARCHED_MAX: usize = 4_096;

/// Below this the longer side is made larger, too.
const ENLARGED_BELOW: usize = 480;

/// Below this a picture is not made smaller: its modules would be lost.
const HALVED_ABOVE: usize = 400;

/// A point is black where it is darker than so many hundredths of what is around it. Chosen.
const BLACK_BELOW: u64 = 95;

/// Corners that a picture may have; a code has three. Each is compared with all others, so whoever draws thousands
/// wants to keep the machine busy.
const CORNERS_MAX: usize = 24;

/// See the file's head.
#[derive(Clone, Debug)]
pub(super) struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Grey {
    /// Of a picture from the clipboard.
    pub(super) fn of_pasted(picture: &ColorImage) -> Result<Self, Unread> {
        let [width, height] = picture.size;
        if u64::try_from(picture.pixels.len()).unwrap_or(u64::MAX) > PIXELS_MAX {
            return Err(Unread::TooLarge);
        }
        let pixels = picture.pixels.iter().map(|one| {
            // They are multiplied by their opacity already.
            let [red, green, blue, opacity] = one.to_array();
            luminance(red, green, blue).saturating_add(255 - opacity)
        });
        Self::new(width, height, pixels.collect())
    }

    /// Of a picture from a file. What can be looked through is white, as paper is.
    pub(super) fn of_decoded(picture: DynamicImage) -> Result<Self, Unread> {
        let side = |length| usize::try_from(length).unwrap_or_default();
        let (width, height) = (side(picture.width()), side(picture.height()));
        if !picture.color().has_alpha() {
            return Self::new(width, height, picture.into_luma8().into_raw());
        }
        let coloured = picture.into_rgba8();
        let pixels = coloured.pixels().map(|one| {
            let [red, green, blue, opacity] = one.0;
            let (grey, opacity) = (u16::from(luminance(red, green, blue)), u16::from(opacity));
            narrow((grey * opacity + 255 * (255 - opacity)) / 255)
        });
        Self::new(width, height, pixels.collect())
    }

    fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, Unread> {
        let makes_sense = width > 0 && height > 0 && width.checked_mul(height) == Some(pixels.len());
        makes_sense.then_some(Self { width, height, pixels }).ok_or(Unread::NotAPicture)
    }

    /// The sizes in which it is searched, the most promising first, each also with black and white swapped.
    pub(super) fn attempts(&self) -> impl Iterator<Item = Self> {
        let mut first = self.clone();
        while first.longer() > SIDE_SEARCHED_MAX {
            first = first.halved();
        }
        let mut sizes = Vec::new();
        if first.longer() < ENLARGED_BELOW {
            sizes.push(first.enlarged());
        }
        if first.longer() > HALVED_ABOVE {
            let half = first.halved();
            if half.longer() > HALVED_ABOVE {
                sizes.push(half.halved());
            }
            sizes.push(half);
        }
        sizes.insert(0, first);
        sizes.into_iter().flat_map(|size| [size.swapped(), size].into_iter().rev())
    }

    /// The texts of the codes in it, as it is.
    pub(super) fn codes(&self) -> Vec<String> {
        let black = self.black();
        if corners::count(&black, self.width, CORNERS_MAX) > CORNERS_MAX {
            return Vec::new();
        }
        let is_black = |x, y| black.get(y * self.width + x).copied().unwrap_or_default();
        let mut prepared = PreparedImage::prepare_from_bitmap(self.width, self.height, is_black);
        let codes = prepared.detect_grids();
        codes.iter().filter_map(|code| code.decode().ok()).map(|(_, text)| text).collect()
    }

    fn longer(&self) -> usize {
        self.width.max(self.height)
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.pixels.get(y * self.width + x).copied().unwrap_or(255)
    }

    fn drawn(width: usize, height: usize, point: impl Fn(usize, usize) -> u8) -> Self {
        let point = &point;
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| point(x, y)));
        Self { width, height, pixels: pixels.collect() }
    }

    fn halved(&self) -> Self {
        Self::drawn(self.width.div_ceil(2), self.height.div_ceil(2), |x, y| {
            let (x, y) = (2 * x, 2 * y);
            let (right, below) = ((x + 1).min(self.width - 1), (y + 1).min(self.height - 1));
            let four = [self.at(x, y), self.at(right, y), self.at(x, below), self.at(right, below)];
            narrow(four.into_iter().map(u16::from).sum::<u16>() / 4)
        })
    }

    fn enlarged(&self) -> Self {
        Self::drawn(3 * self.width, 3 * self.height, |x, y| self.at(x / 3, y / 3))
    }

    fn swapped(&self) -> Self {
        let pixels = self.pixels.iter().map(|one| 255 - one).collect();
        Self { width: self.width, height: self.height, pixels }
    }

    /// Which points are black: those that are darker than the mean of a square around them.
    fn black(&self) -> Vec<bool> {
        let (width, height) = (self.width, self.height);
        // The sum of all points above and to the left, with a row and a column of nothing before them.
        let mut sums = vec![0_u64; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u64::from(self.at(x, y));
                let above = sums.get(y * (width + 1) + x + 1).copied().unwrap_or_default();
                if let Some(sum) = sums.get_mut((y + 1) * (width + 1) + x + 1) {
                    *sum = above + row;
                }
            }
        }
        let sum = |x: usize, y: usize| sums.get(y * (width + 1) + x).copied().unwrap_or_default();
        let reach = (width.max(height) / 16).max(4);
        let mut black = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
            for x in 0..width {
                let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
                let around = sum(right, bottom) + sum(left, top) - sum(left, bottom) - sum(right, top);
                let points = u64::try_from((right - left) * (bottom - top)).unwrap_or(1);
                black.push(u64::from(self.at(x, y)) * points * 100 < around * BLACK_BELOW);
            }
        }
        black
    }
}

/// ITU-R BT.601.
fn luminance(red: u8, green: u8, blue: u8) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    u8::try_from((299 * red + 587 * green + 114 * blue) / 1_000).unwrap_or(u8::MAX)
}

fn narrow(value: u16) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
