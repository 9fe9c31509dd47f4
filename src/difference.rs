//! What differs between two lists of lines: Myers' algorithm with a middle
//! snake, in linear space, with a bound on the search for lists that have
//! little in common. Pure.

/// Lines that one side has and the other has not, between lines that both
/// have. Places are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the lines of the first list start.
    pub old: usize,
    /// How many of them are gone.
    pub gone: usize,
    /// Where the lines of the second list start.
    pub new: usize,
    /// How many of them have come.
    pub come: usize,
}

/// How far a search goes before a good guess will do, unless it must be minimal.
const BOUND: usize = 4096;

/// The changes from `a` to `b`, whose lines are numbers: the same number is
/// the same line.
pub fn changes(a: &[u32], b: &[u32], minimal: bool) -> Vec<Change> {
    let size = a.len() + b.len() + 3;
    let mut search = Search {
        a,
        b,
        base: b.len() as isize + 1,
        forward: vec![0; size],
        backward: vec![0; size],
        bound: if minimal { usize::MAX } else { BOUND },
    };
    let mut gone = vec![false; a.len()];
    let mut come = vec![false; b.len()];
    // Ranges that are left to compare: no recursion.
    let mut open = vec![(0isize, a.len() as isize, 0isize, b.len() as isize)];
    while let Some((mut x0, mut x1, mut y0, mut y1)) = open.pop() {
        while x0 < x1 && y0 < y1 && search.same(x0, y0) {
            x0 += 1;
            y0 += 1;
        }
        while x0 < x1 && y0 < y1 && search.same(x1 - 1, y1 - 1) {
            x1 -= 1;
            y1 -= 1;
        }
        if x0 == x1 || y0 == y1 {
            gone.get_mut(x0 as usize..x1 as usize).unwrap_or_default().fill(true);
            come.get_mut(y0 as usize..y1 as usize).unwrap_or_default().fill(true);
            continue;
        }
        let (x, y) = search.middle(x0, x1, y0, y1);
        open.push((x, x1, y, y1));
        open.push((x0, x, y0, y));
    }
    slide(a, &mut gone, &come);
    slide(b, &mut come, &gone);
    collect(&gone, &come)
}

struct Search<'a> {
    a: &'a [u32],
    b: &'a [u32],
    /// Diagonal x - y is kept at this place plus its number.
    base: isize,
    forward: Vec<isize>,
    backward: Vec<isize>,
    bound: usize,
}

fn read(list: &[isize], at: isize) -> isize {
    usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or(0)
}

fn write(list: &mut [isize], at: isize, value: isize) {
    if let Some(place) = usize::try_from(at).ok().and_then(|at| list.get_mut(at)) {
        *place = value;
    }
}

impl Search<'_> {
    fn same(&self, x: isize, y: isize) -> bool {
        self.a.get(x as usize) == self.b.get(y as usize)
    }

    /// A place that a shortest path between the corners goes through, or a good
    /// one when the search took too long.
    fn middle(&mut self, x0: isize, x1: isize, y0: isize, y1: isize) -> (isize, isize) {
        let base = self.base;
        let (least, most) = (x0 - y1, x1 - y0);
        let (start, stop) = (x0 - y0, x1 - y1);
        let odd = (start - stop) & 1 != 0;
        let (mut f_low, mut f_high, mut b_low, mut b_high) = (start, start, stop, stop);
        write(&mut self.forward, base + start, x0);
        write(&mut self.backward, base + stop, x1);
        let mut steps = 0;
        loop {
            if f_low > least {
                f_low -= 1;
                write(&mut self.forward, base + f_low - 1, -1);
            } else {
                f_low += 1;
            }
            if f_high < most {
                f_high += 1;
                write(&mut self.forward, base + f_high + 1, -1);
            } else {
                f_high -= 1;
            }
            let mut d = f_high;
            while d >= f_low {
                let (low, high) =
                    (read(&self.forward, base + d - 1), read(&self.forward, base + d + 1));
                let mut x = if low < high { high } else { low + 1 };
                let mut y = x - d;
                while x < x1 && y < y1 && self.same(x, y) {
                    x += 1;
                    y += 1;
                }
                write(&mut self.forward, base + d, x);
                if odd && b_low <= d && d <= b_high && read(&self.backward, base + d) <= x {
                    return (x, y);
                }
                d -= 2;
            }
            if b_low > least {
                b_low -= 1;
                write(&mut self.backward, base + b_low - 1, isize::MAX);
            } else {
                b_low += 1;
            }
            if b_high < most {
                b_high += 1;
                write(&mut self.backward, base + b_high + 1, isize::MAX);
            } else {
                b_high -= 1;
            }
            let mut d = b_high;
            while d >= b_low {
                let (low, high) =
                    (read(&self.backward, base + d - 1), read(&self.backward, base + d + 1));
                let mut x = if low < high { low } else { high - 1 };
                let mut y = x - d;
                while x > x0 && y > y0 && self.same(x - 1, y - 1) {
                    x -= 1;
                    y -= 1;
                }
                write(&mut self.backward, base + d, x);
                if !odd && f_low <= d && d <= f_high && x <= read(&self.forward, base + d) {
                    return (x, y);
                }
                d -= 2;
            }
            steps += 1;
            if steps >= self.bound {
                return self.furthest((f_low, f_high), x0 + y0, x1, y1);
            }
        }
    }

    /// The furthest place that was reached from the start.
    fn furthest(
        &self,
        (low, high): (isize, isize),
        start: isize,
        x1: isize,
        y1: isize,
    ) -> (isize, isize) {
        let mut best = (start, (x1, y1));
        let mut d = high;
        while d >= low {
            let mut x = read(&self.forward, self.base + d).min(x1);
            let mut y = x - d;
            if y > y1 {
                (x, y) = (y1 + d, y1);
            }
            if x + y > best.0 && (x, y) != (x1, y1) {
                best = (x + y, (x, y));
            }
            d -= 2;
        }
        best.1
    }
}

fn is_set(list: &[bool], at: isize) -> bool {
    usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or(false)
}

fn set(list: &mut [bool], at: isize, value: bool) {
    if let Some(place) = usize::try_from(at).ok().and_then(|at| list.get_mut(at)) {
        *place = value;
    }
}

/// Moves changes over lines that are the same as theirs: down as far as it
/// goes, so that they join others, or to where the other side changes. People
/// expect them there.
fn slide(lines: &[u32], changed: &mut [bool], other: &[bool]) {
    let line = |at: isize| usize::try_from(at).ok().and_then(|at| lines.get(at));
    let all = lines.len() as isize;
    let (mut i, mut j) = (0isize, 0isize);
    loop {
        while i < all && !is_set(changed, i) {
            while is_set(other, j) {
                j += 1;
            }
            j += 1;
            i += 1;
        }
        if i >= all {
            return;
        }
        let mut start = i;
        while is_set(changed, i) {
            i += 1;
        }
        while is_set(other, j) {
            j += 1;
        }
        let back = |j: &mut isize| {
            *j -= 1;
            while is_set(other, *j) {
                *j -= 1;
            }
        };
        let mut matching;
        loop {
            let length = i - start;
            while start > 0 && line(start - 1) == line(i - 1) {
                start -= 1;
                set(changed, start, true);
                i -= 1;
                set(changed, i, false);
                while is_set(changed, start - 1) {
                    start -= 1;
                }
                back(&mut j);
            }
            matching = if is_set(other, j - 1) { i } else { all };
            while i != all && line(start) == line(i) {
                set(changed, start, false);
                start += 1;
                set(changed, i, true);
                i += 1;
                while is_set(changed, i) {
                    i += 1;
                }
                j += 1;
                while is_set(other, j) {
                    j += 1;
                    matching = i;
                }
            }
            if length == i - start {
                break;
            }
        }
        while matching < i {
            start -= 1;
            set(changed, start, true);
            i -= 1;
            set(changed, i, false);
            back(&mut j);
        }
    }
}

fn collect(gone: &[bool], come: &[bool]) -> Vec<Change> {
    let mut list = Vec::new();
    let (mut x, mut y) = (0, 0);
    while x < gone.len() || y < come.len() {
        let run = |list: &[bool], at: usize| list.iter().skip(at).take_while(|c| **c).count();
        let (g, c) = (run(gone, x), run(come, y));
        if g + c > 0 {
            list.push(Change { old: x, gone: g, new: y, come: c });
        }
        x += g + 1;
        y += c + 1;
    }
    list
}

/// For the fuzzer: the changes lead from one list to the other.
pub fn exercise(data: &[u8]) {
    let (a, b) = data.split_at(data.len() / 2);
    let numbers = |bytes: &[u8]| -> Vec<u32> { bytes.iter().map(|b| u32::from(b % 7)).collect() };
    let (a, b) = (numbers(a), numbers(b));
    let mut built: Vec<u32> = Vec::new();
    let mut at = 0;
    for change in changes(&a, &b, data.len().is_multiple_of(2)) {
        built.extend_from_slice(a.get(at..change.old).unwrap_or_default());
        assert!(built.len() == change.new);
        built.extend_from_slice(b.get(change.new..change.new + change.come).unwrap_or_default());
        at = change.old + change.gone;
    }
    built.extend_from_slice(a.get(at..).unwrap_or_default());
    assert!(built == b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_changes() {
        let one = |old, gone, new, come| Change { old, gone, new, come };
        assert_eq!(changes(&[1, 2, 3], &[1, 3], true), [one(1, 1, 1, 0)]);
        assert_eq!(changes(&[], &[1], true), [one(0, 0, 0, 1)]);
        assert_eq!(changes(&[1, 2], &[1, 2], true), []);
        // moved down as far as it goes
        assert_eq!(changes(&[1, 2, 2], &[1, 2, 2, 2], true), [one(3, 0, 3, 1)]);
        assert_eq!(changes(&[1, 2, 3, 4], &[9, 2, 8, 4], true), [one(0, 1, 0, 1), one(2, 1, 2, 1)]);
    }

    #[test]
    fn random_lists() {
        let mut state = 5u32;
        for length in 0..300 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            exercise(&bytes);
        }
    }

    #[test]
    fn nothing_in_common_is_no_hang() {
        let a: Vec<u32> = (0..20_000).collect();
        let b: Vec<u32> = (20_000..40_000).collect();
        assert_eq!(changes(&a, &b, false).len(), 1);
    }
}
