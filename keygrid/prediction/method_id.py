"""The identity of a method that finds keypoints."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MethodId:
    """The identity of a method, by which it can be opened again.

    Attributes:
        name: name of the checkpoint's file without its ending, or of a method without a file, such as `Farthest
            points`.
        fingerprint: fingerprint of the file's content, or the version of a method without a file.
        spec: specification with which `keygrid.methods.open_method` opens it again.
        path: its file; None for a method without one.
        category: category of the training garments, such as `T-shirt`; empty if unknown.
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
        """Name for lists; for a file in a training run, preceded by the run's name, because all runs use the same
        names.
        """
        if self.path is None:
            return self.name
        folder = self.path.absolute().parent
        of_run = self.name.partition("-")[0] in {"best", "last", "epoch"} and folder.name == "checkpoints"
        return f"{folder.parent.name}, {self.name}" if of_run else self.name

    def same(self, other: "MethodId") -> bool:
        """Return whether both give the same results: the same file content, in any place, or the same specification."""
        mine, theirs = (one.spec if one.path is None else one.fingerprint for one in (self, other))
        return mine == theirs

    @property
    def label(self) -> str:
        """Name for tables and error messages: the file's with its ending, or the specification."""
        return self.spec if self.path is None else self.path.name
