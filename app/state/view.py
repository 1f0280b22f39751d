"""One of the window's 3D views: what it is about, and how that is shown."""

import dataclasses
from dataclasses import dataclass

from app.state.document import Subject
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings


@dataclass(frozen=True, eq=False)
class View:
    """What a viewport draws.

    Attributes:
        subject: what it is about.
        settings: layers, and how they look.
        field: how the heatmap is shown.
    """

    subject: Subject = dataclasses.field(default_factory=Subject)
    settings: ViewSettings = dataclasses.field(default_factory=ViewSettings)
    field: SliceSettings = dataclasses.field(default_factory=SliceSettings)
