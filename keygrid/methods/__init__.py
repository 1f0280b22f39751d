"""Methods that find keypoints, learned or not: their protocol and registry, and a function to open one."""

from keygrid.methods.method import DenseMethod, Features, Method, Mode, Parts
from keygrid.methods.registry import METHODS, Entry, Option, identify, methods, open_method, reopen, unlearned_methods
from keygrid.prediction import MethodId

__all__ = [
    "METHODS",
    "DenseMethod",
    "Entry",
    "Features",
    "Method",
    "MethodId",
    "Mode",
    "Option",
    "Parts",
    "identify",
    "methods",
    "open_method",
    "reopen",
    "unlearned_methods",
]
