"""Sphinx configuration of the specification document; `python spec/document` builds it."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "nnref"
author = "the nnref contributors"
copyright = "the nnref contributors; BSD-3-Clause-Clear"  # noqa: A001  Sphinx names it so
release = version = installed_version("nnref")

extensions = ["myst_parser", "_ext.extension"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext", "examples"]
nitpicky = True
smartquotes = False
highlight_language = "none"
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]

html_theme = "furo"
html_title = "The NNR bitstream: nnref specification"
html_short_title = "nnref specification"
html_static_path = ["_static"]
html_css_files = ["document.css"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_permalinks_icon = "#"
html_theme_options = {"navigation_with_keys": True}
