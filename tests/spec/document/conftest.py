"""The document's extension is no installed package: it is found beside the document."""

import sys
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "spec" / "document"
sys.path.insert(0, str(DOCUMENT))
