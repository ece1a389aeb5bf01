//! Drawings of bars: which frames were sent, and how large stores became.
//!
//! Both begin with nothing, so lengths may be compared. What has more bars than can be told apart is cut, and says so.

use plotters::{
    chart::{ChartBuilder, SeriesLabelPosition},
    element::Rectangle,
    style::{
        BLACK, Color, RGBColor, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Area, FONT, colour, faint, float, lines::number, page, place, sentence, sizes, style};
use crate::report::{CONTROL_BYTES, Report, Run};

/// Groups of bars that a page has room for.
const GROUPS_MAX: usize = 16;

/// Bars that stand together: their name below, and their heights.
struct Group {
    name: String,
    bars: Vec<(f64, RGBColor)>,
}

/// What a page of bars says.
struct Bars {
    across: String,
    up: &'static str,
    groups: Vec<Group>,
    /// What colours mean.
    legend: Vec<(String, RGBColor)>,
}

/// Bytes by length of frame, of the first run with the most people; `None` where nothing was sent.
pub(super) fn frames(report: &Report) -> Result<Option<String>, String> {
    let Some(run) = sizes(report).pop() else { return Ok(None) };
    let mut frames: Vec<(usize, f64)> = run
        .frames
        .iter()
        .map(|(len, count)| (*len, place(*len) * float(*count)))
        .filter(|(_, bytes)| *bytes > 0.0)
        .collect();
    let all = frames.len();
    // Those that cost the most stay.
    frames.sort_by(|one, other| other.1.total_cmp(&one.1));
    let rest: f64 = frames.iter().skip(GROUPS_MAX).map(|(_, bytes)| bytes).sum();
    frames.truncate(GROUPS_MAX);
    frames.sort_by_key(|(len, _)| *len);
    let shade = |len: usize| colour(usize::from(len > CONTROL_BYTES));
    let mut groups: Vec<Group> = frames
        .iter()
        .map(|(len, bytes)| Group { name: len.to_string(), bars: vec![(*bytes, shade(*len))] })
        .collect();
    if rest > 0.0 {
        groups.push(Group { name: format!("{} others", all - GROUPS_MAX), bars: vec![(rest, colour(6))] });
    }
    let bars = Bars {
        across: "length of a frame, bytes".to_owned(),
        up: "bytes sent in frames of this length",
        groups,
        legend: vec![
            (format!("control: at most {CONTROL_BYTES} bytes"), colour(0)),
            ("envelopes and all else".to_owned(), colour(1)),
        ],
    };
    bars.page(report, &format!("Bytes by length of frame, {} people", run.people), &[run])
}

/// Bytes in a store, for each run; `None` where no run has any.
pub(super) fn store(report: &Report) -> Result<Option<String>, String> {
    let with: Vec<&Run> = report.runs.iter().filter(|run| run.store_bytes.count > 0).collect();
    let shown: Vec<&Run> = with.iter().copied().take(GROUPS_MAX).collect();
    let legend: Vec<(String, RGBColor)> = ["p50: half have at most this", "p90", "p99", "max"]
        .iter()
        .enumerate()
        .map(|(nth, name)| ((*name).to_owned(), colour(nth)))
        .collect();
    let group = |run: &&Run| {
        let sizes = run.store_bytes;
        let heights = [sizes.p50, sizes.p90, sizes.p99, sizes.max];
        let bars = heights.into_iter().enumerate().map(|(nth, bytes)| (bytes, colour(nth))).collect();
        Group { name: format!("{} / {}", run.people, run.seed), bars }
    };
    let cut = if with.len() > shown.len() {
        format!(" (the first {} of {} runs)", shown.len(), with.len())
    } else {
        String::new()
    };
    let bars = Bars {
        across: format!("people / seed of a run{cut}"),
        up: "bytes in one person's store at the end",
        groups: shown.iter().map(group).collect(),
        legend,
    };
    bars.page(report, "How large stores are", &shown)
}

impl Bars {
    /// The page, or none where no bar has a height that can be drawn.
    fn page(&self, report: &Report, title: &str, runs: &[&Run]) -> Result<Option<String>, String> {
        let heights = || self.groups.iter().flat_map(|group| group.bars.iter().map(|(height, _)| *height));
        let top = heights().fold(0.0, f64::max);
        if top <= 0.0 || !heights().all(f64::is_finite) {
            return Ok(None);
        }
        page(report, title, runs, |area| self.draw(area, top)).map(Some)
    }

    fn draw(&self, area: &Area<'_>, top: f64) -> Result<(), String> {
        // Room above the bars for the legend.
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(68)
            .y_label_area_size(110)
            .build_cartesian_2d(0.0..place(self.groups.len()), 0.0..top * 1.4)
            .map_err(sentence)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_labels(8)
            .x_desc(&self.across)
            .y_desc(self.up)
            .y_label_formatter(&|value| number(*value))
            .label_style(style(16))
            .axis_desc_style(style(18))
            .bold_line_style(faint())
            .light_line_style(WHITE.mix(0.0))
            .draw()
            .map_err(sentence)?;
        for (name, shade) in &self.legend {
            let bars = self.rectangles(*shade);
            let shade = *shade;
            chart
                .draw_series(bars)
                .map_err(sentence)?
                .label(name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], shade.filled()));
        }
        let known = |shade: RGBColor| self.legend.iter().any(|(_, known)| *known == shade);
        if !known(colour(6)) {
            chart.draw_series(self.rectangles(colour(6))).map_err(sentence)?;
        }
        let mut legend = chart.configure_series_labels();
        legend.position(SeriesLabelPosition::UpperRight).label_font((FONT, 16)).legend_area_size(18);
        legend.background_style(WHITE.mix(0.85)).border_style(BLACK.mix(0.3)).draw().map_err(sentence)?;
        let (left, above) = area.get_base_pixel();
        for (nth, group) in self.groups.iter().enumerate() {
            let (x, y) = chart.backend_coord(&(place(nth) + 0.5, 0.0));
            let centred =
                style(if self.groups.len() > 10 { 13 } else { 16 }).pos(Pos::new(HPos::Center, VPos::Top));
            area.draw_text(&group.name, &centred, (x - left, y - above + 8)).map_err(sentence)?;
        }
        Ok(())
    }

    /// The bars of one colour, each in its group's four fifths.
    fn rectangles(&self, shade: RGBColor) -> Vec<Rectangle<(f64, f64)>> {
        let mut rectangles = Vec::new();
        for (nth, group) in self.groups.iter().enumerate() {
            let wide = 0.8 / place(group.bars.len());
            for (step, (height, _)) in group.bars.iter().enumerate().filter(|(_, (_, own))| *own == shade) {
                let left = place(nth) + 0.1 + wide * place(step);
                rectangles.push(Rectangle::new([(left, 0.0), (left + wide * 0.92, *height)], shade.filled()));
            }
        }
        rectangles
    }
}
