//! dd, tar and cpio: lines for the shell.

use super::random::Random;

/// GNU's tar and cpio fail with 2, busybox's and this program with 1.
const STATUS: &str = "tr 2 1";

type Made = (Vec<String>, String);

/// What an archive was unpacked to: kinds, modes, sizes, times, links.
const SHOW: &str = "find ../x -mindepth 1 '(' -type d -printf '%P %y %m\\n' -o \
                    -type l -printf '%P %y %l\\n' -o -printf '%P %y %m %s %n %T@\\n' ')' | sort";

pub fn dd(random: &mut Random) -> Made {
    let mut words = vec![random.word("status=none status=none status=noxfer").to_string()];
    words.extend(random.some(&["if=a.txt", "if=b.txt", "if=big"], 30));
    for _ in 0..1 + random.below(2) {
        let size =
            format!("{}{}", 1 + random.below(20), random.one_of(&["", "", "", "", "w", "x2"]));
        words.push(format!("{}={size}", random.word("bs ibs obs cbs bs")));
    }
    for option in ["count", "skip"] {
        if random.chance(40) {
            words.push(format!(
                "{option}={}{}",
                random.below(6),
                random.one_of(&["", "", "", "c", "B"])
            ));
        }
    }
    if random.chance(45) {
        let conversions = [
            "ucase",
            "lcase",
            "swab",
            "sync",
            "notrunc",
            "noerror",
            "sync,swab",
            "ucase,sync",
            "block",
            "unblock",
            "sparse",
            "ascii",
            "ebcdic",
            "ibm",
            "block,ucase",
            "block,sync",
            "unblock,lcase",
            "sync,unblock",
            "swab,ucase",
            "notrunc,sync",
            "sparse,notrunc",
            "excl",
            "nocreat",
        ];
        words.push(format!("conv={}", random.one_of(&conversions)));
    }
    let flags = [
        "iflag=skip_bytes",
        "iflag=count_bytes",
        "iflag=fullblock",
        "iflag=skip_bytes,count_bytes",
    ];
    words.extend(random.some(&flags, 8));
    if random.chance(40) {
        let seek = random.below(5);
        // seek_bytes alone empties the file in coreutils before 9.2
        words.extend(random.some(&["oflag=append", "oflag=seek_bytes conv=notrunc"], 10));
        return (
            vec![format!(
                "printf 0123456789 >../out; $P dd {} seek={seek} of=../out 2>../errs; echo $?; grep record ../errs; cat ../out",
                words.join(" ")
            )],
            random.text(),
        );
    }
    let errors = random.one_of(&["", "2>../errs; echo $?; grep record ../errs"]);
    (vec![format!("$P dd {} {errors}", words.join(" "))], random.text())
}

pub fn tar(random: &mut Random) -> Made {
    let mut words = vec![
        random
            .one_of(&[
                "",
                "",
                "",
                "--format=ustar",
                "--format=gnu",
                "--format=pax",
                "--numeric-owner",
            ])
            .to_string(),
    ];
    if random.chance(35) {
        words.push(
            random
                .one_of(&[
                    "--exclude=e",
                    "--exclude='*.txt'",
                    "--exclude=d/e",
                    "--exclude='d/*'",
                    "--exclude=./d",
                    "--exclude='[a-d]'",
                    "--exclude=e --exclude=f",
                    "-X ../ex",
                    "--exclude='*/f'",
                    "--exclude=long*",
                ])
                .into(),
        );
    }
    words.extend(random.some(
        &[
            "--owner=7",
            "--group=8",
            "--mode=600",
            "--mtime=@5",
            "--sort=name",
            "--no-recursion",
            "-P",
            "--mode=u+x,go=",
            "--owner=bin:2",
        ],
        6,
    ));
    let names = random.one_of(&[
        "d",
        ".",
        "a.txt b.txt",
        "d a.txt",
        "-C d .",
        "d/e none",
        "l long*",
        "./d",
        "d/ a.txt",
        "-C d f -C e a",
        "-T ../names",
        "l/",
        "-C d f -C .. e",
        "deep*",
        "big",
        "d/f d/h",
    ]);
    let packer = random.one_of(&["", "", "", "z", "j", "J"]);
    let first = random.one_of(&["$P", ""]);
    let before = "printf 'a.txt\\nd/e\\n' >../names; printf 'f\\n*.txt\\n' >../ex;";
    let make =
        format!("{before} {first} tar -c{packer}f - {} {names} 2>/dev/null", words.join(" "));
    if random.chance(35) {
        let more = random
            .some(
                &[
                    "-k",
                    "-m",
                    "-p",
                    "--strip-components=1",
                    "--exclude=f",
                    "--no-same-permissions",
                    "--overwrite",
                    "--skip-old-files",
                    "-o",
                    "--strip=2",
                ],
                9,
            )
            .join(" ");
        // what is there is kept or not
        let more = match more.contains("-k") || more.contains("--skip") {
            true => more.replace("--overwrite", "").replace("--skip-old-files", "-k"),
            false => more,
        };
        let which = random.one_of(&["", "", "", "d", "a.txt", "d/e", "./d", "none", "d/"]);
        let there =
            random.one_of(&["", "", "mkdir ../x/d; echo old >../x/a.txt; touch -d @7 ../x/a.txt;"]);
        // the time is now
        let show = if more.contains("-m") { SHOW.replace(" %T@", "") } else { SHOW.into() };
        return (
            vec![format!(
                "rm -rf ../x; mkdir ../x; {there} {make} | $P tar -x{packer}f - -C ../x {more} {which}; echo $? | {STATUS}; {show}"
            )],
            String::new(),
        );
    }
    if random.chance(12) {
        words.remove(0); // the format is that of the archive
        return (
            vec![format!(
                "{first} tar -cf ../t.tar a.txt; $P tar -rf ../t.tar {} {names} 2>/dev/null; echo $? | {STATUS}; $P tar -tvf ../t.tar; tar -tvf ../t.tar",
                words.join(" ")
            )],
            String::new(),
        );
    }
    let read = random.one_of(&[
        "t",
        "tv",
        "tv",
        "xO",
        "xOv",
        "t --exclude=f",
        "t d",
        "tv a.txt",
        "xO a.txt",
        "t --strip-components=1",
        "t --wildcards '*.txt'",
        "t d/e a.txt",
        "t ./d",
        "t none",
        "tv --numeric-owner",
        "xvO d/f",
        "xO --strip-components=1",
        "t --exclude='*e*'",
    ]);
    let mut parts = read.splitn(2, ' ');
    let (letters, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (
        vec![format!("{make} | $P tar -{letters}{packer} -f - {rest}; echo $? | {STATUS}")],
        String::new(),
    )
}

pub fn cpio(random: &mut Random) -> Made {
    let names =
        random.one_of(&["d", "d a.txt", "l", "long*", ".", "deep*", "d/f d/h a.txt", "big"]);
    let first = random.one_of(&["$P", ""]);
    let zero = random.one_of(&["", "", "0"]);
    let print = if zero.is_empty() { "-print" } else { "-print0" };
    let sorted = if zero.is_empty() { "sort" } else { "sort -z" };
    let format = random.word("newc newc crc odc");
    let more = random.one_of(&["", "", "", "-L", "-R 5:6", "--reproducible", "-A_"]);
    let more = if more.ends_with('_') { "" } else { more };
    let make = format!(
        "find {names} {print} | {sorted} | {first} cpio -o{zero} -H {format} {more} --quiet 2>/dev/null"
    );
    let quiet = random.one_of(&["--quiet", "--quiet", ""]);
    if random.chance(15) {
        let options = random.some(&["-m", "-u", "-l", "-v", "-L"], 20).join(" ");
        // links that are made share their time
        let show = if options.contains("-m") { SHOW.into() } else { SHOW.replace(" %T@", "") };
        return (
            vec![format!(
                "rm -rf ../x; mkdir ../x; find {names} {print} | {sorted} | $P cpio -p{zero}d {options} {quiet} ../x 2>/dev/null; echo $? | {STATUS}; {show}"
            )],
            String::new(),
        );
    }
    if random.chance(35) {
        let options = random.some(&["-m", "-u", "-v", "-n", "--no-preserve-owner"], 20).join(" ");
        let which =
            random.one_of(&["", "", "", "a.txt", "'d*'", "-f '*f'", "none", "-E ../pats", "'*'"]);
        let there = random.one_of(&["", "", "echo old >../x/a.txt; touch -d @7 ../x/a.txt;"]);
        let show = if options.contains("-m") { SHOW.into() } else { SHOW.replace(" %T@", "") };
        let folder = random.one_of(&["-d", "-d", "-d", ""]);
        return (
            vec![format!(
                "printf 'd/e*\\n*.txt\\n' >../pats; rm -rf ../x; mkdir ../x; {there} {make} >../arc; (cd ../x; $P cpio -i {folder} {options} {which} {quiet} <../arc 2>/dev/null; echo $? | {STATUS}); {show}"
            )],
            String::new(),
        );
    }
    let read = random.one_of(&[
        "-it",
        "-itv",
        "-i --to-stdout",
        "-it 'd*'",
        "-itv '*.txt'",
        "-it -n",
        "-itvn",
        "-t",
        "-tF ../arc",
        "-it -f 'd*'",
        "-it '[ad]*'",
        "-it 'd/?'",
        "-i --to-stdout a.txt",
    ]);
    (
        vec![format!(
            "{make} >../arc; {{ $P cpio {read} {quiet} <../arc 2>/dev/null; echo $? | {STATUS}; }} | sort"
        )],
        String::new(),
    )
}
