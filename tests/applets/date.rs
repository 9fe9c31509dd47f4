//! date.

use crate::harness::applet::{against_busybox, applet};
use crate::harness::scratch::Scratch;

/// The output of date for this -d and format.
#[track_caller]
fn of(time: &str, form: &str, text: &str) {
    applet("date").args(["-d", time, form]).stdout(format!("{text}\n")).ok();
}

#[test]
fn formats() {
    let t = "@1233992103";
    of(t, "+%Y-%m-%d %H:%M:%S", "2009-02-07 07:35:03");
    of(t, "+%a %A %b %B %h", "Sat Saturday Feb February Feb");
    of(t, "+%C %y %e %I %p %j", "20 09  7 07 AM 038");
    of(t, "+%D %F %R %T", "02/07/09 2009-02-07 07:35 07:35:03");
    of(t, "+%n%t%%", "\n\t%");
    of(t, "+%s", "1233992103");
    of(t, "+%u %w %U %V %W %G %g", "6 6 05 06 05 2009 09");
    of(t, "+%Z %z", "UTC +0000");
    of(t, "+%c", "Sat Feb  7 07:35:03 2009");
    of(t, "+", "");
    if !against_busybox() {
        of(t, "+%-d %_d %3d %^a", "7  7 007 SAT");
        of(t, "+%N %3N", "000000000 000");
    }
    applet("date").args(["-d", t]).stdout("Sat Feb  7 07:35:03 UTC 2009\n").ok();
    applet("date").args(["-u", "-d", t]).stdout("Sat Feb  7 07:35:03 UTC 2009\n").ok();
    applet("date").args(["-R", "-d", t]).stdout("Sat, 07 Feb 2009 07:35:03 +0000\n").ok();
}

#[test]
fn iso() {
    let t = "@1233992103";
    applet("date").args(["-I", "-d", t]).stdout("2009-02-07\n").ok();
    applet("date").args(["-Idate", "-d", t]).stdout("2009-02-07\n").ok();
    if !against_busybox() {
        let seconds = "2009-02-07T07:35:03+00:00\n";
        applet("date").args(["-Iseconds", "-d", t]).stdout(seconds).ok();
        applet("date")
            .args(["--iso-8601=minutes", "-d", t])
            .stdout("2009-02-07T07:35+00:00\n")
            .ok();
        applet("date").args(["-Ihours", "-d", t]).stdout("2009-02-07T07+00:00\n").ok();
        applet("date")
            .args(["-Ins", "-d", "@1.5"])
            .stdout("1970-01-01T00:00:01,500000000+00:00\n")
            .ok();
        applet("date")
            .args(["--rfc-3339=seconds", "-d", t])
            .stdout("2009-02-07 07:35:03+00:00\n")
            .ok();
    }
    applet("date").args(["-Ix"]).fails(1);
}

#[test]
fn dates() {
    of("2009-02-07", "+%s", "1233964800");
    of("2009-02-07 07:35", "+%s", "1233992100");
    of("2009-02-07 07:35:03", "+%s", "1233992103");
    if !against_busybox() {
        of("2009-02-07 07:35:03.25", "+%s.%2N", "1233992103.25");
        of("7 Feb 2009 07:35:03 +0100", "+%s", "1233988503");
        of("2009-02-07 1 day ago", "+%F", "2009-02-06");
        of("2009-02-07 12:00 tomorrow", "+%F %R", "2009-02-08 12:00");
        of("1970-01-01 UTC 100 seconds", "+%s", "100");
    }
    of("@4294967296", "+%F", "2106-02-07");
    of("@-1", "+%F %T", "1969-12-31 23:59:59");
    applet("date").args(["-d", "rubbish"]).stderr_has("rubbish: invalid date").fails(1);
    applet("date").args(["-d", "2009-02-30"]).fails(1);
}

#[test]
fn zones() {
    let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
    let case = || applet("date").env("TZ", berlin);
    case().args(["-d", "@1233992103", "+%H %Z %z"]).stdout("08 CET +0100\n").ok();
    case().args(["-d", "@1246000000", "+%H %Z %z"]).stdout("09 CEST +0200\n").ok();
    case().args(["-u", "-d", "@1246000000", "+%H %Z"]).stdout("07 UTC\n").ok();
    case().args(["-d", "2009-07-01 12:00", "+%s"]).stdout("1246442400\n").ok();
    applet("date").env("TZ", "XYZ3:30").args(["-d", "@0", "+%T %Z"]).stdout("20:30:00 XYZ\n").ok();
}

#[test]
fn files_and_forms() {
    let dir = Scratch::new("date");
    let file = dir.file("f", "2009-02-07\n1970-01-01\n");
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_500);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    applet("date").dir(dir.path()).args(["-r", "f", "+%s"]).stdout("1\n").ok();
    applet("date").dir(dir.path()).args(["-r", "nosuch"]).fails(1);
    if !against_busybox() {
        applet("date").dir(dir.path()).args(["-f", "f", "+%s"]).stdout("1233964800\n0\n").ok();
    }
    if crate::harness::applet::reference().is_none() || against_busybox() {
        let args = ["-D", "%d.%m.%Y %H:%M", "-d", "07.02.2009 07:35", "+%s"];
        applet("date").args(args).stdout("1233992100\n").ok();
    }
    if crate::harness::applet::reference().is_none() {
        applet("date").args(["-D", "%s", "-d", "17", "+%s"]).stdout("17\n").ok();
        applet("date").args(["-D", "%Y", "-d", "x"]).fails(1);
    }
    applet("date").args(["+%s", "+%s"]).fails(1);
    applet("date").args(["130101011999"]).fails(1);
}

#[test]
fn nothing_is_no_time() {
    applet("date").args(["-u", "-d", "@0", ""]).stdout("").fails(1);
}
