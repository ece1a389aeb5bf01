//! Signs, drawn with lines: they look the same on every machine, whatever fonts it lacks.
//!
//! Each is drawn in a square of its own, in the colour of the text beside it, with lines as thick as that text's.

use causerie_protocol::answer::MessageState;
use eframe::egui::{
    self, Color32, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, WidgetInfo, pos2, vec2,
};

use crate::theme;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Something waits.
    Clock,
    /// One tick.
    Tick,
    /// Two ticks.
    Ticks,
    /// Something went wrong.
    Wrong,
    /// A disc with a tick: somebody was verified.
    Verified,
    /// A pin.
    Pin,
    /// A wheel with teeth.
    Settings,
    /// Two arrows, there and back.
    Network,
    /// A lens.
    Search,
    /// A cross of two lines: one more.
    Add,
    /// An arrow upwards.
    Up,
    /// An arrow downwards.
    Down,
    /// A face that smiles.
    Smile,
}

impl Icon {
    /// How far a message has come.
    #[must_use]
    pub const fn of_state(state: MessageState) -> Self {
        match state {
            MessageState::Queued => Self::Clock,
            MessageState::Sent => Self::Tick,
            MessageState::Delivered | MessageState::Read => Self::Ticks,
            MessageState::Failed => Self::Wrong,
        }
    }

    /// Draws it in this square.
    pub fn paint(self, painter: &Painter, square: Rect, colour: Color32) {
        let stroke = Stroke::new((square.width() / 11.0).clamp(1.2, 2.0), colour);
        let pen = Pen { painter, square, stroke };
        match self {
            Self::Clock => {
                pen.circle((0.5, 0.5), 0.38);
                pen.line(&[(0.5, 0.28), (0.5, 0.52), (0.66, 0.6)]);
            }
            Self::Tick => pen.line(&[(0.18, 0.55), (0.4, 0.76), (0.82, 0.26)]),
            Self::Ticks => {
                pen.line(&[(0.04, 0.55), (0.26, 0.76), (0.68, 0.26)]);
                pen.line(&[(0.42, 0.62), (0.54, 0.76), (0.96, 0.26)]);
            }
            Self::Wrong => {
                pen.circle((0.5, 0.5), 0.4);
                pen.line(&[(0.5, 0.27), (0.5, 0.56)]);
                pen.dot((0.5, 0.7));
            }
            Self::Verified => {
                pen.circle((0.5, 0.5), 0.42);
                pen.line(&[(0.3, 0.52), (0.44, 0.66), (0.7, 0.36)]);
            }
            Self::Pin => {
                pen.line(&[(0.3, 0.1), (0.7, 0.1)]);
                pen.line(&[(0.36, 0.1), (0.36, 0.4), (0.22, 0.6), (0.78, 0.6), (0.64, 0.4), (0.64, 0.1)]);
                pen.line(&[(0.5, 0.6), (0.5, 0.95)]);
            }
            Self::Settings => pen.wheel(),
            Self::Network => {
                pen.line(&[(0.08, 0.33), (0.92, 0.33)]);
                pen.line(&[(0.72, 0.14), (0.92, 0.33), (0.72, 0.52)]);
                pen.line(&[(0.92, 0.69), (0.08, 0.69)]);
                pen.line(&[(0.28, 0.5), (0.08, 0.69), (0.28, 0.88)]);
            }
            Self::Search => {
                pen.circle((0.42, 0.42), 0.3);
                pen.line(&[(0.64, 0.64), (0.92, 0.92)]);
            }
            Self::Add => {
                pen.line(&[(0.5, 0.12), (0.5, 0.88)]);
                pen.line(&[(0.12, 0.5), (0.88, 0.5)]);
            }
            Self::Up => {
                pen.line(&[(0.5, 0.9), (0.5, 0.12)]);
                pen.line(&[(0.18, 0.42), (0.5, 0.12), (0.82, 0.42)]);
            }
            Self::Down => {
                pen.line(&[(0.5, 0.1), (0.5, 0.88)]);
                pen.line(&[(0.18, 0.58), (0.5, 0.88), (0.82, 0.58)]);
            }
            Self::Smile => pen.face(),
        }
    }
}

/// Draws in a square whose sides are 1.
struct Pen<'a> {
    painter: &'a Painter,
    square: Rect,
    stroke: Stroke,
}

impl Pen<'_> {
    fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        self.square.min + vec2(x, y) * self.square.width()
    }

    fn line(&self, points: &[(f32, f32)]) {
        let points = points.iter().map(|point| self.at(*point)).collect();
        self.painter.add(Shape::line(points, self.stroke));
    }

    fn circle(&self, centre: (f32, f32), radius: f32) {
        self.painter.circle_stroke(self.at(centre), radius * self.square.width(), self.stroke);
    }

    fn dot(&self, at: (f32, f32)) {
        self.painter.circle_filled(self.at(at), self.stroke.width * 0.75, self.stroke.color);
    }

    fn wheel(&self) {
        self.circle((0.5, 0.5), 0.13);
        self.circle((0.5, 0.5), 0.31);
        for tooth in 0_u8..8 {
            let (sine, cosine) = (f32::from(tooth) * std::f32::consts::FRAC_PI_4).sin_cos();
            let along = |length: f32| (0.5 + length * cosine, 0.5 + length * sine);
            self.line(&[along(0.31), along(0.45)]);
        }
    }

    fn face(&self) {
        self.circle((0.5, 0.5), 0.42);
        self.dot((0.35, 0.4));
        self.dot((0.65, 0.4));
        let mouth = |step: u8| {
            let (sine, cosine) = (0.35 + f32::from(step) * 0.305).sin_cos();
            (0.5 + 0.24 * cosine, 0.5 + 0.24 * sine)
        };
        self.line(&[0, 1, 2, 3, 4, 5, 6, 7, 8].map(mouth));
    }
}

/// A button that shows a sign; its label is for whoever cannot see, what hovers for whoever waits.
pub fn icon_button(ui: &mut egui::Ui, icon: Icon, label: &str, hovers: &str) -> Response {
    let side = ui.spacing().interact_size.y;
    let (rect, response) = ui.allocate_exact_size(vec2(side + 4.0, side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let look = ui.style().interact(&response);
        let shown = response.hovered() || response.has_focus() || response.is_pointer_button_down_on();
        if shown {
            ui.painter().rect(
                rect,
                theme::RADIUS_SMALL,
                look.bg_fill,
                look.bg_stroke,
                egui::StrokeKind::Inside,
            );
        }
        let square = Rect::from_center_size(pos2(rect.center().x, rect.center().y), vec2(17.0, 17.0));
        icon.paint(ui.painter(), square, look.fg_stroke.color);
    }
    response.on_hover_text(hovers)
}
