//! Tables for people, as libsmartcols of util-linux lays them out.

/// A column.
pub struct Column {
    /// What is above it.
    pub name: &'static str,
    /// A width that it has when the values want more than the head.
    pub width: usize,
    /// To the right.
    pub right: bool,
}

/// How many characters a text has.
pub fn width(text: &[u8]) -> usize {
    text.iter().filter(|&&b| b & 0xc0 != 0x80).count()
}

/// Appends the lines to `out`, with the names of the columns above them when
/// `head`.
#[inline(never)]
pub fn print(columns: &[&Column], lines: &[Vec<Vec<u8>>], head: bool, out: &mut Vec<u8>) {
    let mut widths = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let most = lines.iter().filter_map(|line| line.get(at)).map(|text| width(text)).max();
        let (most, head) = (most.unwrap_or(0), column.name.len());
        widths.push(match most {
            most if most < head => head,
            most if most < column.width && head < column.width => column.width,
            most => most,
        });
    }
    if head {
        let names: Vec<Vec<u8>> = columns.iter().map(|column| column.name.into()).collect();
        print_line(columns, &names, &widths, out);
    }
    for line in lines {
        print_line(columns, line, &widths, out);
    }
}

fn print_line(columns: &[&Column], cells: &[Vec<u8>], widths: &[usize], out: &mut Vec<u8>) {
    for (at, cell) in cells.iter().enumerate() {
        let (column, wanted) = (columns.get(at), widths.get(at).copied().unwrap_or(0));
        let blanks = std::iter::repeat_n(b' ', wanted.saturating_sub(width(cell)));
        if at > 0 {
            out.push(b' ');
        }
        if !column.is_some_and(|column| column.right) {
            out.extend_from_slice(cell);
            if at + 1 < cells.len() {
                out.extend(blanks);
            }
        } else if at + 1 < cells.len() || !cell.is_empty() {
            out.extend(blanks);
            out.extend_from_slice(cell);
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_sides() {
        let left = Column { name: "NAME", width: 6, right: false };
        let right = Column { name: "N", width: 1, right: true };
        let lines = [vec![b"abcde".to_vec(), b"10".to_vec()], vec!["é".into(), Vec::new()]];
        let mut out = Vec::new();
        print(&[&left, &right], &lines, true, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "NAME    N\nabcde  10\né      \n");
    }
}
