"""The signature: pairs that say how a number was made, with a text form that can be parsed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from poseval.errors import MismatchError, UsageError, shown
from poseval.results.former_names import current_rules

# key of a signature -> what it stands for, in words
MEANING = {
    "metric": "the metrics or their parameters",
    "bench": "the benchmark",
    "gt": "the ground truth (its bytes differ)",
    "skel": "the skeleton or its sigmas",
    "rules": "the rule set",
    "cluster": "what is resampled as a whole",
    "transform": "changes of coordinates (--transform)",
    "poseval": "the version of poseval",
}

_ESCAPES = {"%": "%25", "|": "%7C", ":": "%3A", "\n": "%0A"}


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)


def _unescape(text: str) -> str:
    for char, code in reversed(_ESCAPES.items()):
        text = text.replace(code, char)
    return text


@dataclass(frozen=True)
class Signature(Mapping[str, str]):
    """Ordered (key, value) pairs; the first pair is `metric`.

    Two runs are comparable when their signatures are equal. `poseval` (the version) is last. A rule set
    is held under its current name, so that runs of earlier versions stay comparable.
    """

    pairs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        pairs = tuple((key, current_rules(value) if key == "rules" else value) for key, value in self.pairs)
        object.__setattr__(self, "pairs", pairs)

    def __getitem__(self, key: str) -> str:
        for name, value in self.pairs:
            if name == key:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and self.pairs == other.pairs

    def __str__(self) -> str:
        (_, metric), *rest = self.pairs
        return "|".join([_escape(metric), *(f"{name}:{_escape(value)}" for name, value in rest)])

    @staticmethod
    def parse(text: str) -> Signature:
        """The signature that a text renders: `Signature.parse(str(s)) == s`.

        Raises:
            UsageError: P117 when the text is not a signature.
        """
        metric, *rest = text.split("|")
        pairs = [("metric", _unescape(metric))]
        for item in rest:
            name, colon, value = item.partition(":")
            if not colon or not name:
                raise UsageError(
                    "P117",
                    where=f"signature {shown(text)!r}",
                    what=f"has a part without a key, {shown(item)!r}",
                    wanted="the signature line of a report",
                )
            pairs.append((name, _unescape(value)))
        return Signature(tuple(pairs))

    def with_pair(self, name: str, value: str) -> Signature:
        """The signature with one pair added or replaced, in front of the version."""
        kept = [pair for pair in self.pairs if pair[0] != name]
        place = next((at for at, pair in enumerate(kept) if pair[0] == "poseval"), len(kept))
        return Signature((*kept[:place], (name, value), *kept[place:]))

    def differences(self, other: Signature) -> list[tuple[str, str, str]]:
        """Keys whose values differ: (key, here, there); an absent key reads as empty text."""
        keys = list(dict.fromkeys([*self, *other]))
        return [(k, self.get(k, ""), other.get(k, "")) for k in keys if self.get(k, "") != other.get(k, "")]

    def explain(self, other: Signature, ignoring: Collection[str] = ()) -> list[str]:
        """What differs, one line per key that is not in `ignoring`; empty when comparable."""
        return [
            f"{MEANING.get(key, key)}: {shown(mine) or 'none'} / {shown(theirs) or 'none'}"
            for key, mine, theirs in self.differences(other)
            if key not in ignoring
        ]


def check_comparable(
    first: Signature, other: Signature, names: tuple[str, str], *, ignoring: Collection[str] = ()
) -> None:
    """Refuse two runs, called `names`, that were not made by the same rules on the same ground truth.

    Gates and leaderboards ignore the version of poseval: numbers by the reference rules do not depend on it.

    Raises:
        MismatchError: P420 naming every part of the signatures that differs.
    """
    found = first.explain(other, ignoring)
    if found:
        raise MismatchError(
            "P420",
            where=" and ".join(shown(name) for name in names),
            what=f"are not comparable ({'; '.join(found)})",
            wanted="the same metrics, benchmark, ground truth, skeleton and rules",
        )
