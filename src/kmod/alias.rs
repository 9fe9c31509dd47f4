//! Module names and alias patterns.
//!
//! In a module's name `-` and `_` are one character. An alias is a shell
//! pattern (fnmatch without FNM_PATHNAME: `*` crosses `/`), against which the
//! modalias of a device or a name asked for is matched.

/// The one form of a module's name or alias: `-` becomes `_`, but not inside
/// brackets, where it is a range.
pub fn fold(name: &[u8]) -> Vec<u8> {
    let mut folded = name.to_vec();
    let mut bracket = false;
    for b in &mut folded {
        match b {
            b'[' => bracket = true,
            b']' => bracket = false,
            b'-' if !bracket => *b = b'_',
            _ => {}
        }
    }
    folded
}

fn fold_byte(b: u8) -> u8 {
    if b == b'-' { b'_' } else { b }
}

/// Whether two names are one module's.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| fold_byte(a) == fold_byte(b))
}

/// The name of the module in a file: what is before `.ko`, folded. None when
/// the file is not called like a module (`.ko`, `.ko.gz`, `.ko.xz`, ...).
pub fn module_of_path(path: &[u8]) -> Option<Vec<u8>> {
    stem_of_path(path).map(fold)
}

/// The name of a module file before `.ko`, as it is spelled.
pub fn stem_of_path(path: &[u8]) -> Option<&[u8]> {
    let base = base_of_path(path);
    let mut at = 1;
    loop {
        at += base.get(at..)?.iter().position(|&b| b == b'.')?;
        if is_extension(base.get(at..)?) {
            return base.get(..at);
        }
        at += 1;
    }
}

/// What is behind the last slash.
pub fn base_of_path(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    path.get(slash..).unwrap_or_default()
}

/// Whether a file name can end like this.
fn is_extension(text: &[u8]) -> bool {
    let packed: [&[u8]; 6] = [b".gz", b".xz", b".zst", b".lz4", b".bz2", b".lzma"];
    text.strip_prefix(b".ko").is_some_and(|behind| behind.is_empty() || packed.contains(&behind))
}

/// Whether a path is the file of the module `name`. Made for the search
/// through a long list, where nearly all are not.
pub fn is_file_of(path: &[u8], name: &[u8]) -> bool {
    let base = base_of_path(path);
    match base.split_at_checked(name.len()) {
        Some((stem, behind)) if behind.first() == Some(&b'.') => {
            same(stem, name) && !stem.is_empty() && is_extension(behind)
        }
        _ => false,
    }
}

/// Whether a name may be looked for at all: not empty, no control bytes, of a
/// length that the kernel could have asked for. A `/` is only for the alias of
/// a device (`of:Nusb/hub...`): a path is no module name (CVE-2014-9645).
pub fn is_name(name: &[u8]) -> bool {
    let end = name.iter().position(|&b| b == b':').unwrap_or(name.len());
    let first = name.get(..end).unwrap_or_default();
    !name.is_empty()
        && name.len() <= 4096
        && !first.contains(&b'/')
        && !name.iter().any(|&b| b < b' ' || b == 0x7f)
}

/// Whether a module can have this name.
pub fn is_module_name(name: &[u8]) -> bool {
    is_name(name) && !name.contains(&b'/')
}

/// Whether a pattern matches all of `text`. `*`, `?`, `[a-z]`, `[!a]`, `\x`;
/// `-` and `_` are the same outside brackets. The time is at most the product
/// of the lengths.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (pattern, text);
    // Most differ in a few bytes, none of them special.
    while let ([a, rest @ ..], [b, behind @ ..]) = (p, t)
        && a == b
        && !matches!(a, b'*' | b'?' | b'[' | b'\\')
    {
        (p, t) = (rest, behind);
    }
    // Where to go on when what follows the last star does not fit: only the
    // last one matters, so there is no recursion.
    let mut back: Option<(&[u8], &[u8])> = None;
    loop {
        let next = match (p, t) {
            ([b'*'], _) | ([], []) => return true,
            ([b'*', rest @ ..], _) => {
                back = Some((rest, t));
                p = rest;
                continue;
            }
            ([b'?', rest @ ..], [_, ..]) => Some(rest),
            ([b'[', rest @ ..], [b, ..]) => match bracket(rest, *b) {
                Some((true, behind)) => Some(behind),
                Some((false, _)) => None,
                None => (*b == b'[').then_some(rest),
            },
            ([b'\\', c, rest @ ..], [b, ..]) => (c == b).then_some(rest),
            ([c, rest @ ..], [b, ..]) => (fold_byte(*c) == fold_byte(*b)).then_some(rest),
            _ => None,
        };
        if let (Some(rest), [_, behind @ ..]) = (next, t) {
            (p, t) = (rest, behind);
            continue;
        }
        let Some((after_star, [_, behind @ ..])) = back else { return false };
        back = Some((after_star, behind));
        (p, t) = (after_star, behind);
    }
}

/// Whether `b` is in the set whose inside `set` begins with, and the pattern
/// behind it. None when the set is not closed.
fn bracket(set: &[u8], b: u8) -> Option<(bool, &[u8])> {
    let (negated, mut rest) = match set {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    let mut first = true;
    loop {
        rest = match rest {
            [] => return None,
            [b']', behind @ ..] if !first => return Some((found != negated, behind)),
            [low, b'-', high, behind @ ..] if *high != b']' => {
                found |= (*low..=*high).contains(&b);
                behind
            }
            [one, behind @ ..] => {
                found |= *one == b;
                behind
            }
        };
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        assert_eq!(module_of_path(b"kernel/fs/snd-pcm.ko"), Some(b"snd_pcm".to_vec()));
        assert_eq!(stem_of_path(b"a/b/c-d.ko.xz"), Some(&b"c-d"[..]));
        assert_eq!(stem_of_path(b"x.ko.zst"), Some(&b"x"[..]));
        assert_eq!(stem_of_path(b"a/x.y.ko.xz"), Some(&b"x.y"[..]));
        assert!(is_file_of(b"a/virtio-pci.ko.xz", b"virtio_pci"));
        assert!(!is_file_of(b"a/virtio-pci.ko.xz", b"virtio_pc"));
        assert!(!is_file_of(b"a/virtio-pci.ko.xz", b"pci"));
        assert!(!is_file_of(b".ko", b""));
        assert_eq!(stem_of_path(b"x.kofi"), None);
        assert_eq!(stem_of_path(b"x.ko.part"), None);
        assert_eq!(stem_of_path(b".ko"), None);
        assert_eq!(stem_of_path(b"modules.dep"), None);
    }

    #[test]
    fn dashes_and_underscores() {
        assert_eq!(fold(b"a-b_c[d-f]g-h"), b"a_b_c[d-f]g_h");
        assert!(same(b"virtio-pci", b"virtio_pci"));
        assert!(!same(b"virtio-pci", b"virtio_pc"));
        assert!(matches(b"fs-ext4", b"fs_ext4"));
        assert!(matches(b"net-pf-16-proto-*", b"net_pf_16-proto-9"));
    }

    #[test]
    fn patterns() {
        let pci = b"pci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00";
        assert!(matches(b"pci:v00001AF4d*sv*sd*bc*sc*i*", pci));
        assert!(!matches(b"pci:v00001AF5d*sv*sd*bc*sc*i*", pci));
        assert!(matches(
            b"usb:v*p*d*dc*dsc*dp*ic08isc06ip[!5]0in*",
            b"usb:v1p2d3dc0dsc0dp0ic08isc06ip60in1"
        ));
        assert!(!matches(b"ip[!5]0", b"ip50"));
        assert!(matches(b"x[a-c]y", b"xby"));
        assert!(!matches(b"x[a-c]y", b"xdy"));
        assert!(matches(b"x[]-]y", b"x]y"));
        assert!(matches(b"a[b", b"a[b"));
        assert!(matches(b"a?c", b"abc"));
        assert!(!matches(b"a?c", b"ac"));
        assert!(matches(b"*", b""));
        assert!(matches(b"a\\*b", b"a*b"));
        assert!(!matches(b"a\\*b", b"axb"));
        assert!(!matches(b"a", b"ab"));
        assert!(!matches(b"ab", b"a"));
    }

    #[test]
    fn a_star_crosses_slashes() {
        assert!(matches(b"of:N*T*Cfoo,bar", b"of:Na/bT(null)Cfoo,bar"));
        assert!(matches(b"dmi:*:rnX:*", b"dmi:bvn/a/b:rnX:rvr/1:"));
    }

    #[test]
    fn no_pattern_takes_exponential_time() {
        let pattern = b"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
        assert!(!matches(pattern, &[b'a'; 4000]));
    }

    #[test]
    fn what_may_be_a_name() {
        assert!(is_name(b"pci:v*"));
        assert!(is_name(b"of:Nusb/hubT(null)"));
        assert!(!is_module_name(b"of:Nusb/hub"));
        assert!(!is_name(b"../../evil"));
        assert!(!is_name(b"../x:y"));
        assert!(!is_name(b""));
        assert!(!is_name(b"a\nb"));
    }
}
