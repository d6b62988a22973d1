"""Errors become a sentence, a hint and an exit code, at one place."""

import errno
import json
import sys

import pytest
import typer

from tallystick import errors
from tallystick.cli import app as program
from tallystick.cli import edge

NOT_REACHED = {
    "UNREACHABLE": errors.Unreachable,
    "THROTTLED": errors.Throttled,
    "SYSTEM_FAULT": errors.SystemFault,
    "CURSOR": errors.CursorRefused,
    "SIGN_IN": errors.SignInFailed,
    "PERMISSION": errors.PermissionRefused,
    "CERTIFICATE": errors.CertificateRefused,
    "COLLECTION": errors.CollectionGone,
}
WRONG_CALL = (
    errors.ConfigurationError,
    errors.UnknownRecordType,
    errors.UnknownField,
    errors.KeyNotUnique,
    errors.NotFound,
    errors.InputRefused,
    errors.RecordTypeGone,
    errors.AddressRefused,
    errors.StateTooNew,
    errors.StateUnusable,
)
NEEDS_PERSON = (
    errors.ScopeBusy,
    errors.StaleDecision,
    errors.AlreadyDecided,
    errors.PlanRefused,
    errors.RecordError,
    errors.NotAllowed,
    errors.ChangedMeanwhile,
    errors.LinkExpired,
)


@pytest.fixture
def raising(monkeypatch, tmp_path):
    """A program whose command `raise` raises what it is given; gives a function that runs it."""
    monkeypatch.setenv("TALLYSTICK_LOG_FOLDER", str(tmp_path / "log"))

    def run(error: BaseException, *arguments: str) -> int:
        app = typer.Typer(pretty_exceptions_enable=False)

        @app.callback()
        def callback() -> None: ...

        @app.command("raise")
        def command(as_json: bool = typer.Option(False, "--json")) -> int:
            raise error

        monkeypatch.setattr(program, "app", app)
        return edge.run(["raise", *arguments])

    return run


def _kinds(kind: type) -> set[type]:
    return {kind}.union(*(_kinds(child) for child in kind.__subclasses__() if child.__module__ == errors.__name__))


def test_every_error_has_the_exit_code_of_the_interface_E30():
    codes = {kind: code for kind, code in _codes().items() if kind is not errors.TallystickError}
    expected = dict.fromkeys(NOT_REACHED.values(), 3) | dict.fromkeys(WRONG_CALL, 2) | dict.fromkeys(NEEDS_PERSON, 1)
    assert codes == expected | {errors.DocumentError: 2, errors.DocumentErrors: 2}


def _codes() -> dict[type, int]:
    made = {}
    for kind in _kinds(errors.TallystickError):
        error = kind(()) if kind is errors.DocumentErrors else kind("x")
        made[kind] = edge.exit_code(error)
    return made


def test_error_of_ours_is_a_sentence_and_a_hint_on_standard_error_E30(raising, capsys):
    code = raising(errors.UnknownField("Flow people: there is no field 'fon'.", hint="Did you mean 'phone'?"))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err == "Flow people: there is no field 'fon'.\nDid you mean 'phone'?\n"


def test_error_with_json_is_one_object_on_standard_output(raising, capsys):
    code = raising(errors.Throttled("Too fast.", retry_after_s=30.0, hint="Wait."), "--json")
    out, err = capsys.readouterr()
    assert code == 3
    assert json.loads(out) == {
        "error": {
            "code": "throttled",
            "message": "Too fast.",
            "hint": "Wait.",
            "recovery": "wait",
            "retry_after_s": 30.0,
        }
    }
    assert err == "Too fast.\nWait.\n"


def test_all_faults_of_a_file_are_told_with_their_places(raising, capsys):
    faults = (
        errors.DocumentError("There is no key `flws` here.", file="i.yaml", line=3, key="flws", hint="Did you mean?"),
        errors.DocumentError("The key has no value.", file="i.yaml", line=9, key="systems.crm"),
    )
    code = raising(errors.DocumentErrors(faults), "--json")
    out, err = capsys.readouterr()
    assert code == 2
    assert err.splitlines() == [
        "i.yaml:3: flws: There is no key `flws` here.",
        "  Did you mean?",
        "i.yaml:9: systems.crm: The key has no value.",
        "2 faults were found. Nothing was read or written.",
    ]
    assert [(fault["line"], fault["key"]) for fault in json.loads(out)["error"]["faults"]] == [
        (3, "flws"),
        (9, "systems.crm"),
    ]


def test_message_with_control_characters_does_nothing_to_the_terminal(raising, capsys):
    raising(errors.RecordError("Record \x1b[2J\u202e is wrong.", hint="Mend \x9b it."))
    assert capsys.readouterr().err == "Record \\x1b[2J\\u202e is wrong.\nMend \\x9b it.\n"


def test_unforeseen_error_gives_a_reference_and_a_log_file_and_no_traceback_E30(raising, capsys, tmp_path):
    code = raising(ZeroDivisionError("division by zero"), "--json")
    out, err = capsys.readouterr()
    assert code == 1
    answer = json.loads(out)["error"]
    (log,) = (tmp_path / "log").iterdir()
    assert answer["code"] == "bug"
    assert log.name == f"error-{answer['reference']}.log"
    assert str(log) in err
    assert "Traceback" not in err
    assert "ZeroDivisionError: division by zero" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_is_worded_E29(raising, capsys, number):
    code = raising(OSError(number, "No space left on device", "/data/state.db"))
    assert code == 2
    assert capsys.readouterr().err.startswith("The disk is full, or the largest file allowed is reached at /data/")


def test_folder_one_may_not_write_to_is_worded(raising, capsys):
    code = raising(PermissionError(errno.EACCES, "Permission denied", "/data/p.json"))
    assert code == 2
    assert capsys.readouterr().err.splitlines()[0] == "Not allowed to write at /data/p.json: Permission denied."


def test_interruption_is_worded_and_exits_130(raising, capsys):
    code = raising(KeyboardInterrupt())
    assert code == 130
    assert capsys.readouterr().err.startswith("Interrupted. What was written so far is kept")


def test_out_of_memory_is_worded(raising, capsys):
    assert raising(MemoryError()) == 1
    assert capsys.readouterr().err.startswith("The machine has no memory left")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["snyc", "i.yaml"], "No such command 'snyc'"),
        (["sync"], "Missing argument 'FILE'."),
        (["sync", "i.yaml", "--ful"], "No such option: --ful"),
        (["review", "decide", "x", "--take", "left"], "Invalid value for 'ID'"),
        (["review", "decide", "1", "--take", "both"], "Invalid value for '--take'"),
        (["review", "decide", "1", "--take", "left", "--field", "phone"], "'phone' is not NAME=left or NAME=right."),
        (["journal", "--record", "crm"], "'crm' is not SYSTEM:TYPE:ID, such as crm:contact:17."),
        (["plan", "i.yaml", "--limit", "-1"], "Invalid value for '--limit'"),
    ],
)
def test_wrong_call_exits_2_with_a_sentence_and_where_to_look(capsys, arguments, sentence):
    code = edge.run([*arguments, "--json"])
    out, err = capsys.readouterr()
    assert code == 2
    assert sentence in err
    assert "See `tallystick" in err
    assert json.loads(out)["error"]["code"] == "usage"


@pytest.mark.parametrize("arguments", [[], ["review"], ["links"]])
def test_call_without_a_command_shows_help_and_exits_2(capsys, arguments):
    assert edge.run(arguments) == 2
    assert "Commands:" in capsys.readouterr().err


def test_reader_that_went_away_does_not_change_the_exit_code(capfd, tmp_path):
    """`tallystick schema | head -1`."""
    import subprocess

    script = f"{sys.executable} -m tallystick.cli schema | head -c 10; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
