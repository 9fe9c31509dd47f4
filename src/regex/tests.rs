//! What expressions match, by the rules of POSIX and GNU.

use super::*;

/// The groups of the first match, as `0-3 1-2 -`; `no` without a match, or
/// what is wrong with the expression.
fn found(pattern: &str, text: &str, flags: Flags) -> String {
    let regex = match Regex::new(pattern.as_bytes(), flags) {
        Ok(regex) => regex,
        Err(why) => return why.into(),
    };
    let mut groups = [None; 10];
    let hit = regex.captures(text.as_bytes(), 0, &mut groups);
    assert_eq!(hit, regex.is_match(text.as_bytes()), "{pattern} on {text}");
    assert_eq!(groups[0], regex.find(text.as_bytes(), 0), "{pattern} on {text}");
    if !hit {
        return "no".into();
    }
    let shown: Vec<String> = groups
        .iter()
        .take(regex.groups() + 1)
        .map(|g| g.map_or("-".into(), |(a, b)| format!("{a}-{b}")))
        .collect();
    shown.join(" ")
}

fn basic(pattern: &str, text: &str) -> String {
    found(pattern, text, Flags::BASIC)
}

fn extended(pattern: &str, text: &str) -> String {
    found(pattern, text, Flags::EXTENDED)
}

#[test]
fn basic_syntax() {
    assert_eq!(basic("b*", "abb"), "0-0");
    assert_eq!(basic("bb*", "abb"), "1-3");
    assert_eq!(basic("*b", "a*b"), "1-3");
    assert_eq!(basic("^*b", "*b"), "0-2");
    assert_eq!(basic(r"\(*b\)", "*b"), "0-2 0-2");
    assert_eq!(basic("a+b?", "a+b?"), "0-4");
    assert_eq!(basic(r"ab\+c\?", "abbbc"), "0-5");
    assert_eq!(basic(r"x\|bc", "abc"), "1-3");
    assert_eq!(basic(r"\(a\|b\)*c", "xabac"), "1-5 3-4");
    assert_eq!(basic(r"a\{2,3\}", "aaaa"), "0-3");
    assert_eq!(basic(r"a\{2\}", "xaaaa"), "1-3");
    assert_eq!(basic(r"a\{2,\}", "xaaaa"), "1-5");
    assert_eq!(basic("a{2}", "a{2}"), "0-4");
    assert_eq!(basic("a|b", "a|b"), "0-3");
    assert_eq!(basic("(a)", "(a)"), "0-3");
    assert_eq!(basic("a^b$c", "a^b$c"), "0-5");
    assert_eq!(basic(r"\.", "a."), "1-2");
    assert_eq!(basic(r"^a$", "a"), "0-1");
    assert_eq!(basic(r"^$", ""), "0-0");
}

#[test]
fn extended_syntax() {
    assert_eq!(extended("ab+c?", "abbbc"), "0-5");
    assert_eq!(extended("x|bc", "abc"), "1-3");
    assert_eq!(extended("(a|b)*c", "xabac"), "1-5 3-4");
    assert_eq!(extended("a{2,3}", "aaaa"), "0-3");
    assert_eq!(extended("(ab){2}", "ababab"), "0-4 2-4");
    assert_eq!(extended("(^a|b)$", "ab"), "1-2 1-2");
    assert_eq!(extended("a|ab|abc", "abcd"), "0-3");
    assert_eq!(extended("()", "a"), "0-0 0-0");
    assert_eq!(extended("(a)(b)?", "ac"), "0-1 0-1 -");
    assert_eq!(extended("", "a"), "0-0");
    assert_eq!(extended(r"\(a\)", "(a)"), "0-3");
    assert_eq!(extended("x*", "axx"), "0-0");
    assert_eq!(extended("(a*)+", "aa"), "0-2 0-2");
    assert_eq!(extended("(a*)*", "b"), "0-0 0-0");
}

#[test]
fn brackets() {
    assert_eq!(extended("[abc]+", "xbac"), "1-4");
    assert_eq!(extended("[^abc]+", "abxyc"), "2-4");
    assert_eq!(extended("[]x]+", "a]x"), "1-3");
    assert_eq!(extended("[^]x]+", "]ab]"), "1-3");
    assert_eq!(extended("[a-c]+", "xabcd"), "1-4");
    assert_eq!(extended("[a-]+", "x-a-"), "1-4");
    assert_eq!(extended("[[:digit:]x]+", "a12x"), "1-4");
    assert_eq!(extended("[^[:space:]]+", " ab "), "1-3");
    assert_eq!(extended("[[.-.]a]+", "x-a"), "1-3");
    assert_eq!(extended("[[=a=]]+", "xaa"), "1-3");
    assert_eq!(extended(r"[\n]", r"\"), "0-1");
    assert_eq!(extended("[[:foo:]]", "a"), "Invalid character class name");
    assert_eq!(extended("[a", "a"), "Unmatched [, [^, [:, [., or [=");
}

#[test]
fn what_gnu_adds() {
    for flags in [Flags::BASIC, Flags::EXTENDED] {
        assert_eq!(found(r"\<b", "ab b", flags), "3-4");
        assert_eq!(found(r"b\>", "ba b", flags), "3-4");
        assert_eq!(found(r"\bb\b", "ab b", flags), "3-4");
        assert_eq!(found(r"\Bb", "ab b", flags), "1-2");
        assert_eq!(found(r"\w*", "a_1 b", flags), "0-3");
        assert_eq!(found(r"\W", "a_1 b", flags), "3-4");
        assert_eq!(found(r"\s", "a b", flags), "1-2");
        assert_eq!(found(r"\S\S", "a bc", flags), "2-4");
    }
}

#[test]
fn back_references() {
    assert_eq!(basic(r"\(a*\)b\1", "aabaa"), "0-5 0-2");
    assert_eq!(basic(r"\(.\)\1", "abccd"), "2-4 2-3");
    assert_eq!(extended(r"(.)(.)\2\1", "xabba"), "1-5 1-2 2-3");
    assert_eq!(basic("^\\(.*\\)\n\\1$", "ab\nab"), "0-5 0-2");
}

#[test]
fn flags_and_context() {
    let icase = Flags { icase: true, ..Flags::EXTENDED };
    assert_eq!(found("aB[c-d]", "xAbD", icase), "1-4");
    assert_eq!(found("[^a]", "Ab", icase), "1-2");
    let newline = Flags { newline: true, ..Flags::EXTENDED };
    assert_eq!(found("^b.*$", "a\nbc\nd", newline), "2-4");
    assert_eq!(extended("^b", "a\nb"), "no");
    assert_eq!(extended("a.b", "a\nb"), "0-3");
    let regex = Regex::new(b"^a", Flags::BASIC).unwrap();
    assert_eq!(regex.find(b"aa", 0), Some((0, 1)));
    assert_eq!(regex.find(b"aa", 1), None);
    let regex = Regex::new(b"x*", Flags::BASIC).unwrap();
    assert_eq!(regex.find(b"abx", 1), Some((1, 1)));
    assert_eq!(regex.find(b"abx", 3), Some((3, 3)));
}

#[test]
fn text_may_hold_nul() {
    let regex = Regex::new(b"b$", Flags::BASIC).unwrap();
    assert_eq!(regex.find(b"b\0ab", 0), Some((3, 4)));
}

#[test]
fn errors() {
    assert_eq!(extended("(a", "a"), "Unmatched ( or \\(");
    assert_eq!(basic(r"\(a", "a"), "Unmatched ( or \\(");
    assert_eq!(basic(r"a\", "a"), "Trailing backslash");
    assert_eq!(basic(r"\(a\)\2", "a"), "Invalid back reference");
}

#[test]
fn lists_of_patterns_and_lines() {
    let word = Flags { word: true, ..Flags::EXTENDED };
    assert_eq!(found("foo|bar", "foox bar", word), "5-8");
    let line = Flags { line: true, ..Flags::BASIC };
    assert_eq!(found("a*", "ab", line), "no");
    assert_eq!(found("a*b", "ab", line), "0-2");
    let literal = Flags { literal: true, ..Flags::BASIC };
    assert_eq!(found("a.b*", "axb a.b*", literal), "4-8");
    let regex = Regex::any_of(&[b"x\\(a\\)\\1", b"\\(b\\)\\1"], Flags::BASIC).unwrap();
    assert_eq!(regex.find(b"ab bb", 0), Some((3, 5)));
    assert!(!Regex::any_of(&[], Flags::BASIC).unwrap().is_match(b""));
    for (pattern, at) in [("b$", Some(1)), ("^c", Some(2)), ("[d]", None), ("foo", Some(4))] {
        let regex = Regex::new(pattern.as_bytes(), Flags::BASIC).unwrap();
        let text = b"ab\nc\nfoo\n";
        let place =
            regex.find_line(text, 0).map(|at| text[..at].iter().filter(|b| **b == 10).count());
        assert_eq!(place, at.map(|at| [0, 0, 1, 1, 2][at]), "{pattern}");
    }
    let regex = Regex::new(b"\\n", Flags::BASIC).unwrap();
    assert_eq!(regex.find_line(b"a\nb\nc", 0), None);
    let regex = Regex::new(b"^$", Flags::BASIC).unwrap();
    assert_eq!(regex.find_line(b"a\nb\n", 0), None);
    assert_eq!(regex.find_line(b"a\n\nb\n", 0), Some(2));
}

#[test]
fn huge_counts_are_refused() {
    assert_eq!(extended("(a{9999}){9999}", ""), "Regular expression too big");
    assert_eq!(extended("(){9999}{9999}{9999}", ""), "Regular expression too big");
    assert_eq!(extended("(|){2}{3}", ""), "0-0 0-0");
    assert_eq!(extended(&"*".repeat(9999), ""), "Regular expression too big");
    assert_eq!(extended(&"(".repeat(9999), ""), "Regular expression too big");
    // Each is looked at once, however deep it is.
    assert_eq!(extended(&format!("x{}", "*".repeat(200)), "xx"), "0-2");
    assert_eq!(extended("a{0}*{0,1}b", "ab"), "1-2");
}
