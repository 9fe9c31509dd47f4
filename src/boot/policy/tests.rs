//! The table of the rules, and what must hold for every combination.

use super::*;

const HASH: &str = "password=$6$salt$hash\n";

fn image(text: &str) -> Settings {
    let text = text.replace(' ', "\n").replace("PASSWORD", HASH.trim_end());
    Settings::parse(text.as_bytes())
}

fn facts(words: &str) -> Facts {
    let has = |word| words.split(' ').any(|w| w == word);
    Facts { machine: has("machine"), lockdown: has("lockdown"), keys: has("keys") }
}

fn letter(access: Access) -> char {
    match access {
        Access::Open => 'o',
        Access::Password => 'p',
        Access::Denied => '-',
    }
}

/// Failed on the screen, failed on a wire, asked for on the screen, on a wire.
fn outcome(rules: &Rules) -> String {
    [
        (Reason::Failed, Line::Screen),
        (Reason::Failed, Line::Wire),
        (Reason::Asked, Line::Screen),
        (Reason::Asked, Line::Wire),
    ]
    .map(|(reason, line)| letter(rules.access(reason, line)))
    .into_iter()
    .collect()
}

/// Command line, image, machine, outcome.
const TABLE: [(&str, &str, &str, &str); 64] = [
    // Nothing said: by the machine.
    ("", "", "machine", "oooo"),
    ("", "", "", "o-oo"),
    ("", "PASSWORD", "", "pppp"),
    ("", "PASSWORD", "machine", "oooo"),
    ("", "", "keys", "----"),
    ("", "PASSWORD", "keys", "pppp"),
    ("", "", "machine keys", "----"),
    ("", "", "lockdown", "----"),
    ("", "PASSWORD", "machine lockdown", "pppp"),
    // The profile of the command line.
    ("rescue.profile=vm", "", "", "oooo"),
    ("rescue.profile=vm", "PASSWORD", "", "oooo"),
    ("rescue.profile=vm", "", "keys", "----"),
    ("rescue.profile=vm", "PASSWORD", "lockdown", "pppp"),
    ("rescue.profile=host", "", "machine", "o-oo"),
    ("rescue.profile=host", "PASSWORD", "machine", "pppp"),
    ("rescue.profile=locked", "", "machine", "----"),
    ("rescue.profile=locked", "PASSWORD", "", "pppp"),
    ("rescue.profile=lokced", "", "machine", "----"),
    // The profile of the image, and who wins.
    ("", "profile=vm", "", "oooo"),
    ("", "profile=host", "machine", "o-oo"),
    ("", "profile=locked PASSWORD", "machine", "pppp"),
    ("rescue.profile=vm", "profile=locked", "", "oooo"),
    ("rescue.profile=vm", "profile=locked lock=yes", "", "----"),
    ("rescue.profile=vm", "profile=host lock=yes", "", "o-o-"),
    ("rescue.profile=host", "profile=vm lock=yes", "", "o-o-"),
    ("rescue.profile=locked", "profile=vm lock=yes", "", "----"),
    ("rescue.profile=vm", "lock=yes", "", "o-o-"),
    ("rescue.profile=vm", "lock=yes", "machine", "oooo"),
    ("rescue.profile=vm", "lock=yes PASSWORD", "", "pppp"),
    ("rescue.profile=vm", "lock=maybe PASSWORD", "", "pppp"),
    ("", "profile=vn", "machine", "----"),
    // rd.shell=0 always wins.
    ("rd.shell=0", "", "machine", "----"),
    ("rd.shell=0 rd.shell=1", "", "machine", "----"),
    ("rd.shell=0 rescue.profile=vm", "shell=yes", "machine", "----"),
    ("rd.shell=0", "PASSWORD", "", "----"),
    ("rd.shell=perhaps", "", "machine", "----"),
    ("rd.shell=1", "", "machine", "oooo"),
    ("rd.shell=1", "", "", "o-oo"),
    ("rd.shell=1", "shell=no", "machine", "oooo"),
    ("rd.shell=1", "shell=no lock=yes", "machine", "----"),
    ("", "shell=no", "machine", "----"),
    ("", "shell=maybe", "machine", "----"),
    ("", "shell=yes", "", "o-oo"),
    // panic= is no shell after a failure.
    ("panic=5", "", "machine", "--oo"),
    ("panic", "", "machine", "--oo"),
    ("panic=x", "", "machine", "--oo"),
    ("panic=0 rd.shell=1", "", "machine", "--oo"),
    ("panic=-1", "PASSWORD", "", "--pp"),
    ("panic=5", "shell=yes", "machine", "--oo"),
    ("panic=5 rescue.profile=locked", "", "", "----"),
    // rd.emergency= as well, unless it is taken back.
    ("rd.emergency=reboot", "", "machine", "--oo"),
    ("rd.emergency=reboot rd.shell=1", "", "machine", "oooo"),
    ("rd.emergency=reboot rd.shell", "PASSWORD", "", "pppp"),
    ("rd.emergency=later", "", "machine", "--oo"),
    ("rd.emergency=halt rd.shell=0", "", "machine", "----"),
    ("rd.emergency=halt", "shell=yes", "machine", "oooo"),
    ("rd.emergency=halt rd.shell=1", "lock=yes", "machine", "--oo"),
    ("rd.emergency=halt rd.shell=1", "shell=yes lock=yes", "machine", "oooo"),
    ("rd.emergency=halt panic=1 rd.shell=1", "", "machine", "--oo"),
    // The image's word about what is done without a shell forbids none.
    ("", "emergency=reboot", "machine", "oooo"),
    ("", "emergency=poweroff", "", "o-oo"),
    // A password that is no crypt string is one that nobody has.
    ("", "password=secret", "", "pppp"),
    ("", "password=", "", "pppp"),
    ("rd.emergency=reboot panic=5", "profile=locked lock=yes PASSWORD", "lockdown keys", "--pp"),
];

#[test]
fn the_table() {
    for (line, settings, machine, expected) in TABLE {
        let cmdline = Cmdline::parse(line.as_bytes());
        let rules = rules(&cmdline, &image(settings), facts(machine));
        assert_eq!(outcome(&rules), expected, "'{line}' '{settings}' '{machine}'");
    }
}

/// Every combination of what can be said.
fn combinations(check: &mut dyn FnMut(&str, &str, &str, &Rules)) -> usize {
    let mut count = 0;
    let profiles = ["", "rescue.profile=vm", "rescue.profile=host", "rescue.profile=locked"];
    let shells = ["", "rd.shell=0", "rd.shell=1"];
    let endings = ["", "panic=0", "panic=9", "rd.emergency=halt", "rd.emergency=reboot panic=3"];
    let timeouts = ["", "rescue.timeout=0", "rescue.timeout=60"];
    for settings in SETTINGS {
        for machine in MACHINES {
            for (a, b) in profiles.iter().flat_map(|a| shells.iter().map(move |b| (a, b))) {
                for (c, d) in endings.iter().flat_map(|c| timeouts.iter().map(move |d| (c, d))) {
                    let line = format!("{a} {b} {c} {d}");
                    let cmdline = Cmdline::parse(line.as_bytes());
                    let rules = rules(&cmdline, &image(settings), facts(machine));
                    check(&line, settings, machine, &rules);
                    count += 1;
                }
            }
        }
    }
    count
}

const MACHINES: [&str; 6] =
    ["", "machine", "keys", "lockdown", "machine lockdown", "machine keys lockdown"];

const SETTINGS: [&str; 16] = [
    "",
    "PASSWORD",
    "lock=yes",
    "lock=yes PASSWORD",
    "profile=vm",
    "profile=vm lock=yes",
    "profile=host",
    "profile=host lock=yes PASSWORD",
    "profile=locked",
    "profile=locked lock=yes PASSWORD",
    "shell=no",
    "shell=no lock=yes",
    "shell=yes lock=yes",
    "emergency=poweroff timeout=30",
    "emergency=halt lock=yes timeout=30",
    "profile=host shell=yes emergency=reboot PASSWORD",
];

/// How much is given: a higher number is more.
fn amount(access: Access) -> u32 {
    match access {
        Access::Open => 2,
        Access::Password => 1,
        Access::Denied => 0,
    }
}

#[test]
fn what_holds_for_every_combination() {
    let count = combinations(&mut |line, settings, machine, rules| {
        let case = format!("'{line}' '{settings}' '{machine}'");
        let out = outcome(rules);
        if line.contains("rd.shell=0") {
            assert_eq!(out, "----", "{case}");
        }
        if line.contains("panic=") {
            assert!(out.starts_with("--"), "{case}");
        }
        if line.contains("rd.emergency=")
            && !line.contains("rd.shell=1")
            && !settings.contains("shell=yes")
        {
            assert!(out.starts_with("--"), "{case}");
        }
        let locked = machine.contains("keys") || machine.contains("lockdown");
        if locked || line.contains("=locked") {
            assert_eq!(rules.profile, Profile::Locked, "{case}");
            assert!(!out.contains('o'), "{case}");
        }
        if rules.profile != Profile::Vm && settings.contains("PASSWORD") {
            assert!(!out.contains('o'), "{case}");
        }
        if !settings.contains("PASSWORD") {
            assert!(!out.contains('p'), "{case}");
        }
        if settings.contains("lock=yes") && settings.contains("shell=no") {
            assert_eq!(out, "----", "{case}");
        }
        if settings.contains("lock=yes") || machine.contains("lockdown") {
            // No word of the command line gives more than none at all.
            let silent = super::rules(&Cmdline::default(), &image(settings), facts(machine));
            for reason in [Reason::Asked, Reason::Failed] {
                for on in [Line::Screen, Line::Wire] {
                    let (given, most) = (rules.access(reason, on), silent.access(reason, on));
                    assert!(amount(given) <= amount(most), "{case}: {reason:?} {on:?}");
                }
            }
            let bound = |t: Option<u32>| t.unwrap_or(u32::MAX);
            assert!(bound(rules.timeout) <= bound(silent.timeout), "{case}");
        }
        // A wire never gets more than the screen, nor a failure than a wish.
        for (more, less) in [(0, 1), (2, 3), (2, 0), (3, 1)] {
            let at = |i: usize| out.as_bytes()[i];
            let rank = |c: u8| b"-po".iter().position(|x| *x == c).unwrap();
            assert!(rank(at(more)) >= rank(at(less)), "{case}: {out}");
        }
    });
    assert_eq!(count, 16 * 6 * 4 * 3 * 5 * 3);
}

#[test]
fn endings() {
    use Emergency::{Halt, Poweroff, Reboot};
    let of = |line: &str, settings: &str| {
        let rules = rules(&Cmdline::parse(line.as_bytes()), &image(settings), Facts::default());
        (rules.ending.how, rules.ending.delay)
    };
    assert_eq!(of("", ""), (Some(Reboot), 10));
    assert_eq!(of("rd.shell=0", ""), (Some(Reboot), 10));
    assert_eq!(of("rd.shell=0 rd.emergency=poweroff", ""), (Some(Poweroff), 0));
    assert_eq!(of("rd.emergency=halt", ""), (Some(Halt), 0));
    assert_eq!(of("panic=5", ""), (Some(Reboot), 5));
    assert_eq!(of("panic=-1", ""), (Some(Reboot), 0));
    assert_eq!(of("panic=0", ""), (None, 0));
    assert_eq!(of("panic=3 rd.emergency=poweroff", ""), (Some(Poweroff), 3));
    assert_eq!(of("", "emergency=halt"), (Some(Halt), 10));
    assert_eq!(of("rd.emergency=reboot", "emergency=halt"), (Some(Reboot), 0));
    assert_eq!(of("panic=7", "emergency=halt"), (Some(Halt), 7));
    assert_eq!(of("rescue.profile=locked", ""), (Some(Reboot), 10));
}

#[test]
fn timeouts() {
    let of = |line: &str, settings: &str| {
        rules(&Cmdline::parse(line.as_bytes()), &image(settings), Facts::default()).timeout
    };
    assert_eq!(of("", ""), None);
    assert_eq!(of("rescue.timeout=20", ""), Some(20));
    assert_eq!(of("rescue.timeout=0", "timeout=30"), None);
    assert_eq!(of("rescue.timeout=0", "timeout=30 lock=yes"), Some(30));
    assert_eq!(of("rescue.timeout=60", "timeout=30 lock=yes"), Some(30));
    assert_eq!(of("rescue.timeout=20", "timeout=30 lock=yes"), Some(20));
    assert_eq!(of("rescue.timeout=60", "timeout=30"), Some(60));
    assert_eq!(of("", "timeout=30"), Some(30));
}
