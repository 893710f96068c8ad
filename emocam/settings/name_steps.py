"""Other names for what a network knows: names are renamed, merged into parents, selected, each step on the last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emocam.errors import SettingError, nearest


@dataclass(frozen=True)
class Speaking:
    """How errors speak of names: the setting's group, who has the names, what one of them is."""

    setting: str
    owner: str
    one: str

    def expect(self, step: str, name: str, names: Sequence[str]) -> None:
        """Refuse a name that is not there."""
        if name not in names:
            raise SettingError(
                f"{self.setting}.{step}: the {self.owner} has no {self.one} {name!r}; {nearest(name, names)}"
            )


def _names(found: object) -> bool:
    """Return whether a setting is a list of names."""
    return isinstance(found, list | tuple) and all(isinstance(n, str) for n in found)


def _all_names(found: object, one: bool) -> bool:
    """Return whether a setting gives each of some names another one, or a list of others."""
    return isinstance(found, Mapping) and all(
        isinstance(name, str) and (isinstance(other, str) if one else _names(other))
        for name, other in found.items()
    )


@dataclass(frozen=True)
class NameSteps:
    """The steps from own names to others.

    `rename` gives old: new. `merge` gives a parent: its children, and the parent may be one of the names itself.
    `only` keeps some.
    """

    rename: Mapping[str, str]
    merge: Mapping[str, Sequence[str]]
    only: Sequence[str] | None
    speaking: Speaking

    def __post_init__(self) -> None:
        for step, form, fits in (
            ("rename", "{OLD: NEW}", _all_names(self.rename, one=True)),
            ("merge", "{PARENT: [NAME, NAME]}", _all_names(self.merge, one=False)),
            ("only", "[NAME, NAME]", self.only is None or _names(self.only)),
        ):
            if not fits:
                found = getattr(self, step)
                raise SettingError(f"{self.speaking.setting}.{step} must be {form}, or null, got {found!r}")

    def names(self, own: Sequence[str]) -> list[str]:
        """Return the name of each of the own names, before some are selected."""
        return self._merged(self._renamed(list(own)))

    def kept(self, names: Sequence[str]) -> list[str]:
        """Return the different names that are kept, in their order."""
        every = list(dict.fromkeys(names))
        if self.only is None:
            return every
        for name in self.only:
            self.speaking.expect("only", name, every)
        if not self.only:
            raise SettingError(
                f"{self.speaking.setting}.only must name at least one {self.speaking.one}, or be null for all"
            )
        return [name for name in every if name in self.only]

    def _renamed(self, names: list[str]) -> list[str]:
        """Return names after renaming; two may not get the same one."""
        setting, one = self.speaking.setting, self.speaking.one
        for old, new in self.rename.items():
            self.speaking.expect("rename", old, names)
            if new in names and new not in self.rename:
                raise SettingError(
                    f"{setting}.rename: {new!r} is already {_a(one)} of the {self.speaking.owner}; "
                    f"to count {old!r} as one of it, say {setting}.merge={{{new}: [{old}]}}"
                )
        after = [self.rename.get(name, name) for name in names]
        if len(set(after)) < len(set(names)):
            raise SettingError(
                f"{setting}.rename gives one name to several {one}s; that is what {setting}.merge is for"
            )
        return after

    def _merged(self, names: list[str]) -> list[str]:
        """Return names with parents in place of children."""
        parent: dict[str, str] = {}
        for above, children in self.merge.items():
            for child in children:
                self.speaking.expect(f"merge.{above}", child, names)
                if parent.setdefault(child, above) != above:
                    raise SettingError(
                        f"{self.speaking.setting}.merge: {child!r} goes to both {parent[child]!r} and {above!r}"
                    )
        return [parent.get(name, name) for name in names]


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
