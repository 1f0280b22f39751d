"""Comparison of views: the views, the properties that they share, and their matching keypoints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from psygnal import EmissionInfo, SignalGroupDescriptor

from app.state.document import Document, OpenMethod, Subject
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from app.state.view import View
from keygrid.data.garment import Garment
from keygrid.evaluation.matching import Match, match
from keygrid.evaluation.metrics import Measures
from keygrid.prediction import Prediction

LETTERS = "ABCDEF"
"""Letters of the views, the first of which is A; their number limits the number of views."""

Mode = Literal["grid", "flip", "overlay"]
MODES: tuple[Mode, ...] = get_args(Mode)

Link = Literal["camera", "frame", "slices", "layers", "colours", "selection"]
LINKS: tuple[Link, ...] = get_args(Link)

_COLOURS = frozenset({"colour_map", "limits"})
_SLICES = frozenset(attribute.name for attribute in fields(SliceSettings)) - _COLOURS - {"whole"}
_LAYERS = frozenset(attribute.name for attribute in fields(ViewSettings)) - {"hidden"}


@dataclass
class Comparison:
    """The views that are compared with the first one, and the manner of comparison.

    Attributes:
        views: the further views, in the order of their letters from B.
        mode: how views are shown: in a grid, one at a time, or with all keypoints in the first view.
        front: index of the view on show if they are shown one at a time; 0 is A.
        arrows: whether arrows lead from A's keypoints to their partners.
        difference: whether heatmaps of further views are shown as differences from A's.
        camera: whether views share the camera; the following attributes are links, too.
        frame: whether views share the frame.
        slices: whether views share slices and the resolution of the heatmap.
        layers: whether views share layers and their appearance.
        colours: whether views share the colours of the heatmap and their limits.
        selection: whether views share selected and hidden keypoints.
        matches: by view, the keypoints' partners among those of the first view, if known.
        measures: scores by view, if known.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    views: tuple[View, ...] = ()
    mode: Mode = "grid"
    front: int = 0
    arrows: bool = True
    difference: bool = False
    camera: bool = True
    frame: bool = True
    slices: bool = True
    layers: bool = True
    colours: bool = True
    selection: bool = True
    matches: Mapping[View, Match] = field(default_factory=lambda: MappingProxyType({}))
    measures: Mapping[View, Measures] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def active(self) -> bool:
        """True if there are further views."""
        return bool(self.views)

    @property
    def full(self) -> bool:
        """True if no view can be added."""
        return len(self.views) + 1 >= len(LETTERS)

    def add(self, garment: Garment | None, method: OpenMethod | None) -> View:
        """Add a view of a garment and a method."""
        view = View()
        view.subject.choose(garment=garment, method=method)
        self.views = (*self.views, view)
        return view

    def remove(self, view: View) -> None:
        """Remove a view; the following ones move up."""
        self.front = 0
        self.views = tuple(other for other in self.views if other is not view)
        self.matches = {other: found for other, found in self.matches.items() if other is not view}
        self.measures = {other: found for other, found in self.measures.items() if other is not view}

    def stop(self) -> None:
        """Show the first view alone."""
        self.front, self.mode = 0, "grid"
        self.views, self.matches, self.measures = (), {}, {}

    def flip(self) -> None:
        """Show the next view in place of this one."""
        self.mode, self.front = "flip", (self.front + 1) % (len(self.views) + 1)


class Linking:
    """Keeps linked properties of views equal, and their matches up to date.

    Args:
        document: the open garments and methods.
        first: the first view, which shows the document's subject.
        comparison: the other views.
    """

    def __init__(self, document: Document, first: View, comparison: Comparison) -> None:
        self._document, self._first, self._comparison = document, first, comparison
        self._known: set[View] = set()
        self._copying = False
        self._garment, self._method = document.garment, document.method
        self._follow(first)
        document.events.garment.connect(self._garment_chosen)
        document.events.method.connect(self._method_chosen)
        for name in ("garments", "methods"):
            document.events[name].connect(self._replace_closed)
        comparison.events.views.connect(self._take_in)
        for link in LINKS:
            comparison.events[link].connect(self._share_all)

    # Connections

    def _follow(self, view: View) -> None:
        self._known.add(view)
        view.slices.events.connect(lambda info: self._slices_changed(view, info))
        view.settings.events.connect(lambda info: self._settings_changed(view, info))
        events = view.subject.events
        events.frame.connect(lambda _: self._frame_changed(view))
        for name in ("keypoint", "other", "segment"):
            events[name].connect(lambda _: self._selection_changed(view))
        events.predictions.connect(lambda _: self._predicted(view))
        events.garment.connect(lambda _: self._predicted(view))

    def _take_in(self, views: tuple[View, ...]) -> None:
        for view in views:
            if view not in self._known:
                self._follow(view)
        self._known &= {self._first, *views}
        self._share_all()
        for view in views:
            self._match(view)

    def _others(self, view: View) -> Iterable[View]:
        return (other for other in (self._first, *self._comparison.views) if other is not view)

    # What is linked

    def _share_all(self, *_: object) -> None:
        """Copy all linked properties from the first view."""
        linked = self._comparison
        for view in linked.views:
            if linked.slices:
                self._copy(self._first.slices, view.slices, _SLICES)
            if linked.colours:
                self._copy(self._first.slices, view.slices, _COLOURS)
            if linked.layers:
                self._copy(self._first.settings, view.settings, _LAYERS)
            if linked.frame:
                self._go_to(view, self._first.subject.frame)
        self._share_whole()
        self._selection_changed(self._first)

    def _copy(self, source: Any, target: Any, names: Iterable[str]) -> None:
        was, self._copying = self._copying, True
        for name in names:
            setattr(target, name, getattr(source, name))
        self._copying = was

    def _go_to(self, view: View, frame: int) -> None:
        was, self._copying = self._copying, True
        view.subject.go_to(frame)
        self._copying = was

    def _slices_changed(self, view: View, info: EmissionInfo) -> None:
        name = info.signal.name
        linked = self._comparison.colours if name in _COLOURS else self._comparison.slices and name in _SLICES
        if linked and not self._copying:
            for other in self._others(view):
                self._copy(view.slices, other.slices, [name])

    def _settings_changed(self, view: View, info: EmissionInfo) -> None:
        name = info.signal.name
        if self._copying:
            return
        if name in _LAYERS and self._comparison.layers:
            for other in self._others(view):
                self._copy(view.settings, other.settings, [name])
        elif name == "hidden":
            self._selection_changed(view)

    def _frame_changed(self, view: View) -> None:
        if self._comparison.frame and not self._copying:
            for other in self._others(view):
                self._go_to(other, view.subject.frame)

    def _selection_changed(self, view: View) -> None:
        if not self._comparison.selection or self._copying:
            return
        self._copying = True
        subject = view.subject
        for other in self._others(view):
            mine = other.subject
            mine.keypoint = self.partner(view, other, subject.keypoint)
            mine.other = self.partner(view, other, subject.other)
            mine.segment = self._segment(view, other)
            partners = (self.partner(view, other, keypoint) for keypoint in view.settings.hidden)
            other.settings.hidden = frozenset(keypoint for keypoint in partners if keypoint is not None)
        self._copying = False

    def partner(self, view: View, other: View, keypoint: int | None) -> int | None:
        """Return the keypoint of another view that matches a keypoint of this view; None if there is none."""
        first, matches = self._first, self._comparison.matches
        if keypoint is None or view is other:
            return keypoint
        if view is not first:
            found = matches.get(view)
            if found is None or keypoint >= len(found.partners) or found.partners[keypoint] < 0:
                return None
            keypoint = int(found.partners[keypoint])
        if other is first:
            return keypoint
        return matches[other].partner_of(keypoint) if other in matches else None

    def _segment(self, view: View, other: View) -> int | None:
        ours, theirs, segment = view.subject.shown, other.subject.shown, view.subject.segment
        if ours is None or theirs is None or segment is None or segment >= len(ours.edges):
            return None
        ends = [self.partner(view, other, int(end)) for end in ours.edges[segment]]
        if None in ends:
            return None
        found = np.flatnonzero((np.sort(theirs.edges) == sorted(end for end in ends if end is not None)).all(axis=1))
        return int(found[0]) if len(found) else None

    # What views are about

    def _garment_chosen(self, garment: Garment | None) -> None:
        """Let views that showed the first view's garment follow its change of garment."""
        before, self._garment = self._garment, garment
        for view in self._comparison.views:
            if view.subject.garment is before:
                _choose_garment(view.subject, garment)
                if self._comparison.frame:
                    self._go_to(view, self._first.subject.frame)

    def _method_chosen(self, method: OpenMethod | None) -> None:
        """Let views of other garments follow the first view's change of method, if they showed the same one."""
        before, self._method = self._method, method
        for view in self._comparison.views:
            if view.subject.method is before and view.subject.garment is not self._first.subject.garment:
                view.subject.choose(method=method)

    def _replace_closed(self, *_: object) -> None:
        """In all views, replace garments and methods that were closed or read again."""
        document = self._document
        for view in self._comparison.views:
            subject = view.subject
            garment, method = subject.garment, subject.method
            if garment is not None and garment not in document.garments:
                again = [known for known in document.garments if known.source == garment.source]
                _choose_garment(subject, again[0] if again else document.garment)
            if method is not None and method not in document.methods:
                same = [known for known in document.methods if known.id.spec == method.id.spec]
                subject.choose(method=same[0] if same else document.method)

    # What means the same

    def _predicted(self, view: View) -> None:
        self._share_whole()
        for other in self._comparison.views if view is self._first else [view]:
            self._match(other)

    def _share_whole(self) -> None:
        """If colours are linked and have no limits, extend them from the smallest to the largest heat in any view."""
        views = (self._first, *self._comparison.views)
        linked = self._comparison.active and self._comparison.colours
        predictions = [view.subject.prediction for view in views] if linked else []
        most = [found.most_heat for found in predictions if found is not None and found.heated is not None]
        for view in views:
            view.slices.whole = (0.0, max(most)) if most else None

    def _match(self, view: View) -> None:
        if view not in self._comparison.views:
            return
        found = matched(self._first.subject, view.subject)
        matches = {other: known for other, known in self._comparison.matches.items() if other is not view}
        self._comparison.matches = matches if found is None else {**matches, view: found}
        self._selection_changed(self._first)


def matched(first: Subject, other: Subject) -> Match | None:
    """Match one subject's keypoints with the first one's; return None until enough is known.

    On the same garment, partners are the keypoints nearest to each other over all common frames. On different garments,
    a method's keypoints are their own partners; keypoints of different methods are matched by their positions in the
    network's cube, in the current frames.
    """
    ours, theirs = first.predictions, other.predictions
    if first.garment is other.garment:
        frames = sorted(ours.keys() & theirs.keys())
        if not frames:
            return None
        return match(*(np.stack([found[frame].keypoints for frame in frames]) for found in (ours, theirs)))
    one, another = first.prediction, other.prediction
    if one is None or another is None:
        return None
    if one.method.same(another.method):
        count = len(another.keypoints)
        return Match(np.arange(count), np.full(count, np.nan))
    found = match(one.normalised[None], another.normalised[None])
    return Match(found.partners, np.full(len(found.partners), np.nan))


def displacements(first: View, view: View, found: Match) -> tuple[np.ndarray, np.ndarray] | None:
    """Return starts and ends (P, 3), file units, of displacements from the first view's keypoints to their partners.

    Return None if the views show different garments or frames, because displacements would be meaningless.
    """
    ours, theirs = first.subject.prediction, view.subject.prediction
    if ours is None or theirs is None or not comparable(first.subject, view.subject):
        return None
    partners = found.partners
    if len(partners) != len(theirs.keypoints) or partners.max(initial=-1) >= len(ours.keypoints):
        return None  # one of them has just changed
    paired = np.flatnonzero(partners >= 0)
    return ours.keypoints[partners[paired]], theirs.keypoints[paired]


def comparable(first: Subject, other: Subject) -> bool:
    """Return whether both views show the same frame of the same garment."""
    return first.garment is other.garment and first.frame == other.frame


def reference_of(first: Subject, other: Subject) -> Prediction | None:
    """Return the prediction that a heatmap difference refers to; None without a heatmap or a common frame."""
    return first.prediction.heated if first.prediction is not None and comparable(first, other) else None


def _choose_garment(subject: Subject, garment: Garment | None) -> None:
    if garment is None:
        subject.close()
    else:
        subject.choose(garment=garment)
