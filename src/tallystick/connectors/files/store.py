"""One file: read as a whole, replaced as a whole, never half."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from tallystick import errors
from tallystick.model.value import Value

_MARKS = (codecs.BOM_UTF8,)


@dataclass(frozen=True, slots=True)
class State:
    """What tells that a file is another one than it was."""

    inode: int
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Content:
    body: bytes  # in UTF-8, without byte order mark
    mark: bytes  # the byte order mark it began with
    state: State | None  # None: there is no file yet


class FileStore:
    def __init__(self, path: Path, *, encoding: str, may_create: bool, timeout_s: float) -> None:
        self.path = path.resolve()
        self._encoding = encoding
        self._may_create = may_create
        self._timeout_s = timeout_s

    def read(self) -> Content:
        """Raises CollectionGone for a missing file, PermissionRefused, SystemFault for text of another encoding."""
        with self._worded():
            try:
                with self.path.open("rb") as file:
                    raw = file.read()
                    state = _state(os.fstat(file.fileno()))
            except FileNotFoundError:
                if self._may_create and self.path.parent.is_dir():
                    return Content(b"", b"", None)
                raise errors.CollectionGone(
                    f"There is no file {self.path.name!r}.",
                    hint="Put it back, or set `create: true` if it is to be made.",
                ) from None
        mark = next((mark for mark in _MARKS if raw.startswith(mark)), b"")
        if self._encoding in ("utf-8", "ascii"):
            return Content(raw[len(mark) :], mark, state)
        try:
            return Content(raw.decode(self._encoding).encode(), b"", state)
        except UnicodeError:
            raise errors.SystemFault(
                f"The file {self.path.name!r} is not text in {self._encoding}.",
                hint="Correct `encoding` of the system.",
            ) from None

    def encodable(self, value: Value) -> Value:
        """Raises ValueError with the end of a sentence for text that the file's encoding has no signs for."""
        if value is not None and self._encoding != "utf-8":
            try:
                value.encode(self._encoding)
            except UnicodeEncodeError:
                raise ValueError(f"takes only characters of {self._encoding}") from None
        return value

    def is_still(self, state: State | None) -> bool:
        """Whether nobody touched the file since it was in this state."""
        try:
            return _state(self.path.stat()) == state
        except FileNotFoundError:
            return state is None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other hubs out. Raises Throttled when one holds the file for too long."""
        with self._worded():
            lock = FileLock(self.path.parent / f".{self.path.name}.lock", timeout=self._timeout_s)
            try:
                with lock:
                    yield
            except Timeout:
                raise errors.Throttled(f"Another program is writing {self.path.name!r}.") from None

    def replace(self, parts: Iterable[bytes], before: Content) -> bool:
        """Puts new content in place of `before`, at once; False, and nothing done, when the file changed since."""
        with self._worded():
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(before.mark)
                    if self._encoding in ("utf-8", "ascii"):
                        file.writelines(parts)
                    else:
                        file.write(b"".join(parts).decode().encode(self._encoding))
                    file.flush()
                    os.fsync(file.fileno())
                if before.state is not None:
                    self._keep_rights(Path(name))
                else:
                    Path(name).chmod(0o666 & ~_umask())
                if not self.is_still(before.state):
                    return False
                os.replace(name, self.path)
                _sync_folder(self.path.parent)
                return True
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)

    def _keep_rights(self, new: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(self.path, new)
            stat = self.path.stat()
            with contextlib.suppress(PermissionError):
                os.chown(new, stat.st_uid, stat.st_gid)

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name = self.path.name
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                message = f"The file {name!r} or its folder may not be read or written."
                raise errors.PermissionRefused(message, hint="Change its permissions, then run again.") from error
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise errors.SystemFault(f"The disk of {name!r} is full.", hint="Make room, then run again.") from error
            if error.errno == errno.EISDIR:
                raise errors.ConfigurationError(f"{name!r} is a folder, not a file.") from error
            raise errors.Unreachable(f"The file {name!r} cannot be reached ({error.strerror}).") from error


def _state(stat: os.stat_result) -> State:
    return State(stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
