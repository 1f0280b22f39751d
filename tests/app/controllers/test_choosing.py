"""The method that a garment opens with, unless the user has chosen one."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from app.controllers.choosing import Choosing
from app.state.document import Document, OpenMethod
from keygrid.data.garment import Garment
from keygrid.methods.defaults import FOLDER, SHIPPED
from keygrid.prediction import MethodId


def opened(name: str) -> OpenMethod:
    return OpenMethod(MethodId.of_file(FOLDER / f"{name}.safetensors", name), 8)


@pytest.fixture
def document() -> Iterator[Document]:
    document = Document()
    choosing = Choosing(document)  # kept meanwhile: signals hold their receivers weakly
    yield document
    assert choosing is not None


def title(document: Document) -> str:
    return document.method.title if document.method is not None else ""


def test_the_default_follows_the_garment_as_soon_as_both_are_known(document: Document, shirt: Garment) -> None:
    mesh, cloud = shirt, replace(shirt, faces=np.empty((0, 3), np.int64), landmarks=None)
    document.add_garment(mesh, choose=True)
    assert title(document) == ""
    for one in SHIPPED:
        document.add_method(opened(one.checkpoint), choose=False)
    assert title(document) == "tops-k8-surface"
    document.choose(garment=cloud)
    assert title(document) == "tops-k8-cloud"
    document.choose(garment=replace(mesh, category="Trousers"))
    assert title(document) == "trousers-k8-surface"


def test_what_the_user_chose_stays(document: Document, shirt: Garment) -> None:
    for one in SHIPPED:
        document.add_method(opened(one.checkpoint), choose=False)
    document.add_garment(shirt, choose=True)
    document.choose(method=document.methods[-1])
    document.choose(garment=replace(shirt, category="Trousers"))
    assert title(document) == SHIPPED[-1].checkpoint
