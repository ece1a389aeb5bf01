//! How many corners of codes a picture seems to have, before anything is compared with anything.
//!
//! A corner is a black ring around a black stone. On a line through its middle black, white, black, white, black are as
//! long as 1:1:3:1:1, ring and stone do not touch, and the stone has about three eighths of the ring's points.

use std::collections::BTreeSet;

/// Counts them, and stops above `enough`.
pub(super) fn count(black: &[bool], width: usize, enough: usize) -> usize {
    let areas = Areas::of(black, width);
    let mut stones = BTreeSet::new();
    for (y, row) in black.chunks(width.max(1)).enumerate() {
        for [_, stone, ring] in candidates(row) {
            let (stone, ring) = (areas.of_point(y * width + stone), areas.of_point(y * width + ring));
            let ratio = areas.points(stone) * 100 / areas.points(ring).max(1);
            if stone != ring && (10..=70).contains(&ratio) {
                stones.insert(stone);
            }
        }
        if stones.len() > enough {
            break;
        }
    }
    stones.len()
}

/// Where a line may go through a corner: its left end, its middle, its right end.
fn candidates(row: &[bool]) -> Vec<[usize; 3]> {
    let mut found = Vec::new();
    // Where each of the last five runs began, and which is under way.
    let mut begins = [0_usize; 5];
    let mut runs = 0_usize;
    let ends = row.iter().skip(1).map(Some).chain([None]);
    for ((place, this), next) in row.iter().enumerate().zip(ends) {
        if next == Some(this) {
            continue;
        }
        runs += 1;
        let end = place + 1;
        let [a, b, c, d, e] = begins;
        if *this && runs >= 5 && is_corner([b - a, c - b, d - c, e - d, end - e]) {
            found.push([a, c, e]);
        }
        begins = [b, c, d, e, end];
    }
    found
}

fn is_corner(runs: [usize; 5]) -> bool {
    let [first, second, _, fourth, fifth] = runs;
    let mean = (first + second + fourth + fifth) / 4;
    let slack = mean * 3 / 4;
    runs.into_iter().zip([1, 1, 3, 1, 1]).all(|(run, times)| run.abs_diff(times * mean) <= slack)
}

/// Black points that touch are one area; each is known by one of its points.
struct Areas {
    parents: Vec<u32>,
    points: Vec<u32>,
}

impl Areas {
    fn of(black: &[bool], width: usize) -> Self {
        let length = u32::try_from(black.len()).unwrap_or_default();
        let mut areas = Self { parents: (0..length).collect(), points: vec![1; black.len()] };
        for (place, _) in black.iter().enumerate().filter(|(_, black)| **black) {
            let is_black = |other: usize| black.get(other).copied().unwrap_or_default();
            if place % width != 0 && is_black(place - 1) {
                areas.join(place - 1, place);
            }
            if place >= width && is_black(place - width) {
                areas.join(place - width, place);
            }
        }
        areas
    }

    fn parent(&self, place: usize) -> usize {
        self.parents.get(place).and_then(|parent| usize::try_from(*parent).ok()).unwrap_or(place)
    }

    fn of_point(&self, mut place: usize) -> usize {
        while self.parent(place) != place {
            place = self.parent(place);
        }
        place
    }

    fn points(&self, area: usize) -> u64 {
        self.points.get(area).copied().map_or(1, u64::from)
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of_point(one), self.of_point(other));
        if one == other {
            return;
        }
        // The smaller joins the larger, so that ways stay short.
        let (large, small) = if self.points(one) >= self.points(other) { (one, other) } else { (other, one) };
        let gained = self.points.get(small).copied().unwrap_or_default();
        if let (Some(parent), Ok(large)) = (self.parents.get_mut(small), u32::try_from(large)) {
            *parent = large;
        }
        if let Some(points) = self.points.get_mut(large) {
            *points += gained;
        }
    }
}
