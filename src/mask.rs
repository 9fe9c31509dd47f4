//! Takes secrets out of a text that will be shown to others: values of words
//! whose names say that they are secret, crypt strings, passwords in URLs.

/// What stands where a secret was.
const STARS: &[u8] = b"***";

/// Parts of names whose values are secret.
const SECRET: [&[u8]; 8] = [
    b"passw",
    b"passphrase",
    b"secret",
    b"token",
    b"credential",
    b"luks.key",
    b"private",
    b"apikey",
];

/// Names that are secret as a whole, whatever is in front of their last part.
const WHOLE: [&[u8]; 4] = [b"key", b"pass", b"pwd", b"psk"];

/// How crypt strings begin (crypt(5)).
const CRYPT: [&[u8]; 6] = [b"$6$", b"$y$", b"$5$", b"$1$", b"$2", b"$gy$"];

fn ends_word(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b',' | b';')
}

/// Whether the value behind this name is nobody's business.
fn is_secret(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(|b| matches!(b, b'.' | b'_' | b'-')).next().unwrap_or_default();
    let holds = |part: &&[u8]| name.windows(part.len()).any(|w| w == *part);
    WHOLE.contains(&last) || SECRET.iter().any(holds)
}

/// The text without its secrets.
pub fn masked(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        if ends_word(first) {
            out.push(first);
            rest = behind;
            continue;
        }
        let end = rest.iter().position(|&b| ends_word(b)).unwrap_or(rest.len());
        let (word, mut behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
        let at = word.iter().position(|&b| b == b'=');
        let (name, value) = match at.and_then(|at| word.split_at_checked(at + 1)) {
            Some(parts) => parts,
            None => (b"".as_slice(), word),
        };
        let name_only = name.strip_suffix(b"=").unwrap_or(name);
        if !name.is_empty() && is_secret(name_only) {
            out.extend_from_slice(name);
            out.extend_from_slice(STARS);
            // A value in quotes goes to their end, one with commas to its own.
            match behind.first() {
                Some(&quote @ (b'"' | b'\'')) if value.is_empty() => {
                    let inner = behind.get(1..).unwrap_or_default();
                    let stop = |b: &u8| *b == quote || *b == b'\n';
                    let end = inner.iter().position(stop).map_or(inner.len(), |at| at + 1);
                    behind = inner.get(end..).unwrap_or_default();
                }
                _ => {
                    let end = behind.iter().position(u8::is_ascii_whitespace);
                    behind = behind.get(end.unwrap_or(behind.len())..).unwrap_or_default();
                }
            }
        } else if CRYPT.iter().any(|start| value.starts_with(start)) {
            out.extend_from_slice(name);
            out.extend_from_slice(STARS);
        } else {
            plain(word, &mut out);
        }
        rest = behind;
    }
    out
}

/// A word that is no secret as a whole: but `://USER:PASSWORD@` may be in it,
/// and `:HASH:` of a line of /etc/shadow.
fn plain(word: &[u8], out: &mut Vec<u8>) {
    let scheme = word.windows(3).position(|w| w == b"://").map(|at| at + 3);
    if let Some((before, rest)) = scheme.and_then(|at| word.split_at_checked(at)) {
        let host = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        let sign = rest.get(..host).and_then(|r| r.iter().rposition(|&b| b == b'@'));
        if let Some((user, behind)) = sign.and_then(|at| rest.split_at_checked(at))
            && let Some(colon) = user.iter().position(|&b| b == b':')
        {
            out.extend_from_slice(before);
            out.extend_from_slice(user.get(..=colon).unwrap_or_default());
            out.extend_from_slice(STARS);
            out.extend_from_slice(behind);
            return;
        }
    }
    for (i, part) in word.split(|&b| b == b':').enumerate() {
        if i > 0 {
            out.push(b':');
        }
        let hash = CRYPT.iter().any(|start| part.starts_with(start));
        out.extend_from_slice(if hash { STARS } else { part });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        String::from_utf8(masked(text.as_bytes())).unwrap()
    }

    #[test]
    fn secrets_are_taken_out() {
        assert_eq!(of("root=/dev/vda1 rw"), "root=/dev/vda1 rw");
        assert_eq!(of("rd.luks.key=/a:/b x"), "rd.luks.key=*** x");
        assert_eq!(of("a.password=hunter2\nb"), "a.password=***\nb");
        assert_eq!(of("PASSWORD=\"two words\" b"), "PASSWORD=*** b");
        assert_eq!(of("wifi.psk='two words' b"), "wifi.psk=*** b");
        assert_eq!(of("api_token=a,b,c d"), "api_token=*** d");
        assert_eq!(of("password = x"), "password = x");
        assert_eq!(of("hash $6$salt$xyz end"), "hash *** end");
        assert_eq!(of("root:$y$j9T$abc:19000:0"), "root:***:19000:0");
        assert_eq!(of("h=$6$salt$xyz"), "h=***");
        assert_eq!(of("url=http://me:pw@host/a"), "url=http://me:***@host/a");
        assert_eq!(of("http://host:80/a@b"), "http://host:80/a@b");
        assert_eq!(of("keymap=de vconsole.keymap=us"), "keymap=de vconsole.keymap=us");
        assert_eq!(of("systemd.set_credential=x:y"), "systemd.set_credential=***");
        assert_eq!(of("PARTUUID=ab-cd monkey=1"), "PARTUUID=ab-cd monkey=1");
        assert_eq!(of(""), "");
    }

    #[test]
    fn any_bytes_are_survived() {
        let text = b"a.password=\"x\nkey='";
        for at in 0..text.len() {
            for b in [0, b'"', b'=', b'$', 0xff] {
                let mut copy = text.to_vec();
                copy[at] = b;
                let _ = masked(&copy);
            }
        }
    }
}
