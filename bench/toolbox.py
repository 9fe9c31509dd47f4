"""The applets that work on much data, against busybox-static."""
import os, random, re, shutil, subprocess, tempfile

from measure import BOX, cpu, heading, row

MB = 1 << 20


def text(path, size):
    """Lines of a log, the same ones each time."""
    rng = random.Random(1)
    words = [bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(3000)]
    with open(path, "wb") as f:
        at = done = 0
        while done < size:
            line = b"%08d %s\n" % (rng.randint(0, 99999999), b" ".join(rng.choices(words, k=rng.randint(3, 14))))
            f.write(line)
            at += 1
            done += len(line)


def make(d):
    """The files that the rows name."""
    text(d + "/text", 16 * MB)
    text(d + "/text.small", 3 * MB)
    with open(d + "/text.other", "wb") as f:
        lines = open(d + "/text.small", "rb").read().splitlines(True)
        f.write(b"".join(b"other\n" if n % 997 == 3 else line for n, line in enumerate(lines)))
    with open(d + "/data", "wb") as f:
        f.write(random.Random(2).randbytes(8 * MB))
        f.write(open(d + "/text", "rb").read(24 * MB))
    for packer in ("gzip", "xz", "bzip2"):
        with open("%s/text.%s" % (d, packer), "wb") as f:
            subprocess.run([packer, "-c", d + "/text"], stdout=f, check=True)
    os.makedirs(d + "/tree")
    for i in range(3000):
        folder = "%s/tree/%02d" % (d, i % 60)
        os.makedirs(folder, exist_ok=True)
        with open("%s/file-%d.rs" % (folder, i), "wb") as f:
            f.write(b"x" * (i * 37 % 9000))
    os.makedirs(d + "/many")
    for i in range(100000):
        os.mknod("%s/many/name%06d" % (d, i * 7919 % 100000))
    subprocess.run(["tar", "-cf", d + "/tree.tar", "tree"], cwd=d, check=True)
    with open(d + "/tree.names", "w") as f:
        subprocess.run(["find", "tree", "-print"], cwd=d, stdout=f, check=True)
    with open(d + "/tree.cpio", "w") as f:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=d, stdin=open(d + "/tree.names"), stdout=f, check=True)


# What is printed of it, the words behind the program's name (~ is a space),
# standard input; X stands for a folder that is made anew before each round.
ROWS = [
    ("grep word", "grep abc text", "may fail"),
    ("grep -c with a class", "grep -c [0-9]9.*z text"),
    ("grep -i", "grep -i QRS text", "may fail"),
    ("grep -v -E", "grep -vE (ab|cd)+[xyz] text"),
    ("grep -F, not there", "grep -cF nothing-like-it text", "may fail"),
    ("sed s///g", "sed s/ab/AB/g text"),
    ("sed -n /x/p", "sed -n /zz/p text"),
    ("sed with a group", r"sed s/\([0-9]*\).\(.*\)/\2.\1/ text.small"),
    ("awk {print $2, $3}", "awk {print$2,$3} text"),
    ("awk sum", "awk {s+=$1}END{print(s)} text"),
    ("awk count words", "awk {n[$2]++}END{for(k~in~n)c++;print(c)} text"),
    ("sort", "sort text.small"),
    ("sort -n", "sort -n text.small"),
    ("sort -k2,2 -k1n", "sort -k2,2 -k1n text.small"),
    ("sort -u", "sort -u text.small"),
    ("uniq -c", "uniq -c text"),
    ("tr a-z A-Z", "tr a-z A-Z", "text"),
    ("tr -d", "tr -d aeiou", "text"),
    ("cut -d -f", "cut -d~ -f2,4 text"),
    ("cut -c", "cut -c3-20 text"),
    ("wc", "wc text"),
    ("wc -l", "wc -l text"),
    ("head -n", "head -n 200000 text"),
    ("tail -n", "tail -n 100000 text"),
    ("cat", "cat text data"),
    ("od -c", "od -c text.small"),
    ("hexdump -C", "hexdump -C text.small"),
    ("xxd", "xxd text.small"),
    ("base64", "base64 text"),
    ("strings", "strings data"),
    ("cmp", "cmp data data"),
    ("diff", "diff text.small text.other", "may fail"),
    ("md5sum", "md5sum data"),
    ("sha1sum", "sha1sum data"),
    ("sha256sum", "sha256sum data"),
    ("sha512sum", "sha512sum data"),
    ("gzip", "gzip -c text.small"),
    ("gzip -d", "gzip -dc text.gzip"),
    ("xz -d", "xz -dc text.xz"),
    ("bzip2 -d", "bzip2 -dc text.bzip2"),
    ("find -name", "find tree many -name *7.rs"),
    ("find -type f -size", "find tree -type f -size +4k"),
    ("ls of 100,000 files", "ls many"),
    ("ls -l of 100,000 files", "ls -l many"),
    ("ls -lR", "ls -lR tree"),
    ("du -s", "du -s tree"),
    ("cp a file", "cp data X/copy"),
    ("cp -a a tree", "cp -a tree X/copy"),
    ("dd bs=4k", "dd if=data of=/dev/null bs=4k"),
    ("dd bs=1M to a file", "dd if=data of=X/copy bs=1M"),
    ("tar -c", "tar -cf - tree"),
    ("tar -t", "tar -tf tree.tar"),
    ("tar -x", "tar -xf tree.tar -C X"),
    ("cpio -o", "cpio -o -H newc", "tree.names"),
    ("cpio -t", "cpio -t", "tree.cpio"),
    ("ps of 2,000 processes", "ps"),
    ("dmesg", "dmesg"),
]


def run():
    heading("toolbox: user and system milliseconds, best of 5, against busybox-static; ahead in every row is the goal")
    with tempfile.TemporaryDirectory() as d:
        make(d)
        sleepers = []
        for what, line, *rest in ROWS:
            words = [re.sub(r"(^|=)X(?=/|$)", lambda m: m[1] + d + "/out", w).replace("~", " ") for w in line.split(" ")]
            if words[0] == "ps":
                sleepers = [subprocess.Popen([shutil.which("busybox"), "sleep", "600"]) for _ in range(2000)]
            check = "may fail" not in rest
            given = [d + "/" + r for r in rest if r != "may fail"]
            times = [[], []]
            for _ in range(5):
                for at, program in enumerate((BOX, "busybox")):
                    shutil.rmtree(d + "/out", ignore_errors=True)
                    os.mkdir(d + "/out")
                    times[at].append(cpu([program] + words, given[0] if given else None, d, check))
            ours, theirs = (1e3 * min(t) for t in times)
            row(what, ours, [("busybox", theirs)], "ms", goal=theirs)
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
