//! Sorting that costs the program few bytes.
//!
//! The standard library's sorts are written anew for every type and order, 3
//! to 6 KB each time. Here one merge sort of numbers does the work for all;
//! what is written anew is only the moving of the elements. Nothing in this
//! program sorts so much that the difference in time could be noticed.

use std::cmp::Ordering;

/// Sorts a list; equal elements keep their order.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, |a, b| a.cmp(b));
}

/// Sorts by what `compare` says; equal elements keep their order.
pub fn sort_by<T>(list: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut places = sorted_places(list.len(), &mut |a, b| match (list.get(a), list.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    });
    // Where an element is that was swapped away, its old place says.
    for to in 0..places.len() {
        let mut from = places.get(to).copied().unwrap_or(to);
        while from < to {
            from = places.get(from).copied().unwrap_or(to);
        }
        list.swap(to, from);
        if let Some(slot) = places.get_mut(to) {
            *slot = from;
        }
    }
}

/// So many are sorted by insertion.
const FEW: usize = 12;

/// The numbers below `count` in the order that `compare` says.
fn sorted_places(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut from: Vec<usize> = (0..count).collect();
    if count <= FEW {
        for end in 1..count {
            let mut at = end;
            while let Some([a, b]) = at.checked_sub(1).and_then(|a| from.get_mut(a..=at))
                && compare(*a, *b) == Ordering::Greater
            {
                std::mem::swap(a, b);
                at -= 1;
            }
        }
        return from;
    }
    let mut to = Vec::with_capacity(count);
    let mut width = 1;
    while width < count {
        to.clear();
        for pair in from.chunks(width * 2) {
            let (mut a, mut b) = pair.split_at(width.min(pair.len()));
            while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
                if compare(*x, *y) == Ordering::Greater {
                    to.push(*y);
                    b = rest_b;
                } else {
                    to.push(*x);
                    a = rest_a;
                }
            }
            to.extend_from_slice(a);
            to.extend_from_slice(b);
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library_does() {
        let mut state = 7u32;
        for length in 0..70 {
            let mut list: Vec<(u32, usize)> = (0..length)
                .map(|n| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 28, n)
                })
                .collect();
            let mut other = list.clone();
            sort_by(&mut list, |a, b| a.0.cmp(&b.0));
            other.sort_by_key(|e| e.0);
            assert_eq!(list, other);
        }
    }

    #[test]
    fn whole_elements() {
        let mut list = vec!["b".to_string(), "c".into(), "a".into()];
        sort(&mut list);
        assert_eq!(list, ["a", "b", "c"]);
    }
}
