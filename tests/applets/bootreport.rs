//! bootreport, with reports made by hand.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

const REPORT: &str = r#"{"schema":1,"version":"0.1.0","result":"failed","steps":[
{"step":1,"what":"mount /proc","stage":"cmdline","result":"done","start_us":1000000,"end_us":1250000},
{"step":2,"what":"wait <&> \u001b[2J","stage":"mount","result":"failed","start_us":1250000,"end_us":2000000,"errno":2,"message":"no such device"},
{"step":3,"what":"switch","stage":"pre-switch","result":"waiting","start_us":0,"end_us":0}],
"notes":["a note"]}
"#;

#[test]
fn bars() {
    applet("bootreport")
        .args(["-"])
        .stdin(REPORT)
        .stdout(
            "boot failed: kernel 1.000s, init 1.000s, together 2.000s\n\
             |###########                             |    250ms mount /proc\n\
             |          ##############################|    750ms wait <&> \\033[2J (failed: no such device)\n\
             |                                        |          switch (waiting)\n\
             note: a note\n",
        )
        .ok();
}

#[test]
fn picture_and_json() {
    let s = Scratch::new("bootreport");
    s.file("boot.json", REPORT);
    applet("bootreport").dir(s.path()).args(["--json", "boot.json"]).stdout(REPORT).ok();
    applet("bootreport").dir(s.path()).args(["--svg", "x.svg", "boot.json"]).stdout("").ok();
    let svg = std::fs::read_to_string(s.path().join("x.svg")).unwrap();
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("wait &lt;&amp;&gt; \\033[2J (750ms, mount)"), "{svg}");
    assert!(
        svg.contains("<rect x=\"460\" y=\"51\" width=\"112\" height=\"14\" fill=\"#38c\"/>"),
        "{svg}"
    );
    assert_eq!(svg.matches("#c33").count(), 1);
}

#[test]
fn what_is_no_report() {
    applet("bootreport").args(["-"]).stdin("junk").stderr_has("not a report of a boot").fails(1);
    applet("bootreport").args(["-"]).stdin("{}").fails(1);
    applet("bootreport").args(["/no/such"]).stderr_has("/no/such: No such file").fails(1);
    applet("bootreport").args(["a", "b"]).fails(2);
    let empty = r#"{"steps":[]}"#;
    applet("bootreport")
        .args(["-"])
        .stdin(empty)
        .stdout("boot unknown: kernel 0us, init 0us, together 0us\n")
        .ok();
}
