//! The messages of a conversation as a long list: heights differ, and what somebody reads never moves by itself.
//!
//! ```text
//! items (day, divider, bubble) ─▶ heights: measured where seen, else estimated ─▶ where each begins
//! anchor: the bottom, or an item and how far it is above the edge ─▶ the offset of this pass
//! ```
//!
//! The anchor is an item, not a number of points: pages that are loaded above, messages that arrive below, a window of
//! another width and estimates that prove wrong change where things begin, and the offset follows the anchor. Only what
//! is in sight is laid out.

use std::collections::HashMap;

use causerie_protocol::{answer::MessageView, ids::MessageId};
use eframe::egui::{self, Rect, ScrollArea, UiBuilder, pos2, scroll_area::ScrollBarVisibility, vec2};
use jiff::civil::Date;

use crate::text::day_of;

/// Beyond the edges this much is laid out too, so that a fast wheel meets no blank.
const OVERSCAN: f32 = 200.0;

/// How near an edge may come before what lies beyond is wanted.
const MORE_WANTED: f32 = 800.0;

/// How far below the upper edge it then stands: what was said before it is seen, too.
const UNREAD_BELOW: f32 = 80.0;

/// How near the bottom counts as the bottom.
const BOTTOM_SLACK: f32 = 2.0;

/// Heights that are remembered. Chosen: several times what a conversation keeps loaded.
const HEIGHTS_MAX: usize = 10_000;

/// Messages of one person within this time stand together: 5 minutes.
const TOGETHER_MS: u64 = 5 * 60_000;

/// One thing in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// Where the history begins.
    Beginning,
    /// A new day.
    Day(Date),
    /// From here on nothing was read when the conversation was opened.
    Unread,
    /// A message, and whether it follows another of its author's without a break.
    Message(usize, MessageId, bool),
}

impl Item {
    /// What stays the same when pages are loaded above.
    const fn key(self) -> Key {
        match self {
            Self::Beginning => Key::Beginning,
            Self::Day(day) => Key::Day(day),
            Self::Unread => Key::Unread,
            Self::Message(_, id, _) => Key::Message(id),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Beginning,
    Day(Date),
    Unread,
    Message(MessageId),
}

/// What stays where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Anchor {
    /// The newest message stays at the bottom.
    #[default]
    Bottom,
    /// This item begins so far above the upper edge (below, where negative).
    Item(Key, f32),
}

/// Where a list stands between passes.
#[derive(Debug, Default)]
pub struct ChatList {
    anchor: Anchor,
    heights: HashMap<Key, f32>,
    width: f32,
    items: Vec<Item>,
    /// Where each item begins, and the end.
    begins: Vec<f32>,
    /// What `items` were made from.
    made_from: Option<(u64, bool, Option<MessageId>)>,
    /// Items or heights changed since `begins` was made.
    stale: bool,
    /// How many messages had come when the bottom was left.
    left_at: Option<u64>,
    offset: f32,
    /// How many views further somebody asked to be.
    pages: f32,
}

/// What a pass showed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shown {
    /// The newest message is in sight.
    pub at_bottom: bool,
    /// Messages that arrived below since the bottom was left.
    pub new_below: u64,
    /// Messages before the first one are wanted.
    pub older_wanted: bool,
    /// Messages after the last one are wanted.
    pub newer_wanted: bool,
}

/// What the list is made from.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The messages, oldest first.
    pub rows: &'a [MessageView],
    /// Grows whenever they change.
    pub revision: u64,
    /// Nothing is before the first one.
    pub complete: bool,
    /// Nothing is after the last one.
    pub at_end: bool,
    /// How many messages have come, whether they are loaded or not.
    pub arrived: u64,
    /// The first that was not read when the conversation was opened.
    pub unread_from: Option<MessageId>,
}

impl ChatList {
    /// Goes to the newest message.
    pub fn to_bottom(&mut self) {
        self.anchor = Anchor::Bottom;
    }

    /// Goes to where what was not read begins, once that is there.
    pub fn to_unread(&mut self) {
        self.anchor = Anchor::Item(Key::Unread, -UNREAD_BELOW);
    }

    /// Goes to a message, once that is there.
    pub fn to_message(&mut self, id: MessageId) {
        self.anchor = Anchor::Item(Key::Message(id), -UNREAD_BELOW);
    }

    /// Forgets how high a message is.
    pub fn measure_again(&mut self, id: MessageId) {
        self.heights.remove(&Key::Message(id));
        self.stale = true;
    }

    /// Goes so many views further down, or up where negative.
    pub const fn scroll(&mut self, pages: f32) {
        self.pages += pages;
    }

    /// The message at the upper edge; `None` at the bottom.
    #[must_use]
    pub fn reading(&self) -> Option<MessageId> {
        let Anchor::Item(key, _) = self.anchor else { return None };
        let place = self.items.iter().position(|item| item.key() == key)?;
        self.items.iter().skip(place).find_map(|item| match item {
            Item::Message(_, id, _) => Some(*id),
            _ => None,
        })
    }

    /// Shows the list in all the room there is. `measure` says how high an item is at this width; `paint` puts it into a
    /// place of that size.
    pub fn show(
        &mut self,
        ui: &mut egui::Ui,
        content: Content<'_>,
        mut measure: impl FnMut(&egui::Ui, Item, f32) -> f32,
        mut paint: impl FnMut(&mut egui::Ui, Item),
    ) -> Shown {
        let view = ui.available_size();
        self.make_items(content);
        if (self.width - view.x).abs() > 0.5 {
            self.width = view.x;
            self.heights.clear();
            self.stale = true;
        }
        let width = view.x;
        self.settle(view.y, content.rows, &mut |item| measure(ui, item, width));
        if self.pages != 0.0 {
            let last = self.begins.last().copied().unwrap_or(0.0) - view.y;
            let offset = self.offset + std::mem::take(&mut self.pages) * view.y;
            self.scrolled(offset.clamp(0.0, last.max(0.0)), view.y, content);
            self.settle(view.y, content.rows, &mut |item| measure(ui, item, width));
        }
        let total = self.begins.last().copied().unwrap_or(0.0);
        // It would take what was loaded in this pass for overscroll, and spring back from it.
        ui.spacing_mut().scroll.kinetic.rubber_band = false;
        let area = ScrollArea::vertical()
            .auto_shrink(false)
            .animated(false)
            .scroll_bar_visibility(ScrollBarVisibility::VisibleWhenNeeded)
            .vertical_scroll_offset(self.offset);
        let mut unknown = false;
        let output = area.show_viewport(ui, |ui, _| {
            ui.set_height(total.max(view.y));
            let top = ui.max_rect().top() + (view.y - total).max(0.0);
            let clip = ui.clip_rect();
            let first = self.at(clip.top() - top - OVERSCAN);
            for place in first..self.items.len() {
                let (Some(item), Some(begin), Some(end)) =
                    (self.items.get(place), self.begins.get(place), self.begins.get(place + 1))
                else {
                    break;
                };
                if top + begin > clip.bottom() + OVERSCAN {
                    break;
                }
                // Somebody scrolled further than was measured: the next pass has it right.
                unknown |= !self.heights.contains_key(&item.key());
                let rect =
                    Rect::from_min_size(pos2(ui.max_rect().left(), top + begin), vec2(width, end - begin));
                let mut child = ui.new_child(UiBuilder::new().id_salt(item.key()).max_rect(rect));
                paint(&mut child, *item);
            }
        });
        if unknown {
            ui.ctx().request_repaint();
        }
        self.scrolled(output.state.clamped_offset().y, view.y, content)
    }

    /// Finds where this pass begins: measures what will be in sight, with the anchor where it was, until nothing that
    /// was measured moves anything.
    fn settle(&mut self, view: f32, rows: &[MessageView], measure: &mut impl FnMut(Item) -> f32) {
        for _ in 0..8 {
            if std::mem::take(&mut self.stale) || self.begins.is_empty() {
                self.place_items(rows);
            }
            self.offset = self.anchored(view);
            let (from, to) = (self.offset - OVERSCAN, self.offset + view + OVERSCAN);
            let mut changed = false;
            for place in self.at(from)..self.items.len() {
                let (Some(item), Some(begin)) = (self.items.get(place).copied(), self.begins.get(place))
                else {
                    break;
                };
                if *begin > to {
                    break;
                }
                if let std::collections::hash_map::Entry::Vacant(unknown) = self.heights.entry(item.key()) {
                    unknown.insert(measure(item));
                    (changed, self.stale) = (true, true);
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// The offset that keeps the anchor where it is.
    fn anchored(&self, view: f32) -> f32 {
        let last = (self.begins.last().copied().unwrap_or(0.0) - view).max(0.0);
        match self.anchor {
            Anchor::Bottom => last,
            Anchor::Item(key, above) => {
                let place = self.items.iter().position(|item| item.key() == key);
                let begin = place.and_then(|place| self.begins.get(place)).copied();
                begin.map_or(last, |begin| (begin + above).clamp(0.0, last))
            }
        }
    }

    /// Takes where a person scrolled to.
    fn scrolled(&mut self, offset: f32, view: f32, content: Content<'_>) -> Shown {
        let total = self.begins.last().copied().unwrap_or(0.0);
        let at_edge = offset + view >= total - BOTTOM_SLACK;
        let at_bottom = at_edge && content.at_end;
        self.offset = offset;
        if at_bottom && !content.rows.is_empty() {
            (self.anchor, self.left_at) = (Anchor::Bottom, None);
        } else if !content.rows.is_empty() {
            // A message, never a day: what is loaded above may be of the same day, which then begins there.
            let edge = self.at(offset);
            let is_message = |item: &Item| matches!(item, Item::Message(..));
            let message =
                self.items.iter().skip(edge).position(is_message).map_or(edge, |after| edge + after);
            if let (Some(item), Some(begin)) = (self.items.get(message), self.begins.get(message)) {
                self.anchor = Anchor::Item(item.key(), offset - begin);
            }
            self.left_at.get_or_insert(content.arrived);
        }
        Shown {
            at_bottom,
            new_below: self.left_at.map_or(0, |left| content.arrived.saturating_sub(left)),
            older_wanted: offset < MORE_WANTED,
            newer_wanted: !content.at_end && offset + view > total - MORE_WANTED,
        }
    }

    /// The item that a height from the beginning lies in.
    fn at(&self, height: f32) -> usize {
        self.begins.partition_point(|begin| *begin <= height).saturating_sub(1).min(self.items.len())
    }

    fn make_items(&mut self, content: Content<'_>) {
        let made_from = Some((content.revision, content.complete, content.unread_from));
        if self.made_from == made_from {
            return;
        }
        self.made_from = made_from;
        self.stale = true;
        if self.heights.len() > HEIGHTS_MAX {
            self.heights.clear();
        }
        self.items.clear();
        if content.complete {
            self.items.push(Item::Beginning);
        }
        let mut previous: Option<&MessageView> = None;
        for (place, row) in content.rows.iter().enumerate() {
            let day = day_of(row.sent_at);
            let new_day = previous.is_none_or(|previous| day_of(previous.sent_at) != day);
            let unread = content.unread_from == Some(row.id);
            // Clocks differ: a day that was said is not said again.
            if new_day && previous.is_none_or(|previous| day_of(previous.sent_at) < day) {
                self.items.push(Item::Day(day));
            }
            if unread {
                self.items.push(Item::Unread);
            }
            let together = previous.is_some_and(|previous| {
                let apart = row.sent_at.as_millis().abs_diff(previous.sent_at.as_millis());
                previous.author == row.author && apart < TOGETHER_MS && !new_day && !unread
            });
            self.items.push(Item::Message(place, row.id, together));
            previous = Some(row);
        }
    }

    fn place_items(&mut self, rows: &[MessageView]) {
        self.begins.clear();
        let mut begin = 0.0;
        self.begins.push(begin);
        for item in &self.items {
            begin +=
                self.heights.get(&item.key()).copied().unwrap_or_else(|| estimate(*item, rows, self.width));
            self.begins.push(begin);
        }
    }
}

/// About how high an item is that was not seen yet.
fn estimate(item: Item, rows: &[MessageView], width: f32) -> f32 {
    let Item::Message(place, ..) = item else { return 40.0 };
    let length = rows.get(place).and_then(|row| row.text.as_ref()).map_or(20, String::len);
    let letters = u32::try_from(length).unwrap_or(u32::MAX).min(100_000);
    #[expect(clippy::cast_precision_loss, reason = "a bound of 100,000 is exact")]
    let lines = (letters as f32 * 7.5 / width.clamp(120.0, 480.0)).ceil();
    lines.mul_add(18.0, 26.0)
}

#[cfg(test)]
mod tests;
