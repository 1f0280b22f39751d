"""One of the window's 3D views: what it is about, and how that is shown."""

from dataclasses import dataclass, field

from app.state.document import Subject
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings


@dataclass(frozen=True, eq=False)
class View:
    """What a viewport draws.

    Attributes:
        subject: what it is about.
        settings: layers, and how they look.
        slices: how the heatmap is shown.
    """

    subject: Subject = field(default_factory=Subject)
    settings: ViewSettings = field(default_factory=ViewSettings)
    slices: SliceSettings = field(default_factory=SliceSettings)
