"""The identity of a method that finds keypoints."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MethodId:
    """The identity of a method, by which it can be opened again.

    Attributes:
        name: of the checkpoint's file without its ending, or of a method without a file, such as `Farthest points`.
        fingerprint: of the file's content, or the version of a method without a file.
        spec: the text with which `keygrid.methods.open_method` opens it again.
        path: its file; None for a method without one.
        category: the garments that it was trained on, such as `T-shirt`; empty where not known.
    """

    name: str
    fingerprint: str
    spec: str
    path: Path | None = None
    category: str = ""

    @classmethod
    def of_file(cls, path: Path, fingerprint: str, category: str = "") -> "MethodId":
        """Return the identity of a checkpoint."""
        return cls(path.stem, fingerprint, str(path), path, category)

    @property
    def title(self) -> str:
        """The name for a list, with the run's name before it for a file of a training run: all runs have the same."""
        if self.path is None:
            return self.name
        folder = self.path.absolute().parent
        of_run = self.name.partition("-")[0] in {"best", "last", "epoch"} and folder.name == "checkpoints"
        return f"{folder.parent.name}, {self.name}" if of_run else self.name

    def same(self, other: "MethodId") -> bool:
        """Return whether both give the same answers: the same content of a file, wherever it lies, or the same text."""
        mine, theirs = (one.spec if one.path is None else one.fingerprint for one in (self, other))
        return mine == theirs

    @property
    def label(self) -> str:
        """The name for tables and error messages: the file's with its ending, or the text that opens the method."""
        return self.spec if self.path is None else self.path.name
