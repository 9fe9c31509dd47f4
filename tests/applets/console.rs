//! What a person at the console looks things up with: `[[`, hostid, pmap, pwdx.

use crate::harness::applet::{against_busybox, applet, reference};

#[test]
fn double_brackets() {
    if reference().is_some() && !against_busybox() {
        return;
    }
    applet("[[").args(["a", "=", "a", "]]"]).ok();
    applet("[[").args(["a", "!=", "a", "]]"]).fails(1);
    applet("[[").args(["-n", "", "-o", "-z", "", "]]"]).ok();
    applet("[[").args(["a", "=", "a"]).fails(2);
    applet("[[").args(["a", "=", "a", "]"]).fails(2);
    applet("[[").args(["1", "-lt", "2", "]]"]).ok();
}

#[test]
fn numbers_of_the_machine() {
    let out = applet("hostid").ok().stdout;
    assert!(out.len() == 9 && out[..8].iter().all(u8::is_ascii_hexdigit));
    if !against_busybox() {
        applet("hostid").args(["x"]).fails(1);
    }
}

#[test]
fn memory_of_a_process() {
    if against_busybox() {
        return;
    }
    let own = std::process::id().to_string();
    let out = String::from_utf8(applet("pmap").args([&own]).ok().stdout).unwrap();
    assert!(out.starts_with(&format!("{own}:   ")), "{out}");
    assert!(out.contains("  [ stack ]\n") && out.contains(" r-x-- "), "{out}");
    let total = out.lines().last().unwrap();
    assert!(total.starts_with(" total ") && total.ends_with('K') && total.len() == 24, "{total}");
    let out = String::from_utf8(applet("pmap").args(["-x", &own]).ok().stdout).unwrap();
    assert!(out.contains("Address           Kbytes     RSS   Dirty Mode  Mapping\n"), "{out}");
    assert!(out.lines().last().unwrap().starts_with("total kB  "), "{out}");
    let out = String::from_utf8(applet("pmap").args(["-d", &own]).ok().stdout).unwrap();
    assert!(out.lines().last().unwrap().starts_with("mapped: "), "{out}");
    let out = String::from_utf8(applet("pmap").args(["-q", &own]).ok().stdout).unwrap();
    assert!(!out.contains("total"), "{out}");
    applet("pmap").args(["4194303"]).stdout("").fails(42);
    applet("pmap").fails(1);
    applet("pmap").args(["x"]).fails(1);
}

#[test]
fn working_folders() {
    if against_busybox() {
        return;
    }
    let own = std::process::id().to_string();
    let here = std::env::current_dir().unwrap();
    let line = format!("{own}: {}\n", here.display());
    applet("pwdx").args([&own]).stdout(line).ok();
    applet("pwdx").args(["4194303"]).stderr_has("4194303: No such process").fails(1);
    applet("pwdx").args(["x"]).stderr_has("invalid process id: x").fails(1);
}
