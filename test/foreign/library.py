"""Uses each word of the Python library by its effect: library.py ROOTFS."""

import inspect
import io
import stat
import subprocess
import sys
import tarfile
from datetime import datetime, timezone

import liker as package
from liker import Liker, LikerError
from liker.v1 import container_pb2, health_pb2

ROOTFS = sys.argv[1]
LARGE = b"liker" * 1_000_000


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def fails(reason, call):
    """That `call` raises a LikerError with this reason."""
    try:
        answer = call()
    except LikerError as error:
        equal((error.reason, str(error)[:1].isupper()), (reason, True))
        return
    raise AssertionError(f"it succeeded: {answer}")


def raised(call):
    """The other error that `call` raises."""
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def sleeper(liker, **options):
    return liker.containers.run(**{"directory": ROOTFS, "cmd": ["sleep", "1000"], "network": "none", **options})


def containers(liker):
    with sleeper(liker, name="words", env={"GREETING": "hello"}, labels={"app": "shop"}, hostname="here") as box:
        equal((liker.containers.get("words").id, box.name, box.warnings), (box.id, "words", []))
        equal([one.id for one in liker.containers.list(labels={"app": "shop"})], [box.id])
        equal(liker.containers.list(labels={"app": "none"}), [])
        equal(box.inspect().spec.hostname, "here")
        script = "echo $GREETING $MORE; pwd; id -un; exit 3"
        output = box.exec(["sh", "-c", script], env={"MORE": "world"}, cwd="/tmp", user="nobody").output()
        equal((output.stdout, output.stderr, output.exit.code), (b"hello world\n/tmp\nnobody\n", b"", 3))
        box.pause()
        equal(box.inspect().state, container_pb2.CONTAINER_STATE_PAUSED)
        box.resume()
        pid = box.inspect().pid
        box.restart()
        assert box.inspect().pid != pid
        box.update(limits={"memory": "32m", "pids": 77}, egress=None)
        limits = box.inspect().spec.resources
        equal((limits.memory.max_bytes, limits.pids.max), (32 << 20, 77))
        box.kill("SIGTERM")
        fails("WRONG_STATE", lambda: box.exec(["true"]))
        box.start()
        box.stop(timeout_seconds=0)
        assert box.wait(20).signal in (9, 15)
    fails("CONTAINER_NOT_FOUND", box.inspect)
    made = liker.containers.create(directory=ROOTFS, entrypoint=["echo"], cmd=["made"], network="none", read_only=True)
    equal(made.inspect().state, container_pb2.CONTAINER_STATE_CREATED)
    assert made.id in [one.id for one in liker.containers.list(all=True)]
    made.start()
    equal((made.wait().code, [entry.data for entry in made.logs()]), (0, [b"made\n"]))
    made.remove()
    spec = container_pb2.ContainerSpec(stop_signal="SIGUSR1")
    mounts = [{"tmpfs": True, "target": "/memory"}, {"bind": "/etc", "target": "/host", "read_only": True}]
    with sleeper(liker, spec=spec, mounts=mounts, limits={"memory": 1 << 26, "cpus": 0.5}, auto_remove=True) as box:
        equal(box.inspect().spec.stop_signal, "SIGUSR1")
        equal(box.exec(["sh", "-c", "echo > /memory/x; echo > /host/x"]).wait().code != 0, True)
        equal(box.inspect().spec.resources.cpu.quota_us, 50_000)


def network(liker):
    liker.networks.create("words", internal=True, egress="none", labels={"app": "shop"})
    found = liker.networks.get("words")
    equal((found.internal, dict(found.labels), found.egress.mode), (True, {"app": "shop"}, container_pb2.EgressPolicy.MODE_NONE))
    assert "words" in [one.name for one in liker.networks.list()]
    serve = ["python3", "-m", "http.server", "80", "--directory", "/etc"]
    with sleeper(liker, network="words", cmd=serve) as box:
        equal([end.network_name for end in box.inspect().endpoints], ["words"])
        box.update(egress=["192.0.2.0/24:443"])
        equal(list(box.inspect().spec.egress.rules), ["192.0.2.0/24:443"])
        box.wait_for(port=80, timeout=60)
    liker.networks.remove("words")
    fails("NETWORK_NOT_FOUND", lambda: liker.networks.get("words"))
    with sleeper(liker, cmd=["sh", "-c", "exec " + " ".join(serve)], network=["bridge"], ports=[80]) as box:
        host, port = box.address(80)
        # The host is not this program's: the engine has a network namespace of its own.
        box.wait_for(exec=["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1/')"], timeout=60)
        equal((host, port > 0), ("127.0.0.1", True))
        fails("BAD_ARGUMENT", lambda: box.address(81))


def processes(liker):
    with sleeper(liker) as box:
        assert box.exec(["cat"], stdin=LARGE).output().stdout == LARGE
        assert box.exec(["cat"], stdin=io.BytesIO(LARGE)).output().stdout == LARGE
        written = box.exec(["sh", "-c", "head -n 1; echo err >&2"], stdin=True)
        assert written.pid > 0
        written.stdin.write(b"a line\n")
        written.stdin.flush()
        equal((written.stdout.readline(), written.stdout.read(), written.stderr.read()), (b"a line\n", b"", b"err\n"))
        equal(written.wait(20).code, 0)
        parts = list(box.exec(["sh", "-c", "echo one; exit 4"]))
        equal([(part.kind, part.data) for part in parts], [("stdout", b"one\n"), ("exit", b"")])
        equal(parts[-1].status.code, 4)
        much = ["head", "-c", "3000000", "/dev/zero"]
        equal(box.exec(much).wait().code, 0)
        left = box.exec(much)
        next(iter(left))
        equal(left.wait().code, 0)
        size = "stty size; trap 'stty size; exit 5' WINCH; echo ready; while :; do sleep 0.05; done"
        shell = box.exec(["bash", "-c", size], tty=(91, 17))
        equal([shell.stdout.readline() for _ in range(2)], [b"17 91\r\n", b"ready\r\n"])
        shell.resize(55, 11)
        equal((shell.stdout.read(), shell.wait().code, shell.warnings), (b"11 55\r\n", 5, []))
        sleeping = box.exec(["sleep", "1000"])
        fails("TIMED_OUT", lambda: sleeping.wait(0.05))
        equal((sleeping.kill(), sleeping.wait().signal, sleeping.kill()), (True, 15, False))
        fails("NO_STDIN", lambda: sleeping.stdin)
        late = box.exec(["sleep", "77"], timeout=0.1)
        fails("TIMED_OUT", late.stdout.read)
        with box.exec(["sleep", "77"]):
            pass
        gone = "while grep -lq '^sleep.77' /proc/[0-9]*/cmdline; do sleep 0.05; done"
        equal(box.exec(["bash", "-c", gone], timeout=20).wait().code, 0)
        missing = box.exec(["no-such-program"]).wait()
        equal((missing.code, "no-such-program" in missing.start_error), (127, True))
    echo = ["bash", "-c", 'while read line; do echo "got $line"; done; exit 6']
    with sleeper(liker, cmd=echo, stdin=True) as box:
        with box.attach() as first:
            first.stdin.write(b"one\n")
            first.stdin.flush()
            equal(first.stdout.readline(), b"got one\n")
        equal(box.inspect().state, container_pb2.CONTAINER_STATE_RUNNING)
        second = box.attach()
        second.stdin.write(b"two\n")
        second.stdin.close()
        output = second.output()
        equal((output.stdout, output.exit.code), (b"got one\ngot two\n", 6))


def waiting(liker):
    script = 'sleep 0.2; echo almost; printf "now re"; sleep 0.2; echo ady; exec python3 -m http.server 47123'
    check = health_pb2.HealthCheck(args=["test", "-e", "/tmp"], interval_ms=100)
    with sleeper(liker, cmd=["bash", "-c", script], health_check=check) as box:
        box.wait_for(log="now .*ady", port=47123, health=True, exec=["test", "-d", "/tmp"], timeout=60)
        assert b":B813 " in box.exec(["cat", "/proc/net/tcp"]).output().stdout
        for condition in ({"port": 1}, {"exec": ["false"]}, {"log": "never"}, {"http": "http://127.0.0.1:1/"}):
            fails("TIMED_OUT", lambda: box.wait_for(**condition, timeout=0.3))
        fails("TIMED_OUT", lambda: box.wait(timeout=0.1))
    # In the network namespace of this program.
    serve = ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "/etc"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE) as server, sleeper(liker) as box:
        port = server.stdout.readline().split(b" port ")[1].split()[0].decode()
        box.wait_for(http=f"http://127.0.0.1:{port}/hostname", timeout=60)
        server.kill()
    ill = health_pb2.HealthCheck(args=["false"], interval_ms=100)
    ending = {"cmd": ["sh", "-c", "echo done; read x"], "stdin": True, "health_check": ill}
    for condition in ({"port": 1}, {"exec": ["sh", "-c", "kill -9 -1; exit 1"]}, {"log": "more"}, {"health": True}):
        with sleeper(liker, **ending) as box:
            box.wait_for(log="done", timeout=60)
            if "exec" not in condition:
                box.attach().stdin.close()
            fails("WRONG_STATE", lambda: box.wait_for(**condition, timeout=60))
            box.wait_for(log="done")


def figures(liker):
    since = datetime.now(timezone.utc)
    events = liker.events(filters={"type": "container", "event": "die"})
    with sleeper(liker, cmd=["sh", "-c", "echo out; echo err >&2; sleep 1000"]) as box:
        readings = box.stats(interval=0.1)
        next(readings)
        figures = next(readings)
        equal((figures.id, figures.memory.usage_bytes > 0), (box.id, True))
        log = box.logs(follow=True, tail=10, since=since)
        equal(sorted([next(log).data, next(log).data]), [b"err\n", b"out\n"])
        box.kill()
        equal((list(log), list(box.logs(until=since))), ([], []))
        died = next(events)
        equal(died.subject_id, box.id)
    again = list(liker.events(since=since, until=datetime.now(timezone.utc)))
    assert died.seq in [event.seq for event in again], again
    equal(next(liker.events(since=died.seq - 1)).seq, died.seq)


def files(liker):
    with sleeper(liker) as box:
        box.files.mkdir("/tmp/f")
        box.files.write_file("/tmp/f/large", LARGE, mode=0o600)
        assert box.files.read_file("/tmp/f/large") == LARGE
        found = box.files.lstat("/tmp/f/large")
        equal((found.size, found.mode, found.uid, found.target), (len(LARGE), stat.S_IFREG | 0o600, 0, None))
        assert abs((datetime.now(timezone.utc) - found.mtime).total_seconds()) < 3600, found.mtime
        script = "ln -s large link; truncate -s 300000 holes; printf x | dd of=holes conv=notrunc bs=1 seek=200000"
        equal(box.exec(["sh", "-c", script], cwd="/tmp/f").wait().code, 0)
        equal(box.files.lstat("/tmp/f/link").target, "large")
        assert box.files.read_file("/tmp/f/link") == LARGE
        equal(box.files.read_file("/tmp/f/holes"), bytes(200_000) + b"x" + bytes(99_999))
        box.files.write_file("/tmp/f/text", "grüße")
        box.files.mkdir("/tmp/g")
        box.files.write_archive("/tmp/g", box.files.read_archive("/tmp/f"))
        equal(box.files.read_file("/tmp/g/f/text").decode(), "grüße")
        packed = io.BytesIO(b"".join(box.files.read_archive("/tmp/g/f/text")))
        equal(tarfile.open(fileobj=packed).getnames(), ["text"])
        fails("BAD_PATH", lambda: box.files.read_file("/tmp/f"))
        fails("PATH_NOT_FOUND", lambda: box.files.read_file("/tmp/none"))
        equal(box.files.readdir("/tmp/g"), ["f"])
        equal(box.files.readdir("/tmp/g", recursive=True)[:2], ["f", "f/holes"])
        below = box.files.scandir("/tmp/g", recursive=True)
        equal([(entry.parent_path, entry.name, entry.stats.target) for entry in below if entry.name == "link"], [("/tmp/g/f", "link", "large")])
        equal(box.files.stat("/tmp/f/link").size, len(LARGE))
        try:
            box.files.readdir("/tmp/f/text")
            raise AssertionError("it was listed")
        except LikerError as error:
            equal((error.reason, error.code), ("BAD_PATH", "ENOTDIR"))
        box.files.mkdir("/tmp/h/i", recursive=True)
        fails("PATH_EXISTS", lambda: box.files.mkdir("/tmp/h/i"))
        box.files.append_file("/tmp/h/text", "one")
        box.files.append_file("/tmp/h/text", (piece for piece in [b" ", b"two"]))
        fails("PATH_EXISTS", lambda: box.files.write_file("/tmp/h/text", "no", flag="wx"))
        with box.files.open("/tmp/h/text", "a") as stream:
            stream.write(" drei\nvier ü\n")
        with box.files.open("/tmp/h/text") as stream:
            equal(list(stream), ["one two drei\n", "vier ü\n"])
        with box.files.open("/tmp/h/large", "wb") as stream:
            for at in range(0, len(LARGE), 100_000):
                stream.write(LARGE[at : at + 100_000])
        with box.files.open("/tmp/h/large", "rb") as stream:
            assert stream.read(7) + stream.read() == LARGE
        fails("PATH_NOT_FOUND", lambda: box.files.open("/tmp/none", "rb"))
        fails("PATH_NOT_FOUND", lambda: box.files.open("/tmp/none/file", "wb").close())
        box.files.rename("/tmp/h/text", "/tmp/h/i/text")
        box.files.rm("/tmp/h/large")
        fails("BAD_PATH", lambda: box.files.rm("/tmp/h"))
        equal(box.files.readdir("/tmp/h", recursive=True), ["i", "i/text"])
        box.files.rm("/tmp/h", recursive=True)
        box.files.rm("/tmp/h", force=True)
        fails("PATH_NOT_FOUND", lambda: box.files.rm("/tmp/h"))
        watched = box.files.watch("/tmp/g")
        box.files.write_file("/tmp/g/seen", "x")
        equal([(event.event_type, event.filename) for event in (next(watched), next(watched))], [("rename", "seen"), ("change", "seen")])
        watched.close()
        unreadable = (int(text) for text in ["no number"])
        assert raised(lambda: box.files.write_archive("/tmp", unreadable)).startswith("ValueError: ")
        fails("BAD_ARCHIVE", lambda: box.files.write_archive("/tmp", [b"no archive" * 100]))


def things(liker):
    image = liker.images.get("debian")
    liker.images.tag("debian", "words")
    assert image.id in [one.id for one in liker.images.list()]
    equal(liker.images.get("words").id, image.id)
    liker.images.remove("words")
    fails("IMAGE_NOT_FOUND", lambda: liker.images.get("words"))
    liker.images.tag("debian", "words")
    archive = b"".join(liker.images.save(["words"], format="docker", compression="gzip"))
    liker.images.remove("words")
    loaded = liker.images.load([archive])
    equal([(one.image.id, list(one.names)) for one in loaded], [(image.id, ["docker.io/library/words:latest"])])
    fails("BAD_IMAGE", lambda: liker.images.load([b"no archive"]))
    tar = subprocess.run(["tar", "-C", ROOTFS, "-c", "."], check=True, stdout=subprocess.PIPE)
    imported = liker.images.import_([tar.stdout], name="imported", changes=['CMD ["echo", "made"]'])
    with liker.containers.run(image="imported", network="none") as box:
        equal((box.wait().code, [entry.data for entry in box.logs()]), (0, [b"made\n"]))
    equal(imported.image.id, liker.images.get("imported").id)
    liker.images.remove("imported")
    layers = []
    fails("IMAGE_NOT_FOUND", lambda: liker.images.push("127.0.0.1:1/none"))
    liker.images.tag("debian", "127.0.0.1:1/none")
    fails("REGISTRY_UNREACHABLE", lambda: liker.images.push("127.0.0.1:1/none"))
    liker.images.remove("127.0.0.1:1/none")
    fails("REGISTRY_UNREACHABLE", lambda: liker.images.pull("127.0.0.1:1/none", on_progress=layers.append))
    fails("REGISTRY_UNREACHABLE", lambda: liker.containers.create(image="127.0.0.1:1/none"))
    fails("IMAGE_NOT_FOUND", lambda: liker.containers.run(image="127.0.0.1:1/none", never_pull=True))
    equal(dict(liker.volumes.create("words", labels={"app": "shop"}).labels), {"app": "shop"})
    equal((liker.volumes.get("words").name, [one.name for one in liker.volumes.list()]), ("words", ["words"]))
    liker.volumes.remove("words")
    fails("VOLUME_NOT_FOUND", lambda: liker.volumes.get("words"))


def leases(liker):
    with Liker(lease=3600.0) as leasing:
        box = sleeper(leasing)
        leasing.volumes.create("leased")
        leasing.networks.create("leased")
        assert box.inspect().spec.lease_id
    fails("CONTAINER_NOT_FOUND", lambda: liker.containers.get(box.id))
    fails("VOLUME_NOT_FOUND", lambda: liker.volumes.get("leased"))
    fails("NETWORK_NOT_FOUND", lambda: liker.networks.get("leased"))
    removed = liker.events(filters={"event": "destroy", "type": "volume"})
    short = Liker(lease=3.0)
    first = short.volumes.create("short")
    equal(next(removed).subject_name, "short")
    while True:
        try:
            assert short.volumes.create().lease_id not in ("", first.lease_id)
            break
        except LikerError as error:
            equal(error.reason, "LEASE_NOT_FOUND")


def mistakes(liker):
    assert liker.version()
    fails("DAEMON_UNREACHABLE", Liker("unix:///nowhere.sock").version)
    fails("BAD_ARGUMENT", lambda: Liker("tcp://here"))
    fails("BAD_ARGUMENT", lambda: liker.containers.create(cmd=["true"]))
    fails("BAD_ARGUMENT", lambda: sleeper(liker, limits={"memory": "much"}))
    fails("BAD_ARGUMENT", lambda: sleeper(liker, mounts=[{"target": "/x"}]))
    equal(raised(lambda: liker.containers.run(image="debian", limit={})), "TypeError: a container has no option 'limit'")
    with sleeper(liker) as box:
        fails("NAME_TAKEN", lambda: sleeper(liker, name=box.name))
        closed = Liker()
        closed.version()
        closed.close()
        fails("CANCELLED", closed.version)
    fails("COMMAND_NOT_FOUND", lambda: sleeper(liker, name="unstarted", cmd=["/no/such"]))
    advised = raised(lambda: liker.containers.get("unstarted"))
    equal(advised, "LikerError: No such container: 'unstarted'; containers.list(all=True) lists all")


def words(liker):
    """Each word has a docstring, and is used above."""
    source = inspect.getsource(sys.modules["__main__"])
    for name in package.__all__:
        exported = getattr(package, name)
        if not inspect.isclass(exported) or issubclass(exported, dict):
            continue
        assert exported.__doc__, name
        for word, member in vars(exported).items():
            if word.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
                continue
            assert member.__doc__, f"{name}.{word} has no docstring"
            assert f".{word}" in source, f"{name}.{word} is not tried"
    annotations = package.ContainerOptions.__annotations__
    equal(sorted(word for word in annotations if f"{word}=" not in source and f'"{word}"' not in source), [])


CHECKS = [containers, network, processes, waiting, figures, files, things, leases, mistakes, words]

if __name__ == "__main__":
    for check in CHECKS:
        with Liker() as connected:
            check(connected)
        print("ok", check.__name__, flush=True)
