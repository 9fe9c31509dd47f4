//! Pictures in PPM: P6 (bytes) and P3 (numbers). ppm(5) of netpbm.

/// A picture: red, green and blue of each dot, row after row, 0 to 255.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    /// Dots in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Three bytes a dot.
    pub dots: Vec<u8>,
}

/// Words of a header, with comments left out.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn number(&mut self) -> Option<usize> {
        loop {
            match self.0 {
                [b'#', ..] => {
                    let end = self.0.iter().position(|&b| b == b'\n')?;
                    self.0 = self.0.get(end..)?;
                }
                [first, rest @ ..] if first.is_ascii_whitespace() => self.0 = rest,
                _ => break,
            }
        }
        let end = self.0.iter().position(|b| !b.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
}

impl Picture {
    /// Reads a file's bytes.
    pub fn parse(file: &[u8]) -> Result<Picture, &'static str> {
        let (rest, plain) = match file {
            [b'P', b'6', rest @ ..] => (rest, false),
            [b'P', b'3', rest @ ..] => (rest, true),
            _ => return Err("not a PPM picture (P6 or P3)"),
        };
        let mut words = Words(rest);
        let mut header = || words.number().filter(|n| (1..=65535).contains(n));
        let (Some(width), Some(height), Some(most)) = (header(), header(), header()) else {
            return Err("the picture has no good header");
        };
        let cut = "the picture is cut off";
        // A dot takes at least three bytes, in numbers with something between.
        let least = width * height * if plain { 6 } else { 3 };
        let body = words.0.get(1..).unwrap_or_default();
        if body.len().saturating_add(1) < least {
            return Err(cut);
        }
        let count = width * height * 3;
        let scale = |value: usize| u8::try_from((value.min(most) * 255 + most / 2) / most);
        let mut dots = Vec::with_capacity(count);
        if plain {
            while dots.len() < count {
                dots.push(scale(words.number().ok_or(cut)?).unwrap_or(0));
            }
        } else if most < 256 {
            let bytes = body.get(..count).ok_or(cut)?;
            dots.extend(bytes.iter().map(|&b| scale(usize::from(b)).unwrap_or(0)));
        } else {
            let bytes = body.get(..count * 2).ok_or(cut)?;
            for pair in bytes.chunks_exact(2) {
                let &[high, low] = pair else { break };
                dots.push(scale(usize::from(u16::from_be_bytes([high, low]))).unwrap_or(0));
            }
        }
        Ok(Picture { width, height, dots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(file: &[u8]) -> Result<Vec<u8>, &'static str> {
        Picture::parse(file).map(|picture| picture.dots)
    }

    #[test]
    fn pictures() {
        let picture = Picture::parse(b"P6\n# made\n2 1\n255\n\0\x01\x02\xfd\xfe\xffmore").unwrap();
        assert_eq!((picture.width, picture.height), (2, 1));
        assert_eq!(picture.dots, [0, 1, 2, 253, 254, 255]);
        assert_eq!(dots(b"P6 1 1 15 \x0f\x07\0"), Ok(vec![255, 119, 0]));
        assert_eq!(dots(b"P6 1 1 65535\n\xff\xff\x80\0\0\xff"), Ok(vec![255, 128, 1]));
        assert_eq!(
            dots(b"P3\n1 2\n10\n0 5 10\n10 # c\n5 20"),
            Ok(vec![0, 128, 255, 255, 128, 255])
        );
    }

    #[test]
    fn what_is_no_picture() {
        for bad in
            [&b"P5 1 1 255 x"[..], b"", b"P6", b"P6 0 1 255 ", b"P6 x 1 255 ", b"P6 1 1 0 abc"]
        {
            assert!(dots(bad).is_err());
        }
        assert_eq!(dots(b"P6 2 1 255 abcde"), Err("the picture is cut off"));
        assert_eq!(dots(b"P6 65535 65535 255 "), Err("the picture is cut off"));
        assert_eq!(dots(b"P3 1 1 255 1 2  "), Err("the picture is cut off"));
        assert_eq!(dots(b"P6 99999 1 255 "), Err("the picture has no good header"));
    }
}
