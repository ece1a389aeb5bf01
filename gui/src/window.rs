//! Opens the window, and goes on without one: the program outlives its window where somebody can find it again.
//!
//! ```text
//! opened ── closed, and something is left to do ──▶ resting ── asked for ──▶ opened
//!    └──────────── ended ────────────▶ the node stops cleanly ◀── ended ────┘
//! ```
//!
//! A window cannot be hidden on Wayland, so it is destroyed with all its memory and made again. One event loop serves
//! both states: the connection to the display stays read while no window is there.

use std::{
    cell::RefCell,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use eframe::{
    EframeWinitApplication, NativeOptions, UserEvent,
    egui::{self, IconData, Rect, ViewportBuilder, ViewportId},
};
use winit::{
    application::ApplicationHandler,
    event::{DeviceEvent, DeviceId, StartCause, WindowEvent},
    event_loop::{ActiveEventLoop, ControlFlow, DeviceEvents, EventLoop, EventLoopProxy},
    monitor::MonitorHandle,
    platform::run_on_demand::EventLoopExtRunOnDemand as _,
    window::WindowId,
};

use crate::{
    app::{App, Next},
    icon,
    notifications::DESKTOP_ENTRY,
    preferences::Preferences,
    theme::system_fonts::SystemFonts,
};

/// Side of the picture on the window's frame.
const ICON_SIDE: u16 = 64;

/// How much of a window's upper edge one can take hold of, in points. Chosen: a piece of a frame's title.
const HOLD: [f32; 2] = [120.0, 16.0];

/// Wakes whoever has to look at what was told: the window, or the loop that rests without one.
#[derive(Clone, Default)]
pub struct Waker {
    who: Arc<Mutex<Who>>,
}

#[derive(Default)]
struct Who {
    window: Option<egui::Context>,
    resting: Option<EventLoopProxy<UserEvent>>,
}

impl core::fmt::Debug for Waker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}

impl Waker {
    /// From any thread.
    pub fn wake(&self) {
        let who = self.who.lock().unwrap_or_else(PoisonError::into_inner);
        let (window, resting) = (who.window.clone(), who.resting.clone());
        drop(who);
        if let Some(window) = window {
            window.request_repaint();
        } else if let Some(resting) = resting {
            let nothing = UserEvent::RequestRepaint {
                viewport_id: ViewportId::ROOT,
                when: Instant::now(),
                cumulative_pass_nr: 0,
            };
            // A loop that has ended looks once more by itself.
            resting.send_event(nothing).ok();
        }
    }

    /// From now on this window is woken, or none.
    pub(crate) fn woken(&self, window: Option<egui::Context>) {
        self.who.lock().unwrap_or_else(PoisonError::into_inner).window = window;
    }

    fn rests_in(&self, resting: EventLoopProxy<UserEvent>) {
        self.who.lock().unwrap_or_else(PoisonError::into_inner).resting = Some(resting);
    }
}

/// Why there is no window any more, while the program was not to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// None can be opened here, in words.
    NotOpened(String),
    /// It was open and broke, as when another program destroys it.
    Broken,
}

impl Failure {
    fn not_opened(error: impl ToString) -> Self {
        let said = error.to_string();
        // Where in its source text the toolkit found out is of no use to anybody here.
        let why = said.strip_prefix("os error at ").and_then(|rest| rest.split_once(": "));
        Self::NotOpened(why.map_or_else(|| said.clone(), |(_, why)| why.to_owned()))
    }
}

/// Opens and closes the window until the program is to end; resting first where that is asked for.
///
/// # Errors
/// [`Failure`]; the node still runs.
pub fn run(app: &mut App, rests: bool) -> Result<(), Failure> {
    if log::set_logger(&TROUBLE).is_ok() {
        log::set_max_level(log::LevelFilter::Error);
    }
    let mut display = EventLoop::<UserEvent>::with_user_event().build().map_err(Failure::not_opened)?;
    // Movements outside of our windows are of no use, and would be sent on while there is none.
    display.listen_device_events(DeviceEvents::Never);
    app.waker().rests_in(display.create_proxy());
    let mut next = if rests { Next::Rest } else { Next::Window };
    loop {
        next = match next {
            Next::Window => open(app, &mut display)?,
            Next::Rest => rest(app, &mut display)?,
            Next::End => return Ok(()),
        };
    }
}

fn open(app: &mut App, display: &mut EventLoop<UserEvent>) -> Result<Next, Failure> {
    let side = u32::from(ICON_SIDE);
    let icon = IconData { rgba: icon::drawn(ICON_SIDE, false), width: side, height: side };
    let viewport = ViewportBuilder::default()
        .with_app_id(DESKTOP_ENTRY)
        .with_title("Causerie")
        .with_icon(icon)
        .with_inner_size(app.preferences().size)
        .with_min_inner_size([360.0, 420.0]);
    let screens = Screens::default();
    let options = NativeOptions {
        viewport,
        system_font_fallback: false,
        window_builder: Some(placed(app.preferences(), Rc::clone(&screens))),
        ..NativeOptions::default()
    };
    let mut opened = false;
    let painter = Painter { app: &mut *app, opened: &mut opened };
    let made = eframe::create_native(
        DESKTOP_ENTRY,
        options,
        Box::new(move |creation| {
            *painter.opened = true;
            creation.egui_ctx.add_font_provider(Arc::new(SystemFonts::default()));
            painter.app.attach(&creation.egui_ctx);
            Ok(Box::new(Window { app: painter.app }))
        }),
        display,
    );
    // A panic says itself what broke; the node is still to be stopped cleanly. What holds the window is not dropped
    // then, for that would panic again.
    let mut open = ManuallyDrop::new(Open { window: made, screens });
    let run = catch_unwind(AssertUnwindSafe(|| display.run_app_on_demand(&mut *open)));
    run.map_err(|_| Failure::Broken)?.map_err(Failure::not_opened)?;
    drop(ManuallyDrop::into_inner(open));
    if !opened {
        return Err(Failure::NotOpened(TROUBLE.said()));
    }
    Ok(app.leave())
}

/// What can be seen, in points; known once the display answers, which is before the window is made.
type Screens = Rc<RefCell<Vec<Rect>>>;

/// Puts the window where it was left, unless that is out of sight now.
fn placed(
    preferences: &Preferences,
    screens: Screens,
) -> Box<dyn FnOnce(ViewportBuilder) -> ViewportBuilder> {
    let (place, size) = (preferences.place, preferences.size);
    Box::new(move |window| match place {
        Some(place) if is_in_sight(place, size, &screens.borrow()) => window.with_position(place),
        _ => window,
    })
}

/// Whether enough of a window's upper edge is on a screen to take hold of it.
fn is_in_sight(place: [f32; 2], size: [f32; 2], screens: &[Rect]) -> bool {
    let edge = Rect::from_min_size(place.into(), egui::vec2(size[0], 2.0 * HOLD[1]));
    screens.iter().any(|screen| {
        let seen = screen.intersect(edge);
        seen.width() >= HOLD[0].min(size[0]) && seen.height() >= HOLD[1]
    })
}

fn rest(app: &mut App, display: &mut EventLoop<UserEvent>) -> Result<Next, Failure> {
    let mut resting = Resting { next: Next::Rest, context: egui::Context::default(), app };
    display.run_app_on_demand(&mut resting).map_err(Failure::not_opened)?;
    Ok(resting.next)
}

/// Why a window could not be opened: eframe says that to the log, and nowhere else where the event loop is ours.
struct Trouble(Mutex<String>);

static TROUBLE: Trouble = Trouble(Mutex::new(String::new()));

impl Trouble {
    fn said(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl log::Log for Trouble {
    fn enabled(&self, said: &log::Metadata<'_>) -> bool {
        said.level() == log::Level::Error && said.target().starts_with("eframe")
    }

    fn log(&self, said: &log::Record<'_>) {
        if self.enabled(said.metadata()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = said.args().to_string();
        }
    }

    fn flush(&self) {}
}

struct Painter<'a> {
    app: &'a mut App,
    opened: &'a mut bool,
}

/// The window as eframe holds it.
struct Window<'a> {
    app: &'a mut App,
}

impl eframe::App for Window<'_> {
    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        if context.input(|input| input.viewport().close_requested()) {
            self.app.on_close(context);
        }
        self.app.logic(context);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.app.ui(ui);
    }
}

/// The loop while a window is open: eframe's, without what moves elsewhere.
struct Open<'a> {
    window: EframeWinitApplication<'a>,
    screens: Screens,
}

impl ApplicationHandler<UserEvent> for Open<'_> {
    fn new_events(&mut self, display: &ActiveEventLoop, cause: StartCause) {
        self.window.new_events(display, cause);
    }

    fn resumed(&mut self, display: &ActiveEventLoop) {
        *self.screens.borrow_mut() = display.available_monitors().map(|one| points_of(&one)).collect();
        self.window.resumed(display);
    }

    fn user_event(&mut self, display: &ActiveEventLoop, event: UserEvent) {
        self.window.user_event(display, event);
    }

    fn window_event(&mut self, display: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        self.window.window_event(display, id, event);
    }

    fn device_event(&mut self, display: &ActiveEventLoop, id: DeviceId, event: DeviceEvent) {
        self.window.device_event(display, id, event);
    }

    fn about_to_wait(&mut self, display: &ActiveEventLoop) {
        self.window.about_to_wait(display);
    }

    fn suspended(&mut self, display: &ActiveEventLoop) {
        self.window.suspended(display);
    }

    fn exiting(&mut self, display: &ActiveEventLoop) {
        self.window.exiting(display);
    }

    fn memory_warning(&mut self, display: &ActiveEventLoop) {
        self.window.memory_warning(display);
    }
}

fn points_of(screen: &MonitorHandle) -> Rect {
    let place = screen.position().to_logical::<f32>(screen.scale_factor());
    let size = screen.size().to_logical::<f32>(screen.scale_factor());
    Rect::from_min_size(egui::pos2(place.x, place.y), egui::vec2(size.width, size.height))
}

/// The loop while there is no window: it waits for what is told, and nothing else.
struct Resting<'a> {
    app: &'a mut App,
    /// Takes what a window would be asked, and shows nothing.
    context: egui::Context,
    next: Next,
}

impl Resting<'_> {
    fn look(&mut self, display: &ActiveEventLoop) {
        display.set_control_flow(ControlFlow::Wait);
        self.next = self.app.rest(&self.context);
        if self.next != Next::Rest {
            display.exit();
        }
    }
}

impl ApplicationHandler<UserEvent> for Resting<'_> {
    fn resumed(&mut self, display: &ActiveEventLoop) {
        self.look(display);
    }

    fn user_event(&mut self, display: &ActiveEventLoop, _: UserEvent) {
        self.look(display);
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_not_put_where_nobody_can_take_hold_of_it() {
        let left = Rect::from_min_size(egui::pos2(-1_280.0, 0.0), egui::vec2(1_280.0, 1_024.0));
        let right = Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1_920.0, 1_080.0));
        let size = [980.0, 680.0];
        for (place, both, one) in [
            ([0.0, 0.0], true, true),
            ([-600.0, 30.0], true, true),
            ([-1_000.0, 30.0], true, false),
            ([1_700.0, 1_000.0], true, true),
            ([300.0, -4.0], true, true),
            // Its frame is above, below or beside what is seen, or all but.
            ([300.0, -40.0], false, false),
            ([300.0, 1_070.0], false, false),
            ([1_850.0, 300.0], false, false),
            ([-900.0, 1_020.0], false, false),
            ([9_000.0, 9_000.0], false, false),
        ] {
            assert_eq!(is_in_sight(place, size, &[left, right]), both, "{place:?}");
            assert_eq!(is_in_sight(place, size, &[right]), one, "{place:?}");
        }
        assert!(!is_in_sight([0.0, 0.0], size, &[]));
    }
}
