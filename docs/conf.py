"""How Sphinx builds the documents: `make docs` writes them into site/, and a warning is an error."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from emocam import __version__

project = "EmoCAM"
author = "The EmoCAM developers"
copyright = author  # Sphinx's name for it
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "extensions.generated",
    "extensions.mathml",
]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["extensions", "finished"]
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = "EmoCAM"
html_static_path = ["static"]
html_extra_path = ["finished"] if (Path(__file__).parent / "finished").is_dir() else []  # docs/reports.py
html_css_files = ["emocam.css"]
html_favicon = "static/emocam.svg"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
copybutton_prompt_text = "$ "
html_theme_options = {
    "sidebar_hide_name": True,
    "light_logo": "wordmark-light.svg",
    "dark_logo": "wordmark-dark.svg",
    # the colours of the page that a run leaves
    "light_css_variables": {
        "color-brand-primary": "#0b5fa5",
        "color-brand-content": "#0b5fa5",
        "color-background-primary": "#fcfcfa",
        "color-background-secondary": "#f5f5f1",
        "color-code-background": "#f3f3ee",
        "color-foreground-primary": "#16181d",
        "color-foreground-secondary": "#565c66",
        "font-stack": 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
        "font-stack--monospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc0ff",
        "color-brand-content": "#7cc0ff",
        "color-background-primary": "#101317",
        "color-background-secondary": "#181c22",
        "color-code-background": "#181c22",
        "color-foreground-primary": "#e9ecf1",
        "color-foreground-secondary": "#a2aab6",
    },
}
