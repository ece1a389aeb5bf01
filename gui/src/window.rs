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
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use eframe::{
    EframeWinitApplication, NativeOptions, UserEvent,
    egui::{self, IconData, ViewportBuilder, ViewportId},
};
use winit::{
    application::ApplicationHandler,
    event::{DeviceEvent, DeviceId, StartCause, WindowEvent},
    event_loop::{ActiveEventLoop, ControlFlow, DeviceEvents, EventLoop, EventLoopProxy},
    platform::run_on_demand::EventLoopExtRunOnDemand as _,
    window::WindowId,
};

use crate::{
    app::{App, Next},
    icon,
    notifications::DESKTOP_ENTRY,
    theme::system_fonts::SystemFonts,
};

/// Side of the picture on the window's frame.
const ICON_SIDE: u16 = 64;

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

/// Opens and closes the window until the program is to end; resting first where that is asked for.
///
/// # Errors
/// When no window can be opened here, in words.
pub fn run(app: &mut App, rests: bool) -> Result<(), String> {
    if log::set_logger(&TROUBLE).is_ok() {
        log::set_max_level(log::LevelFilter::Error);
    }
    let mut display = EventLoop::<UserEvent>::with_user_event().build().map_err(|error| error.to_string())?;
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

fn open(app: &mut App, display: &mut EventLoop<UserEvent>) -> Result<Next, String> {
    let side = u32::from(ICON_SIDE);
    let icon = IconData { rgba: icon::drawn(ICON_SIDE, false), width: side, height: side };
    let viewport = ViewportBuilder::default()
        .with_app_id(DESKTOP_ENTRY)
        .with_title("Causerie")
        .with_icon(icon)
        .with_inner_size(app.preferences().size)
        .with_min_inner_size([360.0, 420.0]);
    let options = NativeOptions { viewport, system_font_fallback: false, ..NativeOptions::default() };
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
    let run = display.run_app_on_demand(&mut Open { window: made });
    run.map_err(|error| error.to_string())?;
    if !opened {
        return Err(TROUBLE.said());
    }
    Ok(app.leave())
}

fn rest(app: &mut App, display: &mut EventLoop<UserEvent>) -> Result<Next, String> {
    let mut resting = Resting { next: Next::Rest, context: egui::Context::default(), app };
    display.run_app_on_demand(&mut resting).map_err(|error| error.to_string())?;
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
}

impl ApplicationHandler<UserEvent> for Open<'_> {
    fn new_events(&mut self, display: &ActiveEventLoop, cause: StartCause) {
        self.window.new_events(display, cause);
    }

    fn resumed(&mut self, display: &ActiveEventLoop) {
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
