//! The Burrows-Wheeler transform.

/// The rotations of `block` in order, by where each begins.
///
/// Sorted by their first eight bytes, then by doubling: two rotations equal so
/// far are told apart by the ranks of what follows (Manber and Myers; Larsson
/// and Sadakane). No input takes it more than n log² n.
pub fn rotations(block: &[u8]) -> Vec<u32> {
    let count = block.len();
    let mut keyed: Vec<(u64, u32)> = Vec::with_capacity(count);
    let mut key = 0u64;
    for n in 0..7 {
        key = key << 8 | u64::from(block.get(n % count.max(1)).copied().unwrap_or(0));
    }
    for at in 0..count {
        key = key << 8 | u64::from(block.get((at + 7) % count).copied().unwrap_or(0));
        keyed.push((key, at as u32));
    }
    keyed.sort_unstable();
    // The rank of a rotation is where its group of equal ones ends.
    let mut order: Vec<u32> = Vec::with_capacity(count);
    let mut ranks = vec![0u32; count];
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    for group in keyed.chunk_by(|a, b| a.0 == b.0) {
        let to = from + group.len();
        for &(_, at) in group {
            order.push(at);
            if let Some(rank) = ranks.get_mut(at as usize) {
                *rank = to as u32;
            }
        }
        if group.len() > 1 {
            groups.push((from, to));
        }
        from = to;
    }
    drop(keyed);

    let mut reach = 8;
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    while !groups.is_empty() && reach < count {
        let mut left = Vec::new();
        // Ranks change only when all keys of a group were read.
        for &(from, to) in &groups {
            pairs.clear();
            let members = order.get(from..to).unwrap_or_default();
            pairs.extend(members.iter().map(|&at| {
                let next = (at as usize + reach) % count;
                (ranks.get(next).copied().unwrap_or(0), at)
            }));
            pairs.sort_unstable();
            let mut start = from;
            for group in pairs.chunk_by(|a, b| a.0 == b.0) {
                let end = start + group.len();
                for (slot, &(_, at)) in
                    order.get_mut(start..end).unwrap_or_default().iter_mut().zip(group)
                {
                    *slot = at;
                    if let Some(rank) = ranks.get_mut(at as usize) {
                        *rank = end as u32;
                    }
                }
                if group.len() > 1 {
                    left.push((start, end));
                }
                start = end;
            }
        }
        groups = left;
        reach *= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plainly(block: &[u8]) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> =
            (0..block.len()).map(|n| [&block[n..], &block[..n]].concat()).collect();
        all.sort();
        all
    }

    #[test]
    fn in_order() {
        let mut state = 7u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for n in 1..60 {
            for letters in [1, 2, 3, 250] {
                let block: Vec<u8> = (0..n).map(|_| (random() % letters) as u8).collect();
                let found: Vec<Vec<u8>> = rotations(&block)
                    .into_iter()
                    .map(|at| [&block[at as usize..], &block[..at as usize]].concat())
                    .collect();
                assert_eq!(found, plainly(&block), "{block:?}");
            }
        }
        assert!(rotations(b"").is_empty());
    }
}
