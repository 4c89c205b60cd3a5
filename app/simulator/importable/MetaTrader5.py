"""`import MetaTrader5` where this file's folder is on PYTHONPATH: the simulator, in any program and environment.

The simulator is loaded from the folder above under a name of its own, so that a program's own `app` is not in its way.
It needs Python 3.11 and NumPy; environment.py has the variables by which it is set up.
"""

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_PACKAGE = "_metatrader5_simulator"


def _simulator(spec: ModuleSpec) -> ModuleType:
    if sys.version_info < (3, 11):  # noqa: UP036  # whoever's Python this is
        raise ImportError(f"The MetaTrader5 simulator needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if importlib.util.find_spec("numpy") is None:
        raise ImportError(f"The MetaTrader5 simulator needs NumPy: {sys.executable} -m pip install numpy")
    folder = Path(__file__).resolve().parents[1]
    package_spec = importlib.util.spec_from_file_location(
        _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert package_spec is not None
    assert package_spec.loader is not None
    package = importlib.util.module_from_spec(package_spec)
    sys.modules[_PACKAGE] = package
    package_spec.loader.exec_module(package)
    environment = importlib.import_module(f"{_PACKAGE}.environment")
    module: ModuleType = environment.module_from(os.environ)
    module.__spec__, module.__file__ = spec, __file__
    return module


# Under any other name it is only looked at.
if __name__ == "MetaTrader5":
    assert __spec__ is not None
    # The functions say that they belong to the second, and a pickle of one looks there.
    sys.modules[__name__] = sys.modules[f"{__name__}._core"] = _simulator(__spec__)
