"""The document: open garments and methods, and the chosen ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from app.state.runs import Preview
from keygrid.checkpoints.labels import KeypointLabels, load, save
from keygrid.data.garment import Garment, Landmarks
from keygrid.palette import DEFAULT
from keygrid.prediction import MethodId, Prediction, Skeleton


@dataclass(frozen=True, eq=False)  # a file that is read again is another method: it may have been trained on
class OpenMethod:
    """A method that can be chosen.

    Attributes:
        id: identifies the method.
        keypoints: number of keypoints, K.
    """

    id: MethodId
    keypoints: int

    @property
    def title(self) -> str:
        """Name in lists."""
        return self.id.title


@dataclass(frozen=True)
class Distance:
    """Distance between the selected keypoint and the other one, in file units.

    Attributes:
        straight: straight distance.
        along: distance along the cloth; None if unknown, or if no cloth joins the keypoints.
        settled: whether `along` is final.
    """

    straight: float
    along: float | None = None
    settled: bool = False


@dataclass(frozen=True, eq=False)
class Relabelling:
    """A change to the names or colours of a method's keypoints, with their previous values."""

    method: OpenMethod
    before: KeypointLabels
    after: KeypointLabels


@dataclass
class Subject:
    """The subject of one view: a garment, what a method finds on it, and what is selected in it.

    Attributes:
        garment: the chosen garment.
        method: the chosen method.
        frame: the current frame of a moving garment, from zero; 0 for a still one.
        predictions: known predictions of the chosen method for the chosen garment, by frame.
        prediction: the prediction for `frame`; None until it is known.
        preview: preview of a training run; None to show none.
        keypoint: index of the selected keypoint.
        other: index of the keypoint to which the selected one is measured.
        segment: index of the selected segment.
        distance: distance between these two keypoints; None if fewer are selected.
        reference: the prediction whose heatmap is subtracted from the current one; None for none.
        labels: names and colours of the method's keypoints.
        relabelled: the last change to labels; None before the first change.
        palette: name in `keygrid.palette.PALETTES` of the default colours of keypoints.
        placed: landmarks placed by users, by garment; they replace those in the garment's own file.
        derived: landmarks carried over from other garments, by garment.
        marked: the garment and the name of the selected landmark; None for none.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    garment: Garment | None = None
    method: OpenMethod | None = None
    frame: int = 0
    predictions: Mapping[int, Prediction] = field(default_factory=lambda: MappingProxyType({}))
    prediction: Prediction | None = None
    preview: Preview | None = None
    keypoint: int | None = None
    other: int | None = None
    segment: int | None = None
    distance: Distance | None = None
    reference: Prediction | None = None
    labels: KeypointLabels = field(default_factory=KeypointLabels)
    relabelled: Relabelling | None = None
    palette: str = DEFAULT
    placed: Mapping[Garment, Landmarks] = field(default_factory=lambda: MappingProxyType({}))
    derived: Mapping[Garment, Landmarks] = field(default_factory=lambda: MappingProxyType({}))
    marked: tuple[Garment, str] | None = None

    def choose(self, *, garment: Garment | None = None, method: OpenMethod | None = None) -> None:
        """Change the chosen garment or method, and forget previous predictions.

        Nothing changes if both are already chosen.
        """
        given = [item for item in (garment, method) if item is not None]
        if given and all(item is self.garment or item is self.method for item in given):
            return
        self.keypoint = self.other = self.segment = None
        self.forget_predictions()
        self.prediction = None
        if garment is not None:
            self._set_garment(garment)
        if method is not None:
            path = method.id.path
            self.labels = load(path, method.id.fingerprint) if path is not None else KeypointLabels()
            self.method = method

    def relabel(self, labels: KeypointLabels) -> None:
        """Change the names or colours of keypoints, and save them beside the method's file, if it has one.

        Raises:
            KeygridError: they can't be kept, and stay as they were.
        """
        if self.method is not None:
            if self.method.id.path is not None:
                save(self.method.id.path, labels)
            before, self.labels = self.labels, labels
            self.relabelled = Relabelling(self.method, before, labels)

    def colours(self, count: int) -> NDArray[np.uint8]:
        """Return the colours of keypoints, (count, 3) red, green, blue."""
        return self.labels.palette(count, self.palette)

    def close(self) -> None:
        """Close the garment."""
        self.choose()
        self._set_garment(None)

    def _set_garment(self, garment: Garment | None) -> None:
        with self.events["frame"].blocked():  # a frame of which garment would not be clear
            self.frame = 0
        self.garment = garment

    @property
    def landmarks(self) -> Landmarks | None:
        """Landmarks of the chosen garment: the placed ones or, if there are none, those of its own file."""
        return None if self.garment is None else self.placed.get(self.garment, self.garment.landmarks)

    @property
    def shown_preview(self) -> Preview | None:
        """The preview that is shown: it must belong to the chosen garment and frame."""
        preview, garment = self.preview, self.garment
        if preview is None or garment is None or not preview.is_of(garment) or preview.frame != self.frame:
            return None
        return preview

    @property
    def shown(self) -> Skeleton | None:
        """The keypoints that are shown for the current frame: those of the preview, otherwise of the prediction."""
        return self.shown_preview or self.prediction

    @property
    def explained(self) -> Prediction | None:
        """The current prediction, if it has weights; previews have none."""
        return self.shown.explained if self.shown is not None else None

    @property
    def heated(self) -> Prediction | None:
        """The prediction that is shown, if it has a heatmap."""
        return self.explained.heated if self.explained is not None else None

    @property
    def unexplained(self) -> str:
        """The reason why there are no weights, heatmap and reconstruction; empty if they exist or are awaited."""
        if self.shown_preview is not None:
            return "The preview of a training run has no weights, heatmap or reconstruction"
        if self.prediction is None or self.prediction.explanation is not None:
            return ""
        return f"{self.prediction.method.title} has no weights, heatmap or reconstruction; choose a checkpoint"

    @property
    def unheated(self) -> str:
        """The reason why what is shown has no heatmap; empty if it has, or is to come."""
        explained = self.explained
        if explained is None or explained.heated is not None:
            return self.unexplained
        return f"{explained.method.title} has no heatmap; choose a checkpoint of Key-Grid"

    @property
    def unrebuilt(self) -> str:
        """The reason why what is shown has no reconstruction; empty if it has, or is to come."""
        explained = self.explained
        if explained is None or len(explained.reconstruction):
            return self.unexplained
        return f"{explained.method.title} has no reconstruction; choose a checkpoint of another method"

    @property
    def seconds(self) -> float | None:
        """Mean time that the method took per frame; None before the first frame."""
        found = [prediction.seconds for prediction in self.predictions.values()]
        return sum(found) / len(found) if found else None

    @property
    def frame_count(self) -> int:
        """Number of frames of the chosen garment; 0 if there is none or it does not move."""
        return self.garment.frame_count if self.garment is not None else 0

    def go_to(self, frame: int) -> None:
        """Show a frame, or the nearest one that exists; the selected keypoint stays selected."""
        frame = min(max(frame, 0), max(self.frame_count - 1, 0))
        if frame != self.frame:
            self.frame = frame
            self.prediction = self.predictions.get(frame)

    def show(self, prediction: Prediction, frame: int = 0) -> None:
        """Accept a prediction of the chosen method for a frame of the chosen garment."""
        self.predictions = MappingProxyType({**self.predictions, frame: prediction})
        if frame == self.frame:
            self._forget_selected_beyond(prediction)
            self.prediction = prediction

    def forget_predictions(self) -> None:
        """Forget the predictions; the current one stays visible until another replaces it."""
        self.predictions = MappingProxyType({})

    def _forget_selected_beyond(self, prediction: Prediction) -> None:
        for name in ("keypoint", "other", "segment"):
            selected = getattr(self, name)
            if selected is not None:
                count = len(prediction.edges if name == "segment" else prediction.keypoints)
                setattr(self, name, selected if selected < count else None)


@dataclass
class Document(Subject):
    """All open files, and the subject of the first view.

    Attributes:
        garments: open garments, in the order of opening.
        methods: available methods, in the order of opening.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    garments: tuple[Garment, ...] = ()
    methods: tuple[OpenMethod, ...] = ()

    def add_garment(self, garment: Garment, *, choose: bool) -> None:
        """Add a garment, replacing an earlier one from the same file; choose it if asked."""
        replaced = [g for g in self.garments if g.source is not None and g.source == garment.source]
        self.garments = (*(g for g in self.garments if g not in replaced), garment)
        if choose or self.garment in replaced:
            self.choose(garment=garment)

    def add_method(self, method: OpenMethod, *, choose: bool) -> None:
        """Add a method, replacing an earlier one from the same file or text; choose it if asked."""
        replaced = [known for known in self.methods if known.id.spec == method.id.spec]
        self.methods = (*(known for known in self.methods if known not in replaced), method)
        if choose or self.method in replaced:
            self.choose(method=method)

    def close_garment(self, garment: Garment) -> None:
        """Close a garment; if it was chosen, choose the last of the others."""
        self.garments = tuple(g for g in self.garments if g is not garment)
        if self.garment is garment:
            if self.garments:
                self.choose(garment=self.garments[-1])
            else:
                self.close()


def frame_text(subject: Subject) -> str:
    """Return the current and the last frame as text, counted from 0, as in files and commands."""
    return f"{subject.frame} / {max(subject.frame_count - 1, 0)}"
