//! Whether a screen looks as it did: compared with a picture that is kept in `tests/snapshots`.
//!
//! Two versions of an OpenGL library draw the edges of letters a little differently. So squares are compared, by their
//! mean: what moved, is missing or has another colour changes squares, what is smoothed otherwise does not.
//! `CAUSERIE_SNAPSHOTS=write` keeps the picture of today.

use std::path::Path;

use image::RgbImage;

use crate::screen::{Picture, keep};

/// Points of a square's side.
const SQUARE: u32 = 10;

/// How far a square's mean may be off, of 255. Chosen: a letter that is missing changes one by more.
const SQUARE_OFF_MAX: f64 = 24.0;

/// How far all squares may be off, in the mean.
const MEAN_OFF_MAX: f64 = 1.5;

/// What is different from the picture that is kept under this name; `None` where nothing is.
pub(crate) fn difference(picture: &Picture, name: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.png"));
    let found = picture.drawn();
    if std::env::var_os("CAUSERIE_SNAPSHOTS").is_some_and(|asked| asked == "write") {
        found.save(&file).unwrap();
    }
    let kept = image::open(&file).unwrap_or_else(|error| panic!("{name}.png: {error}")).into_rgb8();
    let off = if kept.dimensions() == found.dimensions() { off(&kept, &found) } else { vec![255.0] };
    let largest = off.iter().copied().fold(0.0, f64::max);
    let mean = off.iter().sum::<f64>() / f64::from(u32::try_from(off.len()).unwrap());
    let differs = largest > SQUARE_OFF_MAX || mean > MEAN_OFF_MAX;
    differs.then(|| {
        keep(picture, &format!("failed-{name}"));
        format!(
            "{name}: a square is off by {largest:.1}, all by {mean:.2}; what was seen is in target/pictures"
        )
    })
}

/// How far each square of one is from that of the other, in the colour that differs most.
fn off(one: &RgbImage, other: &RgbImage) -> Vec<f64> {
    let (one, other) = (squares(one), squares(other));
    let apart = |one: &[f64; 3], other: &[f64; 3]| {
        one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
    };
    one.iter().zip(&other).map(|(one, other)| apart(one, other)).collect()
}

fn squares(picture: &RgbImage) -> Vec<[f64; 3]> {
    let mut means = Vec::new();
    for top in (0..picture.height() / SQUARE).map(|row| row * SQUARE) {
        for left in (0..picture.width() / SQUARE).map(|column| column * SQUARE) {
            let mut sums = [0_u32; 3];
            for (x, y) in (0..SQUARE * SQUARE).map(|point| (left + point % SQUARE, top + point / SQUARE)) {
                let point = picture.get_pixel(x, y);
                sums = std::array::from_fn(|colour| sums[colour] + u32::from(point.0[colour]));
            }
            means.push(sums.map(|sum| f64::from(sum) / f64::from(SQUARE * SQUARE)));
        }
    }
    means
}

/// A picture that differs is told from one that is drawn a little otherwise.
#[test]
fn what_is_missing_is_noticed_and_smoothing_is_not() {
    let line = |x: u32, y: u32| (y == 25 || y == 26) && (20..80).contains(&x);
    let draw = |dark: u8, is_line: &dyn Fn(u32, u32) -> bool| {
        RgbImage::from_fn(100, 60, |x, y| image::Rgb([if is_line(x, y) { dark } else { 240 }; 3]))
    };
    let (kept, smoothed, missing) = (draw(20, &line), draw(45, &line), draw(20, &|_, _| false));
    let largest = |other: &RgbImage| off(&kept, other).into_iter().fold(0.0, f64::max);
    assert!(largest(&smoothed) < SQUARE_OFF_MAX);
    assert!(largest(&missing) > SQUARE_OFF_MAX);
}
