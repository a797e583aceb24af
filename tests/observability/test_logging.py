"""The log: how its lines look, and that no value reaches them, whoever writes."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import pytest
import stamina
import structlog
from pydantic import BaseModel
from pymongo.errors import OperationFailure
from stamina.instrumentation import get_on_retry_hooks, set_on_retry_hooks

from traya_gql.observability.faults import describe_fault
from traya_gql.observability.logging import configure_logging, get_logger
from traya_gql.observability.operations import Outcome

E = TypeVar("E", bound=BaseException)

PHONE = "9876543210"
SECRET = f"phone +91{PHONE} password hunter2"


class Log(io.StringIO):
    """Where the lines go."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        [line] = self.lines
        return line

    @property
    def holds_a_secret(self) -> bool:
        return any(part in self.getvalue() for part in (PHONE, "hunter2", "password"))


class Terminal(Log):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _global_state_is_put_back() -> Iterator[None]:
    ours = logging.getLogger("traya_gql")
    handlers, level, our_level = logging.root.handlers[:], logging.root.level, ours.level
    last_resort, show_warning = logging.lastResort, warnings.showwarning
    hooks = get_on_retry_hooks()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    ours.setLevel(our_level)
    logging.lastResort, warnings.showwarning = last_resort, show_warning
    structlog.reset_defaults()
    set_on_retry_hooks(hooks)


@pytest.fixture
def log() -> Log:
    """The log of production."""
    log = Log()
    configure_logging(is_json=True, stream=log)
    return log


@pytest.fixture
def readable() -> Log:
    """The log of development, away from a terminal."""
    log = Log()
    configure_logging(stream=log)
    return log


@contextmanager
def alone(log: Log) -> Iterator[None]:
    """For records that cannot be formatted: the handlers of pytest raise at them."""
    handlers = logging.root.handlers[:]
    logging.root.handlers[:] = [one for one in handlers if getattr(one, "stream", None) is log]
    yield
    logging.root.handlers[:] = handlers


class MuteError(Exception):
    """An exception that cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError(SECRET)

    __repr__ = __str__


class Typed(BaseModel):
    phone: str = SECRET


@dataclass
class Command:
    phone: str = SECRET


class Number(str):
    __slots__ = ()


def fail(error: BaseException) -> NoReturn:
    raise error


def raised(error: E, *, cause: BaseException | None = None) -> E:
    """Return an error that was really raised."""
    error.__cause__ = cause
    try:
        fail(error)
    except type(error) as caught:
        return caught


# --- how lines look -----------------------------------------------------------------------------------------------


def test_a_line_of_production_is_json_with_time_level_logger_event_and_fields(log: Log) -> None:
    get_logger("traya_gql.services.orders").info("placed", lines=3, ids=["a", "b"], outcome=Outcome.OK, none=None)

    assert list(log.line) == ["time", "level", "logger", "event", "lines", "ids", "outcome", "none"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", log.line.pop("time"))
    assert {key: value for key, value in log.line.items() if key != "time"} == {
        "level": "info",
        "logger": "traya_gql.services.orders",
        "event": "placed",
        "lines": 3,
        "ids": ["a", "b"],
        "outcome": "ok",
        "none": None,
    }


def test_a_line_of_development_is_readable_and_leaves_out_what_is_empty(readable: Log) -> None:
    get_logger("traya_gql.services.orders").info("placed", lines=3, by="two words", ids=[], none=None)

    assert re.fullmatch(
        r'\d\d:\d\d:\d\d\.\d{3} INFO     traya_gql\.services\.orders placed lines=3 by="two words"\n',
        readable.getvalue(),
    )


@pytest.mark.parametrize(("stream", "has_colours"), [(Terminal(), True), (Log(), False)])
def test_colours_are_for_terminals_only(stream: Log, *, has_colours: bool) -> None:
    configure_logging(stream=stream)

    get_logger("traya_gql.somewhere").warning("said")

    assert ("\x1b[33m" in stream.getvalue()) is has_colours


@pytest.mark.parametrize("is_json", [True, False])
def test_a_record_is_one_line_whatever_its_values_hold(*, is_json: bool) -> None:
    log = Log()
    configure_logging(is_json=is_json, stream=log)
    text = "a\nb\r\x1b[31mc\x85d\u2028e"

    get_logger("traya_gql.somewhere").info(text, typed=text, many=[text])
    logging.getLogger("traya_gql.elsewhere").warning("said %s", text)

    assert log.getvalue().count("\n") == 2
    assert "\x1b" not in log.getvalue()
    assert "\r" not in log.getvalue()


@pytest.mark.parametrize("is_json", [True, False])
def test_what_json_cannot_hold_is_written_as_far_as_it_can_be(*, is_json: bool) -> None:
    log = Log()
    configure_logging(is_json=is_json, stream=log)
    circle: list[Any] = []
    circle.append(circle)

    get_logger("traya_gql.somewhere").info(
        "odd", half="a\ud800", huge=10**5000, circle=circle, nan=float("nan"), keys={1: 2}, key=UUID(int=1)
    )

    assert log.getvalue().count("\n") == 1
    assert "odd" in log.getvalue()
    assert "builtins.int" in log.getvalue()
    assert "00000000-0000-0000-0000-000000000001" in log.getvalue()


def test_configuring_again_replaces_the_handler_and_leaves_those_of_others(log: Log) -> None:
    others = logging.NullHandler()
    logging.root.addHandler(others)
    again = Log()

    configure_logging(is_json=True, stream=again)
    configure_logging(is_json=True, stream=again)
    get_logger("traya_gql.somewhere").info("said")

    assert log.getvalue() == ""
    assert again.line["event"] == "said"
    assert others in logging.root.handlers


def test_our_own_lines_are_kept_from_the_level_that_is_set() -> None:
    log = Log()
    configure_logging(is_json=True, level="WARNING", stream=log)

    get_logger("traya_gql.somewhere").info("quiet")
    get_logger("traya_gql.somewhere").warning("loud")

    assert log.line["event"] == "loud"


def test_of_others_only_warnings_are_kept_even_if_they_set_a_level_of_their_own(log: Log) -> None:
    chatty = logging.getLogger("pymongo.command")
    chatty.setLevel(logging.DEBUG)

    chatty.debug("find %s", SECRET)
    chatty.info("find")
    chatty.warning("slow")
    chatty.setLevel(logging.NOTSET)

    assert log.line["event"] == "slow"


def test_a_line_that_cannot_be_written_is_let_go_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log()
    configure_logging(is_json=True, stream=log)
    log.close()

    get_logger("traya_gql.somewhere").error("said", typed=SECRET)

    assert capfd.readouterr() == ("", "")


# --- lines of others ----------------------------------------------------------------------------------------------


def test_a_text_that_is_a_literal_of_the_function_that_logs_it_is_shown(log: Log) -> None:
    message = "Invalid HTTP request received."
    logging.getLogger("uvicorn.error").warning(message)

    assert log.line["event"] == "Invalid HTTP request received."
    assert re.fullmatch(r"\S*test_logging\.py:\d+ test_a_text_that_is_a_literal\w+", log.line["at"])


def test_of_a_text_with_arguments_only_the_literal_is_shown(log: Log) -> None:
    logging.getLogger("uvicorn.error").error("it returned '%s'", SECRET)

    assert log.line["event"] == "it returned '%s'"
    assert not log.holds_a_secret


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (f"E11000 duplicate key {{ phone: '{SECRET}' }}", ()),
        (f"{SECRET} after %s s", (3,)),
        (ValueError(SECRET), ()),
        (Typed(), ()),
        (Number(SECRET), ()),
        (MuteError(), ()),
        ("%d", (SECRET,)),
        ("%s %s", (SECRET,)),
        ("%(a)s", ({"b": SECRET},)),
    ],
)
def test_any_other_text_is_withheld_and_its_place_is_told(
    log: Log, capfd: pytest.CaptureFixture[str], message: Any, arguments: tuple[Any, ...]
) -> None:
    with alone(log):
        logging.getLogger("pymongo.client").warning(message, *arguments)

    assert (log.line["event"], log.line["logger"], log.line["level"]) == ("withheld", "pymongo.client", "warning")
    assert re.search(r"test_logging\.py:\d+ test_any_other_text", log.line["at"])
    assert not log.holds_a_secret
    assert capfd.readouterr() == ("", "")


def test_a_literal_of_a_caller_further_up_does_not_open_a_text(log: Log) -> None:
    def report(text: str) -> None:
        logging.getLogger("library").warning(text)

    report("a literal here, a value there")

    assert log.line["event"] == "withheld"


def test_extras_and_stacks_of_others_are_withheld(log: Log) -> None:
    logging.getLogger("library").warning(
        "said", extra={"fields": {"a": SECRET}, "listed": {"a": SECRET}}, stack_info=True
    )

    assert list(log.line) == ["time", "level", "logger", "event", "at"]
    assert not log.holds_a_secret


def test_an_exception_of_others_is_its_type_and_frames(log: Log) -> None:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=raised(ValueError(SECRET)))

    assert log.line["event"] == "Exception in ASGI application"
    assert log.line["type"] == "builtins.ValueError"
    assert re.search(r"test_logging\.py:\d+ fail$", log.line["frames"][0])
    assert not log.holds_a_secret


def test_a_retry_tells_how_often_and_not_of_what(log: Log) -> None:
    set_on_retry_hooks(None)  # stamina's own, which the wrapper for vendors switches off
    attempts: list[str] = []

    @stamina.retry(on=ValueError, attempts=2, wait_initial=0, wait_max=0, wait_jitter=0)
    def send(to: str, *, body: str) -> None:
        attempts.append(to)
        if len(attempts) == 1:
            raise ValueError(body)

    send(PHONE, body=SECRET)

    assert log.line["event"] == "stamina.retry_scheduled"
    assert log.line["callable"].endswith("send")
    assert log.line["retry_num"] == 1
    assert not log.holds_a_secret


def test_any_other_line_of_a_library_with_structlog_is_withheld(log: Log) -> None:
    library = structlog.get_logger("library")

    library.info("quiet", phone=PHONE)
    library.warning(SECRET, phone=PHONE)
    try:
        fail(ValueError(SECRET))
    except ValueError:
        library.exception(SECRET)

    said, failed = log.lines
    assert (said["event"], said["logger"]) == ("withheld", "library")
    assert re.search(r"test_logging\.py:\d+ test_any_other_line", said["at"])
    assert (failed["event"], failed["type"]) == ("withheld", "builtins.ValueError")
    assert not log.holds_a_secret


# --- lines of ours ------------------------------------------------------------------------------------------------


def test_a_line_of_ours_is_shown_with_its_arguments(log: Log) -> None:
    logging.getLogger("traya_gql.integrations").warning("the keeper of %s is gone", Path("/data"))

    assert log.line["event"] == "the keeper of /data is gone"


@pytest.mark.parametrize("error", [ValueError(SECRET), OperationFailure(SECRET, 11000), MuteError()])
def test_an_exception_in_a_text_of_ours_is_its_type(log: Log, error: Exception) -> None:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    ours = logging.getLogger("traya_gql.integrations")

    with alone(log):
        ours.error("failed: %s", error)
        ours.error("failed: %(error)s", {"error": error})
        ours.error(error)

    assert [line["event"] for line in log.lines] == [f"failed: {kind}", f"failed: {kind}", kind]
    assert not log.holds_a_secret


def test_a_text_of_ours_with_wrong_arguments_is_shown_without_them(log: Log, capfd: pytest.CaptureFixture[str]) -> None:
    with alone(log):
        logging.getLogger("traya_gql.integrations").error("%d of them", SECRET)

    assert log.line["event"] == "%d of them"
    assert not log.holds_a_secret
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize("value", [Typed(), Command(), ValueError(SECRET), MuteError(), {SECRET}, SECRET.encode()])
def test_a_field_that_is_no_plain_value_is_its_type(value: object, *, is_json: bool) -> None:
    log = Log()
    configure_logging(is_json=is_json, stream=log)

    get_logger("traya_gql.somewhere").info("said", value=value, many=[value], inside={"a": value})

    assert log.getvalue().count(f"{type(value).__module__}.{type(value).__qualname__}") == 3
    assert not log.holds_a_secret


@pytest.mark.parametrize("is_json", [True, False])
def test_an_exception_of_ours_is_its_type_and_frames(*, is_json: bool) -> None:
    log = Log()
    configure_logging(is_json=is_json, stream=log)

    try:
        fail(ValueError(SECRET))
    except ValueError:
        get_logger("traya_gql.somewhere").exception("failed")
        logging.getLogger("traya_gql.elsewhere").exception("failed")

    assert log.getvalue().count("builtins.ValueError") == 2
    assert len(re.findall(r"test_logging\.py:\d+ fail\b", log.getvalue())) == 2
    assert log.getvalue().count("\n") == 2
    assert not log.holds_a_secret


# --- faults -------------------------------------------------------------------------------------------------------


def test_a_fault_of_the_driver_has_its_number() -> None:
    described = describe_fault(raised(OperationFailure(SECRET, 11000, {"keyValue": {"phone": PHONE}})))

    assert (described["type"], described["code"]) == ("pymongo.errors.OperationFailure", 11000)
    assert PHONE not in str(described)


def test_a_number_that_an_exception_of_ours_keeps_is_not_told() -> None:
    class WrongCode(Exception):
        code = 482913

    assert describe_fault(WrongCode())["code"] is None


def test_frames_are_the_innermost_30_with_paths_that_say_nothing_of_the_machine() -> None:
    def again() -> NoReturn:
        again()

    with pytest.raises(RecursionError) as caught:
        again()

    described = describe_fault(caught.value)
    assert len(described["frames"]) == 30
    assert all(re.fullmatch(r"(?!/)\S*test_logging\.py:\d+ \S+\.again", frame) for frame in described["frames"])


def test_frames_of_libraries_begin_at_their_package() -> None:
    with pytest.raises(ValueError, match="Invalid JSON") as caught:
        Typed.model_validate_json(b"{")

    described = describe_fault(caught.value)
    assert re.fullmatch(r"pydantic/main\.py:\d+ BaseModel\.model_validate_json", described["frames"][0])


def test_causes_contexts_and_members_are_types_with_their_place() -> None:
    cause = raised(KeyError(SECRET), cause=raised(MuteError()))
    member = raised(ExceptionGroup(SECRET, [raised(OSError(SECRET)), ValueError(SECRET)]))
    group = raised(ExceptionGroup(SECRET, [member]), cause=cause)

    described = describe_fault(group)

    assert described["type"] == "builtins.ExceptionGroup"
    assert [text.partition(" at ")[0].rpartition(".")[2] for text in described["causes"]] == [
        "ExceptionGroup",
        "KeyError",
        "OSError",
        "ValueError",
        "MuteError",
    ]
    assert re.fullmatch(r"builtins\.OSError at \S*test_logging\.py:\d+ fail", described["causes"][2])
    assert described["causes"][3] == "builtins.ValueError"
    assert "hunter2" not in str(described)


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError(SECRET), KeyError(SECRET)
    first.__cause__, second.__cause__ = second, first

    assert describe_fault(first)["causes"] == ["builtins.KeyError"]


# --- a whole server process ---------------------------------------------------------------------------------------

SERVER = """
    import asyncio, gc, logging, sys, threading, warnings

    import httpx, uvicorn, uvloop

    from traya_gql.observability.faults import install_excepthooks, install_loop_handler
    from traya_gql.observability.logging import configure_logging

    SECRET = sys.argv[1]

    class InLoop(Exception): pass
    class InCallback(Exception): pass
    class InApp(Exception): pass
    class InThread(Exception): pass
    class InDel(Exception): pass
    class InMain(Exception): pass

    class Noisy:
        def __del__(self):
            raise InDel(SECRET)

    def thread_fails(typed):
        raise InThread(typed)

    def callback_fails(typed):
        raise InCallback(typed)

    async def forgotten(typed):
        raise InLoop(typed)

    async def app(scope, receive, send):
        raise InApp(SECRET, scope)

    async def main():
        # what a server does by default: handlers of its own, and an access log with the whole URL
        config = uvicorn.Config(app, port=0, lifespan="off")
        logging.basicConfig()
        configure_logging(is_json=True)
        loop = asyncio.get_running_loop()
        if "handler" in sys.argv:
            install_loop_handler(loop)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"http://127.0.0.1:{port}/?phone={SECRET}", content=SECRET, headers={"authorization": SECRET}
            )
        assert answer.status_code == 500
        forgotten_task = asyncio.create_task(forgotten(SECRET), name=SECRET)
        await asyncio.wait([forgotten_task])
        del forgotten_task
        gc.collect()
        loop.call_soon(callback_fails, SECRET)
        await asyncio.sleep(0)
        server.should_exit = True
        await serving

    install_excepthooks()
    runner = uvloop.run if "uvloop" in sys.argv else asyncio.run
    runner(main())
    thread = threading.Thread(target=thread_fails, args=[SECRET], name=SECRET)
    thread.start()
    thread.join()
    noisy = Noisy()
    del noisy
    warnings.warn(SECRET, UserWarning)
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise InMain(SECRET) from error
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("handler", ["handler", "no"])
def test_whatever_goes_wrong_in_a_server_process_is_told_without_a_value(
    tmp_path: Path, loop: str, handler: str
) -> None:
    script = tmp_path / "server.py"
    script.write_text(dedent(SERVER), encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-W", "default", str(script), SECRET, loop, handler],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.stdout == ""
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    for part in (PHONE, "hunter2", "password", "Traceback"):
        assert part not in ran.stderr
    kinds = {line["type"]: line for line in lines if "type" in line}
    assert set(kinds) == {
        *(f"__main__.{name}" for name in ("InLoop", "InCallback", "InApp", "InThread", "InDel", "InMain")),
        "builtins.UserWarning",
    }
    assert re.fullmatch(r"server\.py:\d+ forgotten", kinds["__main__.InLoop"]["frames"][0])
    assert re.fullmatch(r"server\.py:\d+ app", kinds["__main__.InApp"]["frames"][0])
    assert kinds["__main__.InApp"]["event"] == "Exception in ASGI application"
    assert kinds["__main__.InDel"]["object"] == "Noisy.__del__"
    assert re.match(r"builtins\.ValueError at server\.py:\d+ <module>", kinds["__main__.InMain"]["causes"][0])
    assert re.fullmatch(r"server\.py:\d+", kinds["builtins.UserWarning"]["at"])
    if handler == "handler":
        assert kinds["__main__.InLoop"]["about"] == "Task exception was never retrieved"
        assert kinds["__main__.InLoop"]["coroutine"] == "forgotten"
    assert ran.returncode == 1
