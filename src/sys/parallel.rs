//! Work on all processors.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How many processors there are for this process (sched_getaffinity(2)).
pub fn processors() -> usize {
    let mask = super::schedule::affinity(0).unwrap_or_default();
    mask.iter().map(|byte| byte.count_ones() as usize).sum::<usize>().max(1)
}

/// Calls `work` with each number below `count`, on as many threads as there are
/// processors; comes back when all is done. Where no thread can be made it is
/// done by this one.
pub fn in_parallel(count: usize, work: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let some = || {
        loop {
            let number = next.fetch_add(1, Relaxed);
            if number >= count {
                return;
            }
            work(number);
        }
    };
    #[allow(clippy::disallowed_methods)] // the allocator knows of these
    super::heap::with_threads(|| {
        std::thread::scope(|scope| {
            for _ in 1..processors().min(count) {
                if std::thread::Builder::new().spawn_scoped(scope, some).is_err() {
                    break;
                }
            }
            some();
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_once() {
        let calls: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
        in_parallel(1000, &|number| {
            calls[number].fetch_add(1, Relaxed);
        });
        assert!(calls.iter().all(|count| count.load(Relaxed) == 1));
        in_parallel(0, &|_| panic!("nothing to do"));
    }
}
