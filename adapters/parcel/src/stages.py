"""A tenant's names for its stages. Parcel only has codes, which every tenant may define differently."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jackfield import Host, Level
from jackfield.host import bad_setting

DEFAULT_STAGES = "10=new,20=contacted,30=visit_fixed,40=booked,90=closed"
DEFAULT_CALLABLE = "new,contacted"

_PAIR = re.compile(r"\s*(\d+)\s*=\s*([a-z][a-z0-9_]*)\s*", re.ASCII)


@dataclass(frozen=True)
class Stages:
    """Names by code, and the names of the stages in which leads may be called."""

    words: dict[str, str]
    open: frozenset[str]
    host: Host

    @classmethod
    def of(cls, host: Host) -> Stages:
        """Reads the tenant's settings. Rejected, with the setting's name, if one of them is malformed."""
        words = {}
        for pair in (host.setting("stages") or DEFAULT_STAGES).split(","):
            read = _PAIR.fullmatch(pair)
            if read is None or read[1] in words:
                raise bad_setting("stages", f"should be like {DEFAULT_STAGES}, each code once")
            words[read[1]] = read[2]
        named = (host.setting("callable_stages") or DEFAULT_CALLABLE).split(",")
        open_words = frozenset(word.strip() for word in named)
        if host.setting("callable_stages") is not None and not open_words <= set(words.values()):
            raise bad_setting("callable_stages", "names a word that is no stage's")
        return cls(words, open_words, host)

    def read(self, code: str) -> tuple[str, bool]:
        """A stage's name, and whether its leads may be called. If the table lacks the stage, they may not, and the log
        says so."""
        word = self.words.get(code)
        if word is None:
            self.host.log(Level.WARN, "a stage that the setting `stages` does not name", stage=code[:20])
            return f"stage_{code[:20]}", False
        return word, word in self.open
