//! Names in columns, as GNU ls sets them.

/// Space between columns.
const GAP: usize = 2;

/// Lays out cells of the given widths on lines of at most `line` columns; the
/// order goes down the columns, or `across` the lines. The result is, for each
/// line, the cells with the number of blanks behind each.
pub fn lay_out(widths: &[usize], line: usize, across: bool) -> Vec<Vec<(usize, usize)>> {
    let count = widths.len();
    if count == 0 {
        return Vec::new();
    }
    // a column is a character and the gap at least
    let most = (line / (1 + GAP)).clamp(1, count);
    let mut columns = 1;
    let mut rows = count;
    let mut sizes = vec![0];
    for tried in (1..=most).rev() {
        let tall = count.div_ceil(tried);
        let mut wide = vec![0; tried];
        for (i, width) in widths.iter().enumerate() {
            let column = if across { i % tried } else { i / tall };
            if let Some(slot) = wide.get_mut(column) {
                *slot = (*slot).max(width + GAP);
            }
        }
        // The last column needs no gap, but counts as the least that one is.
        let last = wide.last().map_or(0, |width| width.saturating_sub(GAP).max(1 + GAP));
        let total = wide.iter().rev().skip(1).sum::<usize>() + last;
        if tried == 1 || total < line {
            (columns, rows, sizes) = (tried, tall, wide);
            break;
        }
    }
    (0..rows)
        .map(|row| {
            let mut cells = Vec::new();
            for column in 0..columns {
                let at = if across { row * columns + column } else { column * rows + row };
                if let Some(width) = widths.get(at) {
                    let size = sizes.get(column).copied().unwrap_or(0);
                    cells.push((at, size.saturating_sub(*width)));
                }
            }
            if let Some(last) = cells.last_mut() {
                last.1 = 0;
            }
            cells
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(names: &[&str], line: usize, across: bool) -> String {
        let widths: Vec<usize> = names.iter().map(|n| n.len()).collect();
        let mut text = String::new();
        for row in lay_out(&widths, line, across) {
            for (at, pad) in row {
                text.push_str(names[at]);
                text.push_str(&" ".repeat(pad));
            }
            text.push('\n');
        }
        text
    }

    #[test]
    fn down_and_across() {
        let names = ["a", "bbb", "cc", "d", "e"];
        assert_eq!(drawn(&names, 80, false), "a  bbb  cc  d  e\n");
        assert_eq!(drawn(&names, 10, false), "a    d\nbbb  e\ncc\n");
        assert_eq!(drawn(&names, 10, true), "a   bbb\ncc  d\ne\n");
        assert_eq!(drawn(&names, 1, false), "a\nbbb\ncc\nd\ne\n");
        assert_eq!(drawn(&[], 80, false), "");
    }
}
