use std::{fs, time::Duration};

use eframe::egui::Color32;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgba, RgbaImage, imageops};
use qrcode::{EcLevel, QrCode};

use super::*;

const LINK: &str = "causerie:i1#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnM";

/// What is found where an invitation is wanted.
fn in_bytes(bytes: &[u8]) -> Result<String, Unread> {
    super::in_bytes(bytes, invitation_in)
}

/// A code with its quiet zone, each module so many points wide.
fn code(text: &str, module: u32) -> GrayImage {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
    let width = u32::try_from(code.width()).unwrap();
    let colours = code.to_colors();
    let side = (width + 8) * module;
    GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = (x / module, y / module);
        let inside = (4..width + 4).contains(&x) && (4..width + 4).contains(&y);
        let dark =
            inside && colours[usize::try_from((y - 4) * width + x - 4).unwrap()] == qrcode::Color::Dark;
        Luma([if dark { 0 } else { 255 }])
    })
}

/// The same numbers each time.
struct Noise(u32);

impl Noise {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % bound
    }
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(picture: GrayImage) -> Vec<u8> {
    file(picture, ImageFormat::Png)
}

#[test]
fn a_code_is_read_however_it_was_taken() {
    for module in [1, 2, 3, 5, 12] {
        assert_eq!(in_bytes(&png(code(LINK, module))).as_deref(), Ok(LINK), "{module} points a module");
    }
    let plain = code(LINK, 5);
    let turned = [imageops::rotate90(&plain), imageops::rotate180(&plain), imageops::rotate270(&plain)];
    for picture in turned {
        assert_eq!(in_bytes(&png(picture)).as_deref(), Ok(LINK), "turned");
    }
    let mut inverted = plain.clone();
    imageops::invert(&mut inverted);
    assert_eq!(in_bytes(&png(inverted)).as_deref(), Ok(LINK), "white on black");
    for format in [ImageFormat::Jpeg, ImageFormat::WebP] {
        let picture = DynamicImage::from(plain.clone()).into_rgb8();
        assert_eq!(in_bytes(&file(picture, format)).as_deref(), Ok(LINK), "{format:?}");
    }
    let blurred = imageops::blur(&imageops::resize(&plain, 301, 297, imageops::Triangle), 0.8);
    assert_eq!(in_bytes(&png(blurred)).as_deref(), Ok(LINK), "blurred, and no whole points a module");
}

#[test]
fn noise_shadow_and_what_lies_around_do_no_harm() {
    let mut noise = Noise(7);
    let mut picture = GrayImage::from_pixel(1_300, 900, Luma([205]));
    imageops::replace(&mut picture, &code(LINK, 6), 500, 300);
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        // The left is in the shade, and one point in a hundred is anything.
        let shade = 45 + 55 * x / 1_300;
        let jitter = noise.below(41);
        let value = if noise.below(100) == 0 { noise.below(256) } else { u32::from(pixel.0[0]) };
        pixel.0[0] = u8::try_from((value * shade / 100 + jitter).min(255)).unwrap();
    }
    assert_eq!(in_bytes(&png(picture)).as_deref(), Ok(LINK));
}

#[test]
fn a_screen_is_searched_as_large_as_it_is() {
    let mut screen = GrayImage::from_pixel(3_840, 2_160, Luma([30]));
    imageops::replace(&mut screen, &code(LINK, 3), 2_900, 1_500);
    assert_eq!(in_bytes(&png(screen)).as_deref(), Ok(LINK));
}

#[test]
fn what_can_be_looked_through_is_white() {
    let drawn = code(LINK, 4);
    let picture = RgbaImage::from_fn(drawn.width(), drawn.height(), |x, y| {
        Rgba([0, 0, 0, 255 - drawn.get_pixel(x, y).0[0]])
    });
    assert_eq!(in_bytes(&file(picture.clone(), ImageFormat::Png)).as_deref(), Ok(LINK));
    let pixels = picture.pixels().map(|one| {
        let [red, green, blue, opacity] = one.0;
        Color32::from_rgba_unmultiplied(red, green, blue, opacity)
    });
    let side = usize::try_from(drawn.width()).unwrap();
    let pasted = ColorImage::new([side, side], pixels.collect());
    assert_eq!(Source::Picture(Arc::new(pasted)).find(invitation_in).as_deref(), Ok(LINK));
}

#[test]
fn an_invitation_is_found_beside_other_codes_and_words() {
    let (one, other) = (code("https://example.org/", 4), code(&format!("Mon invitation : {LINK}"), 4));
    let mut both = GrayImage::from_pixel(one.width() + other.width(), other.height(), Luma([255]));
    imageops::replace(&mut both, &one, 0, 0);
    imageops::replace(&mut both, &other, i64::from(one.width()), 0);
    assert_eq!(in_bytes(&png(both)).as_deref(), Ok(LINK));
    assert_eq!(in_bytes(&png(one)), Err(Unread::SomethingElse));
}

#[test]
fn what_is_no_picture_or_too_large_is_refused() {
    assert_eq!(in_bytes(&png(GrayImage::from_pixel(64, 64, Luma([255])))), Err(Unread::NoCode));
    assert_eq!(in_bytes(b"nothing of interest"), Err(Unread::SomethingElse));
    assert_eq!(in_bytes(format!("[InternetShortcut]\nURL={LINK}\n").as_bytes()).as_deref(), Ok(LINK));
    assert_eq!(in_bytes(b""), Err(Unread::SomethingElse));
    assert_eq!(in_bytes(b"\xff\xfe\x00\x01"), Err(Unread::NotAPicture));
    assert_eq!(in_bytes(&vec![b'a'; 100_000]), Err(Unread::TooLarge));
    // A format that is known and not read.
    assert_eq!(in_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00"), Err(Unread::NotAPicture));
    let whole = png(code(LINK, 4));
    for length in [8, 20, 33, 60, whole.len() / 2] {
        assert_eq!(in_bytes(&whole[..length]), Err(Unread::NotAPicture), "cut at {length}");
    }
}

/// A PNG that says it is so large, with nothing behind it.
fn declared(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let crc = header.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    });
    let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
    bytes.extend(header);
    bytes.extend((!crc).to_be_bytes());
    bytes.extend(b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e");
    bytes
}

#[test]
fn a_size_that_is_only_said_takes_no_memory() {
    for (width, height) in [(u32::MAX >> 1, u32::MAX >> 1), (16_384, 16_384), (8_000, 8_000), (1, 20_000)] {
        assert_eq!(in_bytes(&declared(width, height)), Err(Unread::TooLarge), "{width} × {height}");
    }
    assert_eq!(in_bytes(&declared(100, 100)), Err(Unread::NotAPicture));
    let pasted = ColorImage { pixels: Vec::new(), ..ColorImage::new([1, 1], vec![Color32::BLACK]) };
    assert_eq!(Source::Picture(Arc::new(pasted)).find(invitation_in), Err(Unread::NotAPicture));
}

#[test]
fn a_picture_full_of_corners_is_not_searched() {
    let corner = imageops::crop_imm(&code(LINK, 1), 2, 2, 11, 11).to_image();
    let mut full = GrayImage::from_pixel(1_100, 1_100, Luma([255]));
    for place in 0..10_000 {
        imageops::replace(&mut full, &corner, i64::from(place % 100 * 11), i64::from(place / 100 * 11));
    }
    let black = Grey::of_decoded(full.clone().into()).unwrap();
    assert!(black.codes().is_empty());
    let began = std::time::Instant::now();
    assert_eq!(in_bytes(&png(full)), Err(Unread::NoCode));
    // Without the bound it takes hours.
    assert!(began.elapsed() < Duration::from_secs(120), "{:?}", began.elapsed());
}

#[test]
fn random_bytes_and_pictures_are_answered() {
    let mut noise = Noise(11);
    for round in 0..40 {
        let side = 1 + noise.below(90);
        let picture = GrayImage::from_fn(side, 1 + noise.below(90), |_, _| {
            Luma([u8::try_from(noise.below(2) * 255).unwrap()])
        });
        let mut bytes = file(picture, [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP][round % 3]);
        assert!(in_bytes(&bytes).is_err(), "round {round}");
        for _ in 0..4 {
            let place = usize::try_from(noise.below(u32::try_from(bytes.len()).unwrap())).unwrap();
            bytes[place] = u8::try_from(noise.below(256)).unwrap();
        }
        assert!(in_bytes(&bytes).is_err(), "round {round}, broken");
    }
}

#[test]
fn files_are_opened_with_care() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("code.png"), png(code(LINK, 4))).unwrap();
    fs::write(at("letter.txt"), "see you").unwrap();
    let large = File::create(at("large.png")).unwrap();
    large.set_len(BYTES_MAX + 1).unwrap();
    let found =
        |names: &[&str]| Source::Files(names.iter().map(|name| at(name)).collect()).find(invitation_in);
    assert_eq!(found(&["code.png"]).as_deref(), Ok(LINK));
    assert_eq!(found(&["letter.txt", "code.png"]).as_deref(), Ok(LINK));
    assert_eq!(found(&["letter.txt", "gone.png"]), Err(Unread::SomethingElse));
    assert_eq!(found(&["gone.png"]), Err(Unread::NotAPicture));
    assert_eq!(found(&["large.png"]), Err(Unread::TooLarge));
    assert_eq!(found(&["."]), Err(Unread::NotAPicture));
    assert_eq!(found(&[]), Err(Unread::NotAPicture));
    assert_eq!(Source::Files(vec!["/dev/zero".into()]).find(invitation_in), Err(Unread::NotAPicture));
}

#[test]
fn a_copied_file_is_known_by_its_address() {
    assert_eq!(file_in("file:///home/a/my%20code.png\n"), Some("/home/a/my code.png".into()));
    assert_eq!(file_in("/home/a/code.png"), Some("/home/a/code.png".into()));
    for other in ["hello", "file:///a%2", "file://%zz", "/a\n/b", "https://example.org/a.png", ""] {
        assert_eq!(file_in(other), None, "{other}");
    }
}

#[test]
fn a_link_is_found_with_anything_around_it() {
    for pasted in [
        "causerie:1:abc",
        " causerie:1:abc\n",
        "voici mon lien : causerie:1:abc",
        "My invitation:\n<causerie:1:abc> see you",
        "(causerie:1:abc)",
    ] {
        assert_eq!(link_in(pasted), Some("causerie:1:abc"), "{pasted}");
    }
    assert_eq!(link_in("  nonsense words "), None);
}

#[test]
fn a_safety_number_is_found_however_it_is_grouped() {
    let (number, digits) = (["01234"; 12].join(" "), "01234".repeat(12));
    let grouped = number.replace(' ', "\n");
    for text in [&number, &digits, &grouped, &format!("Notre numéro : {number} (2026)")] {
        assert_eq!(number_in(text).as_ref(), Some(&digits), "{text}");
    }
    for text in [&digits[1..], &format!("{digits}5"), &number.replace(' ', "-"), "", LINK] {
        assert_eq!(number_in(text), None, "{text}");
    }
    let picture = png(code(&digits, 3));
    assert_eq!(super::in_bytes(&picture, number_in).as_ref(), Ok(&digits));
    assert_eq!(in_bytes(&picture), Err(Unread::SomethingElse));
    assert_eq!(super::in_bytes(&png(code(LINK, 3)), number_in), Err(Unread::SomethingElse));
    assert_eq!(super::in_bytes(number.as_bytes(), number_in).as_ref(), Ok(&digits));
}

#[test]
fn spoilt_pictures_are_read_or_refused() {
    let picture = || DynamicImage::from(code(LINK, 2));
    let corpus = [
        file(picture(), ImageFormat::Png),
        file(picture(), ImageFormat::Jpeg),
        file(picture().to_rgba8(), ImageFormat::WebP),
        LINK.as_bytes().to_vec(),
    ];
    for bytes in &corpus {
        assert_eq!(in_bytes(bytes).as_deref(), Ok(LINK));
    }
    let mut mutator = causerie_protocol::testing::fuzz::Mutator::new(1, 1 << 20);
    for round in 0..200 {
        let spoilt = mutator.spoil(&corpus);
        if let Ok(found) = in_bytes(&spoilt) {
            assert!(found.starts_with("causerie:i"), "round {round}: {found}");
        }
    }
}
