//! tsort: put in order what comes before what. POSIX.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tsort",
    summary: "put in order what comes before what",
    usage: "[FILE]\n\x20 FILE has pairs of words: the first comes before the second",
    kind: Kind::Fork, // reading may block
    run,
};

/// A word, how many come before it, and what comes behind it.
struct Item {
    name: Vec<u8>,
    before: usize,
    behind: Vec<usize>,
    done: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    options.at_most(1)?;
    let mut text: Vec<u8> = Vec::new();
    inputs::each(cx, &options.operands, &mut |_, input| {
        while let Some(block) = input.block()? {
            text.extend_from_slice(block);
        }
        Ok(())
    })?;
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
    if !words.len().is_multiple_of(2) {
        return Err(Error::msg("an odd number of words"));
    }
    // The items, and their places sorted by name.
    let mut items: Vec<Item> = Vec::new();
    let mut sorted: Vec<usize> = Vec::new();
    for pair in words.chunks(2) {
        let mut places = [0; 2];
        for (place, word) in places.iter_mut().zip(pair) {
            let found = sorted.binary_search_by(|at| {
                items.get(*at).map_or(&b""[..], |item| item.name.as_slice()).cmp(word)
            });
            *place = match found {
                Ok(at) => sorted.get(at).copied().unwrap_or(0),
                Err(at) => {
                    sorted.insert(at, items.len());
                    items.push(Item {
                        name: word.to_vec(),
                        before: 0,
                        behind: Vec::new(),
                        done: false,
                    });
                    items.len() - 1
                }
            };
        }
        let [first, second] = places;
        if first != second {
            if let Some(item) = items.get_mut(first) {
                item.behind.push(second);
            }
            if let Some(item) = items.get_mut(second) {
                item.before += 1;
            }
        }
    }
    let mut queue: std::collections::VecDeque<usize> =
        sorted.iter().copied().filter(|at| items.get(*at).is_some_and(|i| i.before == 0)).collect();
    let mut left = items.len();
    while left > 0 {
        let Some(at) = queue.pop_front() else {
            // A circle: it is broken at its first word.
            cx.warn("the input has a circle:");
            let Some(mut at) = items.iter().position(|item| !item.done) else { break };
            let mut seen = Vec::new();
            // Backwards along what is left until a word comes again.
            while !seen.contains(&at) {
                seen.push(at);
                let previous =
                    items.iter().position(|item| !item.done && item.behind.contains(&at));
                at = previous.unwrap_or(at);
            }
            let start = seen.iter().position(|n| *n == at).unwrap_or(0);
            for n in seen.iter().skip(start).rev() {
                let name =
                    items.get(*n).map(|i| show_bytes(&i.name).to_string()).unwrap_or_default();
                cx.note(name);
            }
            if let Some(item) = items.get_mut(at) {
                item.before = 0;
            }
            queue.push_back(at);
            continue;
        };
        let Some(item) = items.get_mut(at) else { continue };
        if std::mem::replace(&mut item.done, true) {
            continue;
        }
        left -= 1;
        let name = [&item.name[..], b"\n"].concat();
        let behind = std::mem::take(&mut item.behind);
        cx.put(&name)?;
        for next in behind {
            if let Some(item) = items.get_mut(next).filter(|item| !item.done) {
                item.before = item.before.saturating_sub(1);
                if item.before == 0 {
                    queue.push_back(next);
                }
            }
        }
    }
    Ok(cx.status())
}
