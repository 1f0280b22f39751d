"""The whole state of a window."""

from dataclasses import dataclass, field

from app.state.camera import SavedViews
from app.state.comparison import Comparison
from app.state.document import Document
from app.state.evaluation import Evaluation
from app.state.following import Following
from app.state.placing import Placing
from app.state.playback import Playback
from app.state.preferences import Preferences
from app.state.preparation import Preparation
from app.state.runs import Runs
from app.state.shelf import Shelf
from app.state.view import View


@dataclass(frozen=True, eq=False)
class Workspace:
    """The complete state of a window: open files, their display, and what is kept between starts.

    Attributes:
        document: open files, and the subject of the first view.
        first: the first view.
        comparison: the further views.
        playback: playback of frames.
        saved_views: saved cameras.
        shelf: what is available for opening.
        runs: training runs.
        preparation: preparation of a cloud.
        placing: placement of landmarks.
        evaluation: evaluation of methods on moving garments.
        following: the folder that is followed while another program writes to it.
        preferences: preferences for all sessions.
    """

    document: Document = field(default_factory=Document)
    comparison: Comparison = field(default_factory=Comparison)
    playback: Playback = field(default_factory=Playback)
    saved_views: SavedViews = field(default_factory=SavedViews)
    shelf: Shelf = field(default_factory=Shelf)
    runs: Runs = field(default_factory=Runs)
    preparation: Preparation = field(default_factory=Preparation)
    placing: Placing = field(default_factory=Placing)
    evaluation: Evaluation = field(default_factory=Evaluation)
    following: Following = field(default_factory=Following)
    preferences: Preferences = field(default_factory=Preferences)
    first: View = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", View(self.document))

    @property
    def views(self) -> tuple[View, ...]:
        """All views, the first one first."""
        return (self.first, *self.comparison.views)
