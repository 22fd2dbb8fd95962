"""What a foreign client must be able to do. Each function is one check; its docstring is its name."""

import json
import subprocess
import threading
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from api import DEADLINE, failure, Liker
from stubs import (
    container,
    containers,
    events,
    health_pb2,
    health_pb2_grpc,
    logs,
    process,
    reflection_alpha_grpc,
    reflection_pb2,
    reflection_pb2_grpc,
    sessions,
    system,
)

SIZE = process.TerminalSize(columns=93, rows=31)
SERVICES = ["ContainerService", "SessionService", "LogService", "EventService", "SystemService"]


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def run_separates_streams(liker: Liker):
    """run: stdout and stderr apart, the exit code last"""
    session = liker.run(["sh", "-c", "echo out; echo err >&2; exit 7"], auto_remove=True)
    equal(session.finish().code, 7)
    equal((session.stdout, session.stderr), (b"out\n", b"err\n"))
    equal((session.order[0], session.order[-1]), ("ready", "exit"))
    equal(session.ready.tty, False)


def run_takes_input(liker: Liker):
    """run: input arrives, its end too"""
    session = liker.run(["sh", "-c", "wc -c; exit 3"], open_stdin=True, auto_remove=True)
    for _ in range(8):
        session.type(b"x" * 50_000)
    session.close_stdin()
    equal(session.finish().code, 3)
    equal(session.stdout.strip(), b"400000")


def run_keeps_every_byte(liker: Liker):
    """run: a megabyte written just before the end is all there"""
    session = liker.run(["sh", "-c", "head -c 1048576 /dev/zero; exit 9"], auto_remove=True)
    equal(session.finish().code, 9)
    equal(len(session.stdout), 1_048_576)


def run_on_a_terminal(liker: Liker):
    """run with a tty: its own pts, the size right from the start, input echoed"""
    args = ["sh", "-c", "tty; stty size; read x; echo got:$x"]
    session = liker.run(args, tty=True, open_stdin=True, terminal_size=SIZE, auto_remove=True)
    session.saw(b"/dev/pts/0\r\n31 93\r\n").type(b"word\r")
    equal(session.finish().code, 0)
    assert b"word\r\ngot:word\r\n" in session.stdout, session.stdout
    equal((session.ready.tty, session.stderr), (True, b""))


def run_reports_what_cannot_start(liker: Liker):
    """run: 127 for a command that is missing, 126 for one that is not executable; no failed call"""
    missing = liker.run(["/no/such/program"], auto_remove=True).finish()
    equal((missing.code, missing.start_error != ""), (127, True))
    equal(liker.run(["/etc/passwd"], auto_remove=True).finish().code, 126)


def run_reports_a_signal(liker: Liker):
    """run: 128 + n and the signal for a process that a signal ended"""
    exit = liker.run(["sh", "-c", "kill -KILL $$"], auto_remove=True).finish()
    equal((exit.code, exit.signal), (137, 9))


def exec_on_a_terminal(liker: Liker):
    """exec with a tty: keystrokes, resize, Ctrl-C, the exit code"""
    liker.started("shell", ["sleep", "1000"])
    session = liker.exec("shell", ["sh", "-i"], tty=True, open_stdin=True, terminal_size=SIZE)
    session.until("a prompt", lambda s: s.stdout.endswith((b"# ", b"$ ")))
    session.type(b"stty size\r")
    session.saw(b"31 93\r\n").resize(120, 40)
    # Printed by the foreground process: before it runs, the shell would get the Ctrl-C.
    session.type(b"stty size; sh -c 'echo here; exec sleep 1000'\r")
    session.saw(b"40 120\r\n").saw(b"here\r\n").type(b"\x03")
    session.type(b"echo code=$?\r")
    session.saw(b"code=130\r\n").type(b"exit 5\r")
    equal(session.finish().code, 5)
    liker.remove("shell")


def exec_without_a_terminal(liker: Liker):
    """exec without a tty and ExecSync: output apart, exit code, the container's environment"""
    liker.started("box", ["sleep", "1000"], env=["COLOUR=blue"])
    session = liker.exec("box", ["sh", "-c", "echo $COLOUR; echo no >&2; exit 4"])
    equal((session.finish().code, session.stdout, session.stderr), (4, b"blue\n", b"no\n"))
    spec = process.ProcessSpec(args=["cat"], open_stdin=True)
    request = sessions.ExecSyncRequest(container="box", process=spec, stdin=b"typed")
    answer = liker.sessions.ExecSync(request, timeout=DEADLINE)
    equal((answer.exit.code, answer.stdout, answer.truncated), (0, b"typed", False))
    liker.remove("box")


def attach_replays_and_detaches(liker: Liker):
    """attach: replay, several at once, read-only, detach, and the process goes on"""
    liker.started("att", ["sh", "-c", "echo first; while read x; do echo got:$x; done"], open_stdin=True)
    one = liker.attach("att").saw(b"first\n")
    reader = liker.attach("att", read_only=True).saw(b"first\n")
    one.type(b"a\n")
    one.saw(b"got:a\n").detach()
    one.finish()
    equal((one.detached, one.exit), (True, None))
    two = liker.attach("att").saw(b"first\ngot:a\n")
    two.type(b"b\n")
    two.saw(b"got:b\n").close_stdin()
    equal(two.finish().code, 0)
    equal(reader.finish().code, 0)
    equal(reader.stdout, b"first\ngot:a\ngot:b\n")
    liker.remove("att")


def attach_resumes(liker: Liker):
    """attach: a session whose connection was lost goes on at its offset"""
    spec = {"name": "res", "open_stdin": True}
    lost = liker.run(["sh", "-c", "echo first; while read x; do echo got:$x; done"], **spec).saw(b"first\n")
    lost.type(b"one\n")
    lost.saw(b"got:one\n").call.cancel()
    offset = len(lost.stdout) - 4
    resume = sessions.SessionResume(session_id=lost.ready.session_id, stdout_offset=offset)
    again = liker.attach("res", resume=resume).until("ready", lambda s: s.ready is not None)
    equal((again.ready.session_id, again.ready.stdout_offset), (lost.ready.session_id, offset))
    equal(again.ready.stdin_offset, 4)
    again.saw(b"one\n").close_stdin()
    equal(again.finish().code, 0)
    equal(again.stdout, lost.stdout[offset:])
    liker.remove("res")


def _subscribe(liker: Liker, **request):
    return liker.events.Subscribe(events.SubscribeRequest(**request), timeout=DEADLINE)


def events_replay_and_follow(liker: Liker):
    """events: since_seq replays and follows, numbered without a gap"""
    last = liker.events.GetLastSeq(events.GetLastSeqRequest(), timeout=DEADLINE).last_seq
    liker.run(["true"], name="ev1", auto_remove=True).finish()
    seen, ended = [], threading.Event()
    stream = _subscribe(liker, since_seq=last, follow=True)

    def read():
        for response in stream:
            seen.append(response.event)
            if (response.event.container_name, response.event.action) == ("ev2", "destroy"):
                break
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    liker.run(["sh", "-c", "exit 6"], name="ev2", auto_remove=True).finish()
    assert ended.wait(DEADLINE), f"no destroy of ev2 in {[e.action for e in seen]}"
    stream.cancel()
    equal([e.seq for e in seen], list(range(last + 1, last + 1 + len(seen))))
    for name, code in (("ev1", "0"), ("ev2", "6")):
        mine = [e for e in seen if e.container_name == name]
        actions = [e.action for e in mine]
        order = [actions.index(a) for a in ("create", "start", "die", "destroy")]
        equal(order, sorted(order))
        equal([e.attributes["exitCode"] for e in mine if e.action == "die"], [code])
    replayed = [r.event.seq for r in _subscribe(liker, since_seq=last)]
    equal(replayed[: len(seen)], [e.seq for e in seen])


def logs_are_kept(liker: Liker):
    """logs: both streams, tail, and follow until the end of the container"""
    liker.started("log", ["sh", "-c", "echo a; echo b >&2; read x; echo c"], open_stdin=True)
    lines, done = [], threading.Event()

    def follow():
        request = logs.ReadLogsRequest(container="log", follow=True)
        for response in liker.logs.ReadLogs(request, timeout=DEADLINE):
            lines.extend((entry.stream, entry.data) for entry in response.entries)
        done.set()

    threading.Thread(target=follow, daemon=True).start()
    session = liker.attach("log").saw(b"a\n")
    session.close_stdin()
    session.finish()
    assert done.wait(DEADLINE), f"the log did not end: {lines}"
    equal(sorted(lines), [(logs.LOG_STREAM_STDOUT, b"a\n"), (logs.LOG_STREAM_STDOUT, b"c\n"), (logs.LOG_STREAM_STDERR, b"b\n")])
    request = logs.ReadLogsRequest(container="log", tail=1)
    last = [e for r in liker.logs.ReadLogs(request, timeout=DEADLINE) for e in r.entries]
    equal([e.data for e in last], [b"c\n"])
    assert last[0].time.seconds > 1_700_000_000, last[0].time
    liker.remove("log")


def errors_carry_details(liker: Liker):
    """errors: code, reason, metadata and field of a google.rpc.Status"""
    gone = failure(lambda: liker.get("nosuch"))
    equal((gone.code, gone.info.reason, gone.info.domain), (grpc.StatusCode.NOT_FOUND, "CONTAINER_NOT_FOUND", "liker.dev"))
    assert "nosuch" in gone.text and gone.status.message == gone.text, gone.text
    equal(gone.status.code, grpc.StatusCode.NOT_FOUND.value[0])

    bad = failure(lambda: liker.run(["true"], name="no/slash").finish())
    equal((bad.code, bad.info.reason), (grpc.StatusCode.INVALID_ARGUMENT, "BAD_ARGUMENT"))
    equal([v.field for v in bad.bad_request.field_violations], ["spec.name"])

    liker.started("taken", ["sleep", "1000"])
    taken = failure(lambda: liker.started("taken", ["true"]))
    equal((taken.code, taken.info.reason), (grpc.StatusCode.ALREADY_EXISTS, "NAME_TAKEN"))
    state = failure(
        lambda: liker.containers.RemoveContainer(containers.RemoveContainerRequest(container="taken"), timeout=DEADLINE)
    )
    equal((state.code, state.info.reason), (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE"))
    liker.remove("taken")


def kernel_errors_are_kept(liker: Liker):
    """errors: the kernel's own words of a step that failed"""
    mount = container.Mount(type=container.Mount.TYPE_TMPFS, target="/mnt", options=["size=nonsense"])
    spec = liker.spec(["true"], name="broken")
    spec.mounts.append(mount)
    failed = failure(
        lambda: liker.containers.StartContainer(
            containers.StartContainerRequest(
                container=liker.containers.CreateContainer(
                    containers.CreateContainerRequest(spec=spec), timeout=DEADLINE
                ).container.id
            ),
            timeout=DEADLINE,
        )
    )
    if failed.code == grpc.StatusCode.INVALID_ARGUMENT:  # refused before the kernel was asked, which is fine too
        equal(failed.info.reason, "BAD_ARGUMENT")
        return
    equal((failed.code, failed.syscall.step, failed.syscall.errno), (grpc.StatusCode.INTERNAL, "mount", "EINVAL"))
    liker.remove("broken")


def request_ids_make_retries_safe(liker: Liker):
    """request_id: a repeated create and a repeated run make one container"""
    request = containers.CreateContainerRequest(spec=liker.spec(["true"]), request_id=str(uuid.uuid4()))
    ids = {liker.containers.CreateContainer(request, timeout=DEADLINE).container.id for _ in range(3)}
    equal(len(ids), 1)
    key = str(uuid.uuid4())
    args = ["sh", "-c", "echo once; read x; exit 8"]
    one = liker.run(args, request_id=key, open_stdin=True).saw(b"once\n")
    two = liker.run(args, request_id=key, open_stdin=True).saw(b"once\n")
    equal(one.ready.container_id, two.ready.container_id)
    two.close_stdin()
    equal((one.finish().code, two.finish().code), (8, 8))
    for each in (*ids, one.ready.container_id):
        liker.remove(each)


def cancelled_run_keeps_the_container(liker: Liker):
    """on_disconnect: a container outlives a client of run that vanishes, and says so"""
    session = liker.run(["sleep", "1000"], name="left").until("ready", lambda s: s.ready is not None)
    session.call.cancel()
    for _ in range(2000):
        left = liker.get("left")
        if left.client_lost:
            break
    equal((left.state, left.client_lost), (container.CONTAINER_STATE_RUNNING, True))
    liker.remove("left")


def health_is_told(liker: Liker):
    """grpc.health.v1: every service is serving; watch answers at once"""
    stub = health_pb2_grpc.HealthStub(liker.channel)
    for name in ["", *(f"liker.v1.{service}" for service in SERVICES)]:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=DEADLINE)
        equal(answer.status, health_pb2.HealthCheckResponse.SERVING)
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=DEADLINE)
    equal(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
    watch.cancel()


def reflection_lists_the_services(liker: Liker):
    """grpc.reflection.v1: lists every service"""
    stub = reflection_pb2_grpc.ServerReflectionStub(liker.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(stub.ServerReflectionInfo(iter([request]), timeout=DEADLINE))
    names = {service.name for service in answer.list_services_response.service}
    assert names >= {f"liker.v1.{service}" for service in SERVICES}, names


class _Reflection:
    """What a client learns that has no proto file: everything into a pool of its own, which takes no file without its imports."""

    def __init__(self, liker: Liker, stub, version: str):
        self._ask = stub(liker.channel).ServerReflectionInfo
        self.pool = descriptor_pool.DescriptorPool()
        self._added = set()
        self.version = version

    def ask(self, **request):
        question = reflection_pb2.ServerReflectionRequest(host="here", **request)
        answer = next(self._ask(iter([question]), timeout=DEADLINE))
        equal((answer.valid_host, answer.original_request.SerializeToString()), ("here", question.SerializeToString()))
        return answer

    def learn(self, **request):
        answer = self.ask(**request)
        files = [descriptor_pb2.FileDescriptorProto.FromString(raw) for raw in answer.file_descriptor_response.file_descriptor_proto]
        assert files, answer
        known = {file.name: file for file in files}
        self._add(files[0], known)
        return files[0]

    def _add(self, file, known):
        if file.name in self._added:
            return
        self._added.add(file.name)
        for name in file.dependency:
            self._add(known[name], known)
        self.pool.Add(file)


def reflection_is_whole(liker: Liker):
    """grpc.reflection.v1 and v1alpha: a strict pool resolves every service, message and enumeration by it alone"""
    for stub, version in ((reflection_pb2_grpc, "v1"), (reflection_alpha_grpc, "v1alpha")):
        seen = _Reflection(liker, stub.ServerReflectionStub, version)
        services = [each.name for each in seen.ask(list_services="").list_services_response.service]
        assert f"grpc.reflection.{version}.ServerReflection" in services and "grpc.health.v1.Health" in services, services
        for name in services:
            file = seen.learn(file_containing_symbol=name)
            equal(seen.learn(file_by_filename=file.name).name, file.name)
            for method in seen.pool.FindServiceByName(name).methods:
                equal(seen.learn(file_containing_symbol=method.full_name).name, file.name)
                assert method.input_type.full_name and method.output_type.full_name
        seen.learn(file_containing_symbol="google.rpc.Status")
        seen.learn(file_containing_symbol="google.rpc.BadRequest.FieldViolation")
        seen.learn(file_containing_symbol="liker.v1.SyscallError")
        # As protoc generates it: maps, presence, oneofs, nested enums.
        find = seen.pool.FindMessageTypeByName
        spec = find("liker.v1.ContainerSpec")
        assert spec.fields_by_name["labels"].message_type.GetOptions().map_entry
        equal(spec.fields_by_name["init"].has_presence, True)
        equal([f.name for f in find("liker.v1.RunRequest").oneofs_by_name["frame"].fields], ["start", "input"])
        equal(seen.learn(file_containing_symbol="liker.v1.Mount.TYPE_BIND").name, "liker/v1/container.proto")
        make = message_factory.MessageFactory(seen.pool).GetPrototype
        failed = failure(lambda: liker.get("nosuch"))
        status = make(find("google.rpc.Status")).FromString(failed.status.SerializeToString())
        info = make(find("google.rpc.ErrorInfo"))()
        assert status.details[0].Unpack(info)
        equal((info.reason, dict(info.metadata)), ("CONTAINER_NOT_FOUND", {"container": "nosuch"}))
        for request in ({"file_containing_symbol": "liker.v1.Nothing"}, {"file_by_filename": "no.proto"}):
            equal(seen.ask(**request).error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0])
        answer = seen.ask(all_extension_numbers_of_type="liker.v1.ContainerSpec").all_extension_numbers_response
        equal((answer.base_type_name, list(answer.extension_number)), ("liker.v1.ContainerSpec", []))


def _buf_curl(liker: Liker, method: str, request: str) -> list:
    done = subprocess.run(
        ["buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--unix-socket", liker.socket]
        + ["-d", request, f"http://localhost/liker.v1.{method}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    decoder, rest, answers = json.JSONDecoder(), done.stdout.strip(), []
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].strip()
    return answers


def another_client_by_reflection(liker: Liker):
    """buf curl, which knows the API by reflection only: a unary call, a server stream, a whole session"""
    version = liker.system.GetVersion(system.GetVersionRequest(), timeout=DEADLINE).version
    equal(_buf_curl(liker, "SystemService/GetVersion", "{}")[0]["version"], version)
    seen = _buf_curl(liker, "EventService/Subscribe", '{"since_seq": 0}')
    equal([int(e["event"]["seq"]) for e in seen][:2], [1, 2])
    spec = {"rootfs": {"directory": liker.rootfs}, "process": {"args": ["echo", "hi"]}, "auto_remove": True}
    frames = [a["output"] for a in _buf_curl(liker, "SessionService/Run", json.dumps({"start": {"spec": spec}}))]
    assert "ready" in frames[0] and "exit" in frames[-1], frames
    equal([f["stdout"]["data"] for f in frames if "stdout" in f], ["aGkK"])


def unknown_fields_are_harmless(liker: Liker):
    """an unknown field and a malformed message do not trouble the daemon"""
    method = "/liker.v1.SystemService/GetVersion"
    same = lambda data: data  # noqa: E731
    call = liker.channel.unary_unary(method, request_serializer=same, response_deserializer=same)
    assert len(call(b"\xf8\x07\x01", timeout=DEADLINE)) > 0  # field 127, varint
    method = "/liker.v1.ContainerService/GetContainer"
    call = liker.channel.unary_unary(method, request_serializer=same, response_deserializer=same)
    try:
        call(b"\x0a\xff", timeout=DEADLINE)
        raise AssertionError("a malformed message was taken")
    except grpc.RpcError as failed:
        assert failed.code() != grpc.StatusCode.UNKNOWN, failed.details()
    assert liker.system.GetVersion(system.GetVersionRequest(), timeout=DEADLINE).version != ""


def stdin_has_its_place(liker: Liker):
    """stdin: chunks without an offset arrive one behind the other; a wrong one, and one that nobody takes, fail"""
    session = liker.run(["cat"], open_stdin=True, auto_remove=True).until("ready", lambda s: s.ready is not None)
    equal(session.ready.open_stdin, True)
    for text in (b"one-", b"two-", b"three"):
        session.send(stdin=sessions.StdinChunk(data=text))
    session.close_stdin()
    equal((session.finish().code, session.stdout), (0, b"one-two-three"))
    wrong = liker.run(["cat"], open_stdin=True, name="wrong")
    wrong.send(stdin=sessions.StdinChunk(data=b"one"))
    wrong.send(stdin=sessions.StdinChunk(offset=5, data=b"two"))
    failed = failure(wrong.finish)
    equal((failed.code, failed.info.metadata["expected"]), (grpc.StatusCode.INVALID_ARGUMENT, "3"))
    equal([v.field for v in failed.bad_request.field_violations], ["input.stdin.offset"])
    equal(liker.get("wrong").state, container.CONTAINER_STATE_RUNNING)
    none = liker.run(["sleep", "1000"], name="none")
    none.send(stdin=sessions.StdinChunk(data=b"lost"))
    failed = failure(none.finish)
    equal((failed.code, failed.info.reason), (grpc.StatusCode.FAILED_PRECONDITION, "NO_STDIN"))


def half_close_ends_nothing(liker: Liker):
    """half-close: no more frames come; stdin stays open, output goes on, and the exit comes"""
    session = liker.run(["sh", "-c", "cat; echo end"], open_stdin=True, name="half").until("ready", lambda s: s.ready)
    session.type(b"typed\n")
    session._out.put(None)
    session.saw(b"typed\n")
    equal(session.stdout, b"typed\n")
    other = liker.attach("half")
    other.close_stdin()
    equal((session.finish().code, session.stdout), (0, b"typed\nend\n"))


def events_are_of_one_store(liker: Liker):
    """events: a number that is not there yet, or of another store, is OUT_OF_RANGE at once"""
    known = liker.events.GetLastSeq(events.GetLastSeqRequest(), timeout=DEADLINE)
    equal(next(_subscribe(liker, since_seq=0)).event.store_id, known.store_id)
    liker.run(["true"], auto_remove=True).finish()
    assert len(list(_subscribe(liker, since_seq=known.last_seq, store_id=known.store_id))) > 0
    for request in ({"since_seq": known.last_seq + 1000}, {"since_seq": 1, "store_id": "another"}):
        failed = failure(lambda: list(_subscribe(liker, follow=True, **request)))
        equal((failed.code, failed.info.reason), (grpc.StatusCode.OUT_OF_RANGE, "EVENTS_UNKNOWN"))
        equal(failed.info.metadata["store_id"], known.store_id)


def odd_calls_are_right_or_refused(liker: Liker):
    """deadlines of many days, blanks in metadata, 64-bit values"""
    for days in (24, 25, 30, 60, 400, 4000):
        assert liker.system.GetVersion(system.GetVersionRequest(), timeout=days * 86_400).version
    metadata = (("x-blank", " a  b "), ("x-empty", ""), ("x-comma", "a, b"), ("x-raw-bin", b"\x00 \xff"))
    assert liker.system.GetVersion(system.GetVersionRequest(), timeout=DEADLINE, metadata=metadata).version
    for soft, hard, right in ((2**64 - 1, 2**64 - 1, True), (1000, 2**64 - 2, False), (1000, 2**60, False)):
        spec = liker.spec(["true"])
        spec.process.rlimits.add(name="core", soft=soft, hard=hard)
        create = lambda: liker.containers.CreateContainer(containers.CreateContainerRequest(spec=spec), timeout=DEADLINE)  # noqa: E731
        if right:
            equal(create().container.spec.process.rlimits[0].soft, soft)
        else:
            equal(failure(create).code, grpc.StatusCode.INVALID_ARGUMENT)
    unknown = containers.KillContainerRequest(container="none", scope=99)
    equal(failure(lambda: liker.containers.KillContainer(unknown, timeout=DEADLINE)).info.reason, "BAD_ARGUMENT")


CHECKS = [
    run_separates_streams,
    run_takes_input,
    run_keeps_every_byte,
    run_on_a_terminal,
    run_reports_what_cannot_start,
    run_reports_a_signal,
    exec_on_a_terminal,
    exec_without_a_terminal,
    attach_replays_and_detaches,
    attach_resumes,
    events_replay_and_follow,
    logs_are_kept,
    errors_carry_details,
    kernel_errors_are_kept,
    request_ids_make_retries_safe,
    cancelled_run_keeps_the_container,
    health_is_told,
    reflection_lists_the_services,
    reflection_is_whole,
    another_client_by_reflection,
    unknown_fields_are_harmless,
    stdin_has_its_place,
    half_close_ends_nothing,
    events_are_of_one_store,
    odd_calls_are_right_or_refused,
]
