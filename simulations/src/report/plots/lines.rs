//! Drawings of lines: how fast messages came, and what they cost with more and more people.
//!
//! Shares are of the messages that were answered, so one that never came keeps its line below the top.

use plotters::{
    chart::ChartBuilder,
    coord::combinators::IntoLogRange,
    element::{Circle, PathElement},
    series::LineSeries,
    style::{Color, WHITE},
};

use super::{Area, colour, faint, float, page, place, sentence, sizes, style};
use crate::report::{MESSAGES_MIN, Report, Run};

/// Entries of a legend in a row, and how high a row is.
const LEGEND_COLUMNS: usize = 3;
const LEGEND_ROW: u32 = 24;

/// One line: what the legend calls it, and its points.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// What one system of axes says.
struct Panel<'a> {
    across: &'a str,
    up: &'a str,
    /// The end of the upright axis, which begins with nothing.
    top: f64,
    /// Whether its numbers are shares.
    percent: bool,
    dots: bool,
    lines: Vec<Line>,
}

/// The share of messages that had come after so many seconds; `None` where none came.
pub(super) fn delivery(report: &Report) -> Result<Option<String>, String> {
    let runs: Vec<&Run> = sizes(report).into_iter().filter(|run| run.delivered > 0).collect();
    let overlap = shares(&runs, |run| &run.overlap_curve);
    let elapsed = shares(&runs, |run| &run.elapsed_curve);
    if overlap.is_empty() || elapsed.is_empty() {
        return Ok(None);
    }
    let panel = |across, lines| Panel {
        across,
        up: "messages delivered",
        top: 1.0,
        percent: true,
        dots: false,
        lines,
    };
    let left = panel("seconds of overlap: both could have met", overlap);
    let right = panel("seconds since writing", elapsed);
    let draw = |area: &Area<'_>| {
        let rows = u32::try_from(right.lines.len().div_ceil(LEGEND_COLUMNS)).unwrap_or(1);
        let (head, body) = area.split_vertically(rows * LEGEND_ROW);
        legend(&head, &right.lines)?;
        beside(&body, &left, &right)
    };
    page(report, "How long messages take", &runs, draw).map(Some)
}

/// What a message costs, by the number of people; `None` where there are not two sizes that delivered enough.
pub(super) fn growth(report: &Report) -> Result<Option<String>, String> {
    let is_sure = |run: &&Run| run.delivered >= MESSAGES_MIN;
    let runs: Vec<&Run> = sizes(report).into_iter().filter(is_sure).collect();
    if runs.len() < 2 {
        return Ok(None);
    }
    let panel = |up, cost: fn(&Run) -> f64| {
        let points: Vec<(f64, f64)> = runs.iter().map(|run| (place(run.people), cost(run))).collect();
        let top = points.iter().map(|(_, cost)| *cost).fold(0.0, f64::max) * 1.15;
        let lines = vec![Line { name: String::new(), points }];
        Panel { across: "people", up, top, percent: false, dots: true, lines }
    };
    let left = panel("bytes a message, without control", |run| run.bytes_a_message);
    let right = panel("inputs a message, without timers and dials", |run| run.work_a_message);
    if ![&left, &right].iter().all(|panel| panel.is_drawable()) {
        return Ok(None);
    }
    let title = format!("What a message costs, where at least {MESSAGES_MIN} were delivered");
    page(report, &title, &runs, |area| beside(area, &left, &right)).map(Some)
}

/// The curves of runs as shares of what was answered, from where they leave the ground; those of no message left out.
fn shares(runs: &[&Run], curve: fn(&Run) -> &Vec<(f64, u64)>) -> Vec<Line> {
    let mut lines: Vec<Line> = runs.iter().filter_map(|run| line(run, curve(run))).collect();
    let last = |line: &Line| line.points.last().map_or(0.0, |(seconds, _)| *seconds);
    let end = lines.iter().map(last).fold(0.0, f64::max);
    // A curve stops where all have come: it stays there until the others stop.
    for line in &mut lines {
        if let Some((seconds, share)) = line.points.last().copied()
            && seconds < end
        {
            line.points.push((end, share));
        }
    }
    lines
}

fn line(run: &Run, curve: &[(f64, u64)]) -> Option<Line> {
    let whole = float(run.answered.max(run.delivered));
    let first = curve.iter().position(|(_, count)| *count > 0)?;
    let shown = curve
        .iter()
        .skip(first.saturating_sub(1))
        .filter(|(seconds, _)| *seconds > 0.0 && seconds.is_finite());
    let points: Vec<(f64, f64)> =
        shown.map(|(seconds, count)| (*seconds, (float(*count) / whole).min(1.0))).collect();
    (points.len() > 1)
        .then(|| Line { name: format!("{} people, {} messages", run.people, run.answered), points })
}

/// What the colours mean, above the axes: no corner of them is sure to be empty.
fn legend(area: &Area<'_>, lines: &[Line]) -> Result<(), String> {
    let cells = area.split_evenly((lines.len().div_ceil(LEGEND_COLUMNS), LEGEND_COLUMNS));
    for (nth, (line, cell)) in lines.iter().zip(&cells).enumerate() {
        let stroke = colour(nth).stroke_width(3);
        cell.draw(&PathElement::new([(20, 12), (42, 12)], stroke)).map_err(sentence)?;
        cell.draw_text(&line.name, &style(16), (50, 5)).map_err(sentence)?;
    }
    Ok(())
}

fn beside(area: &Area<'_>, left: &Panel<'_>, right: &Panel<'_>) -> Result<(), String> {
    let (width, _) = area.dim_in_pixel();
    let (first, second) = area.split_horizontally(width / 2);
    left.draw(&first)?;
    right.draw(&second)
}

impl Panel<'_> {
    fn is_drawable(&self) -> bool {
        let mut points = self.lines.iter().flat_map(|line| &line.points);
        self.top > 0.0 && points.all(|(x, y)| *x > 0.0 && x.is_finite() && y.is_finite())
    }

    /// The powers of ten around all points, and how many lie between.
    fn decades(&self) -> (f64, f64, usize) {
        let across = || self.lines.iter().flat_map(|line| line.points.iter().map(|(x, _)| x.log10()));
        let least = across().fold(f64::INFINITY, f64::min).floor();
        let most = across().fold(f64::NEG_INFINITY, f64::max).ceil().max(least + 1.0);
        let count = (0..32).take_while(|nth| least + place(*nth) < most).count();
        // A little more, for the outermost ticks must not be lost to rounding.
        (10_f64.powf(least) * 0.999, 10_f64.powf(most) * 1.001, count)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), String> {
        let (least, most, decades) = self.decades();
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(52)
            .y_label_area_size(72)
            .build_cartesian_2d((least..most).log_scale(), 0.0..self.top * 1.001)
            .map_err(sentence)?;
        let percent = self.percent;
        chart
            .configure_mesh()
            .x_labels(decades + 1)
            .y_labels(if percent { 11 } else { 8 })
            .x_desc(self.across)
            .y_desc(self.up)
            .x_label_formatter(&|value| power(*value))
            .y_label_formatter(&|value| {
                if percent { format!("{:.0} %", value * 100.0) } else { number(*value) }
            })
            .label_style(style(16))
            .axis_desc_style(style(18))
            .bold_line_style(faint())
            .light_line_style(WHITE.mix(0.0))
            .draw()
            .map_err(sentence)?;
        for (nth, line) in self.lines.iter().enumerate() {
            let stroke = colour(nth).stroke_width(2);

            chart.draw_series(LineSeries::new(line.points.iter().copied(), stroke)).map_err(sentence)?;
            if self.dots {
                let dots = line.points.iter().map(|point| Circle::new(*point, 4, colour(nth).filled()));
                chart.draw_series(dots).map_err(sentence)?;
            }
        }
        Ok(())
    }
}

/// A power of ten, short enough to stand beside others.
fn power(value: f64) -> String {
    match value {
        value if value > 9e5 => format!("{} M", number(value / 1e6)),
        value if value > 9e3 => format!("{} k", number(value / 1e3)),
        value => number(value),
    }
}

/// A number of an axis, as short as it is exact enough.
pub(super) fn number(value: f64) -> String {
    let digits: usize = match value.abs() {
        0.0 => 0,
        size if size < 0.095 => 2,
        size if size < 0.95 => 1,
        size if size < 10.0 && (value - value.round()).abs() > 0.01 => 1,
        _ => 0,
    };
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), ""), |(whole, rest)| (whole, rest));
    let mut grouped = String::new();
    for (nth, digit) in whole.chars().enumerate() {
        if nth > 0 && whole.len() > 4 && (whole.len() - nth).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}
