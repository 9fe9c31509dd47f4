"""What the sections of the bench measure with: rows, counts and times."""
import os, re, resource, statistics, subprocess, tempfile, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOX = os.environ.get("RESCUEBOX", TOP + "/out/rescuebox")
CACHE = os.environ.get("RESCUEBOX_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "rescuebox")
missed = []


def heading(text):
    print("\n== " + text, flush=True)


def row(what, ours, peers, unit="", goal=None):
    """One line: our figure, each peer's with the ratio theirs/ours, the goal."""
    line = "%-38s %12s %-5s" % (what, show(ours), unit)
    for name, figure in peers:
        line += "  %s %s (%.2fx)" % (name, show(figure), figure / ours if ours else 0)
    if goal is not None:
        good = ours <= goal
        line += "  goal %s %s" % (show(goal), "met" if good else "MISSED")
        if not good:
            missed.append(what)
    print(line, flush=True)


def show(figure):
    return "%.3f" % figure if isinstance(figure, float) else "{:,}".format(figure)


def instructions(argv, **kw):
    """User instructions of a program, by callgrind."""
    out = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + argv,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **kw).stderr
    return int(re.search(r"refs:\s+([\d,]+)", out)[1].replace(",", ""))


def system_calls(argv):
    """System calls, execve and exit included."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(["strace", "-qq", "-o", log.name] + argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return len(log.read().splitlines())


def alternate(commands, rounds, inner=1, **kw):
    """Median seconds of each command, run in turn."""
    times = [[] for _ in commands]
    for _ in range(rounds):
        for at, argv in enumerate(commands):
            t = time.perf_counter()
            for _ in range(inner):
                subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **kw)
            times[at].append((time.perf_counter() - t) / inner)
    return [statistics.median(t) for t in times]


def alternate_both(commands, rounds, **kw):
    """Median seconds of each command, run in turn, and of its user and system time."""
    times = [[] for _ in commands]
    for _ in range(rounds):
        for at, argv in enumerate(commands):
            t, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **kw)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            times[at].append((time.perf_counter() - t, spent))
    return [tuple(statistics.median(t) for t in zip(*pairs)) for pairs in times]


def cpu(argv, stdin=None, cwd=None, check=True):
    """User and system seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # /dev/null is a shortcut for some
    with open(stdin or os.devnull, "rb") as given, tempfile.TemporaryFile() as out:
        subprocess.run(argv, stdin=given, stdout=out, stderr=subprocess.DEVNULL, cwd=cwd, check=check)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
