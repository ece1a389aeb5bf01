//! A report as drawings: SVG text, the same bytes for the same report.
//!
//! `delivery`, `frames`, `store`, and `growth` where there are several sizes. What has nothing to show is left out rather
//! than drawn empty. Every drawing names its scenario, seeds and cryptography, since drawings travel alone.

mod bars;
mod lines;

use std::collections::BTreeSet;

use plotters::{
    backend::SVGBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    style::{Color, IntoFont, RGBColor, TextStyle, WHITE},
};

use super::{Report, Run, float};

/// Width and height, in pixels.
const SIZE: (u32, u32) = (960, 600);

const FONT: &str = "sans-serif";

/// Told apart by people who see colours differently, too: the palette of Okabe and Ito, without its yellow.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The drawings of a report, by name.
///
/// # Errors
/// What could not be drawn, in a sentence.
pub fn plots(report: &Report) -> Result<Vec<(&'static str, String)>, String> {
    let drawings = [
        ("delivery", lines::delivery(report)?),
        ("frames", bars::frames(report)?),
        ("store", bars::store(report)?),
        ("growth", lines::growth(report)?),
    ];
    Ok(drawings.into_iter().filter_map(|(name, drawing)| Some((name, drawing?))).collect())
}

/// The first run of each size, the fewest people first.
fn sizes(report: &Report) -> Vec<&Run> {
    let mut seen = BTreeSet::new();
    let mut runs: Vec<&Run> = report.runs.iter().filter(|run| seen.insert(run.people)).collect();
    runs.sort_by_key(|run| run.people);
    runs
}

/// A page with its title and the line that says where it is from; `draw` gets what is left of it.
fn page(
    report: &Report,
    title: &str,
    runs: &[&Run],
    draw: impl FnOnce(&Area<'_>) -> Result<(), String>,
) -> Result<String, String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(sentence)?;
        let (head, body) = root.split_vertically(64);
        head.draw_text(title, &style(26), (20, 12)).map_err(sentence)?;
        head.draw_text(&origin(report, runs), &style(17), (20, 42)).map_err(sentence)?;
        draw(&body.margin(4, 8, 8, 16))?;
        root.present().map_err(sentence)?;
    }
    Ok(text)
}

/// Scenario, seeds, and cryptography where it is not the real one.
fn origin(report: &Report, runs: &[&Run]) -> String {
    let seeds: BTreeSet<u64> = runs.iter().map(|run| run.seed).collect();
    let seeds = match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if first == last => format!("seed {first}"),
        (Some(first), Some(last)) => format!("{} seeds, {first} to {last}", seeds.len()),
        _ => "no seed".to_owned(),
    };
    // XML has no way to write most control characters.
    let name: String = report.scenario.chars().filter(|char| !char.is_control()).collect();
    let cryptography = if report.cryptography == "real" {
        String::new()
    } else {
        format!("; {} cryptography", report.cryptography.replace(char::is_control, ""))
    };
    format!("Scenario {name}, {seeds}{cryptography}")
}

fn style(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().into()
}

/// The colour of the nth of several.
fn colour(nth: usize) -> RGBColor {
    COLOURS.iter().cycle().nth(nth % COLOURS.len()).copied().unwrap_or(RGBColor(0, 0, 0))
}

/// Lines of the grid, faint.
fn faint() -> plotters::style::RGBAColor {
    RGBColor(0, 0, 0).mix(0.12)
}

fn sentence(error: impl core::fmt::Display) -> String {
    format!("cannot draw: {error}")
}

fn place(nth: usize) -> f64 {
    u32::try_from(nth).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests;
