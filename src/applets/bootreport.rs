//! bootreport: the stages of a boot, as bars or as a picture.
//!
//! It reads the report that init leaves in `/run/rescuebox/boot.json` (see
//! [`crate::boot::report`] for what is in it). Times are those since the kernel
//! started.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::archive::list::shown;
use crate::boot::report::PATH;
use crate::image;
use crate::json::{self, Value};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "bootreport",
    summary: "show how long each stage of a boot took",
    usage: "[--svg FILE | --json] [FILE]\n\
            \x20 --svg FILE  draw a picture\n\
            \x20 --json      the report as it is\n\
            FILE is /run/rescuebox/boot.json otherwise; - is standard input.",
    kind: Kind::Fork, // reads a file
    run,
};

/// More than any report has.
const MOST: u64 = 16 << 20;
/// Columns of a bar.
const BAR: u64 = 40;

/// One step of a boot.
struct Step {
    what: Vec<u8>,
    stage: Vec<u8>,
    result: Vec<u8>,
    message: Vec<u8>,
    /// Microseconds since the kernel started; 0: not begun, not ended.
    start: u64,
    end: u64,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("-s:svg -j,json")?;
    let (mut svg, mut raw) = (None, false);
    while let Some(letter) = options.next() {
        match letter {
            b's' => svg = Some(options.value()),
            _ => raw = true,
        }
    }
    options.at_most(1)?;
    let name = options.operands.pop().unwrap_or_else(|| PATH.into());
    let mut text = Vec::new();
    let read = match name.as_encoded_bytes() {
        b"-" => crate::sys::fd::Reader(cx.stdin).take(MOST).read_to_end(&mut text),
        _ => File::open(&name).and_then(|file| file.take(MOST).read_to_end(&mut text)),
    };
    read.map_err(|e| Error::os(show(&name), e))?;
    let report = json::parse(&text)
        .filter(|report| report.get("steps").is_some())
        .ok_or_else(|| Error::about(show(&name), "not a report of a boot"))?;
    if raw {
        cx.put(&text)?;
        return Ok(Status::OK);
    }
    let steps = steps(&report);
    let last = steps.iter().map(|step| step.end.max(step.start)).max().unwrap_or(0);
    match svg {
        Some(file) => {
            let path = Path::new(&file);
            let picture = picture(&steps, last);
            image::output::save(path, &picture).map_err(|e| Error::os(show(path), e))?;
        }
        None => bars(cx, &report, &steps, last)?,
    }
    Ok(Status::OK)
}

fn steps(report: &Value) -> Vec<Step> {
    fn text<'v>(step: &'v Value, name: &str) -> &'v [u8] {
        step.get(name).and_then(Value::text).unwrap_or_default()
    }
    let number = |step: &Value, name: &str| step.get(name).and_then(Value::number).unwrap_or(0);
    let mut list = Vec::new();
    for step in report.get("steps").map(Value::items).unwrap_or_default() {
        list.push(Step {
            what: text(step, "what").to_vec(),
            stage: text(step, "stage").to_vec(),
            result: text(step, "result").to_vec(),
            message: text(step, "message").to_vec(),
            start: number(step, "start_us"),
            end: number(step, "end_us"),
        });
    }
    list
}

/// `1.234s` or `12ms`.
fn time(us: u64) -> String {
    if us >= 1_000_000 {
        format!("{}.{:03}s", us / 1_000_000, us / 1000 % 1000)
    } else if us >= 1000 {
        format!("{}ms", us / 1000)
    } else {
        format!("{us}us")
    }
}

fn bars(cx: &mut Ctx, report: &Value, steps: &[Step], last: u64) -> Result<(), Error> {
    let first = steps.iter().map(|s| s.start).filter(|start| *start > 0).min().unwrap_or(0);
    let result = report.get("result").and_then(Value::text).unwrap_or(b"unknown");
    cx.put(b"boot ")?;
    cx.put(&shown(result))?;
    cx.print(format_args!(
        ": kernel {}, init {}, together {}\n",
        time(first),
        time(last.saturating_sub(first)),
        time(last)
    ))?;
    // The bar begins with init: what the kernel takes would dwarf it.
    let span = last.saturating_sub(first).max(1);
    for step in steps {
        let took = step.end.saturating_sub(step.start);
        let place = |at: u64| at.saturating_sub(first).saturating_mul(BAR) / span;
        let mut bar = vec![b' '; BAR as usize];
        let mut end = String::new();
        if step.start > 0 {
            let (from, to) = (place(step.start), place(step.end.max(step.start)));
            for column in from..=to.min(BAR - 1) {
                if let Some(slot) = bar.get_mut(column.min(BAR - 1) as usize) {
                    *slot = b'#';
                }
            }
            if step.end > 0 {
                end = time(took);
            }
        }
        cx.put(b"|")?;
        cx.put(&bar)?;
        cx.print(format_args!("| {end:>8} "))?;
        cx.put(&shown(&step.what))?;
        if step.result != b"done" {
            cx.put(b" (")?;
            cx.put(&shown(&step.result))?;
            if !step.message.is_empty() {
                cx.put(b": ")?;
                cx.put(&shown(&step.message))?;
            }
            cx.put(b")")?;
        }
        cx.put(b"\n")?;
    }
    for note in report.get("notes").map(Value::items).unwrap_or_default() {
        cx.put(b"note: ")?;
        cx.put(&shown(note.text().unwrap_or_default()))?;
        cx.put(b"\n")?;
    }
    Ok(())
}

/// Text as it can stand in XML.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::markup::escape(&shown(text), &mut out);
    out
}

/// A picture in the manner of `systemd-analyze plot`.
fn picture(steps: &[Step], last: u64) -> Vec<u8> {
    const WIDTH: u64 = 900;
    const ROW: u64 = 20;
    let last = last.max(1);
    let height = 40 + ROW * (steps.len() as u64 + 1);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1400\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    )
    .into_bytes();
    // A line for each tenth.
    for tenth in 0..=10 {
        let x = 10 + WIDTH * tenth / 10;
        let label = time(last * tenth / 10);
        out.extend_from_slice(
            format!(
                "<line x1=\"{x}\" y1=\"24\" x2=\"{x}\" y2=\"{height}\" stroke=\"#ddd\"/>\
                 <text x=\"{x}\" y=\"16\" fill=\"#666\">{label}</text>\n"
            )
            .as_bytes(),
        );
    }
    let first = steps.iter().map(|s| s.start).filter(|start| *start > 0).min().unwrap_or(0);
    let mut row = |y: u64, from: u64, to: u64, colour: &str, label: &[u8]| {
        let x = 10 + from.saturating_mul(WIDTH) / last;
        let width = (to.saturating_sub(from).saturating_mul(WIDTH) / last).max(1);
        let (text, base, middle) = (x + width + 6, y + 14, y + 3);
        out.extend_from_slice(
            format!(
                "<rect x=\"{x}\" y=\"{middle}\" width=\"{width}\" height=\"14\" fill=\"{colour}\"/>\
                 <text x=\"{text}\" y=\"{base}\">"
            )
            .as_bytes(),
        );
        out.extend_from_slice(&escaped(label));
        out.extend_from_slice(b"</text>\n");
    };
    row(28, 0, first, "#888", format!("kernel ({})", time(first)).as_bytes());
    for (nth, step) in steps.iter().enumerate() {
        let colour = match step.result.as_slice() {
            b"failed" => "#c33",
            b"done" => "#38c",
            _ => "#bbb",
        };
        let end = if step.end > 0 { step.end } else { last };
        if step.start == 0 {
            continue;
        }
        let took = time(end.saturating_sub(step.start));
        let label = [&step.what[..], b" (", took.as_bytes(), b", ", &step.stage[..], b")"].concat();
        row(28 + ROW * (nth as u64 + 1), step.start, end, colour, &label);
    }
    out.extend_from_slice(b"</svg>\n");
    out
}
