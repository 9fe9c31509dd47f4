//! How much memory the syntax tree takes, measured.

use super::ast::*;
use super::lexer::{Input, Parser, Source};
use super::parser::parse;
use crate::sys::account::taken;

/// What the worst scripts are made of: short, and a new thing each.
const WORST: [&str; 72] = [
    "a&",
    "a;",
    "a\n",
    "a|",
    "a||",
    "a&&",
    "!a;",
    "a ",
    "a=b ",
    "a=;",
    "a=b;",
    "a= ",
    "<a",
    "<a ",
    "<a;",
    ">a&",
    "3<a",
    "$a",
    "$1",
    "$a ",
    "$a;",
    "${a}",
    "${a-b}",
    "${#a}",
    "${a/b/c}",
    "${a:b}",
    "${a:b:c}",
    "${a%b}",
    "{ a;}&",
    "{ a;};",
    "{ a;}<a;",
    "(a);",
    "(a)&",
    "(a)|",
    "a()b;",
    "a()(b)&",
    "a()b<a;",
    "((1));",
    "(( a ));",
    "$((1))",
    "$((a))",
    "$(($a))",
    "$((a+a))",
    "$((~a))",
    "$(($a+$a))",
    "$((a,a,a,a,a,a))",
    "$(a)",
    "$()",
    "$(a&)",
    "`a`",
    "``",
    "<(a)",
    "<(a) ",
    "\"\"",
    "''",
    "\"$a\"",
    "\"$a$a\"",
    "\"`a`\"",
    "a\"\"",
    "~ ",
    "~:",
    "a=~:~ ",
    "* ",
    "\\a*",
    "case a in a)b;;esac;",
    "if a;then b;fi;",
    "for a in b;do c;done;",
    "while a;do b;done;",
    "[[ a ]];",
    "[[ a<b||c ]]&",
    "<<<a",
    "&>a ",
];

fn limit(text: &[u8]) -> usize {
    64 * text.len() + 4096
}

/// A text of 16 KB between others.
fn long(start: &str, part: &str, end: &str) -> String {
    let part = part.replace("\\n", "\n");
    format!("{start}{}{end}", part.repeat(16_384 / part.len()))
}

/// The parser takes at most 64 times its input.
#[test]
fn the_tree_takes_64_times_its_text_at_most() {
    for part in WORST {
        for (start, end) in [
            ("", ""),
            ("{ ", "\n}"),
            ("echo \"$(", "\n)\""),
            ("echo `", "`"),
            ("f() (", "\n)"),
            ("echo $((", ""),
        ] {
            let text = long(start, part, end);
            let (result, most, _) = taken(|| parse(text.as_bytes()));
            let ok = result.is_ok();
            assert!(most <= limit(text.as_bytes()), "{start}{part}: {most} bytes, {ok}");
        }
    }
    for (start, part, end) in [
        ("case a in ", "a);;", "esac"),
        ("case a in ", "a)b;;", "esac"),
        ("case a in ", "a|", "a)esac"),
        ("cat ", "<<a", "\n"),
        ("cat ", "<<a ", "\n"),
        ("", "<<a\\na\\n", ""),
        ("", "<<a\\n$a\\na\\n", ""),
        ("if a;then b;", "elif a;then b;", "fi"),
        ("a '", "a", "'"),
        ("a \"", "a", "\""),
        ("a \"", "$a", "\""),
        ("a ${b-", "$a", "}"),
        ("a $((", "1+", "1))"),
        ("a $((", "$a+", "1))"),
        ("a $((", "$a", "))"),
        ("a $((", "a,", "1))"),
        ("for a in ", "a ", ";do b;done"),
        ("export ", "a=b ", ""),
        ("export ", "a=~:~ ", ""),
    ] {
        let text = long(start, part, end);
        let (result, most, _) = taken(|| parse(text.as_bytes()));
        assert!(result.is_ok(), "{start}{part}{end}");
        assert!(most <= limit(text.as_bytes()), "{start}{part}: {most} bytes");
    }
}

/// What nests holds what it is in; and what has not been ended.
#[test]
fn nesting_takes_no_more() {
    for (open, close) in [
        ("(", ")&"),
        ("(a;", ")&"),
        ("{ a&", "}&"),
        ("$(", ")"),
        ("a$(", ")"),
        ("\"$(", ")\""),
        ("${a-", "}"),
        ("<(", ")"),
        ("a()(", ")"),
        ("if a;then ", ";fi&"),
        ("case a in a)", ";;esac&"),
        ("cat <<a$(", ")\na\n"),
        ("<<E\n$(", "\n)\nE\n"),
        ("((", "))"),
        ("$((", "))"),
    ] {
        for depth in [1, 2, 10, 28, 38, 58, 110, 130] {
            for inner in ["a", "a&", "a;a&a"] {
                for end in [&*close.repeat(depth), ""] {
                    let middle = inner.repeat(400);
                    let text = format!("{}{middle}{end}", open.repeat(depth));
                    let (_, most, _) = taken(|| parse(text.as_bytes()));
                    assert!(
                        most <= limit(text.as_bytes()),
                        "{depth} {open} {inner}: {most} bytes of {}",
                        text.len()
                    );
                }
            }
        }
    }
}

/// An interactive shell keeps the text of each statement.
struct Keeping;

impl Input for Keeping {
    fn more(&mut self, _text: &mut Vec<u8>, _unfinished: bool) -> bool {
        false
    }
    fn keeps_source(&self) -> bool {
        true
    }
}

#[test]
fn statements_have_their_text() {
    let mut source = Source::of(b"\n {  a $(b&); } | c & d\ne;".to_vec(), 1);
    let mut texts = Vec::new();
    while let Some(program) = Parser::new(&mut source, &mut Keeping).complete_command().unwrap() {
        for statement in &program.statements {
            texts.push(statement.source.as_ref().unwrap().text().to_vec());
            if let Kind::Group(body) = &statement.first.commands[0].kind {
                texts.push(body.statements[0].source.as_ref().unwrap().text().to_vec());
            }
        }
    }
    let texts: Vec<_> = texts.iter().map(|t| String::from_utf8_lossy(t)).collect();
    assert_eq!(texts, ["{  a $(b&); } | c", "a $(b&)", "d", "e"]);
}
