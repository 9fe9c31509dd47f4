"""A server of DHCP that says a lot besides the truth.

hostile_dhcp.py CASE: before each right answer (10.5.0.20 of 10.5.0.1) it sends
what CASE is about; whatever of that is believed has 10.66.6.6 in it.
"""
import random, socket, sys, time

CASE = sys.argv[1]
OFFER, ACK, NAK = 2, 5, 6
EVIL = bytes([10, 66, 6, 6])
GOOD = bytes([10, 5, 0, 20])
SERVER = bytes([10, 5, 0, 1])

def option(code, value):
    return bytes([code, len(value)]) + value

def message(request, kind, ip=GOOD, server=SERVER, extra=b"", op=2, xid=None, mac=None,
            cookie=b"\x63\x82\x53\x63", end=b"\xff", sname=b"", file=b"", mask=True, lease=3600):
    head = bytes([op, 1, 6, 0]) + (xid or request[4:8]) + bytes(4) + bytes(4) + ip + bytes(8)
    head += (mac or request[28:34]) + bytes(10) + sname.ljust(64, b"\0") + file.ljust(128, b"\0")
    options = option(53, bytes([kind])) if kind else b""
    options += option(54, server) if server else b""
    options += option(1, bytes([255, 255, 255, 0])) if mask else b""
    options += option(51, lease.to_bytes(4, "big")) if lease is not None else b""
    return head + cookie + options + extra + end

def lies(request, kind):
    """Nothing of this is an answer to the client."""
    m = lambda **k: message(request, k.pop("kind", kind), ip=k.pop("ip", EVIL), **k)
    yield b""
    yield random.Random(7).randbytes(1400)
    whole = m(ip=GOOD)
    for n in range(1, 243, 7): yield whole[:n]
    yield m(op=1)
    yield m(xid=bytes(4))
    yield m(mac=bytes([2, 0, 0, 0, 0, 9]))
    yield m(cookie=b"\x63\x82\x53\x62")
    yield m(kind=0)
    yield m(kind=0, extra=bytes([53, 0]))
    yield m(kind=0, extra=bytes([53, 200, kind]))
    yield m(kind=0, extra=bytes([53]), end=b"")
    yield m(kind=9)
    yield m(kind=0, extra=bytes(1100), end=b"")
    # overlong, and in the wrong order
    yield m(kind=0, extra=b"".join(option(c, b"A" * 255) for c in range(60, 65)))
    yield m(kind=ACK if kind == OFFER else OFFER)
    # addresses that no host has
    for ip in (bytes(4), bytes([127, 0, 0, 1]), bytes([224, 0, 0, 1]), b"\xff" * 4, bytes([0, 1, 2, 3])):
        yield m(ip=ip)

def truth(request, kind):
    if CASE == "end":
        # nothing ends the options, and zero bytes are between them
        yield message(request, kind, extra=bytes(3) + option(3, SERVER) + option(12, b""), end=b"")
    elif CASE == "overload":
        # options in all three places, each of which says so again
        yield message(request, kind, extra=option(52, b"\x03") + option(12, b"a"),
            file=option(52, b"\x03") + option(3, SERVER) + bytes([0, 0, 12, 0]) + option(12, b"b") + b"\xff",
            sname=option(52, b"\x03") + option(6, bytes([10, 5, 0, 53])) + bytes([12, 60]) + b"evil")
    elif CASE == "overload-nothing":
        yield message(request, kind, extra=option(52, b"") + option(52, b"\xf0"), file=b"pxe", sname=b"srv")
    elif CASE == "spoofed" and kind == ACK:
        yield message(request, NAK, server=EVIL)
        yield message(request, ACK, ip=EVIL, server=EVIL)
        yield message(request, ACK)
    elif CASE.startswith("lease="):
        yield message(request, kind, lease=int(CASE[6:], 0))
    elif CASE == "lease":
        yield message(request, kind, lease=None, extra=option(51, b"\0\1"))
    elif CASE == "numbers":
        yield message(request, kind, mask=False, extra=option(1, bytes(4)) + option(26, b"\xff") +
            option(3, b"\x0a") + option(6, bytes(3)) + option(121, bytes([33, 1, 2, 3, 4, 5])) + option(2, b"\xff"))
    elif CASE == "routes":
        routes = bytes([32]) + EVIL + bytes([224, 0, 0, 1])
        routes += bytes([8, 127]) + bytes([127, 0, 0, 1])
        routes += bytes([24, 10, 77, 1]) + SERVER + bytes([0]) + SERVER
        yield message(request, kind, extra=option(121, routes))
    elif CASE == "texts":
        shell = b"$(touch /mnt/owned)"
        yield message(request, kind, sname=b"`touch /mnt/owned`\n\x1b[2J", file=shell + b"\nip=10.66.6.6\n",
            extra=option(12, b"a;touch /mnt/owned") + option(15, b"x\nip=10.66.6.6") + option(40, shell) +
            option(17, b"/srv\nip=10.66.6.6\x07") + option(66, b"-rf") + option(67, b"\x9b2J\x7f") +
            option(119, b"\x0ca;touch own \x00\x04good\x00") + option(56, b"\x1b]0;x\x07"))
    elif CASE == "search":
        # a name that points at itself, one ahead, and one behind the end
        yield message(request, kind, extra=option(119, b"\x01a\xc0\x00") + option(15, b"good.example"))
    else:
        yield message(request, kind)

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v1")
s.bind(("", 67))
print("ready", flush=True)
while True:
    request = s.recv(2000)
    kind = request[242]
    print("heard", kind, flush=True)
    if kind not in (1, 3): continue
    answer = OFFER if kind == 1 else ACK
    for bytes_ in (*lies(request, answer), *truth(request, answer)):
        s.sendto(bytes_, ("255.255.255.255", 68))
    if CASE == "nak" and kind == 3:
        # long after it was confirmed, and asked by nobody
        time.sleep(0.7)
        for _ in range(5): s.sendto(message(request, NAK), ("255.255.255.255", 68))
        print("sent", flush=True)
