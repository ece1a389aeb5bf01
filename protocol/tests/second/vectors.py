"""A file of vectors, and a book of which of its values were taken as given and which were recomputed.

A `Vector` is a place in the file. `given` and `bytes` read, `check` compares with what was recomputed; `Wrong`
names the value that differs, cannot be read, or is not looked at by the time the file is `finish`ed.
"""

import json
import os


class Wrong(Exception):
    """Names the value and says what is wrong with it."""


class Book:
    def __init__(self):
        self.given, self.recomputed = set(), set()
        self.last = ""


def shown(value):
    value = str(value)
    return value if len(value) <= 200 else "{}… ({} characters)".format(value[:200], len(value))


class Vector:
    def __init__(self, file, path, content, book):
        self.file, self.path, self.content, self.book = file, path, content, book

    @classmethod
    def load(cls, directory, file):
        with open(os.path.join(directory, file), encoding="utf-8") as opened:
            return cls(file, "", json.load(opened), Book())

    def recomputed_by(self, rule):
        """Lets a rule go through the file; what it stumbles over is most likely the value that it read last."""
        try:
            rule(self)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise self.wrong(self.book.last, "cannot be used: {!r}".format(error)) from error

    def wrong(self, name, why):
        return Wrong("{}: {} {}".format(self.file, self._path(name), why))

    def _path(self, name):
        return "{}.{}".format(self.path, name) if self.path else str(name)

    def _child(self, name):
        try:
            return self.content[name]
        except (KeyError, IndexError):
            raise self.wrong(name, "is missing") from None

    def at(self, name):
        """A place below this one."""
        return Vector(self.file, self._path(name), self._child(name), self.book)

    def all(self, name):
        """The places of a list."""
        below = self.at(name)
        return [below.at(place) for place in range(len(below.content))]

    def given(self, name):
        self.book.last = self._path(name)
        self.book.given.add(self.book.last)
        return self._child(name)

    def bytes(self, name):
        try:
            return bytes.fromhex(self.given(name))
        except (TypeError, ValueError):
            raise self.wrong(name, "is not hexadecimal") from None

    def check(self, name, value):
        """That the file has what was recomputed; bytes are hexadecimal there."""
        value = value.hex() if isinstance(value, bytes) else value
        if self._child(name) != value:
            why = "differs\n  in the file: {}\n  recomputed:  {}".format(shown(self._child(name)), shown(value))
            raise self.wrong(name, why)
        self.book.recomputed.add(self._path(name))

    def need(self, name, opened):
        """What opened, or else the name of what did not."""
        if opened is None:
            raise self.wrong(name, "does not open")
        return opened

    def finish(self):
        """How many values were recomputed, and how many were only given."""
        known = self.book.given | self.book.recomputed
        for path in leaves(self.content, ""):
            if path not in known:
                raise Wrong("{}: {} is not looked at".format(self.file, path))
        return len(self.book.recomputed), len(self.book.given - self.book.recomputed)


def leaves(content, path):
    """Every value but remarks, and but lists of nothing."""
    if not isinstance(content, (dict, list)):
        yield path
        return
    places = content.items() if isinstance(content, dict) else enumerate(content)
    for name, below in places:
        if name not in ("comment", "format"):
            yield from leaves(below, "{}.{}".format(path, name) if path else str(name))
