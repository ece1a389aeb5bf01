//! What becomes of changes that were not synced when the power goes: nothing of them is left, all, those up to a moment
//! with the last one torn, or any of them. A write is torn between sectors: the disk writes one of them or does not.

use std::ops::Range;

use crate::Dice;

/// Sizes of sectors, in bytes: of old disks, and of new ones and pages of memory.
const SECTORS: [usize; 2] = [512, 4_096];

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing that was not synced is left.
    Nothing,
    /// Everything is left, as if it had been synced.
    Everything,
    /// What came before this change is left, and of the change itself a beginning.
    UpTo(u64),
    /// Each change is left or not, as if there were no others.
    Any,
}

/// What is left of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Survival {
    /// Nothing.
    Lost,
    /// The file is as long as if it had happened.
    Hole,
    /// These of its bytes.
    Parts(Vec<Range<usize>>),
}

impl Fate {
    /// One of them; the changes that wait were made at these moments.
    pub(super) fn thrown(dice: &mut Dice, moments: &[u64]) -> Self {
        match dice.below(5) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 | 3 if !moments.is_empty() => Self::UpTo(dice.one_of(moments)),
            _ => Self::Any,
        }
    }

    /// Whether a change that cannot be torn is left.
    pub(super) fn spares(&self, at: u64, dice: &mut Dice) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::UpTo(moment) => at < *moment || (at == *moment && dice.below(2) == 0),
            Self::Any => dice.below(2) == 0,
        }
    }

    /// What is left of a write of so many bytes to this place in a file.
    pub(super) fn of_write(&self, at: u64, offset: usize, length: usize, dice: &mut Dice) -> Survival {
        let whole = || Survival::Parts(vec![Range { start: 0, end: length }]);
        match self {
            Self::Nothing => Survival::Lost,
            Self::Everything => whole(),
            Self::UpTo(moment) if at < *moment => whole(),
            Self::UpTo(moment) if at > *moment => Survival::Lost,
            Self::UpTo(_) => {
                let sectors = sectors(offset, length, dice);
                let left = dice.below(sectors.len() + 1);
                Survival::Parts(sectors.into_iter().take(left).collect())
            }
            Self::Any => match dice.below(8) {
                0..4 => whole(),
                4 | 5 => Survival::Lost,
                6 => Survival::Hole,
                _ => {
                    let sectors = sectors(offset, length, dice);
                    Survival::Parts(sectors.into_iter().filter(|_| dice.below(2) == 0).collect())
                }
            },
        }
    }
}

/// The sectors that a write touches, as parts of it.
fn sectors(offset: usize, length: usize, dice: &mut Dice) -> Vec<Range<usize>> {
    let size = dice.one_of(&SECTORS);
    let mut sectors = Vec::new();
    let mut begin = 0;
    while begin < length {
        let end = (begin + size - (offset + begin) % size).min(length);
        sectors.push(begin..end);
        begin = end;
    }
    sectors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_torn_where_sectors_meet_and_nowhere_else() {
        let mut dice = Dice::seeded(7);
        let (mut torn, mut whole) = (0, 0);
        for round in 0..1_000 {
            let (offset, length) = (dice.below(9_000), 1 + dice.below(9_000));
            let fate = if round % 2 == 0 { Fate::UpTo(5) } else { Fate::Any };
            let Survival::Parts(parts) = fate.of_write(5, offset, length, &mut dice) else { continue };
            let left: usize = parts.iter().map(Range::len).sum();
            assert!(parts.windows(2).all(|two| two[0].end <= two[1].start), "{parts:?}");
            for edge in parts.iter().flat_map(|part| [part.start, part.end]) {
                assert!(edge == 0 || edge == length || (offset + edge) % 512 == 0, "{offset}, {parts:?}");
            }
            assert!(left <= length);
            if left == length {
                whole += 1;
            } else {
                torn += 1;
            }
        }
        assert!(torn > 200 && whole > 200, "{torn} torn, {whole} whole");
    }

    #[test]
    fn what_came_before_the_moment_is_left_and_what_came_after_it_is_not() {
        let mut dice = Dice::seeded(8);
        let fate = Fate::UpTo(5);
        for _ in 0..20 {
            assert!(fate.spares(4, &mut dice) && !fate.spares(6, &mut dice));
            assert_eq!(
                fate.of_write(4, 100, 600, &mut dice),
                Survival::Parts(vec![Range { start: 0, end: 600 }])
            );
            assert_eq!(fate.of_write(6, 100, 600, &mut dice), Survival::Lost);
        }
    }
}
